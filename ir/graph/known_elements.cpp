// Compile-time knowledge of small tensors: shape arithmetic, evaluated on symbols.
//
// Each element is unknown, a Dim (integers and bools) or a number (floats). Rows are evaluated by their semantic form,
// so that every elementwise, move and index row takes part without saying so.
#include <algorithm>
#include <optional>

#include "ir/graph/infer.h"

namespace lathe {
namespace {

// An element: a Dim for integers and bools (invalid: unknown), a number for floats.
struct Element {
  ElementType type = ElementType::I64;
  Dim integer = Dim::invalid();
  std::optional<double> real;

  [[nodiscard]] bool known() const { return is_float(type) ? real.has_value() : integer.valid(); }
  [[nodiscard]] std::optional<ScalarValue> number() const {
    if (is_float(type)) {
      if (!real) return std::nullopt;
      return ScalarValue::of(type, *real);
    }
    const auto constant = integer.as_constant();
    if (!constant) return std::nullopt;
    return ScalarValue::of_integer(type, *constant);
  }
};

Element unknown(ElementType type) { return {type, Dim::invalid(), std::nullopt}; }

Element from_number(const ScalarValue& value) {
  if (is_float(value.type)) return {value.type, Dim::invalid(), value.real};
  return {value.type, Dim(value.integer), std::nullopt};
}

Element from_answer(Answer answer, bool negate) {
  if (answer == Answer::Unknown) return unknown(ElementType::Boolean);
  return from_number(ScalarValue::boolean((answer == Answer::Yes) != negate));
}

// Symbolic meaning of integer operations on sizes; unknown where there is none. Wrapping can't happen: Dims are exact
// and every size that is used is checked against 64 bits.
Element apply_symbolic(const SymbolTable& symbols, const ScalarNode& node, std::span<const Element> operands) {
  if (node.op == ScalarOp::Select) {
    const auto condition = operands[0].integer.as_constant();
    return condition ? operands[*condition != 0 ? 1 : 2] : unknown(node.type);
  }
  for (const Element& operand : operands) {
    if (is_float(operand.type) || !operand.integer.valid()) return unknown(node.type);
  }
  const auto integer = [&](Dim value) { return Element{node.type, std::move(value), std::nullopt}; };
  const Dim& a = operands[0].integer;
  const Dim b = operands.size() > 1 ? operands[1].integer : Dim(0);
  const bool division_is_floor = symbols.known_le(0, a) && symbols.known_le(1, b);
  switch (node.op) {
    case ScalarOp::Add: return integer(a + b);
    case ScalarOp::Sub: return integer(a - b);
    case ScalarOp::Mul: return integer(a * b);
    case ScalarOp::Neg: return integer(-a);
    case ScalarOp::Div: return division_is_floor ? integer(symbols.simplify(floordiv(a, b))) : unknown(node.type);
    case ScalarOp::FloorMod:
    case ScalarOp::Remainder: return division_is_floor ? integer(symbols.simplify(modulo(a, b))) : unknown(node.type);
    case ScalarOp::Min: return integer(symbols.simplify(minimum(a, b)));
    case ScalarOp::Max: return integer(symbols.simplify(maximum(a, b)));
    case ScalarOp::Cast: return is_integer(node.type) ? integer(a) : unknown(node.type);
    case ScalarOp::Eq: return from_answer(symbols.prove_eq(a, b), false);
    case ScalarOp::Ne: return from_answer(symbols.prove_eq(a, b), true);
    case ScalarOp::Lt: return from_answer(symbols.prove_lt(a, b), false);
    case ScalarOp::Le: return from_answer(symbols.prove_le(a, b), false);
    case ScalarOp::Gt: return from_answer(symbols.prove_lt(b, a), false);
    case ScalarOp::Ge: return from_answer(symbols.prove_le(b, a), false);
    default: return unknown(node.type);
  }
}

Element evaluate_elements(const SymbolTable& symbols, const ScalarExpression& expression,
                          std::span<const Element> arguments) {
  std::vector<Element> values;
  for (const ScalarNode& node : expression.nodes) {
    if (node.op == ScalarOp::Argument) {
      values.push_back(arguments[node.argument]);
      continue;
    }
    if (node.op == ScalarOp::Constant) {
      values.push_back(from_number(node.immediate));
      continue;
    }
    std::vector<Element> operands;
    std::vector<ScalarValue> numbers;
    for (size_t i = 0; i < info(node.op).arity; ++i) {
      operands.push_back(values[node.operands[i].index]);
      if (const auto number = operands.back().number()) numbers.push_back(*number);
    }
    values.push_back(numbers.size() == operands.size() ? from_number(evaluate_op(node.op, node.type, numbers))
                                                       : apply_symbolic(symbols, node, operands));
  }
  return values[expression.result.index];
}

// Row-major positions in small static shapes.
std::vector<int64_t> static_dims(const TensorType& type) {
  std::vector<int64_t> dims;
  for (const Dim& dim : type.dims) dims.push_back(dim.constant());
  return dims;
}

bool is_small(const TensorType& type) {
  if (!type.ranked || !type.is_static() || type.element == ElementType::String) return false;
  const Dim count = type.element_count();
  return count.valid() && count.constant() >= 0 && count.constant() <= kMaxKnownElements;
}

std::vector<int64_t> position(const std::vector<int64_t>& dims, int64_t index) {
  std::vector<int64_t> result(dims.size());
  for (size_t axis = dims.size(); axis-- > 0;) {
    result[axis] = index % dims[axis];
    index /= dims[axis];
  }
  return result;
}

class Evaluator {
 public:
  Evaluator(const Module& module, const NodeView& view) : module_(module), view_(view) {}

  std::vector<Element> run() {
    const int64_t count = view_.result().element_count().constant();
    dims_ = static_dims(view_.result());
    return std::visit([&](const auto& semantics) { return evaluate(semantics, count); }, view_.op().semantics);
  }

 private:
  std::vector<Element> nothing() const { return {}; }

  template <class Form>
  std::vector<Element> evaluate(const Form&, int64_t) {
    return nothing();
  }

  std::vector<Element> evaluate(const Elementwise&, int64_t count) {
    const ScalarExpression body = elementwise_body(view_);
    std::vector<Element> result;
    for (int64_t i = 0; i < count; ++i) {
      const std::vector<int64_t> at = position(dims_, i);
      std::vector<Element> arguments;
      for (size_t k = 0; k < view_.operand_count(); ++k) arguments.push_back(broadcast_element(k, at));
      for (int64_t index : at) arguments.push_back({ElementType::I64, Dim(index), std::nullopt});
      result.push_back(evaluate_elements(module_.symbols, body, arguments));
    }
    return result;
  }

  std::vector<Element> evaluate(const Move&, int64_t count) {
    const MoveMap map = describe_move(view_);
    std::vector<Element> result;
    for (int64_t i = 0; i < count; ++i) result.push_back(moved_element(map, position(dims_, i)));
    return result;
  }

  Element moved_element(const MoveMap& map, const std::vector<int64_t>& at) {
    for (const MovePiece& piece : map.pieces) {
      bool inside = true;
      for (size_t axis = 0; axis < at.size() && inside; ++axis) {
        const auto begin = piece.begin[axis].as_constant();
        const auto end = piece.end[axis].as_constant();
        if (!begin || !end) return unknown(view_.result().element);
        inside = at[axis] >= *begin && at[axis] < *end;
      }
      if (inside) return element_at(piece.operand, piece.index, at, {});
    }
    const ElementType type = view_.result().element;
    return from_number(is_float(type) ? ScalarValue::of(type, map.fill)
                                      : ScalarValue::of_integer(type, static_cast<int64_t>(map.fill)));
  }

  std::vector<Element> evaluate(const Index&, int64_t count) {
    const IndexMap map = describe_index(view_);
    std::vector<Element> result;
    for (int64_t i = 0; i < count; ++i) {
      const std::vector<int64_t> at = position(dims_, i);
      std::vector<std::pair<std::string, int64_t>> bound;
      for (const IndexBinding& binding : map.bindings) {
        const Element index = element_at(binding.operand, binding.index, at, {});
        const auto value = index.integer.as_constant();
        const auto extent = binding.extent.as_constant();
        if (!value || (*value < 0 && !extent)) break;
        bound.emplace_back(binding.symbol, *value < 0 ? *value + *extent : *value);
      }
      result.push_back(bound.size() == map.bindings.size() ? element_at(map.operand, map.index, at, bound)
                                                           : unknown(view_.result().element));
    }
    return result;
  }

  std::vector<Element> evaluate(const Structural& structural, int64_t count) {
    if (structural.kind == Structural::Kind::ShapeOf) {
      std::vector<Element> result;
      for (const Dim& dim : view_.dims(0)) result.push_back({ElementType::I64, dim, std::nullopt});
      return result;
    }
    if (structural.kind != Structural::Kind::Constant) return nothing();
    const ConstantData& data = module_.constants[std::get<ConstantId>(view_.draft().attributes[0])];
    if (data.absent) return nothing();
    std::vector<Element> result;
    for (int64_t i = 0; i < count; ++i) {
      result.push_back(is_float(data.type.element)
                           ? from_number(ScalarValue::of(data.type.element, element_as_double(data, i)))
                           : from_number(ScalarValue::of_integer(data.type.element, element_as_integer(data, i))));
    }
    return result;
  }

  Element stored(size_t operand, int64_t index) const {
    const Value& value = module_.graph.value(view_.operand(operand));
    const ElementType type = view_.tensor(operand).element;
    if (index < 0) return unknown(type);
    const auto at = static_cast<size_t>(index);
    if (value.known && at < value.known->size()) return {type, (*value.known)[at], std::nullopt};
    if (value.known_floats && at < value.known_floats->size()) return {type, Dim::invalid(), (*value.known_floats)[at]};
    return unknown(type);
  }

  Element broadcast_element(size_t operand, const std::vector<int64_t>& at) const {
    if (!view_.has_operand(operand)) return unknown(ElementType::I64);
    const TensorType& type = view_.tensor(operand);
    if (!is_small(type)) return unknown(type.element);
    const std::vector<int64_t> dims = static_dims(type);
    int64_t index = 0;
    for (size_t axis = 0; axis < dims.size(); ++axis) {
      const int64_t coordinate = dims[axis] == 1 ? 0 : at[at.size() - dims.size() + axis];
      index = index * dims[axis] + coordinate;
    }
    return stored(operand, index);
  }

  Element element_at(size_t operand, const std::vector<Dim>& index, const std::vector<int64_t>& at,
                     const std::vector<std::pair<std::string, int64_t>>& bound) const {
    const TensorType& type = view_.tensor(operand);
    if (!is_small(type)) return unknown(type.element);
    const auto value_of = [&](const std::string& name) -> std::optional<int64_t> {
      for (size_t axis = 0; axis < at.size(); ++axis) {
        if (name == *axis_symbol(axis).as_symbol()) return at[axis];
      }
      for (const auto& [symbol, value] : bound) {
        if (name == symbol) return value;
      }
      return std::nullopt;
    };
    int64_t flat = 0;
    for (size_t axis = 0; axis < index.size(); ++axis) {
      const auto coordinate = lathe::evaluate(index[axis], value_of);
      const int64_t extent = type.dims[axis].constant();
      if (!coordinate || *coordinate < 0 || *coordinate >= extent) return unknown(type.element);
      flat = flat * extent + *coordinate;
    }
    return stored(operand, flat);
  }

  const Module& module_;
  const NodeView& view_;
  std::vector<int64_t> dims_;
};

// Floats matter where they become sizes: scale factors, one for each axis. Longer ones are weights.
constexpr int64_t kMostFloats = 16;

// Elements are known from a shape, from a constant or from known elements of an operand.
bool may_know(const Module& module, const NodeDraft& draft) {
  if (draft.operands.empty() || has(draft.op->traits, Trait::ValueOfShape)) return true;
  return std::any_of(draft.operands.begin(), draft.operands.end(), [&](ValueId operand) {
    if (!operand.valid()) return false;
    const Value& value = module.graph.value(operand);
    return value.known.has_value() || value.known_floats.has_value();
  });
}

}  // namespace

KnownElements known_elements(const Module& module, const NodeDraft& draft, std::span<const Type> result_types) {
  if (result_types.size() != 1 || !may_know(module, draft)) return {};
  const TensorType* type = result_types[0].as_tensor();
  if (type == nullptr || !is_small(*type)) return {};
  if (is_float(type->element) && type->element_count().constant() > kMostFloats) return {};
  if (type->element_count().is_constant(0))
    return is_float(type->element) ? KnownElements{{}, Floats{}} : KnownElements{Shape{}, {}};
  const NodeView view(module, draft, result_types);
  const std::vector<Element> elements = Evaluator(module, view).run();
  if (elements.size() != static_cast<size_t>(type->element_count().constant())) return {};
  KnownElements known;
  if (is_float(type->element)) {
    Floats floats;
    for (const Element& element : elements) {
      if (!element.known()) return {};
      floats.push_back(*element.real);
    }
    known.floats = std::move(floats);
  } else if (std::any_of(elements.begin(), elements.end(), [](const Element& element) { return element.known(); })) {
    Shape integers;
    for (const Element& element : elements) integers.push_back(element.integer);
    known.integers = std::move(integers);
  }
  return known;
}

}  // namespace lathe
