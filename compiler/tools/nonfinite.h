// Where a NaN or an infinity comes from: the first operation that made one of values that were still finite.
//
// The search starts at a result that isn't finite and goes back along the values that aren't, to an operation whose
// operands all were, to an input or to a weight. Values in between are had by running the model once more. Used by
// `lathe trace`.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/capture.h"
#include "compiler/tools/trace_layers.h"

namespace lathe::tools {

struct NonFinite {
  enum class Kind : uint8_t { NaN, Infinity };
  enum class Cause : uint8_t { Operation, Input, Weight };
  /// What a value of the operation was, where the elements of operands and result lie on each other.
  struct Operand {
    std::string name;  ///< "`net.1`", "input `x`", "weight `w`"; empty for a number of the program
    double value = 0;
    std::vector<int64_t> position;
  };

  Kind kind = Kind::NaN;
  Cause cause = Cause::Operation;
  bool harmless = false;  ///< every output is finite
  uint32_t layer = TraceLayers::kNone;
  LocationId where;
  std::string operation;  ///< the operation of the graph, or the name of the input or weight
  int64_t count = 0;      ///< elements of that kind in its result
  int64_t elements = 0;   ///< of its result
  std::vector<int64_t> position;
  std::string expression;         ///< `log(-0.25)`; empty where elements don't lie on each other
  std::vector<Operand> operands;  ///< of the expression
  std::vector<std::string> text;  ///< the explanation, in sentences
};

struct TracedRun {
  const Module& module;
  const TraceLayers& layers;
  const CapturedValues& values;  ///< outputs of layers
  std::span<const TensorView> inputs;
  const CompileOptions& options;
};

/// Nothing when all outputs of layers and of the model are finite. Failures of the second run are reported.
[[nodiscard]] Result<std::optional<NonFinite>> find_nonfinite(const TracedRun& run, Diagnostics& diagnostics);

}  // namespace lathe::tools
