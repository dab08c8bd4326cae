// str.format and str.format_map, as native functions. Included by builtin_text.cpp.
#pragma once

#include "compiler/frontend/torch/python/native.h"

namespace lathe::torch {

Result<Value> format_text(NativeCall& call);         ///< "self, *arguments, **keywords"
Result<Value> format_text_by_map(NativeCall& call);  ///< "self, mapping"

}  // namespace lathe::torch
