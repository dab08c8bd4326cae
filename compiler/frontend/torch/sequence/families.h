// The tables of native rows that the files of this folder offer, collected by library.cpp.
#pragma once

#include <span>

#include "compiler/frontend/torch/python/native.h"

namespace lathe::torch {

std::span<const NativeClassRow> recurrent_classes();
std::span<const NativeClassRow> recurrent_cell_classes();
std::span<const NativeFunctionRow> packing_functions();
std::span<const NativeClassRow> attention_classes();
std::span<const NativeFunctionRow> attention_functions();
std::span<const NativeClassRow> transformer_layer_classes();
std::span<const NativeClassRow> transformer_classes();
std::span<const NativeFunctionRow> copy_functions();
std::span<const NativeClassRow> loss_classes();
std::span<const NativeFunctionRow> loss_functions();
std::span<const NativeFunctionRow> einops_functions();
std::span<const NativeClassRow> einops_classes();
std::span<const NativeFunctionRow> timm_functions();
std::span<const NativeClassRow> timm_classes();

}  // namespace lathe::torch
