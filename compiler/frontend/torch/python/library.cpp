// Joins the tables of the standard library.
#include "compiler/frontend/torch/python/library.h"

#include <vector>

#include "compiler/frontend/torch/python/library_parts.h"

namespace lathe::torch {

std::span<const NativeModuleRow> standard_library() {
  static const std::vector<NativeModuleRow> all = [] {
    std::vector<NativeModuleRow> rows;
    for (const auto part : {
             builtin_exceptions, builtin_iteration, builtin_mappings, builtin_numbers,    builtin_objects,
             builtin_sequences,  builtin_text,      stdlib_argparse,  stdlib_collections, stdlib_copy,
             stdlib_dataclasses, stdlib_enum,       stdlib_functools, stdlib_itertools,   stdlib_math,
             stdlib_named_tuple, stdlib_numpy,      stdlib_system,    stdlib_typing,
         }) {
      const std::span<const NativeModuleRow> more = part();
      rows.insert(rows.end(), more.begin(), more.end());
    }
    return rows;
  }();
  return all;
}

}  // namespace lathe::torch
