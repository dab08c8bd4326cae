// The built-in functions and classes of Python and the modules of its standard library that model files use, as native
// rows. Knows no tensors. The driver passes these rows, with those of torch, to the Evaluator.
#pragma once

#include <span>

#include "compiler/frontend/torch/python/native.h"

namespace lathe::torch {

/// `builtins`, math, functools, itertools, collections, typing, dataclasses, copy, enum, argparse, the
/// construction-time part of numpy, and quiet stand-ins for os, sys, time, warnings, logging, random, pathlib, abc,
/// __future__.
[[nodiscard]] std::span<const NativeModuleRow> standard_library();

}  // namespace lathe::torch
