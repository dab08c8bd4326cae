// Solves backwards for the sizes of an input that a model accepts.
//
// A shape check has failed for an input of some size. The model is called again with names in place of the free sizes
// (the height and width of images, the length of a text): what it then demands is a list of guards, which are evaluated
// for all sizes up to a limit and said in words. Sizes with which the model would run but no longer give one result for
// each input of the batch are not accepted. Where names don't get through the model, a number of sizes is tried one by
// one. Every size that a note recommends has been tried. Knows no front end: those give the probe. Called by the advice
// of compiler/frontend/torch and by compile_load.cpp for ONNX.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ir/base/diagnostic.h"
#include "ir/graph/graph.h"

namespace lathe::advice {

/// What calling the model with some sizes found.
struct SizeProbe {
  enum class Verdict : uint8_t {
    Runs,       ///< for all sizes that keep the guards
    Fails,      ///< whatever the sizes are, by the fault that is asked about or another one of shapes
    Undecided,  ///< names don't get through, or the budget is used up
  };
  Verdict verdict = Verdict::Undecided;
  std::vector<Guard> guards;
  std::vector<Shape> outputs;  ///< of the tensors in the result
  std::optional<Dim> have;     ///< of a fault: the number that was there, and the one that would have fitted
  std::optional<Dim> wanted;
};

struct SizeQuestion {
  std::string input;               ///< name of the input
  std::vector<std::string> alike;  ///< other inputs whose sizes change with it
  TensorType type;                 ///< as it was given; static
  std::vector<size_t> axes;        ///< the free ones, in order: one or two
  std::vector<std::string> names;  ///< of the free sizes, for people: `H`, `W`
  /// Symbols for the free sizes, and for the batch (axis 0) when there is one, that the model doesn't use otherwise.
  std::vector<std::string> symbols;
  std::optional<std::string> batch;
  std::optional<std::string> batch_name;  ///< the batch in texts, when the model has a name for it; else its number
  /// An output whose first size is computed from the batch must begin with the batch as it is, not with a multiple.
  bool rows_are_samples = false;
  /// Calls the model with these free sizes and this batch: numbers, or the symbols.
  std::function<SizeProbe(const Shape& sizes, const Dim& batch)> probe;
  /// Calls with numbers that may be made.
  size_t most_trials = 64;
};

struct SizeAnswer {
  std::optional<AcceptedSizes> accepted;
  std::vector<std::string> notes;
};
/// Nothing when sizes have no part in the fault, or nothing is known.
[[nodiscard]] SizeAnswer solve_sizes(const SizeQuestion& question);

}  // namespace lathe::advice
