// Finds the first column of the alignment that explains different numbers, and puts it in words.
#include "compiler/compare/difference.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/compare/wording.h"

namespace lathe::comparison {
namespace {

class Search {
 public:
  Search(const Evidence& evidence, const Correspondence& values, const std::vector<size_t>& outputs)
      : evidence_(evidence), values_(values), outputs_(outputs) {}

  Difference run() {
    // Outputs that differ in few elements may have signatures that agree.
    std::vector<std::vector<ValueId>>& of_a = of_a_ = values_.of_a;
    std::vector<std::vector<ValueId>>& of_b = of_b_ = values_.of_b;
    const Graph& left = evidence_.a.module.graph;
    const Graph& right = evidence_.b.module.graph;
    for (const size_t output : outputs_) {
      std::erase(of_a[left.outputs()[output].index], right.outputs()[output]);
      std::erase(of_b[right.outputs()[output].index], left.outputs()[output]);
    }
    const auto operations_a =
        unmatched_operations(evidence_.a, evidence_.reading_a, evidence_.b.module, of_a, outputs_);
    const auto operations_b =
        unmatched_operations(evidence_.b, evidence_.reading_b, evidence_.a.module, of_b, outputs_);
    difference_.columns = align(evidence_, operations_a, operations_b);
    if (operations_a.empty() && operations_b.empty()) {
      swapped_outputs();
      return std::move(difference_);
    }
    for (size_t i = 0; i < difference_.columns.size(); ++i) {
      if (examine(i)) return std::move(difference_);
    }
    differing_weights();
    return std::move(difference_);
  }

 private:
  [[nodiscard]] const Operation& in_a(size_t row) const { return evidence_.reading_a.operations[row]; }
  [[nodiscard]] const Operation& in_b(size_t row) const { return evidence_.reading_b.operations[row]; }
  [[nodiscard]] std::string name_a(size_t row) const { return called(evidence_.a.module, in_a(row)); }
  [[nodiscard]] std::string name_b(size_t row) const { return called(evidence_.b.module, in_b(row)); }

  bool examine(size_t index) {
    difference_.a.reset();
    difference_.b.reset();
    const Column& column = difference_.columns[index];
    if (is_neutral(column)) return false;
    if (column.a && column.b) return examine_pair(*column.a, *column.b);
    examine_gap(index);
    return true;
  }

  // The elements of its results are there on the other side too, in another shape: a flatten that the other side does
  // later, or not at all.
  [[nodiscard]] bool is_neutral(const Column& column) const {
    const auto has_all = [](const Module& module, const Operation& operation,
                            const std::vector<std::vector<ValueId>>& counterparts) {
      const auto& results = module.graph.node(operation.nodes.back()).results;
      return std::all_of(results.begin(), results.end(),
                         [&](ValueId value) { return !counterparts[value.index].empty(); });
    };
    return (!column.a || has_all(evidence_.a.module, in_a(*column.a), of_a_)) &&
           (!column.b || has_all(evidence_.b.module, in_b(*column.b), of_b_));
  }

  // ----------------------------------------------------------------------------------------- one operation on each
  // side

  bool examine_pair(size_t a, size_t b) {
    difference_.a = a;
    difference_.b = b;
    if (has_unmapped_weights(a, b)) return true;
    const std::vector<Finding> found = findings(evidence_, in_a(a), in_b(b));
    if (!found.empty()) {
      const Finding& first = found.front();
      difference_.cause = first.cause;
      difference_.says_a = first.says_a;
      difference_.says_b = first.says_b;
      switch (first.cause) {
        case Cause::Mode:
          difference_.summary = fmt::format("{} {}, in B it {}", name_a(a), first.says_a, first.says_b);
          break;
        case Cause::Weights: difference_.summary = fmt::format("other weights: {}", first.text); break;
        default:
          difference_.summary = first.text == "bias"
                                    ? fmt::format("bias of {}: A {}, B {}", name_a(a), first.says_a, first.says_b)
                                    : fmt::format("{} of {}: {} in A, {} in B", first.text, name_a(a),
                                                  value_of(first.says_a), value_of(first.says_b));
      }
      for (size_t i = 1; i < found.size(); ++i) {
        difference_.details.push_back(found[i].cause == Cause::Weights
                                          ? fmt::format("also: {}", found[i].text)
                                          : fmt::format("also: {}: {} in A, {} in B", found[i].text,
                                                        value_of(found[i].says_a), value_of(found[i].says_b)));
      }
      return true;
    }
    return reads_other_parameters(a, b) || reads_other_values(a, b);
  }

  // Two spellings of one layer whose weights lie in other forms (an LSTM of ONNX packs its gates): with initial values
  // on one side there is nothing to compare.
  bool has_unmapped_weights(size_t a, size_t b) {
    const bool is_initial = evidence_.a.values == Values::Initial || evidence_.b.values == Values::Initial;
    if (!is_initial || (in_a(a).record && in_b(b).record)) return false;
    if (in_a(a).parameters.empty() || in_b(b).parameters.empty()) return false;
    for (const size_t left : in_a(a).parameters) {
      for (const size_t right : in_b(b).parameters) {
        if (evidence_.parameters.find(left, right) != nullptr) return false;
      }
    }
    difference_.cause = Cause::Weights;
    difference_.summary = fmt::format(
        "the weights of {} and {} lie in different forms and could not be made equal: give both sides weights",
        name_a(a), name_b(b));
    difference_.says_a = "has weights of its own";
    difference_.says_b = "has weights of its own";
    difference_.details.push_back(
        "also: whether the functions are the same can't be said without --weights, --weights-a or --weights-b");
    return true;
  }

  // `eps = 1e-05` without its name.
  static std::string value_of(const std::string& says) {
    const size_t equals = says.find(" = ");
    return equals == std::string::npos ? says : says.substr(equals + 3);
  }

  bool reads_other_parameters(size_t a, size_t b) {
    for (const size_t parameter : in_a(a).parameters) {
      const ParameterPair* pair = evidence_.parameters.of_a(parameter);
      if (pair == nullptr) continue;
      const auto& other = in_b(b).parameters;
      const auto is_partner = [&](size_t row) { return evidence_.parameters.find(parameter, row) != nullptr; };
      if (other.empty() || std::any_of(other.begin(), other.end(), is_partner)) continue;
      const Parameter& mine = evidence_.reading_a.parameters[parameter];
      const Parameter& theirs = evidence_.reading_b.parameters[other.front()];
      const ParameterPair* back = evidence_.parameters.of_b(other.front());
      const std::string known = back == nullptr || evidence_.reading_a.parameters[back->a].name == theirs.name
                                    ? std::string()
                                    : fmt::format(", A's {}", quoted(evidence_.reading_a.parameters[back->a].name));
      difference_.cause = Cause::Order;
      difference_.says_a = fmt::format("reads {} here", quoted(mine.name));
      difference_.says_b = fmt::format("reads {} here{}", quoted(theirs.name), known);
      difference_.summary =
          fmt::format("{} reads {}, where B's reads {}{}", name_a(a), quoted(mine.name), quoted(theirs.name), known);
      return true;
    }
    return false;
  }

  // What an operation reads from other operations and inputs.
  static std::vector<ValueId> read_values(const Module& module, const Reading& reading, const Operation& operation) {
    std::vector<ValueId> result;
    for (const NodeId id : operation.nodes) {
      for (const ValueId operand : module.graph.node(id).operands) {
        if (!operand.valid() || !reading.depends[operand.index]) continue;
        const NodeId producer = module.graph.value(operand).producer;
        const bool is_own = producer.valid() && std::find(operation.nodes.begin(), operation.nodes.end(), producer) !=
                                                    operation.nodes.end();
        if (!is_own && std::find(result.begin(), result.end(), operand) == result.end()) result.push_back(operand);
      }
    }
    return result;
  }

  [[nodiscard]] bool corresponds(ValueId a, ValueId b) const {
    const auto& counterparts = values_.of_a[a.index];
    if (std::find(counterparts.begin(), counterparts.end(), b) != counterparts.end()) return true;
    const Operation* left = evidence_.reading_a.operation_of(evidence_.a.module, a);
    const Operation* right = evidence_.reading_b.operation_of(evidence_.b.module, b);
    if (left == nullptr || right == nullptr) return false;
    return std::any_of(difference_.columns.begin(), difference_.columns.end(), [&](const Column& column) {
      return column.a && column.b && &in_a(*column.a) == left && &in_b(*column.b) == right;
    });
  }

  bool reads_other_values(size_t a, size_t b) {
    const std::vector<ValueId> left = read_values(evidence_.a.module, evidence_.reading_a, in_a(a));
    const std::vector<ValueId> right = read_values(evidence_.b.module, evidence_.reading_b, in_b(b));
    if (left.size() != right.size()) return false;
    for (size_t i = 0; i < left.size(); ++i) {
      if (corresponds(left[i], right[i])) continue;
      const bool is_commutative = has(evidence_.a.module.graph.node(in_a(a).main).op->traits, Trait::Commutative);
      const bool elsewhere =
          std::any_of(right.begin(), right.end(), [&](ValueId other) { return corresponds(left[i], other); });
      if (elsewhere && is_commutative) continue;
      difference_.cause = Cause::Operand;
      difference_.says_a = fmt::format("reads {}", value_text(evidence_.a.module, evidence_.reading_a, left[i]));
      difference_.says_b = fmt::format("reads {}", value_text(evidence_.b.module, evidence_.reading_b, right[i]));
      difference_.summary = elsewhere ? fmt::format("{} takes the same operands in another order in B", name_a(a))
                                      : fmt::format("{} reads {}, in B it reads {}", name_a(a),
                                                    value_text(evidence_.a.module, evidence_.reading_a, left[i]),
                                                    value_text(evidence_.b.module, evidence_.reading_b, right[i]));
      return true;
    }
    return false;
  }

  static std::string value_text(const Module& module, const Reading& reading, ValueId value) {
    const Operation* operation = reading.operation_of(module, value);
    if (operation != nullptr) return "the result of " + called(module, *operation);
    return fmt::format("the input {}", quoted(module.graph.value(value).name));
  }

  // ----------------------------------------------------------------------------------- an operation that has no
  // partner

  void examine_gap(size_t index) {
    const Column& column = difference_.columns[index];
    const bool in_first = column.a.has_value();
    if (moved(index)) return;
    // The whole gap: what stands in it on either side.
    size_t end = index;
    std::optional<size_t> first_a;
    std::optional<size_t> first_b;
    for (; end < difference_.columns.size(); ++end) {
      const Column& row = difference_.columns[end];
      if (row.a && row.b) break;
      if (is_neutral(row)) continue;
      if (row.a && !first_a) first_a = row.a;
      if (row.b && !first_b) first_b = row.b;
    }
    if (first_a && first_b) {
      other_operation(*first_a, *first_b);
      return;
    }
    const std::optional<Column> next =
        end < difference_.columns.size() ? std::optional(difference_.columns[end]) : std::nullopt;
    if (in_first) {
      missing(*first_a, next ? next->b : std::nullopt);
    } else {
      extra(*first_b, next ? next->a : std::nullopt);
    }
    mention_rest(index, end);
  }

  // The same step stands without a partner further on in the other side.
  bool moved(size_t index) {
    const Column& column = difference_.columns[index];
    for (size_t i = index + 1; i < difference_.columns.size(); ++i) {
      const Column& other = difference_.columns[i];
      const bool faces = column.a ? !other.a && other.b : other.a && !other.b;
      if (!faces) continue;
      const size_t a = column.a ? *column.a : *other.a;
      const size_t b = column.a ? *other.b : *column.b;
      if (!is_same_step(evidence_, in_a(a), in_b(b))) continue;
      other_order(index);
      return true;
    }
    return false;
  }

  // The first operation of both sides behind the last equal value, and the two orders.
  void other_order(size_t index) {
    difference_.cause = Cause::Order;
    std::vector<std::string> left;
    std::vector<std::string> right;
    for (size_t i = index; i < difference_.columns.size(); ++i) {
      const Column& column = difference_.columns[i];
      if (column.a) {
        if (!difference_.a) difference_.a = column.a;
        left.push_back(short_name(in_a(*column.a)));
      }
      if (column.b) {
        if (!difference_.b) difference_.b = column.b;
        right.push_back(name_in_a(*column.b));
      }
    }
    constexpr size_t kShown = 6;
    difference_.summary = fmt::format("the same operations in another order: A runs {}; B runs {}",
                                      listed(left, kShown), listed(right, kShown));
    difference_.says_a = "runs this first";
    difference_.says_b = "runs this first";
  }

  // An operation of B by the name that A has for it, if it has one.
  [[nodiscard]] std::string name_in_a(size_t b) const {
    for (const Operation& operation : evidence_.reading_a.operations) {
      if (operation.layer != in_b(b).layer && operation.record && is_same_step(evidence_, operation, in_b(b)))
        return in_b(b).layer.empty() ? short_name(operation)
                                     : fmt::format("{} ({})", short_name(operation), quoted(in_b(b).layer));
    }
    return short_name(in_b(b));
  }

  static std::string short_name(const Operation& operation) {
    return operation.layer.empty() ? operation.op : quoted(operation.layer);
  }

  void other_operation(size_t a, size_t b) {
    difference_.a = a;
    difference_.b = b;
    if (mode_of_dropout(a, b)) return;
    difference_.cause = Cause::Other;
    difference_.summary = fmt::format("A has {} where B has {}", name_a(a), name_b(b));
    difference_.says_a = fmt::format("{} here", in_a(a).op);
    difference_.says_b = fmt::format("{} here", in_b(b).op);
  }

  bool mode_of_dropout(std::optional<size_t> a, std::optional<size_t> b) {
    const bool drops_a = a && in_a(*a).is_random;
    const bool drops_b = b && in_b(*b).is_random;
    if (drops_a == drops_b) return false;
    difference_.cause = Cause::Mode;
    difference_.summary = fmt::format("{} drops elements at random in {}, and nothing does in {}",
                                      drops_a ? name_a(*a) : name_b(*b), drops_a ? "A" : "B", drops_a ? "B" : "A");
    (drops_a ? difference_.says_a : difference_.says_b) = "drops elements at random";
    (drops_a ? difference_.says_b : difference_.says_a) = "runs on the whole value";
    difference_.b_is_next = drops_a;
    difference_.a_is_next = drops_b;
    return true;
  }

  void missing(size_t a, std::optional<size_t> next) {
    difference_.a = a;
    difference_.b = next ? next : producer_in_b(a);
    difference_.b_is_next = difference_.b.has_value();
    difference_.b_is_end = !next;
    if (mode_of_dropout(a, std::nullopt)) return;
    difference_.cause = Cause::Missing;
    difference_.summary = fmt::format("B lacks {}", name_a(a));
    difference_.says_a = "this is only here";
    difference_.says_b = next ? "goes on with this, on the value before" : "ends with this";
  }

  void extra(size_t b, std::optional<size_t> next) {
    difference_.b = b;
    difference_.a = next ? next : producer_in_a(b);
    difference_.a_is_next = difference_.a.has_value();
    difference_.a_is_end = !next;
    if (mode_of_dropout(std::nullopt, b)) return;
    difference_.cause = Cause::Extra;
    difference_.summary = fmt::format("B has {}, A has not", name_b(b));
    difference_.says_b = "this is only here";
    difference_.says_a = next ? "goes on with this, on the value before" : "ends with this";
  }

  void mention_rest(size_t index, size_t end) {
    std::vector<std::string> rest;
    for (size_t i = index + 1; i < end; ++i) {
      const Column& column = difference_.columns[i];
      if (is_neutral(column)) continue;
      rest.push_back(column.a ? name_a(*column.a) : name_b(*column.b));
    }
    if (!rest.empty()) difference_.details.push_back(fmt::format("also: behind it {}", listed(rest)));
  }

  // The operation of the other side that made what this one reads.
  std::optional<size_t> producer_in_b(size_t a) const {
    for (const ValueId value : read_values(evidence_.a.module, evidence_.reading_a, in_a(a))) {
      for (const ValueId other : values_.of_a[value.index]) {
        const Operation* operation = evidence_.reading_b.operation_of(evidence_.b.module, other);
        if (operation != nullptr) return static_cast<size_t>(operation - evidence_.reading_b.operations.data());
      }
    }
    return std::nullopt;
  }
  std::optional<size_t> producer_in_a(size_t b) const {
    for (const ValueId value : read_values(evidence_.b.module, evidence_.reading_b, in_b(b))) {
      for (const ValueId other : values_.of_b[value.index]) {
        const Operation* operation = evidence_.reading_a.operation_of(evidence_.a.module, other);
        if (operation != nullptr) return static_cast<size_t>(operation - evidence_.reading_a.operations.data());
      }
    }
    return std::nullopt;
  }

  // ------------------------------------------------------------------------------------------------- nothing in
  // between

  void swapped_outputs() {
    difference_.cause = Cause::Outputs;
    difference_.summary = "both compute the same values, and return them in another order or with others";
    const size_t output = outputs_.front();
    const ValueId a = evidence_.a.module.graph.outputs()[output];
    const ValueId b = evidence_.b.module.graph.outputs()[output];
    if (const Operation* operation = evidence_.reading_a.operation_of(evidence_.a.module, a))
      difference_.a = static_cast<size_t>(operation - evidence_.reading_a.operations.data());
    if (const Operation* operation = evidence_.reading_b.operation_of(evidence_.b.module, b))
      difference_.b = static_cast<size_t>(operation - evidence_.reading_b.operations.data());
    difference_.says_a = fmt::format("output number {} of A", output + 1);
    difference_.says_b = fmt::format("output number {} of B", output + 1);
  }

  // Structure and attributes agree: the numbers that they work with do not.
  void differing_weights() {
    for (size_t a = 0; a < evidence_.reading_a.operations.size(); ++a) {
      for (const size_t parameter : in_a(a).parameters) {
        const ParameterPair* pair = evidence_.parameters.of_a(parameter);
        const std::string text = pair == nullptr ? std::string() : describe_distance(evidence_, *pair);
        if (text.empty()) continue;
        difference_.cause = Cause::Weights;
        difference_.summary = fmt::format("other weights: {}", text);
        difference_.a = a;
        difference_.says_a = difference_.says_b = "reads it";
        for (size_t b = 0; b < evidence_.reading_b.operations.size(); ++b) {
          const auto& other = in_b(b).parameters;
          if (std::find(other.begin(), other.end(), pair->b) == other.end()) continue;
          difference_.b = b;
          return;
        }
        return;
      }
    }
    difference_.cause = Cause::Unknown;
    difference_.a = difference_.columns.empty() ? std::nullopt : difference_.columns.front().a;
    difference_.b = difference_.columns.empty() ? std::nullopt : difference_.columns.front().b;
    difference_.says_a = difference_.says_b = "the first with other numbers";
    difference_.summary = "the operations look alike and give other numbers; the first of them are shown";
  }

  const Evidence& evidence_;
  const Correspondence& values_;
  const std::vector<size_t>& outputs_;
  std::vector<std::vector<ValueId>> of_a_;  ///< counterparts, without pairs of outputs that differ
  std::vector<std::vector<ValueId>> of_b_;
  Difference difference_;
};

}  // namespace

Difference find_difference(const Evidence& evidence, const Correspondence& values, const std::vector<size_t>& outputs) {
  return Search(evidence, values, outputs).run();
}

}  // namespace lathe::comparison
