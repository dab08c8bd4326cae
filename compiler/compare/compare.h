// compiler/compare says whether two definitions compute the same function, and where they part.
//
// Two modules, however they were written (PyTorch source, ONNX, textual IR), are run on the same seeded inputs, with
// equal parameters where nobody gave any. When their outputs agree within rounding they are the same. When not, every
// value of one is looked for among those of the other by a numerical signature; what has no counterpart is aligned,
// operation by operation, and the first pair that differs is classified and explained. Nothing compares texts of
// programs: `F.relu` is `nn.ReLU`, a folded BatchNorm is a BatchNorm. Used by `lathe diff`, which loads the two sides
// and renders the result (report.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/compile.h"

namespace lathe::comparison {

/// Where the values of the parameters of a side come from.
enum class Values : uint8_t {
  Given,    ///< a weights file, or the model file itself: they are what is compared
  Initial,  ///< initial values of a definition: those of the other side may stand for them
};

/// One of the two definitions, as it was loaded. The module must be as it was imported.
struct Side {
  std::string name;  ///< as the user wrote it
  Module module;
  Definition definition;
  Values values = Values::Given;
  bool train = false;
};

/// Why two definitions differ; Rounding and None are the same function.
enum class Cause : uint8_t {
  None,       ///< equal to the last bit
  Rounding,   ///< differences of rounding only
  Inputs,     ///< another number or other types of inputs
  Outputs,    ///< another number, order or other types of outputs
  Missing,    ///< the second side lacks an operation
  Extra,      ///< the second side has an operation more
  Other,      ///< another operation in the same place
  Order,      ///< the same operations in another order
  Operand,    ///< the same operation reads another value
  Attribute,  ///< eps, bias, stride ... of one operation
  Mode,       ///< training on one side, evaluation on the other
  Weights,    ///< parameters have other values
  Unknown,    ///< the numbers differ, and nothing that explains it was found
};
/// The name in JSON: `missing-operation`.
[[nodiscard]] std::string_view text(Cause cause);

/// An operation of one side, in the terms of its author.
struct Place {
  std::string op;        ///< `Linear`, `torch.relu`, `Gemm`
  std::string name;      ///< of the layer or node; may be empty
  std::string output;    ///< type of its result
  LocationId where;      ///< the expression, statement or node
  LocationId built;      ///< of a layer: where it was made; may be invalid
  std::string says;      ///< what it does there, for the snippet
  bool is_next = false;  ///< it stands where the other side's operation is missing
};

/// How a pair of parameters was found.
enum class PairedBy : uint8_t {
  Object,        ///< both are one object of one program
  Name,          ///< equal names
  Value,         ///< equal elements
  Construction,  ///< equal source lines made them
  Role,          ///< aligned operations read them
};
[[nodiscard]] std::string_view text(PairedBy paired);

struct ParameterRow {
  std::string a;
  std::string b;
  std::string type_a;
  std::string type_b;
  PairedBy paired = PairedBy::Name;
  bool transposed = false;
  /// Where both sides have values: the largest difference, and one line on it when it is more than rounding.
  std::optional<double> difference = {};
  std::string differs = {};
};

struct OutputRow {
  std::string name_a;
  std::string name_b;
  std::string type_a;
  std::string type_b;
  double difference = 0;  ///< largest |a - b| over all runs; infinite when types differ
  double largest = 0;     ///< largest |a|
};

/// An operation of one side with the other side's in its place, as two small models.
struct Reproducer {
  std::string a;  ///< textual graph IR; empty when there is nothing to show
  std::string b;
};

struct Comparison {
  Cause cause = Cause::None;
  std::string summary;  ///< the difference in a sentence
  std::optional<Place> a;
  std::optional<Place> b;
  std::vector<std::string> reasons;  ///< why it is so, and what to do
  std::vector<std::string> notes;    ///< how it was compared; what else is worth knowing
  std::vector<OutputRow> outputs;
  std::vector<ParameterRow> parameters;
  std::vector<std::string> only_a;  ///< parameters without a counterpart
  std::vector<std::string> only_b;
  size_t values_a = 0;  ///< values of the graph that depend on inputs; 0 when nobody had to look at them
  size_t values_b = 0;
  size_t matched = 0;  ///< of A's, those that B has too
  Reproducer reproducer;

  [[nodiscard]] bool same() const { return cause == Cause::None || cause == Cause::Rounding; }
  [[nodiscard]] double difference() const;
};

/// An array that the user gave for an input, by its name in A or, if A has none of it, in B.
struct GivenInput {
  std::string name;
  Tensor tensor;
};

struct Options {
  CompileOptions compile;
  uint64_t seed = 0;
  std::vector<GivenInput> inputs;
  std::vector<NamedSize> sizes;  ///< of symbols
};

/// Compares. Changes both modules: what nobody reads is removed, and parameters of a side with initial values get those
/// of the other one. Fails when a side can't be run; `failed_side` is then 0 or 1 and its locations are those of the
/// diagnostics.
[[nodiscard]] Result<Comparison> compare(Side& a, Side& b, const Options& options, Diagnostics& diagnostics,
                                         size_t& failed_side);

}  // namespace lathe::comparison
