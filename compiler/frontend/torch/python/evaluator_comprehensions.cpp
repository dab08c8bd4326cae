// Comprehensions, generator expressions and f-strings. A generator expression is evaluated at once, like a list; what
// differs from Python is only seen when later items would not have been asked for and have effects.
#include "compiler/frontend/torch/python/builtins.h"
#include "compiler/frontend/torch/python/evaluator_internals.h"
#include "compiler/frontend/torch/python/evaluator_loops.h"

namespace lathe::torch {

struct Evaluator::Internals::Gathered {
  std::vector<Value> items;
  DictStorage entries;  ///< of sets
  ObjectId dict{};
};

Status Evaluator::Internals::comprehend_clause(Activation& activation, const ComprehensionExpression& node,
                                               size_t clause, Gathered& gathered) {
  if (clause == node.clauses.size()) {
    LATHE_TRY(Value element, evaluate(activation, node.element));
    const LocationId where = place(activation, node.element);
    switch (node.kind) {
      case ComprehensionExpression::Kind::List:
      case ComprehensionExpression::Kind::Generator: gathered.items.push_back(std::move(element)); return {};
      case ComprehensionExpression::Kind::Set: {
        LATHE_TRY(const size_t code, evaluator.hash(element, where));
        gathered.entries.set(code, element, NoneValue{},
                             [&](const Value& other) { return evaluator.same_key(element, other); });
        return {};
      }
      case ComprehensionExpression::Kind::Dict: {
        LATHE_TRY(const Value value, evaluate(activation, node.value));
        return evaluator.dict_set(gathered.dict, element, value, where);
      }
    }
    return {};
  }
  const ComprehensionClause& row = node.clauses[clause];
  // The first iterable belongs to the scope outside.
  const ObjectId inner = activation.scope;
  if (clause == 0) activation.scope = std::get<ScopeObject>(heap[inner]).parent;
  Result<Value> iterable = evaluate(activation, row.iterable);
  activation.scope = inner;
  if (!iterable.ok()) return Failure{};
  return for_each(*iterable, enter(activation, row.iterable), [&](const Value& item) -> Result<bool> {
    LATHE_TRY_VOID(assign(activation, row.target, item));
    for (ExpressionId condition : row.conditions) {
      LATHE_TRY(const Value test, evaluate(activation, condition));
      LATHE_TRY(const bool holds, evaluator.truth(test, enter(activation, condition)));
      if (!holds) return true;
    }
    LATHE_TRY_VOID(comprehend_clause(activation, node, clause + 1, gathered));
    return true;
  });
}

Result<Value> Evaluator::Internals::comprehend(Activation& activation, const ComprehensionExpression& node) {
  Gathered gathered;
  if (node.kind == ComprehensionExpression::Kind::Dict) gathered.dict = heap.add(DictObject{});
  const ObjectId outer = activation.scope;
  activation.scope = heap.add(ScopeObject{{}, outer, std::get<ScopeObject>(heap[outer]).globals});
  const Status status = comprehend_clause(activation, node, 0, gathered);
  activation.scope = outer;
  LATHE_TRY_VOID(status);
  switch (node.kind) {
    case ComprehensionExpression::Kind::List: return heap.new_list(std::move(gathered.items));
    case ComprehensionExpression::Kind::Generator:
      return Value(heap.add(IteratorObject{std::move(gathered.items), 0, false, {}}));
    case ComprehensionExpression::Kind::Set: return Value(heap.add(SetObject{std::move(gathered.entries), false}));
    case ComprehensionExpression::Kind::Dict: return Value(gathered.dict);
  }
  return Failure{};
}

Result<std::string> Evaluator::Internals::format(Activation& activation, const FormatExpression& node) {
  std::string text;
  for (const FormatPart& part : node.parts) {
    if (!part.value.valid()) {
      text += part.literal;
      continue;
    }
    LATHE_TRY(Value value, evaluate(activation, part.value));
    const LocationId where = enter(activation, part.value);
    if (part.conversion != 0) {
      LATHE_TRY(std::string converted,
                part.conversion == 's' ? evaluator.text(value, where) : evaluator.repr(value, where));
      value = heap.new_string(std::move(converted));
    }
    std::string spec;
    if (part.format.valid()) {
      const auto* inner = std::get_if<FormatExpression>(&activation.unit.ast.expressions[part.format].kind);
      LATHE_CHECK(inner != nullptr);
      LATHE_TRY(spec, format(activation, *inner));
    }
    if (is_unknown(value)) {
      text += "?";
      continue;
    }
    LATHE_TRY(const std::string formatted,
              spec.empty() ? evaluator.text(value, where) : format_value(evaluator, value, spec, where));
    LATHE_TRY_VOID(evaluator.spend(formatted.size() / 64, where));
    text += formatted;
  }
  return text;
}

}  // namespace lathe::torch
