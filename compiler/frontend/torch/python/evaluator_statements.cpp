// Statements, but for loops, `try` and `with` (evaluator_control.cpp), classes and imports.
#include "compiler/frontend/torch/python/evaluator_internals.h"

namespace lathe::torch {

Result<Flow> Evaluator::Internals::execute(Activation& activation, const Block& block) {
  for (StatementId id : block) {
    LATHE_TRY(const Flow flow, execute(activation, id));
    if (flow != Flow::Normal) return flow;
  }
  return Flow::Normal;
}

Result<Flow> Evaluator::Internals::execute(Activation& activation, StatementId id) {
  if (++steps > limits.steps || (steps & 63u) == 0) LATHE_TRY_VOID(evaluator.spend(1, evaluator.current_location()));
  const Statement& statement = activation.unit.ast.statements[id];
  return std::visit([&](const auto& node) { return run(activation, statement, node); }, statement.kind);
}

Result<Flow> Evaluator::Internals::run(Activation&, const Statement&, const BrokenStatement&) { return Failure{}; }

Result<Flow> Evaluator::Internals::run(Activation&, const Statement& statement, const UnsupportedStatement& node) {
  evaluator.unsupported(place(statement.span), node.what);
  return Flow::Normal;
}

Result<Flow> Evaluator::Internals::run(Activation& activation, const Statement&, const ExpressionStatement& node) {
  LATHE_TRY([[maybe_unused]] const Value value, evaluate(activation, node.value));
  return Flow::Normal;
}

Result<Flow> Evaluator::Internals::run(Activation& activation, const Statement&, const AssignStatement& node) {
  LATHE_TRY(const Value value, evaluate(activation, node.value));
  for (ExpressionId target : node.targets) LATHE_TRY_VOID(assign(activation, target, value));
  return Flow::Normal;
}

Result<Flow> Evaluator::Internals::run(Activation& activation, const Statement&, const AugmentedAssignStatement& node) {
  LATHE_TRY_VOID(augment(activation, node));
  return Flow::Normal;
}

Result<Flow> Evaluator::Internals::run(Activation& activation, const Statement&, const AnnotatedAssignStatement& node) {
  const auto* target = std::get_if<NameExpression>(&activation.unit.ast.expressions[node.target].kind);
  if (activation.class_names != nullptr && target != nullptr) {
    // Annotations are not evaluated; dataclasses want to know which names had one.
    const LocationId where = enter(activation, node.target);
    Value* annotations = find_name(activation.home, known.annotations);
    if (annotations == nullptr) {
      LATHE_TRY_VOID(store(activation, known.annotations, heap.add(DictObject{}), where));
      annotations = find_name(activation.home, known.annotations);
    }
    const Value name = heap.new_string(evaluator.names_.text(target->name));
    LATHE_TRY_VOID(evaluator.dict_set(std::get<ObjectId>(*annotations), name, NoneValue{}, where));
  }
  if (!node.value.valid()) return Flow::Normal;
  LATHE_TRY(const Value value, evaluate(activation, node.value));
  LATHE_TRY_VOID(assign(activation, node.target, value));
  return Flow::Normal;
}

Result<Flow> Evaluator::Internals::run(Activation& activation, const Statement&, const ReturnStatement& node) {
  activation.returned = NoneValue{};
  if (node.value.valid()) {
    LATHE_TRY(activation.returned, evaluate(activation, node.value));
  }
  return Flow::Return;
}

Result<Flow> Evaluator::Internals::run(Activation& activation, const Statement&, const DeleteStatement& node) {
  for (ExpressionId target : node.targets) LATHE_TRY_VOID(remove(activation, target));
  return Flow::Normal;
}

Result<Flow> Evaluator::Internals::run(Activation&, const Statement&, const PassStatement&) { return Flow::Normal; }

Result<Flow> Evaluator::Internals::run(Activation&, const Statement&, const BreakStatement&) { return Flow::Break; }

Result<Flow> Evaluator::Internals::run(Activation&, const Statement&, const ContinueStatement&) {
  return Flow::Continue;
}

Result<Flow> Evaluator::Internals::run(Activation& activation, const Statement&, const IfStatement& node) {
  LATHE_TRY(const Value test, evaluate(activation, node.test));
  LATHE_TRY(const bool holds, evaluator.truth(test, enter(activation, node.test)));
  return execute(activation, holds ? node.then : node.otherwise);
}

Result<Flow> Evaluator::Internals::run(Activation& activation, const Statement&, const WhileStatement& node) {
  return run_while(activation, node);
}

Result<Flow> Evaluator::Internals::run(Activation& activation, const Statement&, const ForStatement& node) {
  return run_for(activation, node);
}

Result<Flow> Evaluator::Internals::run(Activation& activation, const Statement& statement,
                                       const FunctionStatement& node) {
  std::vector<Value> decorators;
  for (ExpressionId decorator : node.decorators) {
    LATHE_TRY(Value value, evaluate(activation, decorator));
    decorators.push_back(std::move(value));
  }
  LATHE_TRY(std::vector<Value> fallbacks, evaluate_fallbacks(activation, node.function));
  Value function = make_function(activation, node.function, std::move(fallbacks));
  for (size_t i = decorators.size(); i-- > 0;) {
    LATHE_TRY(function, call(decorators[i], {{std::move(function)}, {}, {}}, enter(activation, node.decorators[i])));
  }
  const Function& definition = activation.unit.ast.functions[node.function];
  static_cast<void>(statement);
  LATHE_TRY_VOID(store(activation, definition.name, std::move(function), place(definition.head_span)));
  return Flow::Normal;
}

Result<Flow> Evaluator::Internals::run(Activation& activation, const Statement&, const ClassStatement& node) {
  std::vector<Value> decorators;
  for (ExpressionId decorator : node.decorators) {
    LATHE_TRY(Value value, evaluate(activation, decorator));
    decorators.push_back(std::move(value));
  }
  LATHE_TRY(Value type, define_class(activation, node));
  for (size_t i = decorators.size(); i-- > 0;) {
    LATHE_TRY(type, call(decorators[i], {{std::move(type)}, {}, {}}, enter(activation, node.decorators[i])));
  }
  LATHE_TRY_VOID(store(activation, node.name, std::move(type), place(node.head_span)));
  return Flow::Normal;
}

Result<Flow> Evaluator::Internals::run(Activation& activation, const Statement&, const ImportStatement& node) {
  LATHE_TRY_VOID(import_names(activation, node));
  return Flow::Normal;
}

Result<Flow> Evaluator::Internals::run(Activation& activation, const Statement& statement,
                                       const ImportFromStatement& node) {
  LATHE_TRY_VOID(import_from(activation, node, statement));
  return Flow::Normal;
}

Result<Flow> Evaluator::Internals::run(Activation&, const Statement&, const ScopeStatement&) { return Flow::Normal; }

Result<Flow> Evaluator::Internals::run(Activation& activation, const Statement& statement,
                                       const AssertStatement& node) {
  LATHE_TRY_VOID(check_assertion(activation, node, statement.span));
  return Flow::Normal;
}

Result<Flow> Evaluator::Internals::run(Activation& activation, const Statement& statement, const RaiseStatement& node) {
  return raise(activation, node, place(statement.span));
}

Result<Flow> Evaluator::Internals::run(Activation& activation, const Statement&, const TryStatement& node) {
  return run_try(activation, node);
}

Result<Flow> Evaluator::Internals::run(Activation& activation, const Statement&, const WithStatement& node) {
  return run_with(activation, node, 0);
}

// --------------------------------------------------------------------------------------------------------- assignment

Status Evaluator::Internals::assign(Activation& activation, ExpressionId target, const Value& value) {
  const Expression& expression = activation.unit.ast.expressions[target];
  if (const auto* name = std::get_if<NameExpression>(&expression.kind)) {
    return store(activation, name->name, value, place(activation, target));
  }
  if (const auto* attribute = std::get_if<AttributeExpression>(&expression.kind)) {
    LATHE_TRY(const Value object, evaluate(activation, attribute->object));
    return evaluator.set_attribute(object, attribute->name, value, enter(activation, target));
  }
  if (const auto* subscript = std::get_if<SubscriptExpression>(&expression.kind)) {
    LATHE_TRY(const Value object, evaluate(activation, subscript->object));
    LATHE_TRY(const Value index, evaluate(activation, subscript->index));
    return evaluator.set_item(object, index, value, enter(activation, target));
  }
  if (const auto* tuple = std::get_if<TupleExpression>(&expression.kind)) {
    return unpack(activation, target, tuple->items, value);
  }
  if (const auto* list = std::get_if<ListExpression>(&expression.kind)) {
    return unpack(activation, target, list->items, value);
  }
  if (const auto* starred = std::get_if<StarredExpression>(&expression.kind)) {
    return assign(activation, starred->value, value);
  }
  // The parser has reported anything else.
  return Failure{};
}

Status Evaluator::Internals::unpack(Activation& activation, ExpressionId target, const std::vector<ExpressionId>& items,
                                    const Value& value) {
  if (is_unknown(value)) {
    for (ExpressionId item : items) LATHE_TRY_VOID(assign(activation, item, value));
    return {};
  }
  const auto is_starred = [&](ExpressionId id) {
    return std::holds_alternative<StarredExpression>(activation.unit.ast.expressions[id].kind);
  };
  size_t star = items.size();
  for (size_t i = 0; i < items.size(); ++i) {
    if (is_starred(items[i])) star = i;
  }
  const LocationId where = enter(activation, target);
  LATHE_TRY(const std::vector<Value> values, evaluator.iterate(value, where));
  const bool has_star = star != items.size();
  const size_t wanted = items.size() - (has_star ? 1 : 0);
  if (has_star ? values.size() < wanted : values.size() != wanted) {
    return evaluator
        .error(where, DiagnosticKind::PythonError, "ValueError", "{} is unpacked into {}{} name{}: it has {} item{}",
               evaluator.describe(value), has_star ? "at least " : "", wanted, wanted == 1 ? "" : "s", values.size(),
               values.size() == 1 ? "" : "s")
        .emit();
  }
  if (!has_star) {
    for (size_t i = 0; i < items.size(); ++i) LATHE_TRY_VOID(assign(activation, items[i], values[i]));
    return {};
  }
  const size_t extra = values.size() - wanted;
  for (size_t i = 0; i < star; ++i) LATHE_TRY_VOID(assign(activation, items[i], values[i]));
  const auto from = values.begin() + static_cast<std::ptrdiff_t>(star);
  const std::vector<Value> middle(from, from + static_cast<std::ptrdiff_t>(extra));
  LATHE_TRY_VOID(assign(activation, items[star], heap.new_list(middle)));
  for (size_t i = star + 1; i < items.size(); ++i) {
    LATHE_TRY_VOID(assign(activation, items[i], values[i - 1 + extra]));
  }
  return {};
}

Status Evaluator::Internals::augment(Activation& activation, const AugmentedAssignStatement& node) {
  const Expression& expression = activation.unit.ast.expressions[node.target];
  if (const auto* name = std::get_if<NameExpression>(&expression.kind)) {
    LATHE_TRY(const Value old, load(activation, name->name, node.target));
    LATHE_TRY(const Value operand, evaluate(activation, node.value));
    const LocationId where = enter(activation, node.target);
    LATHE_TRY(Value changed, augmented(node.op, old, operand, where));
    return store(activation, name->name, std::move(changed), where);
  }
  if (const auto* attribute = std::get_if<AttributeExpression>(&expression.kind)) {
    LATHE_TRY(const Value object, evaluate(activation, attribute->object));
    LATHE_TRY(const Value old, evaluator.get_attribute(object, attribute->name, enter(activation, node.target)));
    LATHE_TRY(const Value operand, evaluate(activation, node.value));
    const LocationId where = enter(activation, node.target);
    LATHE_TRY(const Value changed, augmented(node.op, old, operand, where));
    return evaluator.set_attribute(object, attribute->name, changed, where);
  }
  if (const auto* subscript = std::get_if<SubscriptExpression>(&expression.kind)) {
    LATHE_TRY(const Value object, evaluate(activation, subscript->object));
    LATHE_TRY(const Value index, evaluate(activation, subscript->index));
    LATHE_TRY(const Value old, evaluator.get_item(object, index, enter(activation, node.target)));
    LATHE_TRY(const Value operand, evaluate(activation, node.value));
    const LocationId where = enter(activation, node.target);
    LATHE_TRY(const Value changed, augmented(node.op, old, operand, where));
    return evaluator.set_item(object, index, changed, where);
  }
  return Failure{};
}

Status Evaluator::Internals::remove(Activation& activation, ExpressionId target) {
  const Expression& expression = activation.unit.ast.expressions[target];
  if (const auto* name = std::get_if<NameExpression>(&expression.kind)) {
    return erase(activation, name->name, enter(activation, target));
  }
  if (const auto* attribute = std::get_if<AttributeExpression>(&expression.kind)) {
    LATHE_TRY(const Value object, evaluate(activation, attribute->object));
    return erase_attribute(object, attribute->name, enter(activation, target));
  }
  if (const auto* subscript = std::get_if<SubscriptExpression>(&expression.kind)) {
    LATHE_TRY(const Value object, evaluate(activation, subscript->object));
    LATHE_TRY(const Value index, evaluate(activation, subscript->index));
    return erase_item(object, index, enter(activation, target));
  }
  if (const auto* tuple = std::get_if<TupleExpression>(&expression.kind)) {
    for (ExpressionId item : tuple->items) LATHE_TRY_VOID(remove(activation, item));
    return {};
  }
  return Failure{};
}

Status Evaluator::Internals::check_assertion(Activation& activation, const AssertStatement& node, const Span& span) {
  LATHE_TRY(const Value test, evaluate(activation, node.test));
  if (is_unknown(test)) return {};
  LATHE_TRY(const bool holds, evaluator.truth(test, enter(activation, node.test)));
  if (holds) return {};
  std::string message;
  if (node.message.valid()) {
    LATHE_TRY(const Value value, evaluate(activation, node.message));
    if (!is_unknown(value)) {
      LATHE_TRY(message, evaluator.text(value, enter(activation, node.message)));
    }
  }
  const std::string condition = source(activation.unit, node.test);
  auto report = evaluator.error(place(span), DiagnosticKind::PythonError, "AssertionError", "{}",
                                message.empty() ? fmt::format("the assertion `{}` does not hold", condition) : message);
  if (message.empty()) return std::move(report).emit();
  pending->instance = new_exception("AssertionError", heap.new_string(message));
  return std::move(report).note(fmt::format("the assertion `{}` does not hold", condition)).emit();
}

}  // namespace lathe::torch
