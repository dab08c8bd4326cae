// The entry points of the parser, its tokens, and how faults are reported.
#include "compiler/frontend/torch/python/parser.h"

#include <algorithm>
#include <type_traits>

#include "compiler/frontend/torch/python/parser_internals.h"

namespace lathe::torch {
namespace {

/// Calls `visit` for every expression directly below, absent ones included.
template <class Visit>
void for_each_child(const ExpressionKind& kind, Visit visit) {
  const auto visit_all = [&](const std::vector<ExpressionId>& items) {
    for (const ExpressionId item : items) visit(item);
  };
  std::visit(
      [&]<class T>(const T& node) {
        if constexpr (std::is_same_v<T, FormatExpression>) {
          for (const FormatPart& part : node.parts) visit(part.value), visit(part.format);
        } else if constexpr (std::is_same_v<T, AttributeExpression>) {
          visit(node.object);
        } else if constexpr (std::is_same_v<T, SubscriptExpression>) {
          visit(node.object), visit(node.index);
        } else if constexpr (std::is_same_v<T, SliceExpression>) {
          visit(node.lower), visit(node.upper), visit(node.step);
        } else if constexpr (std::is_same_v<T, CallExpression>) {
          visit(node.function);
          for (const CallArgument& argument : node.arguments) visit(argument.value);
        } else if constexpr (std::is_same_v<T, UnaryExpression>) {
          visit(node.operand);
        } else if constexpr (std::is_same_v<T, BinaryExpression>) {
          visit(node.left), visit(node.right);
        } else if constexpr (std::is_same_v<T, BooleanExpression> || std::is_same_v<T, CompareExpression>) {
          visit_all(node.operands);
        } else if constexpr (std::is_same_v<T, ConditionalExpression>) {
          visit(node.test), visit(node.then), visit(node.otherwise);
        } else if constexpr (std::is_same_v<T, TupleExpression> || std::is_same_v<T, ListExpression> ||
                             std::is_same_v<T, SetExpression>) {
          visit_all(node.items);
        } else if constexpr (std::is_same_v<T, DictExpression>) {
          for (const auto& [key, value] : node.entries) visit(key), visit(value);
        } else if constexpr (std::is_same_v<T, ComprehensionExpression>) {
          visit(node.element), visit(node.value);
          for (const ComprehensionClause& clause : node.clauses) {
            visit(clause.target), visit(clause.iterable), visit_all(clause.conditions);
          }
        } else if constexpr (std::is_same_v<T, StarredExpression> || std::is_same_v<T, NamedExpression> ||
                             std::is_same_v<T, YieldExpression>) {
          visit(node.value);
        } else {
          static_assert(std::is_same_v<T, BrokenExpression> || std::is_same_v<T, UnsupportedExpression> ||
                        std::is_same_v<T, SingletonExpression> || std::is_same_v<T, IntegerExpression> ||
                        std::is_same_v<T, FloatExpression> || std::is_same_v<T, StringExpression> ||
                        std::is_same_v<T, NameExpression> || std::is_same_v<T, LambdaExpression>);
        }
      },
      kind);
}

}  // namespace

Ast parse_file(FileId file, NameTable& names, LocationTable& locations, Diagnostics& diagnostics) {
  Parser parser(file, names, locations);
  Ast ast = parser.file();
  parser.report_to(diagnostics);
  return ast;
}

Ast parse_expression(FileId file, NameTable& names, LocationTable& locations, Diagnostics& diagnostics) {
  Parser parser(file, names, locations);
  Ast ast = parser.single_expression();
  parser.report_to(diagnostics);
  return ast;
}

Parser::Parser(FileId file, NameTable& names, LocationTable& locations)
    : text_(locations.file(file).text), names_(names), locations_(locations) {
  ast_.file = file;
}

Ast Parser::file() {
  tokens_ = tokenize(ast_.file, locations_, diagnostics_);
  scopes_.emplace_back(Scope::Kind::Module);
  statements_until(TokenKind::End, ast_.body);
  return std::move(ast_);
}

Ast Parser::single_expression() {
  tokens_ = tokenize_part(ast_.file, 0, static_cast<uint32_t>(text_.size()), locations_, diagnostics_);
  scopes_.emplace_back(Scope::Kind::Module);
  const ExpressionId value = star_expressions("an expression");
  if (!at(TokenKind::End)) unexpected("the end of the expression");
  ast_.body.push_back(add(StatementKind(ExpressionStatement{value}), span_of(value)));
  return std::move(ast_);
}

void Parser::report_to(Diagnostics& diagnostics) {
  // Rows of one vector: those at the same place stay in their order.
  std::vector<const Diagnostic*> order;
  for (const Diagnostic& diagnostic : diagnostics_.all()) order.push_back(&diagnostic);
  const auto begin = [&](const Diagnostic* diagnostic) { return std::get<Span>(locations_[diagnostic->where]).begin; };
  std::sort(order.begin(), order.end(), [&](const Diagnostic* a, const Diagnostic* b) {
    return begin(a) != begin(b) ? begin(a) < begin(b) : a < b;
  });
  const Diagnostic* last = nullptr;
  for (const Diagnostic* diagnostic : order) {
    const bool again = last != nullptr && begin(last) == begin(diagnostic) && last->message == diagnostic->message;
    if (!again) diagnostics.add(*diagnostic);
    last = diagnostic;
  }
}

// ------------------------------------------------------------------------------------------------------------- tokens

Token Parser::take() {
  const Token token = peek();
  if (position_ + 1 < tokens_.size()) ++position_;
  return token;
}

bool Parser::accept(TokenKind kind) {
  if (!at(kind)) return false;
  take();
  return true;
}

bool Parser::expect(TokenKind kind, std::string_view what) {
  if (accept(kind)) return true;
  unexpected(what.empty() ? describe(kind) : what);
  return false;
}

bool Parser::expect_name(Token& token, std::string_view what) {
  token = peek();
  if (accept(TokenKind::Name)) return true;
  if (is_keyword(token.kind) && !panicking_) {
    fault(span_of(token), fmt::format("expected {}, but `{}` is a keyword of Python", what, spelled(token)));
    panic();
  } else {
    unexpected(what);
  }
  return false;
}

Span Parser::span_from(uint32_t begin) const {
  const uint32_t end = position_ > 0 ? tokens_[position_ - 1].end : begin;
  return {ast_.file, begin, std::max(begin, end)};
}

std::string Parser::describe_current() const {
  const Token& token = peek();
  switch (token.kind) {
    case TokenKind::Name: return fmt::format("the name `{}`", spelled(token));
    case TokenKind::Integer:
    case TokenKind::Float:
    case TokenKind::Imaginary: return fmt::format("the number `{}`", spelled(token));
    default: return std::string(describe(token.kind));
  }
}

/// A private name in a class belongs to that class: `__x` in `class Net` is `_Net__x`.
NameId Parser::name_of(const Token& token) {
  const std::string_view spelling = spelled(token);
  if (spelling.starts_with("__") && !spelling.ends_with("__")) {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      if (scope->kind != Scope::Kind::Class) continue;
      const size_t start = scope->class_name.find_first_not_of('_');
      if (start == std::string::npos) break;
      return names_.intern("_" + scope->class_name.substr(start) + std::string(spelling));
    }
  }
  return names_.intern(spelling);
}

// ------------------------------------------------------------------------------------------------------------- faults

void Parser::fault(Span span, std::string message, DiagnosticKind kind) {
  (void)diagnostics_.report(kind, locations_.add(span), "{}", message).emit();
}

void Parser::panic() {
  panicking_ = true;
  while (!at(TokenKind::Newline) && !at(TokenKind::End)) take();
}

void Parser::unexpected(std::string_view expected) {
  if (panicking_) return;
  bool reported = false;
  for (size_t i = position_; i < tokens_.size() && !reported; ++i) {
    const TokenKind kind = tokens_[i].kind;
    if (kind == TokenKind::Newline || kind == TokenKind::End) break;
    reported = kind == TokenKind::Unclosed || (kind == TokenKind::Fault && i <= position_ + 1);
  }
  if (!reported) {
    std::string hint;
    if (at(TokenKind::Assign)) hint = "; a comparison is written `==`";
    if (at(TokenKind::Less) && peek(1).kind == TokenKind::Greater) hint = "; `<>` is written `!=`";
    fault(span_of(peek()), fmt::format("expected {}, found {}{}", expected, describe_current(), hint));
  }
  panic();
}

bool Parser::too_deep(Span span) {
  if (nesting_ <= kMaxNesting) return false;
  if (!panicking_) {
    fault(span, fmt::format("expressions nest deeper than {} levels", kMaxNesting), DiagnosticKind::NestingTooDeep);
    panic();
  }
  return true;
}

ExpressionId Parser::add(ExpressionKind kind, Span span) {
  uint16_t height = 0;
  for_each_child(kind, [&](ExpressionId child) {
    if (child.valid()) height = std::max(height, heights_[child]);
  });
  if (height >= kMaxChain) {
    if (!panicking_) {
      fault(span, fmt::format("an expression of more than {} operations in a chain", kMaxChain),
            DiagnosticKind::NestingTooDeep);
      panic();
    }
    kind = BrokenExpression{};
    height = 0;
  }
  heights_.push_back(static_cast<uint16_t>(height + 1));
  return ast_.expressions.push_back({std::move(kind), span});
}

ExpressionId Parser::broken() { return add(ExpressionKind(BrokenExpression{}), span_of(peek())); }

}  // namespace lathe::torch
