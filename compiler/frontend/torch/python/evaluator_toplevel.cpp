// The statements of the program's top level: each is guarded, so that its faults are reported, what it would have bound
// becomes Unknown, and the next statement runs. Statements inside of a top-level `if` or `with` are guarded alike.
#include <array>

#include "compiler/frontend/torch/python/evaluator_internals.h"

namespace lathe::torch {

namespace {

/// Names that a statement binds, in its blocks too; not those of functions and classes inside.
class BoundNames {
 public:
  explicit BoundNames(const Ast& ast) : ast_(ast) {}

  void add(const Block& block) {
    for (StatementId id : block) add(id);
  }
  void add(StatementId id) {
    std::visit([&](const auto& node) { of(node); }, ast_.statements[id].kind);
  }
  std::vector<NameId> names;
  std::vector<ExpressionId> targets;  ///< attributes that are set

 private:
  void target(ExpressionId id) {
    if (!id.valid()) return;
    const ExpressionKind& kind = ast_.expressions[id].kind;
    if (const auto* name = std::get_if<NameExpression>(&kind)) names.push_back(name->name);
    if (std::holds_alternative<AttributeExpression>(kind)) targets.push_back(id);
    if (const auto* starred = std::get_if<StarredExpression>(&kind)) target(starred->value);
    const auto* tuple = std::get_if<TupleExpression>(&kind);
    const auto* list = std::get_if<ListExpression>(&kind);
    if (tuple != nullptr) {
      for (ExpressionId item : tuple->items) target(item);
    }
    if (list != nullptr) {
      for (ExpressionId item : list->items) target(item);
    }
  }
  void of(const AssignStatement& node) {
    for (ExpressionId id : node.targets) target(id);
  }
  void of(const AugmentedAssignStatement& node) { target(node.target); }
  void of(const AnnotatedAssignStatement& node) { target(node.target); }
  void of(const IfStatement& node) {
    add(node.then);
    add(node.otherwise);
  }
  void of(const WhileStatement& node) {
    add(node.body);
    add(node.otherwise);
  }
  void of(const ForStatement& node) {
    target(node.target);
    add(node.body);
    add(node.otherwise);
  }
  void of(const FunctionStatement& node) { names.push_back(ast_.functions[node.function].name); }
  void of(const ClassStatement& node) { names.push_back(node.name); }
  void of(const ImportStatement& node) {
    for (const ImportedName& row : node.names) names.push_back(row.alias.valid() ? row.alias : row.path.front());
  }
  void of(const ImportFromStatement& node) {
    for (const ImportedName& row : node.names) names.push_back(row.alias.valid() ? row.alias : row.path.front());
  }
  void of(const TryStatement& node) {
    add(node.body);
    for (const ExceptHandler& handler : node.handlers) add(handler.body);
    add(node.otherwise);
    add(node.finally);
  }
  void of(const WithStatement& node) {
    for (const WithItem& item : node.items) target(item.target);
    add(node.body);
  }
  void of(const BrokenStatement&) {}
  void of(const UnsupportedStatement&) {}
  void of(const ExpressionStatement&) {}
  void of(const ReturnStatement&) {}
  void of(const DeleteStatement&) {}
  void of(const PassStatement&) {}
  void of(const BreakStatement&) {}
  void of(const ContinueStatement&) {}
  void of(const ScopeStatement&) {}
  void of(const AssertStatement&) {}
  void of(const RaiseStatement&) {}

  const Ast& ast_;
};

}  // namespace

void Evaluator::Internals::forget_target(Activation& activation, ExpressionId id) {
  const auto* attribute = std::get_if<AttributeExpression>(&activation.unit.ast.expressions[id].kind);
  if (attribute == nullptr) return;
  const size_t mark = evaluator.faults_.all().size();
  const Result<Value> object = evaluate(activation, attribute->object);
  const auto* instance = object.ok() ? std::get_if<ObjectId>(&*object) : nullptr;
  if (instance != nullptr && heap.as<InstanceObject>(*instance) != nullptr) {
    std::get<InstanceObject>(heap[*instance]).attributes.set(attribute->name, UnknownValue{});
  }
  if (!object.ok()) drop_faults(mark);
}

void Evaluator::Internals::forget_receiver(Activation& activation, ExpressionId id) {
  // `layers.append(f(x))` that failed: nobody knows what the list holds.
  static constexpr std::array<std::string_view, 6> kChanging = {"append",     "extend", "insert",
                                                                "add_module", "update", "register_module"};
  const auto& expressions = activation.unit.ast.expressions;
  const auto* call_node = std::get_if<CallExpression>(&expressions[id].kind);
  if (call_node == nullptr) return;
  const auto* method = std::get_if<AttributeExpression>(&expressions[call_node->function].kind);
  if (method == nullptr) return;
  const auto* receiver = std::get_if<NameExpression>(&expressions[method->object].kind);
  if (receiver == nullptr) return;
  const std::string& name = evaluator.names_.text(method->name);
  for (std::string_view changing : kChanging) {
    if (name == changing) store_in(activation.scope, receiver->name, UnknownValue{}, place(activation, id));
  }
}

void Evaluator::Internals::forget_names(Activation& activation, StatementId id) {
  BoundNames bound(activation.unit.ast);
  bound.add(id);
  const LocationId where = place(activation.unit.ast.statements[id].span);
  for (NameId name : bound.names) store_in(activation.scope, name, UnknownValue{}, where);
  for (ExpressionId target : bound.targets) forget_target(activation, target);
  const auto* expression = std::get_if<ExpressionStatement>(&activation.unit.ast.statements[id].kind);
  if (expression != nullptr) forget_receiver(activation, expression->value);
}

void Evaluator::Internals::run_guarded(Activation& activation, const Block& block, Diagnostics& diagnostics) {
  for (StatementId id : block) {
    if (program_has_ended) return;
    run_guarded(activation, id, diagnostics);
  }
}

bool Evaluator::Internals::run_guarded_with(Activation& activation, const WithStatement& with,
                                            Diagnostics& diagnostics) {
  std::vector<std::pair<Value, LocationId>> exits;
  bool succeeded = true;
  bool all_native = true;
  for (const WithItem& item : with.items) {
    const Result<std::pair<Value, Value>> context = enter_context(activation, item);
    succeeded = context.ok() && (!item.target.valid() || assign(activation, item.target, context->first).ok());
    if (!succeeded) break;
    const auto* method = heap.as<BoundMethodObject>(context->second);
    all_native &= method == nullptr || heap.as<FunctionObject>(method->function) == nullptr;
    exits.emplace_back(context->second, place(activation, item.context));
  }
  // A context of the library (no_grad) doesn't ask for exceptions; one of the program sees what its block raises.
  if (succeeded && all_native) run_guarded(activation, with.body, diagnostics);
  if (succeeded && !all_native) succeeded = execute(activation, with.body).ok();
  while (!exits.empty()) {
    bool swallow = false;
    const Status left = leave_context(exits.back().first, swallow, 0, !succeeded, exits.back().second);
    succeeded = left.ok() && (succeeded || swallow);
    exits.pop_back();
  }
  return succeeded;
}

void Evaluator::Internals::run_guarded(Activation& activation, StatementId id, Diagnostics& diagnostics) {
  const Statement& statement = activation.unit.ast.statements[id];
  top_statement = place(statement.span);
  bool succeeded = true;
  if (const auto* branch = std::get_if<IfStatement>(&statement.kind)) {
    const Result<Value> test = evaluate(activation, branch->test);
    Result<bool> holds = Failure{};
    if (test.ok()) holds = evaluator.truth(*test, enter(activation, branch->test));
    evaluator.move_faults(diagnostics);
    if (holds.ok()) {
      run_guarded(activation, *holds ? branch->then : branch->otherwise, diagnostics);
      return;
    }
    succeeded = false;
  } else if (const auto* with = std::get_if<WithStatement>(&statement.kind)) {
    succeeded = run_guarded_with(activation, *with, diagnostics);
  } else {
    succeeded = execute(activation, id).ok();
    activation.scope = activation.home;
    if (succeeded) note_assignment(activation, id);
  }
  if (!succeeded) {
    note_chain();
    if (pending && can_catch(0) && evaluator.is_subclass(pending->type, evaluator.builtin_class("SystemExit"))) {
      // `sys.exit()` ends the program, and is no fault.
      drop_faults(0);
      program_has_ended = true;
      return;
    }
    evaluator.move_faults(diagnostics);
    forget_names(activation, id);
  }
  evaluator.move_faults(diagnostics);
  top_statement = {};
}

void Evaluator::Internals::note_assignment(const Activation& activation, StatementId id) {
  const auto* node = std::get_if<AssignStatement>(&activation.unit.ast.statements[id].kind);
  if (node == nullptr || activation.home != main_scope) return;
  for (ExpressionId target : node->targets) {
    const Expression& expression = activation.unit.ast.expressions[target];
    const auto* name = std::get_if<NameExpression>(&expression.kind);
    const Value* value = name == nullptr ? nullptr : find_name(main_scope, name->name);
    if (value != nullptr) assigned.push_back({evaluator.names_.text(name->name), *value, place(expression.span)});
  }
}

const std::vector<Evaluator::TopLevelName>& Evaluator::assignments() const { return internals_->assigned; }

}  // namespace lathe::torch
