// The tables of the standard library, one function a file; library.cpp joins them.
#pragma once

#include <span>

#include "compiler/frontend/torch/python/native.h"

namespace lathe::torch {

std::span<const NativeModuleRow> builtin_exceptions();
std::span<const NativeModuleRow> builtin_iteration();
std::span<const NativeModuleRow> builtin_mappings();
std::span<const NativeModuleRow> builtin_numbers();
std::span<const NativeModuleRow> builtin_objects();
std::span<const NativeModuleRow> builtin_sequences();
std::span<const NativeModuleRow> builtin_text();
std::span<const NativeModuleRow> stdlib_argparse();
std::span<const NativeModuleRow> stdlib_collections();
std::span<const NativeModuleRow> stdlib_copy();
std::span<const NativeModuleRow> stdlib_dataclasses();
std::span<const NativeModuleRow> stdlib_enum();
std::span<const NativeModuleRow> stdlib_functools();
std::span<const NativeModuleRow> stdlib_itertools();
std::span<const NativeModuleRow> stdlib_math();
std::span<const NativeModuleRow> stdlib_named_tuple();
std::span<const NativeModuleRow> stdlib_numpy();
std::span<const NativeModuleRow> stdlib_system();
std::span<const NativeModuleRow> stdlib_typing();

}  // namespace lathe::torch
