// Parameters that functions pass on, followed outwards.
#include "compiler/frontend/torch/advice/outer_calls.h"

#include <fmt/format.h>

#include <algorithm>

namespace lathe::torch {
namespace {

bool binds(const Ast& ast, const Statement& statement, NameId name) {
  const auto is_name = [&](ExpressionId id) {
    const ExpressionKind& kind = ast.expressions[id].kind;
    const auto* plain = std::get_if<NameExpression>(&kind);
    if (plain != nullptr) return plain->name == name;
    const auto* tuple = std::get_if<TupleExpression>(&kind);
    return tuple != nullptr && std::any_of(tuple->items.begin(), tuple->items.end(), [&](ExpressionId item) {
             const auto* inner = std::get_if<NameExpression>(&ast.expressions[item].kind);
             return inner != nullptr && inner->name == name;
           });
  };
  if (const auto* assigned = std::get_if<AssignStatement>(&statement.kind)) {
    return std::any_of(assigned->targets.begin(), assigned->targets.end(), is_name);
  }
  if (const auto* annotated = std::get_if<AnnotatedAssignStatement>(&statement.kind)) return is_name(annotated->target);
  if (const auto* augmented = std::get_if<AugmentedAssignStatement>(&statement.kind)) return is_name(augmented->target);
  if (const auto* loop = std::get_if<ForStatement>(&statement.kind)) return is_name(loop->target);
  return false;
}

/// The statements of the same function (or of the top level) that bind a name before an expression, in order.
std::vector<StatementId> bindings_before(const SourceView& source, const ExpressionView& view, NameId name) {
  const Function* function = source.function(view.span());
  std::vector<StatementId> found;
  for (size_t i = 0; i < view.ast->statements.size(); ++i) {
    const Statement& statement = view.ast->statements[StatementId(i)];
    if (statement.span.begin >= view.span().begin || source.function(statement.span) != function) continue;
    const bool is_over =
        statement.span.end <= view.span().begin || std::get_if<ForStatement>(&statement.kind) != nullptr;
    if (is_over && binds(*view.ast, statement, name)) found.push_back(StatementId(i));
  }
  std::sort(found.begin(), found.end(), [&](StatementId a, StatementId b) {
    return view.ast->statements[a].span.begin < view.ast->statements[b].span.begin;
  });
  return found;
}

}  // namespace

std::vector<ExpressionView> outer_tensor_expressions(const FaultView& view) {
  std::vector<ExpressionView> result;
  std::optional<ExpressionView> at = view.tensor_expression();
  const std::vector<Frame>& frames = view.proposal().facts.frames;
  size_t frame = frames.size();
  while (frame > 0 && (frames[frame - 1].kind == Frame::Kind::Native || !frames[frame - 1].current.valid())) --frame;
  while (at && frame > 0) {
    result.insert(result.begin(), *at);
    const auto* name = at->as<NameExpression>();
    const Function* function = view.source().function(at->span());
    if (name == nullptr || function == nullptr || !bindings_before(view.source(), *at, name->name).empty()) break;
    const auto parameter = std::find_if(function->parameters.begin(), function->parameters.end(),
                                        [&](const Parameter& row) { return row.name == name->name; });
    if (parameter == function->parameters.end()) break;
    auto position = static_cast<size_t>(parameter - function->parameters.begin());
    if (!is_unknown(frames[frame - 1].self) && position > 0) --position;
    // The call that made this frame, in the frame around it.
    --frame;
    while (frame > 0 && (frames[frame - 1].kind == Frame::Kind::Native || !frames[frame - 1].current.valid())) --frame;
    if (frame == 0) break;
    const ExpressionView call{&view.evaluator().tree(frames[frame - 1].unit), frames[frame - 1].current};
    if (call.as<CallExpression>() == nullptr) break;
    at = view.source().argument(call, position, view.source().name(name->name));
  }
  return result;
}

std::string place_title(const FaultView& view, const ExpressionView& expression, const std::string& title) {
  const std::optional<ExpressionView> inner = view.expression();
  const LocationTable& locations = view.evaluator().locations();
  const uint32_t line = locations.line_column(expression.span().file, expression.span().begin).line;
  if (inner && locations.line_column(inner->span().file, inner->span().begin).line == line) return title;
  return fmt::format("at line {}: {}", line, title);
}

std::optional<ExpressionView> default_behind(const SourceView& source, const ExpressionView& view) {
  const auto* name = view.as<NameExpression>();
  const Function* function = source.function(view.span());
  if (name == nullptr || function == nullptr || !bindings_before(source, view, name->name).empty()) return std::nullopt;
  for (const Parameter& parameter : function->parameters) {
    if (parameter.name != name->name || !parameter.fallback.valid()) continue;
    const ExpressionView fallback = view.child(parameter.fallback);
    if (fallback.as<IntegerExpression>() != nullptr) return fallback;
  }
  return std::nullopt;
}

std::optional<ExpressionView> assigned_before(const SourceView& source, const ExpressionView& view) {
  const auto* name = view.as<NameExpression>();
  if (name == nullptr) return std::nullopt;
  const std::vector<StatementId> bindings = bindings_before(source, view, name->name);
  if (bindings.empty()) return std::nullopt;
  const auto* assigned = std::get_if<AssignStatement>(&view.ast->statements[bindings.back()].kind);
  if (assigned == nullptr || assigned->targets.size() != 1) return std::nullopt;
  if (view.child(assigned->targets[0]).as<NameExpression>() == nullptr) return std::nullopt;
  return view.child(assigned->value);
}

}  // namespace lathe::torch
