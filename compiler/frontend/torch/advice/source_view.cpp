// Searches in syntax trees by spans.
#include "compiler/frontend/torch/advice/source_view.h"

#include <fmt/format.h>

namespace lathe::torch {
namespace {

bool contains(const Span& outer, const Span& inner) {
  return outer.file == inner.file && outer.begin <= inner.begin && inner.end <= outer.end;
}
uint32_t length(const Span& span) { return span.end - span.begin; }

}  // namespace

std::optional<Span> SourceView::span(LocationId where) const {
  const Location* origin = where.valid() ? evaluator_.locations().origin(where) : nullptr;
  const Span* span = origin == nullptr ? nullptr : std::get_if<Span>(origin);
  return span == nullptr ? std::nullopt : std::optional<Span>(*span);
}

const Ast* SourceView::tree(FileId file) const {
  for (uint32_t unit = 0; unit < evaluator_.unit_count(); ++unit) {
    if (evaluator_.tree(unit).file == file) return &evaluator_.tree(unit);
  }
  return nullptr;
}

std::optional<ExpressionView> SourceView::expression(const Span& span) const {
  const Ast* ast = tree(span.file);
  if (ast == nullptr) return std::nullopt;
  std::optional<ExpressionView> best;
  for (size_t i = 0; i < ast->expressions.size(); ++i) {
    const ExpressionView view{ast, ExpressionId(i)};
    if (!contains(view.span(), span)) continue;
    // Rows of inner expressions come first, so the outermost of equal spans is the last.
    if (!best || length(view.span()) <= length(best->span())) best = view;
  }
  return best;
}

std::optional<ExpressionView> SourceView::expression(LocationId where) const {
  const std::optional<Span> place = span(where);
  return place ? expression(*place) : std::nullopt;
}

std::optional<ExpressionView> SourceView::call(LocationId where) const {
  const std::optional<Span> place = span(where);
  const Ast* ast = place ? tree(place->file) : nullptr;
  if (ast == nullptr) return std::nullopt;
  std::optional<ExpressionView> best;
  for (size_t i = 0; i < ast->expressions.size(); ++i) {
    const ExpressionView view{ast, ExpressionId(i)};
    if (view.as<CallExpression>() == nullptr || !contains(view.span(), *place)) continue;
    if (!best || length(view.span()) <= length(best->span())) best = view;
  }
  return best;
}

std::optional<ExpressionView> SourceView::call_around(const ExpressionView& inner) const {
  std::optional<ExpressionView> best;
  for (size_t i = 0; i < inner.ast->expressions.size(); ++i) {
    const ExpressionView view{inner.ast, ExpressionId(i)};
    if (view.id == inner.id || view.as<CallExpression>() == nullptr || !contains(view.span(), inner.span())) continue;
    if (view.span() == inner.span()) continue;
    if (!best || length(view.span()) < length(best->span())) best = view;
  }
  return best;
}

std::optional<ExpressionView> SourceView::argument(const ExpressionView& call, size_t position,
                                                   std::string_view name) const {
  const auto* node = call.as<CallExpression>();
  if (node == nullptr) return std::nullopt;
  size_t next = 0;
  bool has_star = false;
  for (const CallArgument& row : node->arguments) {
    switch (row.kind) {
      case CallArgument::Kind::Positional:
        if (!has_star && next++ == position) return call.child(row.value);
        break;
      case CallArgument::Kind::Keyword:
        if (this->name(row.name) == name) return call.child(row.value);
        break;
      case CallArgument::Kind::Star:
      case CallArgument::Kind::DoubleStar: has_star = true; break;
    }
  }
  return std::nullopt;
}

std::optional<SourceView::StatementView> SourceView::statement(const Span& span) const {
  const Ast* ast = tree(span.file);
  if (ast == nullptr) return std::nullopt;
  std::optional<StatementView> best;
  for (size_t i = 0; i < ast->statements.size(); ++i) {
    const StatementView view{ast, StatementId(i)};
    if (!contains(view.statement().span, span)) continue;
    if (!best || length(view.statement().span) <= length(best->statement().span)) best = view;
  }
  return best;
}

const Function* SourceView::function(const Span& span) const {
  const Ast* ast = tree(span.file);
  if (ast == nullptr) return nullptr;
  const Function* best = nullptr;
  for (size_t i = 0; i < ast->functions.size(); ++i) {
    const Function& function = ast->functions[FunctionId(i)];
    if (function.expression.valid() || !contains(function.span, span)) continue;
    if (best == nullptr || length(function.span) < length(best->span)) best = &function;
  }
  return best;
}

std::string SourceView::text(const Span& span) const {
  return evaluator_.locations().file(span.file).text.substr(span.begin, span.end - span.begin);
}

uint32_t SourceView::line_begin(FileId file, uint32_t offset) const {
  const std::string& text = evaluator_.locations().file(file).text;
  while (offset > 0 && text[offset - 1] != '\n') --offset;
  return offset;
}

uint32_t SourceView::line_end(FileId file, uint32_t offset) const {
  const std::string& text = evaluator_.locations().file(file).text;
  while (offset < text.size() && text[offset] != '\n') ++offset;
  return offset < text.size() ? offset + 1 : offset;
}

std::string SourceView::indentation(FileId file, uint32_t offset) const {
  const std::string& text = evaluator_.locations().file(file).text;
  const uint32_t begin = line_begin(file, offset);
  uint32_t end = begin;
  while (end < text.size() && (text[end] == ' ' || text[end] == '\t')) ++end;
  return text.substr(begin, end - begin);
}

bool SourceView::begins_line(const Span& span) const {
  const std::string& text = evaluator_.locations().file(span.file).text;
  const uint32_t begin = line_begin(span.file, span.begin);
  return text.find_first_not_of(" \t", begin) == span.begin;
}

std::string SourceView::dotted(const ExpressionView& view) const {
  std::string result;
  ExpressionView current = view;
  while (const auto* attribute = current.as<AttributeExpression>()) {
    result.insert(0, fmt::format(".{}", name(attribute->name)));
    current = current.child(attribute->object);
  }
  const auto* base = current.as<NameExpression>();
  return base == nullptr ? std::string() : name(base->name) + result;
}

}  // namespace lathe::torch
