// Calls of anything, and of the program's own functions: binding of arguments, the frame, generators.
//
// A function with `yield` runs to its end when it is called and gives an iterator over what it yielded; the budget of
// steps ends one that never ends.
#include "compiler/frontend/torch/python/evaluator_internals.h"

namespace lathe::torch {

Result<Value> Evaluator::call(const Value& callee, Arguments arguments, LocationId where) {
  return internals_->call(callee, std::move(arguments), where);
}

Result<Value> Evaluator::call_method(const Value& object, std::string_view method, std::vector<Value> positional,
                                     LocationId where) {
  LATHE_TRY(const Value function, get_attribute(object, name(method), where));
  return internals_->call(function, {std::move(positional), {}, {}}, where);
}

Result<Value> Evaluator::Internals::call(const Value& callee, Arguments arguments, LocationId where) {
  if (is_unknown(callee)) return callee;
  LATHE_TRY_VOID(check_stack(where));
  const auto* id = std::get_if<ObjectId>(&callee);
  if (id == nullptr) return type_error(where, fmt::format("{} can't be called", evaluator.describe(callee)));
  const Object& object = heap[*id];
  if (std::holds_alternative<FunctionObject>(object)) return call_function(*id, std::move(arguments), where);
  if (const auto* native = std::get_if<NativeFunctionObject>(&object)) {
    return call_native(*native->row, std::move(arguments), where);
  }
  if (const auto* method = std::get_if<BoundMethodObject>(&object)) {
    arguments.positional.insert(arguments.positional.begin(), method->self);
    if (!arguments.places.empty()) arguments.places.insert(arguments.places.begin(), where);
    return call(method->function, std::move(arguments), where);
  }
  if (std::holds_alternative<ClassObject>(object)) return construct(*id, std::move(arguments), where);
  if (const auto* wrapped = std::get_if<StaticMethodObject>(&object)) {
    return call(wrapped->function, std::move(arguments), where);
  }
  if (unknown_namespaces.contains(*id)) return report_unknown(*id, where);
  if (const std::optional<Value> method = find_method(callee, known.call)) {
    return call(*method, std::move(arguments), where);
  }
  if (const auto* space = std::get_if<NamespaceObject>(&object)) {
    return type_error(where, fmt::format("the module `{}` can't be called", space->name));
  }
  return type_error(where, fmt::format("{} can't be called", evaluator.describe(callee)));
}

Result<std::vector<Value>> Evaluator::Internals::evaluate_fallbacks(Activation& activation, FunctionId id) {
  std::vector<Value> fallbacks;
  for (const Parameter& parameter : activation.unit.ast.functions[id].parameters) {
    fallbacks.emplace_back();
    if (parameter.fallback.valid()) {
      LATHE_TRY(fallbacks.back(), evaluate(activation, parameter.fallback));
    }
  }
  return fallbacks;
}

Value Evaluator::Internals::make_function(Activation& activation, FunctionId id, std::vector<Value> fallbacks) {
  const std::string& name = evaluator.names_.text(activation.unit.ast.functions[id].name);
  std::string qualified = name;
  const Frame& frame = evaluator.frames_.back();
  if (frame.kind == Frame::Kind::Class) qualified = frame.name + "." + name;
  return heap.add(FunctionObject{activation.unit.index, id, std::move(fallbacks), parent_for_functions(activation),
                                 activation.owner, std::move(qualified)});
}

namespace {

/// The arguments of one call, by parameter.
struct Bound {
  std::vector<std::optional<Value>> values;
  std::vector<Value> extra;
  std::vector<std::pair<NameId, Value>> extra_keywords;
};

}  // namespace

Status Evaluator::Internals::bind(const FunctionObject& object, const Function& function, Arguments arguments,
                                  ScopeObject& scope, LocationId where) {
  const std::vector<Parameter>& parameters = function.parameters;
  const bool is_constructor = function.name == known.init && object.owner.valid();
  const std::string name = is_constructor ? std::get<ClassObject>(heap[object.owner]).name : object.qualified_name;
  const auto definition = [&] { return place(function.head_span); };
  const size_t hidden = object.owner.valid() && !arguments.positional.empty() ? 1 : 0;
  const auto place_of = [&](size_t i) { return i < arguments.places.size() ? arguments.places[i] : where; };

  Bound bound{std::vector<std::optional<Value>>(parameters.size()), {}, {}};
  bool has_star = false;
  bool has_double_star = false;
  std::vector<size_t> positional;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Parameter::Kind kind = parameters[i].kind;
    if (kind == Parameter::Kind::PositionalOnly || kind == Parameter::Kind::Normal) positional.push_back(i);
    has_star |= kind == Parameter::Kind::Star;
    has_double_star |= kind == Parameter::Kind::DoubleStar;
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i) {
    if (i < positional.size()) {
      bound.values[positional[i]] = std::move(arguments.positional[i]);
    } else if (has_star) {
      bound.extra.push_back(std::move(arguments.positional[i]));
    } else {
      return too_many_arguments(name, positional.size() - std::min(positional.size(), hidden),
                                arguments.positional.size() - hidden, DiagnosticKind::BadArgument, place_of(i),
                                definition(), {});
    }
  }
  for (size_t k = 0; k < arguments.keywords.size(); ++k) {
    auto& [keyword, value] = arguments.keywords[k];
    size_t found = parameters.size();
    for (size_t i = 0; i < parameters.size(); ++i) {
      const bool by_name =
          parameters[i].kind == Parameter::Kind::Normal || parameters[i].kind == Parameter::Kind::KeywordOnly;
      if (by_name && parameters[i].name == keyword) found = i;
    }
    const LocationId at = place_of(arguments.positional.size() + k);
    if (found == parameters.size()) {
      if (has_double_star) {
        bound.extra_keywords.emplace_back(keyword, std::move(value));
        continue;
      }
      std::vector<std::string> candidates;
      for (const Parameter& parameter : parameters) candidates.push_back(evaluator.names_.text(parameter.name));
      return unknown_keyword(name, keyword, candidates, DiagnosticKind::BadArgument, at, definition(), {});
    }
    if (bound.values[found]) {
      return repeated_argument(name, keyword, DiagnosticKind::BadArgument, at, definition(), {});
    }
    bound.values[found] = std::move(value);
  }

  std::vector<std::string> missing;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = parameters[i];
    switch (parameter.kind) {
      case Parameter::Kind::PositionalOnly:
      case Parameter::Kind::Normal:
      case Parameter::Kind::KeywordOnly:
        if (bound.values[i]) {
          scope.names.insert_or_assign(parameter.name, std::move(*bound.values[i]));
        } else if (parameter.fallback.valid()) {
          scope.names.insert_or_assign(parameter.name, object.fallbacks[i]);
        } else {
          missing.push_back(evaluator.names_.text(parameter.name));
        }
        break;
      case Parameter::Kind::Star:
        if (parameter.name.valid()) {
          scope.names.insert_or_assign(parameter.name, heap.new_tuple(std::move(bound.extra)));
        }
        break;
      case Parameter::Kind::DoubleStar: {
        const ObjectId dict = heap.add(DictObject{});
        for (const auto& [keyword, value] : bound.extra_keywords) {
          LATHE_TRY_VOID(evaluator.dict_set(dict, heap.new_string(evaluator.names_.text(keyword)), value, where));
        }
        scope.names.insert_or_assign(parameter.name, dict);
        break;
      }
    }
  }
  if (missing.empty()) return {};
  return missing_arguments(name, missing, DiagnosticKind::BadArgument, where, definition(), {});
}

Result<Value> Evaluator::Internals::call_function(ObjectId id, Arguments arguments, LocationId where) {
  if (!on_own_stack()) {
    std::optional<Result<Value>> result;
    run_on_stack([&] { result = call_function(id, std::move(arguments), where); });
    return *std::move(result);
  }
  const FunctionObject& object = std::get<FunctionObject>(heap[id]);
  Unit& unit = *units[object.unit];
  const Function& function = unit.ast.functions[object.function];
  LATHE_TRY_VOID(evaluator.spend(1, where));
  if (evaluator.frames_.size() >= limits.call_depth) {
    budget_is_used_up = true;
    return evaluator
        .error(where, DiagnosticKind::BudgetExceeded, "RecursionError", "calls nest more than {} deep",
               limits.call_depth)
        .emit();
  }
  Value first = object.owner.valid() && !arguments.positional.empty() ? arguments.positional.front() : Value{};
  const ObjectId globals = std::get<ScopeObject>(heap[object.scope]).globals;
  const ObjectId scope = heap.add(ScopeObject{{}, object.scope, globals});
  LATHE_TRY_VOID(bind(object, function, std::move(arguments), std::get<ScopeObject>(heap[scope]), where));

  evaluator.frames_.push_back({Frame::Kind::Function, object.qualified_name, where, scope, first, unit.index, {}});
  Activation activation{unit, scope, scope, object.owner, std::move(first), &function_names(unit, object.function)};
  activations.push_back(&activation);
  const size_t mark = evaluator.faults_.all().size();
  Result<Value> result = call_body(unit, function, activation);
  activations.pop_back();
  if (!result.ok()) {
    const auto* self = std::get_if<ObjectId>(&activation.first);
    if (self != nullptr && heap.as<InstanceObject>(*self) != nullptr) abandoned.push_back(*self);
    // Unwound without a fault: something Unknown decided. What it gives is Unknown, too.
    if (!failed_since(mark) && !budget_is_used_up) {
      half_built.insert(abandoned.begin(), abandoned.end());
      abandoned.clear();
      result = Value(UnknownValue{});
    }
  }
  evaluator.pop_frame();
  return result;
}

Result<Value> Evaluator::Internals::call_body(Unit&, const Function& function, Activation& activation) {
  if (function.expression.valid()) return evaluate(activation, function.expression);
  if (!function.is_generator) {
    LATHE_TRY([[maybe_unused]] const Flow flow, execute(activation, function.body));
    return std::move(activation.returned);
  }
  std::vector<Value> yields;
  activation.yields = &yields;
  LATHE_TRY([[maybe_unused]] const Flow flow, execute(activation, function.body));
  return Value(heap.add(IteratorObject{std::move(yields), 0, false, {}}));
}

// ------------------------------------------------------------------------------------------- faults of binding

namespace {

/// Adds to a report what helps to read it, and ends it.
Failure explain(DiagnosticBuilder report, LocationId definition, const std::string& form) {
  if (definition.valid()) {
    [[maybe_unused]] const DiagnosticBuilder& same = std::move(report).label(definition, "defined here");
  }
  if (!form.empty()) {
    [[maybe_unused]] const DiagnosticBuilder& same = std::move(report).note(form);
  }
  return std::move(report).emit();
}

}  // namespace

Failure Evaluator::Internals::missing_arguments(const std::string& name, const std::vector<std::string>& missing,
                                                DiagnosticKind kind, LocationId where, LocationId definition,
                                                const std::string& form) {
  std::string list;
  for (size_t i = 0; i < missing.size(); ++i) {
    if (i > 0) list += i + 1 == missing.size() ? " and " : ", ";
    list += "`" + missing[i] + "`";
  }
  return explain(evaluator.error(where, kind, "TypeError", "`{}` is called without its argument{} {}", name,
                                 missing.size() == 1 ? "" : "s", list),
                 definition, form);
}

Failure Evaluator::Internals::too_many_arguments(const std::string& name, size_t taken, size_t given,
                                                 DiagnosticKind kind, LocationId where, LocationId definition,
                                                 const std::string& form) {
  const std::string takes =
      taken == 0 ? "no positional arguments" : fmt::format("{} positional argument{}", taken, taken == 1 ? "" : "s");
  return explain(evaluator.error(where, kind, "TypeError", "`{}` takes {}, but {} {} given", name, takes, given,
                                 given == 1 ? "is" : "are"),
                 definition, form);
}

Failure Evaluator::Internals::unknown_keyword(const std::string& name, NameId keyword,
                                              const std::vector<std::string>& candidates, DiagnosticKind kind,
                                              LocationId where, LocationId definition, const std::string& form) {
  const std::string& text = evaluator.names_.text(keyword);
  const std::string nearest = nearest_name(text, candidates);
  const std::string hint = nearest.empty() ? std::string() : fmt::format("; did you mean `{}`?", nearest);
  return explain(evaluator.error(where, kind, "TypeError", "`{}` has no argument `{}`{}", name, text, hint), definition,
                 form);
}

Failure Evaluator::Internals::repeated_argument(const std::string& name, NameId keyword, DiagnosticKind kind,
                                                LocationId where, LocationId definition, const std::string& form) {
  return explain(evaluator.error(where, kind, "TypeError", "`{}` gets two values for its argument `{}`", name,
                                 evaluator.names_.text(keyword)),
                 definition, form);
}

}  // namespace lathe::torch
