// Expressions of the parser, from conditional expressions down to calls and subscripts.
#include <optional>

#include "compiler/frontend/torch/python/parser_internals.h"

namespace lathe::torch {
namespace {

struct BinaryRow {
  BinaryOp op;
  int precedence;
};

/// The binary operators but `**`; 1 binds least.
std::optional<BinaryRow> binary_row(TokenKind kind) {
  switch (kind) {
    case TokenKind::Bar: return BinaryRow{BinaryOp::BitOr, 1};
    case TokenKind::Caret: return BinaryRow{BinaryOp::BitXor, 2};
    case TokenKind::Ampersand: return BinaryRow{BinaryOp::BitAnd, 3};
    case TokenKind::ShiftLeft: return BinaryRow{BinaryOp::ShiftLeft, 4};
    case TokenKind::ShiftRight: return BinaryRow{BinaryOp::ShiftRight, 4};
    case TokenKind::Plus: return BinaryRow{BinaryOp::Add, 5};
    case TokenKind::Minus: return BinaryRow{BinaryOp::Subtract, 5};
    case TokenKind::Star: return BinaryRow{BinaryOp::Multiply, 6};
    case TokenKind::Slash: return BinaryRow{BinaryOp::Divide, 6};
    case TokenKind::FloorDivide: return BinaryRow{BinaryOp::FloorDivide, 6};
    case TokenKind::Percent: return BinaryRow{BinaryOp::Modulo, 6};
    case TokenKind::At: return BinaryRow{BinaryOp::MatrixMultiply, 6};
    default: return std::nullopt;
  }
}

std::optional<CompareOp> compare_op(TokenKind kind, TokenKind next) {
  switch (kind) {
    case TokenKind::Less: return next == TokenKind::Greater ? std::nullopt : std::optional(CompareOp::Less);
    case TokenKind::LessEqual: return CompareOp::LessEqual;
    case TokenKind::Greater: return CompareOp::Greater;
    case TokenKind::GreaterEqual: return CompareOp::GreaterEqual;
    case TokenKind::Equal: return CompareOp::Equal;
    case TokenKind::NotEqual: return CompareOp::NotEqual;
    case TokenKind::In: return CompareOp::In;
    case TokenKind::Not: return next == TokenKind::In ? std::optional(CompareOp::NotIn) : std::nullopt;
    case TokenKind::Is: return next == TokenKind::Not ? CompareOp::IsNot : CompareOp::Is;
    default: return std::nullopt;
  }
}

}  // namespace

bool Parser::starts_expression() const {
  switch (peek().kind) {
    case TokenKind::Fault:
    case TokenKind::Unclosed:
    case TokenKind::Name:
    case TokenKind::Integer:
    case TokenKind::Float:
    case TokenKind::Imaginary:
    case TokenKind::String:
    case TokenKind::False:
    case TokenKind::None:
    case TokenKind::True:
    case TokenKind::Await:
    case TokenKind::Lambda:
    case TokenKind::Not:
    case TokenKind::Dots:
    case TokenKind::OpenParenthesis:
    case TokenKind::OpenSquare:
    case TokenKind::OpenBrace:
    case TokenKind::Plus:
    case TokenKind::Minus:
    case TokenKind::Tilde:
    case TokenKind::Star: return true;
    default: return false;
  }
}

ExpressionId Parser::expression() {
  const Nested nested(*this);
  if (too_deep(span_of(peek()))) return broken();
  if (at(TokenKind::Lambda)) return lambda();
  const uint32_t begin = peek().begin;
  const ExpressionId value = disjunction();
  if (!accept(TokenKind::If)) return value;
  const ExpressionId test = disjunction();
  if (!expect(TokenKind::Else, "`else` and a value, which a conditional expression needs")) return broken();
  const ExpressionId otherwise = expression();
  return add(ConditionalExpression{test, value, otherwise}, span_from(begin));
}

ExpressionId Parser::named_expression() {
  if (!at(TokenKind::Name) || peek(1).kind != TokenKind::Walrus) return expression();
  const Token word = take();
  take();
  const NameId name = name_of(word);
  const ExpressionId value = expression();
  bind_walrus(name, span_of(word));
  return add(NamedExpression{name, value}, span_from(word.begin));
}

ExpressionId Parser::starred_or_named() {
  if (!at(TokenKind::Star)) return named_expression();
  const uint32_t begin = take().begin;
  const ExpressionId value = binary(1);
  return add(StarredExpression{value}, span_from(begin));
}

ExpressionId Parser::star_expressions(std::string_view what) {
  const uint32_t begin = peek().begin;
  const bool starred = at(TokenKind::Star);
  if (!starts_expression()) {
    unexpected(what);
    return broken();
  }
  const auto item = [&] { return at(TokenKind::Star) ? starred_or_named() : expression(); };
  const ExpressionId first = item();
  if (!at(TokenKind::Comma)) {
    if (starred && !panicking_) {
      fault(span_of(first), "`*` unpacks into a list, tuple or call; a value of its own needs a comma: `*value,`");
      panic();
    }
    return first;
  }
  std::vector<ExpressionId> items{first};
  while (accept(TokenKind::Comma) && starts_expression()) items.push_back(item());
  return add(TupleExpression{std::move(items)}, span_from(begin));
}

ExpressionId Parser::assigned_value() {
  return at(TokenKind::Yield) ? yield_expression() : star_expressions("a value");
}

ExpressionId Parser::yield_expression() {
  const Token word = take();
  mark_generator(span_of(word));
  if (accept(TokenKind::From)) {
    const ExpressionId value = expression();
    return add(YieldExpression{value, true}, span_from(word.begin));
  }
  ExpressionId value;
  if (starts_expression()) value = star_expressions("a value");
  return add(YieldExpression{value, false}, span_from(word.begin));
}

ExpressionId Parser::disjunction() {
  const uint32_t begin = peek().begin;
  const ExpressionId first = conjunction();
  if (!at(TokenKind::Or)) return first;
  std::vector<ExpressionId> operands{first};
  while (accept(TokenKind::Or)) operands.push_back(conjunction());
  return add(BooleanExpression{false, std::move(operands)}, span_from(begin));
}

ExpressionId Parser::conjunction() {
  const uint32_t begin = peek().begin;
  const ExpressionId first = inversion();
  if (!at(TokenKind::And)) return first;
  std::vector<ExpressionId> operands{first};
  while (accept(TokenKind::And)) operands.push_back(inversion());
  return add(BooleanExpression{true, std::move(operands)}, span_from(begin));
}

ExpressionId Parser::inversion() {
  if (!at(TokenKind::Not)) return comparison();
  const Nested nested(*this);
  const uint32_t begin = take().begin;
  if (too_deep(span_of(peek()))) return broken();
  const ExpressionId operand = inversion();
  return add(UnaryExpression{UnaryOp::Not, operand}, span_from(begin));
}

ExpressionId Parser::comparison() {
  const uint32_t begin = peek().begin;
  const ExpressionId first = binary(1);
  std::vector<CompareOp> ops;
  std::vector<ExpressionId> operands{first};
  while (const std::optional<CompareOp> op = compare_op(peek().kind, peek(1).kind)) {
    take();
    if (*op == CompareOp::NotIn || *op == CompareOp::IsNot) take();
    ops.push_back(*op);
    operands.push_back(binary(1));
  }
  if (ops.empty()) return first;
  return add(CompareExpression{std::move(ops), std::move(operands)}, span_from(begin));
}

ExpressionId Parser::binary(int precedence) {
  const uint32_t begin = peek().begin;
  ExpressionId left = unary();
  while (true) {
    const std::optional<BinaryRow> row = binary_row(peek().kind);
    if (!row || row->precedence < precedence) return left;
    take();
    const ExpressionId right = binary(row->precedence + 1);
    left = add(BinaryExpression{row->op, left, right}, span_from(begin));
  }
}

ExpressionId Parser::unary() {
  if (!at(TokenKind::Minus) && !at(TokenKind::Plus) && !at(TokenKind::Tilde)) return power();
  const Nested nested(*this);
  const Token sign = take();
  if (too_deep(span_of(sign))) return broken();
  const ExpressionId operand = unary();
  const UnaryOp op = sign.kind == TokenKind::Minus  ? UnaryOp::Negate
                     : sign.kind == TokenKind::Plus ? UnaryOp::Plus
                                                    : UnaryOp::Invert;
  return add(UnaryExpression{op, operand}, span_from(sign.begin));
}

ExpressionId Parser::power() {
  const uint32_t begin = peek().begin;
  const ExpressionId base = await_or_primary();
  if (!at(TokenKind::Power)) return base;
  const Nested nested(*this);
  const Token sign = take();
  if (too_deep(span_of(sign))) return broken();
  const ExpressionId exponent = unary();
  return add(BinaryExpression{BinaryOp::Power, base, exponent}, span_from(begin));
}

ExpressionId Parser::await_or_primary() {
  if (!at(TokenKind::Await)) return primary();
  const uint32_t begin = take().begin;
  (void)primary();
  return add(UnsupportedExpression{"`await`"}, span_from(begin));
}

ExpressionId Parser::primary() {
  const uint32_t begin = peek().begin;
  ExpressionId value = atom();
  while (!panicking_) {
    if (accept(TokenKind::Dot)) {
      Token word;
      if (!expect_name(word, "the name of an attribute after `.`")) return broken();
      value = add(AttributeExpression{value, name_of(word), span_of(word)}, span_from(begin));
    } else if (accept(TokenKind::OpenParenthesis)) {
      std::vector<CallArgument> arguments = call_arguments(TokenKind::CloseParenthesis);
      value = add(CallExpression{value, std::move(arguments)}, span_from(begin));
    } else if (accept(TokenKind::OpenSquare)) {
      const ExpressionId index = subscript();
      value = add(SubscriptExpression{value, index}, span_from(begin));
    } else {
      break;
    }
  }
  return value;
}

ExpressionId Parser::subscript() {
  const uint32_t begin = peek().begin;
  const auto starts_item = [&] { return at(TokenKind::Colon) || starts_expression(); };
  if (!starts_item()) {
    unexpected("an index");
    return broken();
  }
  ExpressionId index = subscript_item();
  if (at(TokenKind::Comma) || (!panicking_ && as<StarredExpression>(index) != nullptr)) {
    std::vector<ExpressionId> items{index};
    while (accept(TokenKind::Comma) && starts_item()) items.push_back(subscript_item());
    index = add(TupleExpression{std::move(items)}, span_from(begin));
  }
  expect(TokenKind::CloseSquare, "`,` or `]`");
  return index;
}

ExpressionId Parser::subscript_item() {
  const uint32_t begin = peek().begin;
  ExpressionId lower;
  if (!at(TokenKind::Colon)) lower = starred_or_named();
  if (!accept(TokenKind::Colon)) return lower;
  ExpressionId upper;
  ExpressionId step;
  if (starts_expression()) upper = expression();
  if (accept(TokenKind::Colon) && starts_expression()) step = expression();
  return add(SliceExpression{lower, upper, step}, span_from(begin));
}

ExpressionId Parser::target_item() {
  if (!at(TokenKind::Star)) return binary(1);
  const uint32_t begin = take().begin;
  const ExpressionId value = binary(1);
  return add(StarredExpression{value}, span_from(begin));
}

ExpressionId Parser::target_list() {
  const uint32_t begin = peek().begin;
  const ExpressionId first = target_item();
  if (!at(TokenKind::Comma)) return first;
  std::vector<ExpressionId> items{first};
  while (accept(TokenKind::Comma) && starts_expression()) items.push_back(target_item());
  return add(TupleExpression{std::move(items)}, span_from(begin));
}

ExpressionId Parser::lambda() {
  const uint32_t begin = take().begin;
  Function function;
  function.name = names_.intern("<lambda>");
  function.parameters = parameters(TokenKind::Colon);
  function.head_span = span_from(begin);
  expect(TokenKind::Colon, "`:` after the parameters of `lambda`");
  scopes_.emplace_back(Scope::Kind::Lambda);
  for (const Parameter& parameter : function.parameters) {
    if (parameter.name.valid()) bind(parameter.name);
  }
  function.expression = expression();
  close_function(function);
  function.span = span_from(begin);
  const Span span = function.span;
  return add(LambdaExpression{ast_.functions.push_back(std::move(function))}, span);
}

}  // namespace lathe::torch
