// Cures for operands that are no tensors, or tensors of another element type.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/advice/error_families.h"
#include "compiler/frontend/torch/advice/fault_view.h"
#include "compiler/frontend/torch/advice/outer_calls.h"
#include "compiler/frontend/torch/nn/state.h"

namespace lathe::torch {
namespace {

/// Operands of the fault that are written in the program, with their values.
struct Operand {
  Value value;
  ExpressionView expression;
};

std::vector<Operand> operands_of(const FaultView& view) {
  std::vector<Operand> result;
  for (size_t position = 0; position < 3; ++position) {
    const std::optional<Value> value = view.operand(position);
    const std::optional<ExpressionView> expression = view.tensor_expression(position);
    if (value && expression) result.push_back({*value, *expression});
  }
  return result;
}

const std::vector<Value>* items_of(const FaultView& view, const Value& value) {
  const Heap& heap = view.evaluator().heap();
  if (const auto* tuple = heap.as<TupleObject>(value)) return &tuple->items;
  if (const auto* list = heap.as<ListObject>(value)) return &list->items;
  return nullptr;
}

// ------------------------------------------------------------------------------------------------- pairs and tuples

/// The statement `name = value` whose value an expression is.
std::optional<SourceView::StatementView> assignment_of(const SourceView& source, const ExpressionView& value) {
  const auto statement = source.statement(value.span());
  const auto* assigned = statement ? std::get_if<AssignStatement>(&statement->statement().kind) : nullptr;
  if (assigned == nullptr || assigned->value != value.id || assigned->targets.size() != 1) return std::nullopt;
  return statement;
}

void label_maker(const FaultView& view, const ExpressionView& made, std::string_view what) {
  const auto* call = made.as<CallExpression>();
  if (call == nullptr) return;
  const std::optional<Value> callee = view.resolve(made.child(call->function));
  const auto* module = callee ? std::get_if<ObjectId>(&*callee) : nullptr;
  std::string by = view.source().dotted(made.child(call->function));
  if (module != nullptr && is_module(view.evaluator(), *callee)) by = "nn." + view.type_of(*module);
  if (by.empty()) return;
  view.proposal().diagnostic.labels.push_back(
      {view.evaluator().locations().add(made.span()), fmt::format("{} made here by `{}`", what, by), false});
}

void propose_tuple(Proposal& proposal) {
  const FaultView view(proposal);
  const SourceView& source = view.source();
  for (const auto& [value, expression] : operands_of(view)) {
    const std::vector<Value>* items = items_of(view, value);
    if (items == nullptr || items->empty()) continue;
    const bool first_is_tensor = std::holds_alternative<TensorId>(items->front());
    const bool is_list = view.evaluator().heap().as<ListObject>(value) != nullptr;
    const std::optional<ExpressionView> made = assigned_before(source, expression);
    if (made) label_maker(view, *made, is_list ? "the list is" : items->size() == 2 ? "the pair is" : "the tuple is");
    if (!is_list && made && first_is_tensor) {
      if (const auto statement = assignment_of(source, *made)) {
        const auto& assigned = std::get<AssignStatement>(statement->statement().kind);
        const ExpressionView target{statement->ast, assigned.targets[0]};
        std::string rest;
        for (size_t i = 1; i < items->size(); ++i) rest += ", _";
        if (items->size() <= 4) {
          proposal.fix(items->size() == 2 ? "unpack the (output, state) pair" : "unpack the tuple",
                       {replace(target.span(), source.text(target) + rest)});
        }
      }
    }
    if (first_is_tensor && !is_list) {
      proposal.fix("take the first of them: `[0]`",
                   {replace(expression.span(), atom_text(source, expression) + "[0]")});
    }
    if (first_is_tensor && is_list) {
      const std::string text = source.text(expression);
      proposal.fix("join the tensors along axis 1",
                   {replace(expression.span(), fmt::format("{}({}, dim=1)", view.library("torch.cat"), text))});
      proposal.fix("stack the tensors along a new axis",
                   {replace(expression.span(), fmt::format("{}({}, dim=1)", view.library("torch.stack"), text))});
      proposal.fix("take the last of them", {replace(expression.span(), atom_text(source, expression) + "[-1]")});
    }
    // ((output, state), ...) and (output, (h, c)): what is inside.
    for (size_t i = 0; !first_is_tensor && i < items->size() && i < 3; ++i) {
      if (!std::holds_alternative<TensorId>((*items)[i])) continue;
      proposal.fix(fmt::format("take number {} of them: `[{}]`", i, i),
                   {replace(expression.span(), fmt::format("{}[{}]", atom_text(source, expression), i))});
    }
    return;
  }
  // The layer in front of this one in a container gives several results.
  const std::optional<ExpressionView> call = view.call();
  if (!view.has_layer() || view.is_direct() || !call) return;
  proposal.note(
      "a Sequential passes the whole result of each layer on; a recurrent layer gives (output, state), so it "
      "needs a module that takes the output");
}

// --------------------------------------------------------------------------------------------------------------- None

/// The function behind a call: a function of the program, or the forward of a module.
const Function* called_function(const FaultView& view, const ExpressionView& call, const Ast*& ast) {
  const auto* node = call.as<CallExpression>();
  if (node == nullptr) return nullptr;
  std::optional<Value> callee = view.resolve(call.child(node->function));
  if (!callee) {
    // A method of the module: self.helper(x).
    const auto* attribute = call.child(node->function).as<AttributeExpression>();
    const std::optional<Value> object =
        attribute == nullptr ? std::nullopt : view.resolve(call.child(node->function).child(attribute->object));
    if (!object || !is_module(view.evaluator(), *object)) return nullptr;
    const Result<std::optional<Value>> method = view.evaluator().find_attribute(*object, attribute->name, {});
    if (!method.ok() || !*method) return nullptr;
    callee = **method;
  } else if (is_module(view.evaluator(), *callee)) {
    const Result<std::optional<Value>> method =
        view.evaluator().find_attribute(*callee, view.evaluator().name("forward"), {});
    if (!method.ok() || !*method) return nullptr;
    callee = **method;
  }
  Heap& heap = view.evaluator().heap();
  Value function = *callee;
  if (const auto* bound = heap.as<BoundMethodObject>(function)) function = bound->function;
  const auto* object = heap.as<FunctionObject>(function);
  if (object == nullptr) return nullptr;
  ast = &view.evaluator().tree(object->unit);
  return &ast->functions[object->function];
}

void propose_return(const FaultView& view, const Ast& ast, const Function& function) {
  if (function.body.empty()) return;
  Proposal& proposal = view.proposal();
  const Statement& last = ast.statements[function.body.back()];
  const std::string name = view.source().name(function.name);
  proposal.diagnostic.labels.push_back({view.evaluator().locations().add(last.span),
                                        fmt::format("`{}` ends here without `return`, so it gives None", name), false});
  if (const auto* plain = std::get_if<ExpressionStatement>(&last.kind)) {
    const bool is_call = std::holds_alternative<CallExpression>(ast.expressions[plain->value].kind);
    if (is_call && !view.source().text(last.span).starts_with("print")) {
      proposal.fix("return the value", {insert_before(last.span, "return ")});
      return;
    }
  }
  std::string target;
  const Statement* result = &last;
  for (auto id = function.body.rbegin(); id != function.body.rend(); ++id) {
    const StatementKind& kind = ast.statements[*id].kind;
    const bool assigns =
        std::get_if<AssignStatement>(&kind) != nullptr || std::get_if<AugmentedAssignStatement>(&kind) != nullptr;
    if (!assigns) continue;
    result = &ast.statements[*id];
    break;
  }
  if (const auto* assigned = std::get_if<AssignStatement>(&result->kind);
      assigned != nullptr && assigned->targets.size() == 1) {
    const ExpressionView view_of_target{&ast, assigned->targets[0]};
    target = view.source().text(view_of_target);
    const auto* tuple = view_of_target.as<TupleExpression>();
    if (tuple != nullptr) target = view.source().text(view_of_target.child(tuple->items[0]));
  }
  if (const auto* augmented = std::get_if<AugmentedAssignStatement>(&result->kind)) {
    target = view.source().text(ExpressionView{&ast, augmented->target});
  }
  if (target.empty() && function.parameters.size() > 1) target = view.source().name(function.parameters[1].name);
  if (target.empty()) return;
  const std::string indentation =
      view.source().indentation(last.span.file, ast.statements[function.body.front()].span.begin);
  proposal.fix(fmt::format("return the value: `return {}`", target),
               {insert_after(last.span, fmt::format("\n{}return {}", indentation, target))});
}

/// A `return` or `return None` in a function.
std::optional<Span> returned_none(const Ast& ast, const Function& function) {
  for (size_t i = 0; i < ast.statements.size(); ++i) {
    const Statement& statement = ast.statements[StatementId(i)];
    const auto* returned = std::get_if<ReturnStatement>(&statement.kind);
    if (returned == nullptr || statement.span.begin < function.span.begin || statement.span.end > function.span.end)
      continue;
    if (!returned->value.valid()) return statement.span;
    const auto* single = std::get_if<SingletonExpression>(&ast.expressions[returned->value].kind);
    if (single != nullptr && single->value == Singleton::None) return statement.span;
  }
  return std::nullopt;
}

/// The function whose missing `return` an expression that is None leads to.
void follow_none(const FaultView& view, ExpressionView expression) {
  constexpr size_t kDeepest = 6;
  for (size_t depth = 0; depth < kDeepest; ++depth) {
    if (const std::optional<ExpressionView> made = assigned_before(view.source(), expression)) expression = *made;
    const Ast* ast = nullptr;
    const Function* function = called_function(view, expression, ast);
    if (function == nullptr) return;
    if (const std::optional<Span> returned = returned_none(*ast, *function)) {
      view.proposal().diagnostic.labels.push_back(
          {view.evaluator().locations().add(*returned), "this `return` gives None", false});
      return;
    }
    if (!function->body.empty()) {
      const Statement& last = ast->statements[function->body.back()];
      const auto* returned = std::get_if<ReturnStatement>(&last.kind);
      if (returned != nullptr && returned->value.valid()) {
        expression = {ast, returned->value};
        continue;
      }
      if (returned != nullptr) return;
    }
    propose_return(view, *ast, *function);
    return;
  }
}

void propose_none(Proposal& proposal) {
  const FaultView view(proposal);
  for (const auto& [value, expression] : operands_of(view)) {
    if (!is_none(value)) continue;
    follow_none(view, expression);
    return;
  }
  // A member of a container gave None: the one in front of the layer.
  const std::optional<ExpressionView> call = view.call();
  if (!call || view.is_direct()) {
    const std::optional<ExpressionView> object = call ? view.tensor_of_call(*call) : std::nullopt;
    if (object) follow_none(view, *object);
    return;
  }
  const std::optional<Value> container = view.resolve(call->child(call->as<CallExpression>()->function));
  const auto* id = container ? std::get_if<ObjectId>(&*container) : nullptr;
  const auto& owners = module_state(view.evaluator()).owners;
  const auto owner = owners.find(view.layer());
  ObjectId holder{};
  if (id != nullptr && is_module(view.evaluator(), *container)) holder = *id;
  if (!holder.valid() && owner != owners.end()) holder = owner->second.owner;
  if (!holder.valid()) return;
  ObjectId before{};
  for (const NamedValue& member : entries(view.evaluator(), holder, Registry::Modules)) {
    const ObjectId at = std::get<ObjectId>(member.value);
    if (at == view.layer()) break;
    before = at;
  }
  if (!before.valid()) return;
  const Result<std::optional<Value>> method =
      view.evaluator().find_attribute(Value(before), view.evaluator().name("forward"), {});
  const auto* bound = method.ok() && *method ? view.evaluator().heap().as<BoundMethodObject>(**method) : nullptr;
  const auto* function = bound == nullptr ? nullptr : view.evaluator().heap().as<FunctionObject>(bound->function);
  if (function == nullptr) return;
  const Ast& ast = view.evaluator().tree(function->unit);
  propose_return(view, ast, ast.functions[function->function]);
}

// ------------------------------------------------------------------------------------------------------ element types

void propose_elements(Proposal& proposal) {
  const FaultView view(proposal);
  const SourceView& source = view.source();
  for (const ExpressionView& expression : outer_tensor_expressions(view)) {
    const std::optional<TensorId> tensor = view.tensor();
    if (!tensor) break;
    const bool is_real = is_float(tracer_of(view.evaluator()).element(*tensor));
    for (const char* method : {is_real ? "long()" : "float()", is_real ? "float()" : "long()"}) {
      proposal.fix(place_title(view, expression, fmt::format("convert it: `.{}`", method)),
                   {call_method_on(source, expression, method)});
    }
  }
  const std::optional<ExpressionView> second = view.tensor_expression(1);
  const std::optional<TensorId> target = view.tensor(1);
  if (!second || !target) return;
  const bool is_real = is_float(tracer_of(view.evaluator()).element(*target));
  for (const char* method : {is_real ? "long()" : "float()", is_real ? "float()" : "long()"}) {
    proposal.fix(fmt::format("convert `{}`: `.{}`", source.text(*second), method),
                 {call_method_on(source, *second, method)});
  }
}

constexpr ProposerRow kRows[] = {
    {DiagnosticKind::TupleNotTensor, propose_tuple},
    {DiagnosticKind::NoneNotTensor, propose_none},
    {DiagnosticKind::ElementTypeMismatch, propose_elements},
};

}  // namespace

std::span<const ProposerRow> value_error_proposers() { return kRows; }

}  // namespace lathe::torch
