// The way back from a result that is not finite.
#include "compiler/tools/nonfinite.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "compiler/tools/input_values.h"
#include "compiler/tools/statistics.h"
#include "ir/base/display.h"
#include "ir/graph/op.h"

namespace lathe::tools {
namespace {

using Kind = NonFinite::Kind;

// Elements of a value and what they are like.
struct Known {
  ConstantData data;
  std::vector<int64_t> dims;
  Statistics found;

  [[nodiscard]] int64_t count(Kind kind) const { return kind == Kind::NaN ? found.nan : found.infinite; }
  [[nodiscard]] bool is_finite() const { return found.nan == 0 && found.infinite == 0; }
  [[nodiscard]] int64_t first(Kind kind) const {
    for (int64_t i = 0; i < found.elements; ++i) {
      const double value = element_as_double(data, i);
      if (kind == Kind::NaN ? std::isnan(value) : std::isinf(value)) return i;
    }
    return 0;
  }
};

std::string position_text(std::span<const int64_t> position) { return fmt::format("[{}]", fmt::join(position, ", ")); }

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  return fmt::format("{:.6g}", value);
}

// `a / b` for the operations that have a sign, else `log(a)`.
std::string expression_text(std::string_view operation, std::span<const std::string> operands) {
  struct Sign {
    std::string_view operation;
    std::string_view sign;
  };
  constexpr Sign kSigns[] = {{"add", "+"}, {"sub", "-"}, {"mul", "*"}, {"div", "/"}};
  for (const Sign& row : kSigns) {
    if (row.operation == operation && operands.size() == 2)
      return fmt::format("{} {} {}", operands[0], row.sign, operands[1]);
  }
  return fmt::format("{}({})", operation, fmt::join(operands, ", "));
}

class Search {
 public:
  explicit Search(const TracedRun& run) : run_(run), graph_(run.module.graph) {
    for (uint32_t i = 0; i < run.layers.layers.size(); ++i) {
      for (const ValueId value : run.layers.layers[i].outputs) {
        if (value.valid()) layer_of_output_.try_emplace(value, i);
      }
    }
  }

  Result<std::optional<NonFinite>> run(Diagnostics& diagnostics) {
    const std::optional<ValueId> start = find_start();
    if (!start) return std::optional<NonFinite>();
    std::vector<ValueId> wanted = values_behind(*start);
    LATHE_TRY(const CapturedValues more, capture(run_.module, wanted, run_.inputs, run_.options, diagnostics));
    more_ = &more;
    known_.clear();
    // Another run with more results may be rounded otherwise; then there is nothing to go back along.
    if (find(*start) == nullptr || find(*start)->count(kind_) == 0) {
      more_ = nullptr;
      known_.clear();
    }
    NonFinite result = explain(*start);
    more_ = nullptr;
    known_.clear();
    return std::optional(std::move(result));
  }

 private:
  // --------------------------------------------------------------------------------------------------------- elements

  // What is known of a value's elements; nullptr for one that was not captured, or that has no numbers.
  const Known* find(ValueId value) {
    const auto row = known_.find(value);
    if (row != known_.end()) return row->second ? &*row->second : nullptr;
    std::optional<Known> known = look_at(value);
    const auto added = known_.emplace(value, std::move(known)).first;
    return added->second ? &*added->second : nullptr;
  }

  std::optional<Known> look_at(ValueId id) const {
    const Value& value = graph_.value(id);
    Known known;
    const Tensor* tensor = more_ == nullptr ? nullptr : more_->find(id);
    if (tensor == nullptr) tensor = run_.values.find(id);
    const auto inputs = graph_.inputs();
    const auto input = std::find(inputs.begin(), inputs.end(), id);
    if (tensor != nullptr) {
      known.data = borrow(*tensor);
    } else if (input != inputs.end()) {
      const TensorView& view = run_.inputs[static_cast<size_t>(input - inputs.begin())];
      known.data.type.element = view.element;
      for (const int64_t size : view.dims) known.data.type.dims.emplace_back(size);
      const auto bytes = storage_bytes(view.element, known.data.element_count());
      if (!bytes) return std::nullopt;
      known.data.bytes = {static_cast<const std::byte*>(view.data), *bytes};
    } else if (is_constant(graph_, value.producer)) {
      known.data = constant_of(value.producer);
      if (known.data.absent) return std::nullopt;
    } else {
      return std::nullopt;
    }
    const std::optional<Statistics> found = statistics(known.data);
    if (!found) return std::nullopt;
    known.found = *found;
    for (const Dim& dim : known.data.type.dims) known.dims.push_back(dim.constant());
    return known;
  }

  [[nodiscard]] const ConstantData& constant_of(NodeId node) const {
    return run_.module.constants[std::get<ConstantId>(graph_.node(node).attributes[0])];
  }

  // ------------------------------------------------------------------------------------------------------------ start

  // The first output that isn't finite, NaN before infinity; else such a result of a layer.
  std::optional<ValueId> find_start() {
    for (const Kind kind : {Kind::NaN, Kind::Infinity}) {
      kind_ = kind;
      for (const ValueId output : graph_.outputs()) {
        if (const Known* known = find(output); known != nullptr && known->count(kind) != 0) return output;
      }
    }
    is_harmless_ = true;
    for (const Kind kind : {Kind::NaN, Kind::Infinity}) {
      kind_ = kind;
      for (const TraceLayer& layer : run_.layers.layers) {
        for (const ValueId value : layer.outputs) {
          if (!value.valid()) continue;
          if (const Known* known = find(value); known != nullptr && known->count(kind) != 0) return value;
        }
      }
    }
    return std::nullopt;
  }

  // Values that the start was computed from, not further than those that are known to be finite.
  std::vector<ValueId> values_behind(ValueId start) {
    std::vector<ValueId> waiting{start};
    std::vector<ValueId> result;
    std::unordered_set<ValueId> seen{start};
    while (!waiting.empty()) {
      const ValueId value = waiting.back();
      waiting.pop_back();
      result.push_back(value);
      const NodeId producer = graph_.value(value).producer;
      if (!producer.valid()) continue;
      if (const Known* known = value == start ? nullptr : find(value); known != nullptr && known->is_finite()) continue;
      for (const ValueId operand : graph_.node(producer).operands) {
        if (operand.valid() && can_capture(graph_, operand) && seen.insert(operand).second) waiting.push_back(operand);
      }
    }
    return result;
  }

  // ------------------------------------------------------------------------------------------------------------- back

  // A constant that stands in the program and is no weight, such as the -inf of a mask.
  [[nodiscard]] bool is_number(ValueId value) const {
    const NodeId producer = graph_.value(value).producer;
    return is_constant(graph_, producer) && constant_of(producer).name.empty();
  }

  // The value where the kind begins.
  ValueId born(ValueId start, Kind kind) {
    ValueId at = start;
    while (true) {
      const NodeId producer = graph_.value(at).producer;
      if (!producer.valid()) return at;
      const std::vector<ValueId>& operands = graph_.node(producer).operands;
      const auto next = std::find_if(operands.begin(), operands.end(), [&](ValueId operand) {
        const Known* known = operand.valid() && !is_number(operand) ? find(operand) : nullptr;
        return known != nullptr && known->count(kind) != 0;
      });
      if (next == operands.end()) return at;
      at = *next;
    }
  }

  // "layer 3 `net.1` (Linear)"
  [[nodiscard]] std::string layer_text(uint32_t layer) const {
    const TraceLayer& row = run_.layers.layers[layer];
    return fmt::format("layer {} {} ({})", layer + 1, quoted_name(row.name), display_text(row.op));
  }

  // What a value is called: where it is a result of a layer, an input or a weight; empty for a number of the program.
  [[nodiscard]] std::string name_of(ValueId id) const {
    const Value& value = graph_.value(id);
    if (!value.producer.valid()) return "input " + quoted_name(value.name);
    if (is_constant(graph_, value.producer)) {
      const ConstantData& constant = constant_of(value.producer);
      return constant.name.empty() ? "" : "weight " + quoted_name(constant.name);
    }
    const auto output = layer_of_output_.find(id);
    if (output != layer_of_output_.end()) return layer_text(output->second);
    const std::string place = place_of(graph_.node(value.producer).location);
    return fmt::format("`{}`{}", graph_.node(value.producer).op->name, place.empty() ? "" : " at " + place);
  }

  [[nodiscard]] std::string place_of(LocationId where) const {
    const Location* origin = run_.module.locations.origin(where);
    return origin != nullptr && std::holds_alternative<Span>(*origin) ? run_.module.locations.describe(where) : "";
  }

  // The elements that the element of an element-wise operation was computed from, as text.
  std::vector<std::string> explain_element(const Node& node, std::span<const int64_t> position, NonFinite& result) {
    std::vector<std::string> numbers;
    for (const ValueId id : node.operands) {
      const Known* known = id.valid() ? find(id) : nullptr;
      if (known == nullptr || known->dims.size() > position.size()) return {};
      NonFinite::Operand operand{.name = name_of(id), .value = 0, .position = {}};
      int64_t index = 0;
      const size_t skipped = position.size() - known->dims.size();
      for (size_t axis = 0; axis < known->dims.size(); ++axis) {
        const int64_t at = known->dims[axis] == 1 ? 0 : position[skipped + axis];
        if (at >= known->dims[axis]) return {};
        index = index * known->dims[axis] + at;
        operand.position.push_back(at);
      }
      operand.value = element_as_double(known->data, index);
      const bool is_truth = known->data.type.element == ElementType::Boolean;
      numbers.push_back(is_truth ? (operand.value != 0 ? "True" : "False") : number_text(operand.value));
      result.operands.push_back(std::move(operand));
    }
    result.expression = expression_text(node.op->name, numbers);
    return numbers;
  }

  void explain_operation(const Node& node, NonFinite& result) {
    result.operation = node.op->name;
    std::vector<std::string> numbers;
    if (std::holds_alternative<Elementwise>(node.op->semantics)) {
      numbers = explain_element(node, result.position, result);
    }
    const std::string element =
        result.position.empty() ? "its only element" : "the first is element " + position_text(result.position);
    if (!result.expression.empty()) {
      std::string sentence = fmt::format("{}: {}", element, result.expression);
      for (size_t i = 0; i < result.operands.size(); ++i) {
        const NonFinite::Operand& operand = result.operands[i];
        if (operand.name.empty()) continue;
        sentence += fmt::format("; {} is {}{}", numbers[i],
                                operand.position.empty() ? "" : "element " + position_text(operand.position) + " of ",
                                operand.name);
      }
      result.text.push_back(std::move(sentence));
      return;
    }
    result.text.push_back(fmt::format("{} of `{}`, which reads", element, node.op->name));
    for (size_t i = 0; i < node.operands.size(); ++i) {
      const Known* known = node.operands[i].valid() ? find(node.operands[i]) : nullptr;
      if (known == nullptr || known->found.elements == 0) continue;
      const auto& names = node.op->operands;
      const std::string operand(names.empty() ? std::string_view() : names[std::min(i, names.size() - 1)].name);
      const std::string name = name_of(node.operands[i]);
      result.text.push_back(
          fmt::format("  `{}`: {}{}", operand, range_text(*known), name.empty() ? "" : " in " + name));
    }
  }

  static std::string range_text(const Known& known) {
    std::string text = known.found.finite() == 0 ? "no finite element"
                       : known.found.least == known.found.most
                           ? number_text(known.found.least)
                           : fmt::format("{} .. {}", number_text(known.found.least), number_text(known.found.most));
    if (known.found.infinite != 0) text += fmt::format(" and {} infinite", known.found.infinite);
    if (known.found.nan != 0) text += fmt::format(" and {} NaN", known.found.nan);
    return text;
  }

  NonFinite describe(ValueId birth, Kind kind) {
    NonFinite result;
    result.kind = kind;
    const Value& value = graph_.value(birth);
    const Known* known = find(birth);
    LATHE_CHECK(known != nullptr);
    result.count = known->count(kind);
    result.elements = known->found.elements;
    const int64_t first = known->first(kind);
    result.position = position_of(first, known->dims);
    const std::string what = number_text(element_as_double(known->data, first));
    const std::string amount =
        fmt::format("{} of {} {}", result.count, result.elements, result.elements == 1 ? "element" : "elements");
    if (!value.producer.valid() || is_constant(graph_, value.producer)) {
      const bool is_input = !value.producer.valid();
      result.cause = is_input ? NonFinite::Cause::Input : NonFinite::Cause::Weight;
      result.where = value.location;
      result.operation = is_input ? value.name : constant_of(value.producer).name;
      const std::string name = name_of(birth);
      result.text.push_back(
          fmt::format("{} comes in with {}: {}{}", what, name.empty() ? "a constant of the model" : name, amount,
                      result.position.empty() ? "" : ", the first at " + position_text(result.position)));
      return result;
    }
    const Node& node = graph_.node(value.producer);
    result.where = node.location;
    result.layer = run_.layers.find(value.producer);
    const std::string place = place_of(node.location);
    const std::string who = result.layer != TraceLayers::kNone
                                ? layer_text(result.layer)
                                : fmt::format("`{}`{}", node.op->name, place.empty() ? "" : " at " + place);
    const bool is_own_output = layer_of_output_.contains(birth);
    result.text.push_back(fmt::format("{} is the first with {}: {}{}", who, what, amount,
                                      is_own_output ? "" : fmt::format(" of its `{}`", node.op->name)));
    explain_operation(node, result);
    return result;
  }

  NonFinite explain(ValueId start) {
    const ValueId birth = born(start, kind_);
    NonFinite result = describe(birth, kind_);
    result.harmless = is_harmless_;
    // A NaN that was made of infinities: where did those come from?
    const NodeId producer = graph_.value(birth).producer;
    if (kind_ == Kind::NaN && producer.valid() && result.cause == NonFinite::Cause::Operation) {
      for (const ValueId operand : graph_.node(producer).operands) {
        const Known* known = operand.valid() ? find(operand) : nullptr;
        if (known == nullptr || known->count(Kind::Infinity) == 0) continue;
        const NonFinite source = describe(born(operand, Kind::Infinity), Kind::Infinity);
        for (size_t i = 0; i < source.text.size(); ++i) {
          result.text.push_back((i == 0 ? "it was made of infinities: " : "") + source.text[i]);
        }
        break;
      }
    }
    if (is_harmless_) {
      result.text.emplace_back("every output of the model is finite: these elements are masked out, or not used");
    }
    return result;
  }

  const TracedRun& run_;
  const Graph& graph_;
  const CapturedValues* more_ = nullptr;
  Kind kind_ = Kind::NaN;
  bool is_harmless_ = false;
  std::unordered_map<ValueId, uint32_t> layer_of_output_;
  std::unordered_map<ValueId, std::optional<Known>> known_;
};

}  // namespace

Result<std::optional<NonFinite>> find_nonfinite(const TracedRun& run, Diagnostics& diagnostics) {
  return Search(run).run(diagnostics);
}

}  // namespace lathe::tools
