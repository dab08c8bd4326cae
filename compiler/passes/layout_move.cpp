// Moving a transpose behind elementwise rows, reductions, moves and gathers.
#include "compiler/passes/layout_move.h"

#include <algorithm>

#include "compiler/passes/match.h"
#include "compiler/passes/permutation.h"

namespace lathe::passes {
namespace {

using Moved = Result<std::optional<ValueId>>;

class Mover {
 public:
  Mover(Rewriter& rewriter, NodeId id, size_t operand, const Integers& permutation, const MoveOptions& options)
      : module_(rewriter.module()),
        graph_(rewriter.graph()),
        draft_(graph_.node(id)),
        result_(graph_.node(id).results.empty() ? ValueId{} : graph_.node(id).results[0]),
        builder_(rewriter.before(id)),
        operand_(operand),
        permutation_(permutation),
        inverse_(inverse(permutation)),
        options_(options) {}

  Moved run() {
    if (!result_.valid() || graph_.node(graph_.value(result_).producer).results.size() != 1) return unmoved();
    const OpDef& op = *draft_.op;
    if (form<Elementwise>(op) != nullptr) return elementwise();
    if (form<Reduce>(op) != nullptr) return reduce();
    if (form<Move>(op) != nullptr) return move();
    if (op.name == "gather" && operand_ == 0) return gather();
    return unmoved();
  }

 private:
  static Moved unmoved() { return std::optional<ValueId>(); }

  [[nodiscard]] const Shape& dims(ValueId value) const { return graph_.tensor(value).dims; }
  [[nodiscard]] const Shape& result_dims() const { return graph_.tensor(result_).dims; }

  // What stands in front of the transpose.
  [[nodiscard]] ValueId source() const {
    return graph_.node(graph_.value(draft_.operands[operand_]).producer).operands[0];
  }

  template <class T>
  [[nodiscard]] const T& given(std::string_view name) const {
    return std::get<T>(draft_.attributes[static_cast<size_t>(draft_.op->attribute_index(name))]);
  }
  void set(NodeDraft& draft, std::string_view name, Attribute value) const {
    draft.attributes[static_cast<size_t>(draft.op->attribute_index(name))] = std::move(value);
  }

  // The node with other operands and attributes.
  Result<ValueId> build(NodeDraft draft) {
    draft.location = builder_.location();
    LATHE_TRY(const std::vector<ValueId> results, builder_.add_draft(std::move(draft)));
    builder_.name_value(results[0], graph_.value(result_).name);
    return results[0];
  }

  Moved behind(Result<ValueId> value, const Integers& permutation) {
    if (!value) return Failure{};
    LATHE_TRY(const ValueId moved, transposed(builder_, *value, permutation));
    return std::optional<ValueId>(moved);
  }

  // ---- operands of rows with several

  // A value of lower rank takes part in a broadcast as if it had leading axes of size 1.
  [[nodiscard]] Shape padded_dims(ValueId value) const {
    Shape shape = dims(value);
    shape.insert(shape.begin(), permutation_.size() - shape.size(), Dim(1));
    return shape;
  }

  // Transposes that turning this operand back would save (1) or cost (-1).
  [[nodiscard]] int saving(ValueId value) const {
    if (constant_of(module_, value) != nullptr || moves_nothing(padded_dims(value), inverse_)) return 0;
    const NodeId transpose = producer_named(graph_, value, "transpose");
    if (!transpose.valid()) return -1;
    return attribute<Integers>(graph_.node(transpose), "permutation") == permutation_ ? 1 : 0;
  }

  // True when all operands can be turned back with fewer transposes than there are; fills them in.
  Result<bool> turn_operands(NodeDraft& draft) {
    int total = 0;
    std::vector<ValueId> seen;
    for (ValueId operand : draft.operands) {
      if (!operand.valid() || dims(operand).size() > permutation_.size()) return false;
      if (std::find(seen.begin(), seen.end(), operand) != seen.end()) continue;
      seen.push_back(operand);
      total += saving(operand);
    }
    // An operand that moves nothing saves nothing, but nothing is lost either by moving it on.
    const bool is_free = moves_nothing(dims(source()), permutation_);
    if (is_free ? total < 0 : total <= 0) return false;
    for (ValueId& operand : draft.operands) {
      Shape shape = padded_dims(operand);
      if (shape.size() != dims(operand).size()) {
        LATHE_TRY(operand, builder_.reshape(operand, std::move(shape)));
      }
      LATHE_TRY(operand, transposed(builder_, operand, inverse_));
    }
    return true;
  }

  Moved elementwise() {
    if (result_dims().size() != permutation_.size()) return unmoved();
    NodeDraft draft = draft_;
    LATHE_TRY(const bool turned, turn_operands(draft));
    if (!turned) return unmoved();
    return behind(build(std::move(draft)), permutation_);
  }

  Moved concat() {
    NodeDraft draft = draft_;
    LATHE_TRY(const bool turned, turn_operands(draft));
    if (!turned) return unmoved();
    set(draft, "axis", permutation_[static_cast<size_t>(given<int64_t>("axis"))]);
    return behind(build(std::move(draft)), permutation_);
  }

  // ---- rows with one operand

  Moved reduce() {
    const Integers& axes = given<Integers>("axes");
    const bool keeps = given<bool>("keep_dims");
    if (!options_.through_reductions) return unmoved();
    NodeDraft draft = draft_;
    draft.operands[0] = source();
    Integers turned;
    for (int64_t axis : axes) turned.push_back(permutation_[static_cast<size_t>(axis)]);
    std::sort(turned.begin(), turned.end());
    set(draft, "axes", turned);
    if (keeps) return behind(build(std::move(draft)), permutation_);
    return behind(build(std::move(draft)), remaining(axes));
  }

  // The permutation of the axes that are left when those in `removed` (of the transposed operand) are gone.
  [[nodiscard]] Integers remaining(const Integers& removed) const {
    Integers kept;
    for (size_t axis = 0; axis < permutation_.size(); ++axis) {
      if (std::find(removed.begin(), removed.end(), static_cast<int64_t>(axis)) == removed.end()) {
        kept.push_back(permutation_[axis]);
      }
    }
    return inverse(sorting(kept));
  }

  // Attributes with one entry an axis, turned back.
  template <class List>
  void turn_list(NodeDraft& draft, std::string_view name) const {
    const List& values = given<List>(name);
    List turned(values.size());
    for (size_t axis = 0; axis < values.size(); ++axis) turned[static_cast<size_t>(permutation_[axis])] = values[axis];
    set(draft, name, std::move(turned));
  }

  Moved move() {
    const std::string_view name = draft_.op->name;
    if (name == "concat") return concat();
    NodeDraft draft = draft_;
    draft.operands[0] = source();
    if (name == "transpose") {
      const Integers both = composed(permutation_, given<Integers>("permutation"));
      LATHE_TRY(const ValueId value, transposed(builder_, source(), both));
      return std::optional<ValueId>(value);
    }
    if (name == "reshape") return reshape();
    if (name == "pad") {
      turn_list<Shape>(draft, "low");
      turn_list<Shape>(draft, "high");
    } else if (name == "slice") {
      turn_list<Shape>(draft, "starts");
      turn_list<Shape>(draft, "limits");
      turn_list<Integers>(draft, "steps");
    } else if (name == "tile") {
      turn_list<Shape>(draft, "repeats");
    } else {
      return unmoved();
    }
    return behind(build(std::move(draft)), permutation_);
  }

  Moved reshape() {
    const auto plan = reshape_behind_transpose(dims(source()), permutation_, result_dims());
    if (!plan || plan->inner == permutation_) return unmoved();
    if (!is_identity(plan->inner)) {
      // Two transposes for one: worth it only when the second one goes on moving.
      const std::vector<Use>& uses = graph_.value(result_).uses;
      const bool ends_here = std::all_of(uses.begin(), uses.end(), [&](const Use& use) {
        return has(graph_.node(use.node).op->traits, Trait::Terminator);
      });
      if (ends_here || is_identity(plan->outer)) return unmoved();
    }
    LATHE_TRY(const ValueId inner, transposed(builder_, source(), plan->inner));
    LATHE_TRY(const ValueId reshaped, builder_.reshape(inner, plan->reshaped));
    builder_.name_value(reshaped, graph_.value(result_).name);
    return behind(reshaped, plan->outer);
  }

  // The axes of the indices stand in the place of one axis of the data.
  Moved gather() {
    const auto axis = static_cast<size_t>(given<int64_t>("axis"));
    const size_t added = dims(draft_.operands[1]).size();
    const int64_t turned_axis = permutation_[axis];
    NodeDraft draft = draft_;
    draft.operands[0] = source();
    set(draft, "axis", turned_axis);
    // Position in the turned result of each axis of the wanted one.
    Integers behind_axes;
    const auto shifted = [&](int64_t source_axis) {
      return source_axis < turned_axis ? source_axis : source_axis + static_cast<int64_t>(added) - 1;
    };
    for (size_t i = 0; i < permutation_.size(); ++i) {
      if (i != axis) {
        behind_axes.push_back(shifted(permutation_[i]));
        continue;
      }
      for (size_t k = 0; k < added; ++k) behind_axes.push_back(turned_axis + static_cast<int64_t>(k));
    }
    return behind(build(std::move(draft)), behind_axes);
  }

  Module& module_;
  Graph& graph_;
  NodeDraft draft_;
  ValueId result_;
  GraphBuilder builder_;
  size_t operand_;
  Integers permutation_;
  Integers inverse_;
  MoveOptions options_;
};

}  // namespace

Result<ValueId> transposed(GraphBuilder& builder, ValueId x, const Integers& permutation) {
  Integers total = permutation;
  const NodeId inner = producer_named(builder.graph(), x, "transpose");
  if (inner.valid()) {
    total = composed(attribute<Integers>(builder.graph().node(inner), "permutation"), permutation);
    x = builder.graph().node(inner).operands[0];
  }
  if (is_identity(total)) return x;
  return builder.transpose(x, std::move(total));
}

Result<std::optional<ValueId>> move_transpose_behind(Rewriter& rewriter, NodeId node, size_t operand,
                                                     const Integers& permutation, const MoveOptions& options) {
  return Mover(rewriter, node, operand, permutation, options).run();
}

}  // namespace lathe::passes
