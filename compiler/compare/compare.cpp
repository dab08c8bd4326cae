// The course of a comparison: inputs, parameters, runs, verdict, and the search for the first difference.
#include "compiler/compare/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/compare/difference.h"
#include "compiler/compare/explanation.h"
#include "compiler/compare/reproducer.h"
#include "compiler/compare/wording.h"

namespace lathe::comparison {
namespace {

// Rounding grows with the number of operations that follow each other.
double tolerance_for(const Reading& a, const Reading& b) {
  constexpr double kBase = 2e-5;
  constexpr double kMost = 3e-4;
  const auto operations = static_cast<double>(std::max(a.operations.size(), b.operations.size()));
  return std::min(kMost, kBase * std::sqrt(1 + operations / 10));
}

ConstantData borrowed(const Tensor& tensor) {
  ConstantData result;
  result.type.element = tensor.element();
  for (const int64_t size : tensor.dims()) result.type.dims.emplace_back(size);
  result.bytes = tensor.bytes();
  result.strings = tensor.strings();
  return result;
}

struct Gap {
  double difference = 0;
  double largest = 0;
};

Gap gap_between(const Tensor& a, const Tensor& b) {
  const ConstantData left = borrowed(a);
  const ConstantData right = borrowed(b);
  if (!(left.type == right.type)) return {INFINITY, 0};
  if (left.type.element == ElementType::String) return {left.strings == right.strings ? 0 : INFINITY, 0};
  Gap gap;
  for (int64_t i = 0; i < left.element_count(); ++i) {
    const double x = element_as_double(left, i);
    const double y = element_as_double(right, i);
    if (std::isfinite(x)) gap.largest = std::max(gap.largest, std::abs(x));
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    const double apart = std::abs(x - y);
    gap.difference = std::isnan(apart) ? INFINITY : std::max(gap.difference, apart);
  }
  return gap;
}

std::string output_name(const Module& module, size_t index) {
  const auto outputs = module.graph.outputs();
  const std::string& name = module.graph.value(outputs[index]).name;
  if (!name.empty()) return name;
  return outputs.size() == 1 ? "output" : fmt::format("output.{}", index);
}

bool is_finite(const Tensor& tensor) {
  const ConstantData data = borrowed(tensor);
  if (data.type.element == ElementType::String) return true;
  for (int64_t i = 0; i < data.element_count(); ++i) {
    if (std::isfinite(element_as_double(data, i))) return true;
  }
  return data.element_count() == 0;
}

class Comparing {
 public:
  Comparing(Side& a, Side& b, const Options& options, Diagnostics& diagnostics, size_t& failed_side)
      : a_(a), b_(b), options_(options), diagnostics_(diagnostics), failed_side_(failed_side) {}

  Result<Comparison> run() {
    failed_side_ = 0;
    LATHE_TRY_VOID(prepare(a_));
    failed_side_ = 1;
    LATHE_TRY_VOID(prepare(b_));
    reading_a_ = read(a_);
    reading_b_ = read(b_);
    map_ = map_parameters(a_, reading_a_, b_, reading_b_);
    equalized_ = give_equal_values(a_, reading_a_, b_, reading_b_, map_, options_.seed);
    list_parameters();
    plan_ = pair_inputs(a_, b_, options_);
    if (!plan_.mismatch.empty()) {
      result_.cause = Cause::Inputs;
      result_.summary = plan_.mismatch;
      return std::move(result_);
    }
    LATHE_TRY_VOID(run_sides());
    compare_outputs();
    if (!result_.same()) LATHE_TRY_VOID(search());
    notes();
    return std::move(result_);
  }

 private:
  Status prepare(Side& side) {
    if (fill_absent(side, options_.seed)) side.values = Values::Initial;
    if (side.values == Values::Initial) LATHE_TRY_VOID(state_parameters(side, options_.seed, diagnostics_));
    return prune(side, diagnostics_);
  }

  Status run_sides() {
    tolerance_ = tolerance_for(reading_a_, reading_b_);
    compile_ = options_.compile;
    // Winograd and its kind have errors of their own.
    compile_.numerics = Numerics::Exact;
    failed_side_ = 0;
    for (size_t trial = 0; trial < kTrials; ++trial) {
      LATHE_TRY(std::vector<Tensor> arrays, make_inputs(plan_, trial, options_.seed, diagnostics_));
      arrays_.push_back(std::move(arrays));
    }
    LATHE_TRY(runs_a_, run_outputs(a_, true, plan_, arrays_, compile_, diagnostics_));
    failed_side_ = 1;
    LATHE_TRY(runs_b_, run_outputs(b_, false, plan_, arrays_, compile_, diagnostics_));
    return {};
  }

  void compare_outputs() {
    const size_t count_a = a_.module.graph.outputs().size();
    const size_t count_b = b_.module.graph.outputs().size();
    bool identical = true;
    for (size_t i = 0; i < std::min(count_a, count_b); ++i) {
      OutputRow row{.name_a = output_name(a_.module, i),
                    .name_b = output_name(b_.module, i),
                    .type_a = type_text(runs_a_.outputs.front()[i]),
                    .type_b = type_text(runs_b_.outputs.front()[i])};
      bool differs = false;
      double worst = -1;
      for (size_t trial = 0; trial < kTrials; ++trial) {
        const Gap gap = gap_between(runs_a_.outputs[trial][i], runs_b_.outputs[trial][i]);
        identical &= gap.difference == 0;
        differs |= !(gap.difference <= tolerance_ * gap.largest);
        const double relative = gap.difference == 0 ? 0 : gap.difference / std::max(gap.largest, 1e-30);
        if (relative <= worst) continue;
        worst = relative;
        row.difference = gap.difference;
        row.largest = gap.largest;
      }
      if (differs) differing_.push_back(i);
      result_.outputs.push_back(std::move(row));
    }
    result_.cause = identical ? Cause::None : Cause::Rounding;
    result_.summary = identical ? "the outputs are equal to the last bit"
                                : fmt::format("the outputs agree within rounding: they are at most {} apart",
                                              number(result_.difference()));
    if (count_a != count_b) {
      result_.cause = Cause::Outputs;
      result_.summary = fmt::format("A returns {}, B returns {}", types_text(runs_a_), types_text(runs_b_));
    } else if (!differing_.empty()) {
      result_.cause = Cause::Unknown;
    }
  }

  static std::string type_text(const Tensor& tensor) { return compact(borrowed(tensor).type); }
  static std::string types_text(const Runs& runs) {
    std::vector<std::string> types;
    for (const Tensor& tensor : runs.outputs.front()) types.push_back(type_text(tensor));
    return types.empty() ? "nothing" : listed(types);
  }

  // ------------------------------------------------------------------------------------------------- where they part

  static std::vector<ValueId> values_of(const Module& module, const Reading& reading) {
    const auto outputs = module.graph.outputs();
    std::vector<ValueId> values;
    for (const Operation& operation : reading.operations) {
      for (const NodeId id : operation.nodes) {
        for (const ValueId value : module.graph.node(id).results) {
          const TensorType* tensor = module.graph.value(value).type.as_tensor();
          const bool is_output = std::find(outputs.begin(), outputs.end(), value) != outputs.end();
          if (tensor != nullptr && tensor->element != ElementType::String && !is_output) values.push_back(value);
        }
      }
    }
    return values;
  }

  Status search() {
    const std::vector<ValueId> values_a = values_of(a_.module, reading_a_);
    const std::vector<ValueId> values_b = values_of(b_.module, reading_b_);
    result_.values_a = values_a.size() + a_.module.graph.outputs().size();
    result_.values_b = values_b.size() + b_.module.graph.outputs().size();
    failed_side_ = 0;
    LATHE_TRY_VOID(run_values(a_, true, plan_, arrays_, values_a, compile_, runs_a_, diagnostics_));
    failed_side_ = 1;
    LATHE_TRY_VOID(run_values(b_, false, plan_, arrays_, values_b, compile_, runs_b_, diagnostics_));
    const Evidence evidence = this->evidence();
    const Correspondence values = match_values(evidence);
    result_.matched = values.matched;
    if (differing_.empty()) return {};
    const Difference difference = find_difference(evidence, values, differing_);
    const bool has_types = result_.cause != Cause::Outputs;
    if (has_types) {
      result_.cause = difference.cause;
      result_.summary = difference.summary;
    }
    if (difference.a) result_.a = place(a_, reading_a_, *difference.a, difference.says_a, difference.a_is_next);
    if (difference.b) result_.b = place(b_, reading_b_, *difference.b, difference.says_b, difference.b_is_next);
    result_.reasons = explain(evidence, difference);
    result_.reasons.insert(result_.reasons.begin(), difference.details.begin(), difference.details.end());
    result_.reproducer = cut_out(evidence, values, difference);
    return {};
  }

  [[nodiscard]] Evidence evidence() const {
    return {a_, b_, reading_a_, reading_b_, map_, plan_, runs_a_, runs_b_, tolerance_};
  }

  static Place place(const Side& side, const Reading& reading, size_t row, const std::string& says, bool is_next) {
    const Operation& operation = reading.operations[row];
    const Graph& graph = side.module.graph;
    return {.op = operation.op,
            .name = operation.layer,
            .output = compact(graph.value(graph.node(operation.nodes.back()).results.front()).type),
            .where = operation.where,
            .built = operation.built,
            .says = says,
            .is_next = is_next};
  }

  // ------------------------------------------------------------------------------------------------------- the report

  void list_parameters() {
    const bool compares = a_.values == Values::Given && b_.values == Values::Given;
    for (const ParameterPair& pair : map_.pairs) {
      const Parameter& left = reading_a_.parameters[pair.a];
      const Parameter& right = reading_b_.parameters[pair.b];
      ParameterRow row{.a = left.name,
                       .b = right.name,
                       .type_a = compact(left.type),
                       .type_b = compact(right.type),
                       .paired = pair.paired,
                       .transposed = pair.transposed};
      if (compares) {
        const auto apart = distance(a_.module, left, b_.module, right, pair.transposed);
        if (apart) row.difference = apart->difference;
        constexpr double kRounding = 1e-6;
        if (apart && apart->difference > kRounding * apart->largest)
          row.differs = fmt::format("at most {} apart", number(apart->difference));
      }
      result_.parameters.push_back(std::move(row));
    }
    for (const size_t parameter : map_.only_a) result_.only_a.push_back(reading_a_.parameters[parameter].name);
    for (const size_t parameter : map_.only_b) result_.only_b.push_back(reading_b_.parameters[parameter].name);
  }

  void notes() {
    const bool a_is_initial = a_.values == Values::Initial;
    const bool b_is_initial = b_.values == Values::Initial;
    if (equalized_.changed && !map_.pairs.empty()) {
      std::string text = a_is_initial && b_is_initial ? "compared with equal random weights on both sides"
                         : b_is_initial               ? "compared with the weights of A on both sides"
                                                      : "compared with the weights of B on both sides";
      text += a_is_initial && b_is_initial ? "; --weights-a and --weights-b compare values"
              : b_is_initial               ? "; --weights-b compares values"
                                           : "; --weights-a compares values";
      result_.notes.push_back(std::move(text));
    }
    if (equalized_.changed) repeated();
    if (equalized_.folded)
      result_.notes.push_back(
          "a BatchNorm without counterpart was set to do nothing: the other side may have it folded into the layer "
          "before");
    if (!plan_.assumed.empty())
      result_.notes.push_back(fmt::format("sizes that nobody gave: {}", fmt::join(plan_.assumed, ", ")));
    unregistered(a_, reading_a_, "A");
    unregistered(b_, reading_b_, "B");
    bool finite = true;
    for (const std::vector<Tensor>& outputs : runs_a_.outputs)
      finite &= std::all_of(outputs.begin(), outputs.end(), is_finite);
    if (!finite)
      result_.notes.push_back(
          "an output of A is NaN or infinite throughout for random inputs: real ones tell more (-i x=file.npy)");
    if (result_.same()) {
      for (std::string& text : silent_settings(evidence())) result_.notes.push_back(std::move(text));
    }
  }

  // The same function only as long as what one side repeats has equal weights.
  void repeated() {
    std::vector<std::string> copies;
    std::vector<std::string> originals;
    for (const ParameterPair& pair : map_.pairs) {
      if (!pair.repeated) continue;
      const bool repeats_b = map_.of_a(pair.a)->b != pair.b;
      copies.push_back(quoted((repeats_b ? reading_b_.parameters[pair.b] : reading_a_.parameters[pair.a]).name));
      const std::string original =
          quoted((repeats_b ? reading_a_.parameters[pair.a] : reading_b_.parameters[pair.b]).name);
      if (std::find(originals.begin(), originals.end(), original) == originals.end()) originals.push_back(original);
    }
    if (copies.empty()) return;
    result_.notes.push_back(
        fmt::format("{} got the values of {}, which the other side uses again in that place: as long as they are equal",
                    listed(copies), listed(originals)));
  }

  // Modules in plain lists: their parameters are in no state dict.
  void unregistered(const Side& side, const Reading& reading, std::string_view name) {
    std::vector<std::string> names;
    for (const Operation& operation : reading.operations) {
      const auto is_unregistered = [&](size_t row) {
        return reading.parameters[row].name.starts_with("unregistered.");
      };
      if (!operation.record ||
          std::none_of(operation.parameters.begin(), operation.parameters.end(), is_unregistered)) {
        continue;
      }
      std::string made = fmt::format("{} ({})", operation.op, place_text(side.module, operation.built));
      if (std::find(names.begin(), names.end(), made) == names.end()) names.push_back(std::move(made));
    }
    if (names.empty()) return;
    result_.notes.push_back(
        fmt::format("the parameters of {}'s {} are in no state dict (modules in a plain list are not registered): no "
                    "weights file reaches them",
                    name, listed(names, 3)));
  }

  Side& a_;
  Side& b_;
  const Options& options_;
  Diagnostics& diagnostics_;
  size_t& failed_side_;
  Reading reading_a_;
  Reading reading_b_;
  ParameterMap map_;
  Equalized equalized_;
  InputPlan plan_;
  CompileOptions compile_;
  double tolerance_ = 0;
  std::vector<std::vector<Tensor>> arrays_;
  Runs runs_a_;
  Runs runs_b_;
  std::vector<size_t> differing_;
  Comparison result_;
};

}  // namespace

std::string_view text(Cause cause) {
  switch (cause) {
    case Cause::None: return "none";
    case Cause::Rounding: return "rounding";
    case Cause::Inputs: return "inputs";
    case Cause::Outputs: return "outputs";
    case Cause::Missing: return "missing-operation";
    case Cause::Extra: return "extra-operation";
    case Cause::Other: return "other-operation";
    case Cause::Order: return "order";
    case Cause::Operand: return "other-operand";
    case Cause::Attribute: return "attribute";
    case Cause::Mode: return "train-eval";
    case Cause::Weights: return "weights";
    case Cause::Unknown: return "unknown";
  }
  return "unknown";
}

std::string_view text(PairedBy paired) {
  switch (paired) {
    case PairedBy::Object: return "object";
    case PairedBy::Name: return "name";
    case PairedBy::Value: return "value";
    case PairedBy::Construction: return "construction";
    case PairedBy::Role: return "role";
  }
  return "role";
}

double Comparison::difference() const {
  double result = 0;
  for (const OutputRow& row : outputs) result = std::max(result, row.difference);
  return result;
}

Result<Comparison> compare(Side& a, Side& b, const Options& options, Diagnostics& diagnostics, size_t& failed_side) {
  return Comparing(a, b, options, diagnostics, failed_side).run();
}

}  // namespace lathe::comparison
