// What stands at a place of the program: expressions, calls, statements and functions by their spans, for those who
// propose changes. Reads the syntax trees of an evaluated program.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/frontend/torch/python/evaluator.h"

namespace lathe::torch {

/// A syntax tree and one of its expressions.
struct ExpressionView {
  const Ast* ast = nullptr;
  ExpressionId id;

  [[nodiscard]] const Expression& expression() const { return ast->expressions[id]; }
  [[nodiscard]] Span span() const { return expression().span; }
  /// nullptr when it is something else.
  template <class T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&expression().kind);
  }
  [[nodiscard]] ExpressionView child(ExpressionId other) const { return {ast, other}; }
};

class SourceView {
 public:
  explicit SourceView(Evaluator& evaluator) : evaluator_(evaluator) {}

  /// The span behind a location; nothing for places outside of source text.
  [[nodiscard]] std::optional<Span> span(LocationId where) const;
  /// The tree of a file; nullptr when it is none of the program's.
  [[nodiscard]] const Ast* tree(FileId file) const;
  /// The expression with exactly this span (the outermost of several), else the smallest that contains it.
  [[nodiscard]] std::optional<ExpressionView> expression(const Span& span) const;
  [[nodiscard]] std::optional<ExpressionView> expression(LocationId where) const;
  /// The smallest call that contains the place.
  [[nodiscard]] std::optional<ExpressionView> call(LocationId where) const;
  /// The smallest call that contains the expression, other than itself.
  [[nodiscard]] std::optional<ExpressionView> call_around(const ExpressionView& view) const;
  /// The value of an argument, by position or keyword.
  [[nodiscard]] std::optional<ExpressionView> argument(const ExpressionView& call, size_t position,
                                                       std::string_view name) const;
  /// The smallest statement that contains the span, and its span.
  struct StatementView {
    const Ast* ast = nullptr;
    StatementId id;
    [[nodiscard]] const Statement& statement() const { return ast->statements[id]; }
  };
  [[nodiscard]] std::optional<StatementView> statement(const Span& span) const;
  /// The smallest `def` that contains the span; nullptr at the top level.
  [[nodiscard]] const Function* function(const Span& span) const;
  /// Source text, as it is written.
  [[nodiscard]] std::string text(const Span& span) const;
  [[nodiscard]] std::string text(const ExpressionView& view) const { return text(view.span()); }
  /// The blanks at the begin of the line of an offset.
  [[nodiscard]] std::string indentation(FileId file, uint32_t offset) const;
  /// Whether nothing but blanks stands before it in its line.
  [[nodiscard]] bool begins_line(const Span& span) const;
  /// The begin and the end (after the newline) of the line of an offset.
  [[nodiscard]] uint32_t line_begin(FileId file, uint32_t offset) const;
  [[nodiscard]] uint32_t line_end(FileId file, uint32_t offset) const;

  [[nodiscard]] Evaluator& evaluator() const { return evaluator_; }
  [[nodiscard]] const std::string& name(NameId id) const { return evaluator_.names().text(id); }
  /// "nn.Conv2d", "self.fc": a name or a chain of attributes as text; empty for anything else.
  [[nodiscard]] std::string dotted(const ExpressionView& view) const;

 private:
  Evaluator& evaluator_;
};

// Edits.
[[nodiscard]] inline Edit replace(const Span& span, std::string text) { return {span, std::move(text)}; }
[[nodiscard]] inline Edit insert_before(const Span& span, std::string text) {
  return {{span.file, span.begin, span.begin}, std::move(text)};
}
[[nodiscard]] inline Edit insert_after(const Span& span, std::string text) {
  return {{span.file, span.end, span.end}, std::move(text)};
}

}  // namespace lathe::torch
