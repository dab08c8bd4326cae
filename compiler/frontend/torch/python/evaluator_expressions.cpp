// Expressions: atoms, displays, attributes, calls. Operators are in evaluator_operators.cpp and evaluator_compare.cpp,
// comprehensions and f-strings in evaluator_comprehensions.cpp.
#include "compiler/frontend/torch/python/evaluator_internals.h"

namespace lathe::torch {

Result<Value> Evaluator::Internals::evaluate(Activation& activation, ExpressionId id) {
  LATHE_TRY_VOID(check_stack({}));
  if (++steps > limits.steps) LATHE_TRY_VOID(evaluator.spend(1, place(activation, id)));
  return std::visit([&](const auto& node) { return compute(activation, id, node); },
                    activation.unit.ast.expressions[id].kind);
}

Result<Value> Evaluator::Internals::compute(Activation&, ExpressionId, const BrokenExpression&) { return Failure{}; }

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId id,
                                            const UnsupportedExpression& node) {
  return evaluator.unsupported(enter(activation, id), node.what);
}

Result<Value> Evaluator::Internals::compute(Activation&, ExpressionId, const SingletonExpression& node) {
  switch (node.value) {
    case Singleton::None: return Value(NoneValue{});
    case Singleton::True: return Value(true);
    case Singleton::False: return Value(false);
    case Singleton::Ellipsis: return Value(EllipsisValue{});
  }
  return Value(NoneValue{});
}

Result<Value> Evaluator::Internals::compute(Activation&, ExpressionId, const IntegerExpression& node) {
  return integer(node.value);
}

Result<Value> Evaluator::Internals::compute(Activation&, ExpressionId, const FloatExpression& node) {
  return Value(node.value);
}

Result<Value> Evaluator::Internals::compute(Activation&, ExpressionId, const StringExpression& node) {
  return heap.new_string(node.value);
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId, const FormatExpression& node) {
  LATHE_TRY(std::string text, format(activation, node));
  return heap.new_string(std::move(text));
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId id, const NameExpression& node) {
  return load(activation, node.name, id);
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId id, const AttributeExpression& node) {
  LATHE_TRY(const Value object, evaluate(activation, node.object));
  return evaluator.get_attribute(object, node.name, enter(activation, id));
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId id, const SubscriptExpression& node) {
  LATHE_TRY(const Value object, evaluate(activation, node.object));
  LATHE_TRY(const Value index, evaluate(activation, node.index));
  return evaluator.get_item(object, index, enter(activation, id));
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId, const SliceExpression& node) {
  SliceObject slice{NoneValue{}, NoneValue{}, NoneValue{}};
  if (node.lower.valid()) {
    LATHE_TRY(slice.lower, evaluate(activation, node.lower));
  }
  if (node.upper.valid()) {
    LATHE_TRY(slice.upper, evaluate(activation, node.upper));
  }
  if (node.step.valid()) {
    LATHE_TRY(slice.step, evaluate(activation, node.step));
  }
  return Value(heap.add(std::move(slice)));
}

LocationId Evaluator::Internals::keyword_place(Unit& unit, const CallArgument& argument) {
  LocationId& place = unit.keyword_places[argument.value];
  if (!place.valid()) {
    const Span value = unit.ast.expressions[argument.value].span;
    place = evaluator.locations_.add(Span{value.file, argument.name_span.begin, value.end});
  }
  return place;
}

Result<Arguments> Evaluator::Internals::evaluate_arguments(Activation& activation,
                                                           const std::vector<CallArgument>& arguments) {
  Arguments result;
  std::vector<LocationId> keyword_places;
  for (const CallArgument& argument : arguments) {
    LATHE_TRY(Value value, evaluate(activation, argument.value));
    const LocationId where = enter(activation, argument.value);
    switch (argument.kind) {
      case CallArgument::Kind::Positional:
        result.positional.push_back(std::move(value));
        result.places.push_back(where);
        break;
      case CallArgument::Kind::Keyword:
        result.keywords.emplace_back(argument.name, std::move(value));
        keyword_places.push_back(keyword_place(activation.unit, argument));
        break;
      case CallArgument::Kind::Star: {
        if (is_unknown(value)) return Failure{};
        LATHE_TRY(const std::vector<Value> items, evaluator.iterate(value, where));
        result.positional.insert(result.positional.end(), items.begin(), items.end());
        result.places.insert(result.places.end(), items.size(), where);
        break;
      }
      case CallArgument::Kind::DoubleStar: {
        if (is_unknown(value)) return Failure{};
        const auto* dict = heap.as<DictObject>(value);
        if (dict == nullptr) {
          return type_error(where, fmt::format("`**` takes a dict, not {}", evaluator.describe(value)));
        }
        for (const DictStorage::Entry& entry : dict->entries.entries()) {
          const std::string* name = heap.string(entry.key);
          if (name == nullptr) {
            return type_error(where,
                              fmt::format("names of arguments are strings, not {}", evaluator.describe(entry.key)));
          }
          result.keywords.emplace_back(evaluator.name(*name), entry.value);
          keyword_places.push_back(where);
        }
        break;
      }
    }
  }
  result.places.insert(result.places.end(), keyword_places.begin(), keyword_places.end());
  return result;
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId id, const CallExpression& node) {
  LATHE_TRY(const Value function, evaluate(activation, node.function));
  LATHE_TRY(Arguments arguments, evaluate_arguments(activation, node.arguments));
  return call(function, std::move(arguments), enter(activation, id));
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId id, const UnaryExpression& node) {
  LATHE_TRY(const Value operand, evaluate(activation, node.operand));
  return unary(node.op, operand, enter(activation, id));
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId id, const BinaryExpression& node) {
  LATHE_TRY(const Value left, evaluate(activation, node.left));
  LATHE_TRY(const Value right, evaluate(activation, node.right));
  return evaluator.binary(node.op, left, right, enter(activation, id));
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId, const BooleanExpression& node) {
  Value value = NoneValue{};
  for (size_t i = 0; i < node.operands.size(); ++i) {
    LATHE_TRY(value, evaluate(activation, node.operands[i]));
    if (i + 1 == node.operands.size() || is_unknown(value)) break;
    LATHE_TRY(const bool holds, evaluator.truth(value, enter(activation, node.operands[i])));
    if (holds != node.is_and) break;
  }
  return value;
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId id, const CompareExpression& node) {
  return compare_chain(activation, id, node);
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId, const ConditionalExpression& node) {
  LATHE_TRY(const Value test, evaluate(activation, node.test));
  if (is_unknown(test)) return test;
  LATHE_TRY(const bool holds, evaluator.truth(test, enter(activation, node.test)));
  return evaluate(activation, holds ? node.then : node.otherwise);
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId, const LambdaExpression& node) {
  LATHE_TRY(std::vector<Value> fallbacks, evaluate_fallbacks(activation, node.function));
  return make_function(activation, node.function, std::move(fallbacks));
}

Result<std::vector<Value>> Evaluator::Internals::evaluate_items(Activation& activation,
                                                                const std::vector<ExpressionId>& items) {
  std::vector<Value> values;
  values.reserve(items.size());
  for (ExpressionId item : items) {
    const auto* starred = std::get_if<StarredExpression>(&activation.unit.ast.expressions[item].kind);
    LATHE_TRY(Value value, evaluate(activation, starred != nullptr ? starred->value : item));
    if (starred == nullptr) {
      values.push_back(std::move(value));
      continue;
    }
    if (is_unknown(value)) return Failure{};
    LATHE_TRY(const std::vector<Value> expanded, evaluator.iterate(value, enter(activation, item)));
    values.insert(values.end(), expanded.begin(), expanded.end());
  }
  return values;
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId, const TupleExpression& node) {
  LATHE_TRY(std::vector<Value> items, evaluate_items(activation, node.items));
  return heap.new_tuple(std::move(items));
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId, const ListExpression& node) {
  LATHE_TRY(std::vector<Value> items, evaluate_items(activation, node.items));
  return heap.new_list(std::move(items));
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId id, const SetExpression& node) {
  LATHE_TRY(const std::vector<Value> items, evaluate_items(activation, node.items));
  const LocationId where = enter(activation, id);
  DictStorage entries;
  for (const Value& item : items) {
    LATHE_TRY(const size_t code, evaluator.hash(item, where));
    entries.set(code, item, NoneValue{}, [&](const Value& other) { return evaluator.same_key(item, other); });
  }
  return Value(heap.add(SetObject{std::move(entries), false}));
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId, const DictExpression& node) {
  const ObjectId dict = heap.add(DictObject{});
  for (const auto& [key_id, value_id] : node.entries) {
    if (!key_id.valid()) {
      LATHE_TRY(const Value other, evaluate(activation, value_id));
      if (is_unknown(other)) return Failure{};
      const auto* entries = heap.as<DictObject>(other);
      const LocationId where = enter(activation, value_id);
      if (entries == nullptr) {
        return type_error(where, fmt::format("`**` takes a dict, not {}", evaluator.describe(other)));
      }
      for (const DictStorage::Entry& entry : entries->entries.entries()) {
        LATHE_TRY_VOID(evaluator.dict_set(dict, entry.key, entry.value, where));
      }
      continue;
    }
    LATHE_TRY(const Value key, evaluate(activation, key_id));
    LATHE_TRY(const Value value, evaluate(activation, value_id));
    LATHE_TRY_VOID(evaluator.dict_set(dict, key, value, enter(activation, key_id)));
  }
  return Value(dict);
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId id, const StarredExpression& node) {
  // As the index of a subscript: `x[*items]` is the tuple.
  LATHE_TRY(const Value value, evaluate(activation, node.value));
  LATHE_TRY(std::vector<Value> items, evaluator.iterate(value, enter(activation, id)));
  return heap.new_tuple(std::move(items));
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId, const ComprehensionExpression& node) {
  return comprehend(activation, node);
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId id, const NamedExpression& node) {
  LATHE_TRY(Value value, evaluate(activation, node.value));
  // A comprehension passes the name on to the body around it.
  const ObjectId scope = activation.scope;
  activation.scope = activation.home;
  const Status stored = store(activation, node.name, value, place(activation, id));
  activation.scope = scope;
  LATHE_TRY_VOID(stored);
  return value;
}

Result<Value> Evaluator::Internals::compute(Activation& activation, ExpressionId id, const YieldExpression& node) {
  Value value = NoneValue{};
  if (node.value.valid()) {
    LATHE_TRY(value, evaluate(activation, node.value));
  }
  const LocationId where = enter(activation, id);
  if (activation.yields == nullptr) return type_error(where, "`yield` outside of a function");
  if (!node.is_from) {
    activation.yields->push_back(std::move(value));
    return Value(NoneValue{});
  }
  LATHE_TRY(const std::vector<Value> items, evaluator.iterate(value, where));
  activation.yields->insert(activation.yields->end(), items.begin(), items.end());
  return Value(NoneValue{});
}

}  // namespace lathe::torch
