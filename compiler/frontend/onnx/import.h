// The ONNX front end: a model file becomes a module of the graph IR.
//
// Opsets 7 to 26 of the default domain; functions that the model defines are inlined. Every node goes through the
// builder and so through the one inference of the op rows. What Lathe does not support is reported as one list (LT0901)
// before anything is built; faults of the model are reported together, without those that only follow from others.
// Weights stay in the mapped file. Called by compile.h, the command line, and tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ir/graph/graph.h"

namespace lathe::onnx {

inline constexpr int64_t kOldestOpset = 1;
inline constexpr int64_t kNewestOpset = 28;

struct ImportOptions {
  /// Types that replace the declared ones of inputs; a name that is no input is reported (LT0701).
  std::vector<std::pair<std::string, TensorType>> input_types = {};
  /// Values of inputs that are known now, by the constants' names, or by position where that is empty (a row without
  /// data is then an input whose value is not known): operators that need their operands before the model runs (the
  /// shape of Reshape ...) can then be built. The inputs stay inputs, but the module is right only for these values. A
  /// name that is no input, or a type that does not fit, is reported (LT0701).
  std::vector<ConstantData> input_values = {};
  /// The declared sizes of inputs, outputs and values bind nothing: for trials of other ones.
  bool any_sizes = false;
  /// After faults: look for cures, and check each by importing the changed model.
  bool advise = true;
};

/// Imports the file at `path`. `module` must be empty; on failure it holds the locations that the diagnostics refer to
/// and nothing else of use. Names of graph inputs and outputs are the names of the values.
[[nodiscard]] Status import_model(const std::string& path, const ImportOptions& options, Module& module,
                                  Diagnostics& diagnostics);

}  // namespace lathe::onnx
