// Searches in the syntax trees of classes.
#include "compiler/frontend/torch/lint/class_source.h"

#include <algorithm>
#include <array>

namespace lathe::torch {
namespace {

bool contains(const Span& outer, const Span& inner) {
  return outer.file == inner.file && outer.begin <= inner.begin && inner.end <= outer.end;
}

std::optional<ClassSource> class_at(const SourceView& source, const Span& place) {
  const Ast* ast = source.tree(place.file);
  if (ast == nullptr) return std::nullopt;
  std::optional<ClassSource> best;
  for (size_t i = 0; i < ast->statements.size(); ++i) {
    const Statement& row = ast->statements[StatementId(i)];
    if (std::get_if<ClassStatement>(&row.kind) == nullptr || !contains(row.span, place)) continue;
    if (!best || contains(best->span, row.span)) best = ClassSource{ast, row.span};
  }
  return best;
}

/// Whatever lists the attributes of a module, or takes their names as strings.
constexpr std::array<std::string_view, 12> kListers = {"getattr",       "children", "named_children", "modules",
                                                       "named_modules", "_modules", "__dict__",       "get_submodule",
                                                       "__getattr__",   "vars",     "_parameters",    "get_parameter"};

bool is_lister(std::string_view name) { return std::find(kListers.begin(), kListers.end(), name) != kListers.end(); }

bool is_constructor(const SourceView& source, const Span& span) {
  const Function* function = source.function(span);
  return function != nullptr && source.name(function->name) == "__init__";
}

/// An assignment to the attribute itself, or an expression statement of `__init__`: `nn.init.zeros_(self.a.weight)`.
bool only_sets(const SourceView& source, const ExpressionView& mention) {
  if (!is_constructor(source, mention.span())) return false;
  const std::optional<SourceView::StatementView> statement = source.statement(mention.span());
  if (!statement) return false;
  const StatementKind& kind = statement->statement().kind;
  if (std::get_if<ExpressionStatement>(&kind) != nullptr) return true;
  const auto* assigned = std::get_if<AssignStatement>(&kind);
  const auto* annotated = std::get_if<AnnotatedAssignStatement>(&kind);
  const auto is_in = [&](ExpressionId target) { return contains(mention.child(target).span(), mention.span()); };
  if (assigned != nullptr) return std::any_of(assigned->targets.begin(), assigned->targets.end(), is_in);
  return annotated != nullptr && is_in(annotated->target);
}

/// `self.name` in a class that the instance is not made of.
bool is_of_other_class(const SourceView& source, const std::vector<ClassSource>& classes,
                       const ExpressionView& mention) {
  const auto* object = mention.child(mention.as<AttributeExpression>()->object).as<NameExpression>();
  const Function* function = source.function(mention.span());
  if (object == nullptr || function == nullptr || function->parameters.empty()) return false;
  if (function->parameters[0].name != object->name) return false;
  const std::optional<ClassSource> owner = class_at(source, mention.span());
  return owner && std::none_of(classes.begin(), classes.end(),
                               [&](const ClassSource& row) { return contains(row.span, mention.span()); });
}

}  // namespace

std::vector<ClassSource> classes_of(const SourceView& source, ObjectId instance) {
  Evaluator& evaluator = source.evaluator();
  std::vector<ClassSource> classes;
  const auto* object = evaluator.heap().as<InstanceObject>(Value(instance));
  const auto* type = object == nullptr ? nullptr : evaluator.heap().as<ClassObject>(Value(object->type));
  if (type == nullptr) return classes;
  for (const ObjectId id : type->resolution) {
    const auto* row = evaluator.heap().as<ClassObject>(Value(id));
    const std::optional<Span> place = row == nullptr || row->is_native ? std::nullopt : source.span(row->location);
    const std::optional<ClassSource> found = place ? class_at(source, *place) : std::nullopt;
    if (found) classes.push_back(*found);
  }
  return classes;
}

std::optional<AttributeAssignment> assignment_of(const SourceView& source, const std::vector<ClassSource>& classes,
                                                 std::string_view name) {
  const auto is_target = [&](const ExpressionView& view) {
    const auto* attribute = view.as<AttributeExpression>();
    return attribute != nullptr && source.name(attribute->name) == name &&
           view.child(attribute->object).as<NameExpression>() != nullptr;
  };
  for (const ClassSource& row : classes) {
    for (size_t i = 0; i < row.ast->statements.size(); ++i) {
      const Statement& statement = row.ast->statements[StatementId(i)];
      if (!contains(row.span, statement.span)) continue;
      if (const auto* assigned = std::get_if<AssignStatement>(&statement.kind)) {
        for (const ExpressionId target : assigned->targets) {
          const ExpressionView view{row.ast, target};
          if (is_target(view)) return AttributeAssignment{view, view.child(assigned->value), statement.span};
        }
      } else if (const auto* annotated = std::get_if<AnnotatedAssignStatement>(&statement.kind)) {
        const ExpressionView view{row.ast, annotated->target};
        if (annotated->value.valid() && is_target(view)) {
          return AttributeAssignment{view, view.child(annotated->value), statement.span};
        }
      }
    }
  }
  return std::nullopt;
}

bool is_mentioned(const SourceView& source, const std::vector<ClassSource>& classes, std::string_view name) {
  Evaluator& evaluator = source.evaluator();
  for (uint32_t unit = 0; unit < evaluator.unit_count(); ++unit) {
    const Ast& ast = evaluator.tree(unit);
    for (size_t i = 0; i < ast.expressions.size(); ++i) {
      const ExpressionView view{&ast, ExpressionId(i)};
      if (const auto* text = view.as<StringExpression>()) {
        if (text->value == name) return true;
        continue;
      }
      const auto* attribute = view.as<AttributeExpression>();
      const auto* plain = view.as<NameExpression>();
      if (attribute == nullptr && plain == nullptr) continue;
      const std::string& text = source.name(attribute != nullptr ? attribute->name : plain->name);
      if (attribute != nullptr && text == name && !only_sets(source, view) &&
          !is_of_other_class(source, classes, view)) {
        return true;
      }
      if (!is_lister(text)) continue;
      const bool is_own = std::any_of(classes.begin(), classes.end(),
                                      [&](const ClassSource& row) { return contains(row.span, view.span()); });
      if (is_own && !is_constructor(source, view.span())) return true;
    }
  }
  return false;
}

}  // namespace lathe::torch
