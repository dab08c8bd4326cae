// Loops, `try`, `raise` and `with`.
#include "compiler/frontend/torch/python/evaluator_internals.h"
#include "compiler/frontend/torch/python/evaluator_loops.h"

namespace lathe::torch {

Result<Flow> Evaluator::Internals::run_while(Activation& activation, const WhileStatement& node) {
  while (true) {
    LATHE_TRY_VOID(evaluator.spend(1, evaluator.current_location()));
    LATHE_TRY(const Value test, evaluate(activation, node.test));
    LATHE_TRY(const bool holds, evaluator.truth(test, enter(activation, node.test)));
    if (!holds) return execute(activation, node.otherwise);
    LATHE_TRY(const Flow flow, execute(activation, node.body));
    if (flow == Flow::Break) return Flow::Normal;
    if (flow == Flow::Return) return flow;
  }
}

Result<Flow> Evaluator::Internals::run_for(Activation& activation, const ForStatement& node) {
  LATHE_TRY(const Value iterable, evaluate(activation, node.iterable));
  Flow end = Flow::Normal;
  LATHE_TRY_VOID(for_each(iterable, enter(activation, node.iterable), [&](const Value& item) -> Result<bool> {
    LATHE_TRY_VOID(assign(activation, node.target, item));
    LATHE_TRY(const Flow flow, execute(activation, node.body));
    if (flow == Flow::Normal || flow == Flow::Continue) return true;
    end = flow;
    return false;
  }));
  if (end == Flow::Normal) return execute(activation, node.otherwise);
  return end == Flow::Break ? Flow::Normal : end;
}

// ---------------------------------------------------------------------------------------------------------------- try

Result<bool> Evaluator::Internals::handles(Activation& activation, const ExceptHandler& handler, ObjectId type) {
  if (!handler.type.valid()) return true;
  LATHE_TRY(const Value wanted, evaluate(activation, handler.type));
  std::vector<Value> types{wanted};
  if (const auto* tuple = heap.as<TupleObject>(wanted)) types = tuple->items;
  for (const Value& candidate : types) {
    if (heap.as<ClassObject>(candidate) != nullptr && evaluator.is_subclass(type, std::get<ObjectId>(candidate))) {
      return true;
    }
  }
  return false;
}

Result<Flow> Evaluator::Internals::run_handlers(Activation& activation, const TryStatement& node, size_t mark) {
  PendingException exception = exception_since(mark);
  for (const ExceptHandler& handler : node.handlers) {
    const bool was_budget = budget_is_used_up;
    LATHE_TRY(const bool fits, handles(activation, handler, exception.type));
    if (!fits || was_budget) continue;
    exception.instance = exception_value(exception, mark);
    const std::vector<Diagnostic>& faults = evaluator.faults_.all();
    handled.push_back({exception, {faults.begin() + static_cast<std::ptrdiff_t>(mark), faults.end()}});
    drop_faults(mark);
    if (handler.name.valid()) {
      LATHE_TRY_VOID(store(activation, handler.name, exception.instance, evaluator.current_location()));
    }
    Result<Flow> flow = execute(activation, handler.body);
    handled.pop_back();
    return flow;
  }
  pending = exception;
  return Failure{};
}

Result<Flow> Evaluator::Internals::run_try(Activation& activation, const TryStatement& node) {
  const size_t mark = evaluator.faults_.all().size();
  const ObjectId scope = activation.scope;
  std::optional<PendingException> outer = std::move(pending);
  pending.reset();
  const uint32_t guard = expects_import_errors(activation, node) ? 1 : 0;
  import_guards += guard;
  Result<Flow> flow = execute(activation, node.body);
  import_guards -= guard;
  activation.scope = scope;
  if (!flow.ok()) {
    note_chain();
    if (can_catch(mark)) flow = run_handlers(activation, node, mark);
  } else if (*flow == Flow::Normal) {
    flow = execute(activation, node.otherwise);
  }
  activation.scope = scope;
  const bool failed = !flow.ok();
  if (!node.finally.empty() && !budget_is_used_up) {
    note_chain();
    std::optional<PendingException> inner = std::move(pending);
    const Value returned = activation.returned;
    LATHE_TRY(const Flow last, execute(activation, node.finally));
    pending = std::move(inner);
    if (last != Flow::Normal) {
      if (failed && can_catch(mark)) drop_faults(mark);
      return last;
    }
    activation.returned = returned;
  }
  if (!failed) pending = std::move(outer);
  return flow;
}

Failure Evaluator::Internals::raise_again(const HandledException& exception) {
  pending = exception.exception;
  for (const Diagnostic& fault : exception.faults) {
    if (info(fault.kind).severity != Severity::Warning) evaluator.faults_.add(fault);
  }
  return {};
}

Failure Evaluator::Internals::raise_value(const Value& value, LocationId where) {
  Value instance = value;
  if (heap.as<ClassObject>(value) != nullptr) {
    Result<Value> made = call(value, {}, where);
    if (!made.ok()) return {};
    instance = *made;
  }
  if (is_unknown(instance)) return {};
  const auto* object = heap.as<InstanceObject>(instance);
  if (object == nullptr || !evaluator.is_subclass(object->type, evaluator.builtin_class("BaseException"))) {
    return type_error(where, fmt::format("only exceptions can be raised, not {}", evaluator.describe(instance)));
  }
  const ObjectId type = object->type;
  for (const HandledException& exception : handled) {
    if (identical(exception.exception.instance, instance)) return raise_again(exception);
  }
  Result<std::string> message = evaluator.text(instance, where);
  if (!message.ok()) return {};
  const std::string& name = std::get<ClassObject>(heap[type]).name;
  pending = PendingException{type, instance};
  return evaluator.faults_
      .report(DiagnosticKind::PythonError, where, "{}{}", name, message->empty() ? " is raised" : ": " + *message)
      .emit();
}

Failure Evaluator::Internals::raise(Activation& activation, const RaiseStatement& node, LocationId where) {
  if (!node.exception.valid()) {
    if (!handled.empty()) return raise_again(handled.back());
    return evaluator.error(where, DiagnosticKind::PythonError, "RuntimeError", "no exception is handled here").emit();
  }
  const Result<Value> value = evaluate(activation, node.exception);
  if (!value.ok()) return {};
  if (node.cause.valid() && !evaluate(activation, node.cause).ok()) return {};
  return raise_value(*value, where);
}

// --------------------------------------------------------------------------------------------------------------- with

Result<std::pair<Value, Value>> Evaluator::Internals::enter_context(Activation& activation, const WithItem& item) {
  LATHE_TRY(const Value context, evaluate(activation, item.context));
  const LocationId where = enter(activation, item.context);
  if (is_unknown(context)) return std::pair<Value, Value>{context, context};
  if (const auto* module = std::get_if<ObjectId>(&context); module != nullptr && unknown_namespaces.contains(*module)) {
    report_unknown(*module, where);
    return std::pair<Value, Value>{UnknownValue{}, UnknownValue{}};
  }
  const std::optional<Value> enter_method = find_method(context, known.enter);
  const std::optional<Value> exit_method = find_method(context, known.exit);
  if (!enter_method || !exit_method) {
    return type_error(where, fmt::format("{} can't be used in `with`: it has no `{}`", evaluator.describe(context),
                                         enter_method ? "__exit__" : "__enter__"));
  }
  LATHE_TRY(Value entered, call(*enter_method, {}, where));
  return std::pair<Value, Value>{std::move(entered), *exit_method};
}

Status Evaluator::Internals::leave_context(const Value& exit, bool& swallow, size_t mark, bool failed,
                                           LocationId where) {
  swallow = false;
  if (is_unknown(exit)) return {};
  Arguments arguments{{NoneValue{}, NoneValue{}, NoneValue{}}, {}, {}};
  std::optional<PendingException> exception;
  if (failed) {
    if (!can_catch(mark)) return {};
    note_chain();
    exception = exception_since(mark);
    exception->instance = exception_value(*exception, mark);
    arguments.positional = {exception->type, exception->instance, NoneValue{}};
  }
  LATHE_TRY(const Value result, call(exit, std::move(arguments), where));
  if (!failed) return {};
  pending = exception;
  LATHE_TRY(swallow, evaluator.truth(result, where));
  if (swallow) drop_faults(mark);
  return {};
}

Result<Flow> Evaluator::Internals::run_with(Activation& activation, const WithStatement& node, size_t item) {
  if (item == node.items.size()) return execute(activation, node.body);
  const WithItem& row = node.items[item];
  LATHE_TRY(const auto context, enter_context(activation, row));
  const size_t mark = evaluator.faults_.all().size();
  Result<Flow> flow = Failure{};
  if (!row.target.valid() || assign(activation, row.target, context.first).ok()) {
    flow = run_with(activation, node, item + 1);
  }
  bool swallow = false;
  LATHE_TRY_VOID(leave_context(context.second, swallow, mark, !flow.ok(), place(activation, row.context)));
  if (swallow) return Flow::Normal;
  return flow;
}

}  // namespace lathe::torch
