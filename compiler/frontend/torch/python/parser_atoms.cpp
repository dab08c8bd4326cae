// Names, literals, displays, comprehensions and arguments of calls.
#include <charconv>
#include <cstdlib>

#include "compiler/frontend/torch/python/parser_internals.h"

namespace lathe::torch {

ExpressionId Parser::atom() {
  const Token token = peek();
  const Span span = span_of(token);
  switch (token.kind) {
    case TokenKind::Name: {
      take();
      const NameId name = name_of(token);
      scopes_.back().used.insert(name.index);
      return add(NameExpression{name}, span);
    }
    case TokenKind::Integer: take(); return integer_literal(token);
    case TokenKind::Float: take(); return float_literal(token);
    case TokenKind::Imaginary: take(); return add(UnsupportedExpression{"complex numbers"}, span);
    case TokenKind::String: return strings();
    case TokenKind::None: take(); return add(SingletonExpression{Singleton::None}, span);
    case TokenKind::True: take(); return add(SingletonExpression{Singleton::True}, span);
    case TokenKind::False: take(); return add(SingletonExpression{Singleton::False}, span);
    case TokenKind::Dots: take(); return add(SingletonExpression{Singleton::Ellipsis}, span);
    case TokenKind::OpenParenthesis: return group();
    case TokenKind::OpenSquare: return list_display();
    case TokenKind::OpenBrace: return brace_display();
    default: unexpected("an expression"); return broken();
  }
}

ExpressionId Parser::integer_literal(const Token& token) {
  std::string digits;
  for (const char c : spelled(token)) {
    if (c != '_') digits.push_back(c);
  }
  int base = 10;
  size_t start = 0;
  if (digits.size() > 1 && digits[0] == '0') {
    const char letter = static_cast<char>(digits[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
    start = base == 10 ? 0 : 2;
  }
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data() + start, digits.data() + digits.size(), value, base);
  if (error != std::errc()) return add(UnsupportedExpression{"an integer beyond 64 bits"}, span_of(token));
  return add(IntegerExpression{value}, span_of(token));
}

ExpressionId Parser::float_literal(const Token& token) {
  std::string digits;
  for (const char c : spelled(token)) {
    if (c != '_') digits.push_back(c);
  }
  return add(FloatExpression{std::strtod(digits.c_str(), nullptr)}, span_of(token));
}

/// `(...)`: a value, a tuple, a generator or a yield.
ExpressionId Parser::group() {
  const uint32_t begin = take().begin;
  if (accept(TokenKind::CloseParenthesis)) return add(TupleExpression{}, span_from(begin));
  if (at(TokenKind::Yield)) {
    const ExpressionId value = yield_expression();
    expect(TokenKind::CloseParenthesis, "`)`");
    return value;
  }
  const bool starred = at(TokenKind::Star);
  const ExpressionId first = starred_or_named();
  if (at(TokenKind::For) || at(TokenKind::Async)) {
    return comprehension(ComprehensionExpression::Kind::Generator, first, {}, begin, TokenKind::CloseParenthesis);
  }
  if (!at(TokenKind::Comma)) {
    if (!expect(TokenKind::CloseParenthesis, "`,` or `)`")) return broken();
    if (starred) {
      fault(span_of(first), "`*` in parentheses needs a comma behind it: `(*values,)` is a tuple");
      panic();
    }
    return first;
  }
  std::vector<ExpressionId> items{first};
  while (accept(TokenKind::Comma) && starts_expression()) items.push_back(starred_or_named());
  expect(TokenKind::CloseParenthesis, "`,` or `)`");
  return add(TupleExpression{std::move(items)}, span_from(begin));
}

ExpressionId Parser::list_display() {
  const uint32_t begin = take().begin;
  std::vector<ExpressionId> items;
  while (starts_expression()) {
    items.push_back(starred_or_named());
    if (items.size() == 1 && (at(TokenKind::For) || at(TokenKind::Async))) {
      return comprehension(ComprehensionExpression::Kind::List, items[0], {}, begin, TokenKind::CloseSquare);
    }
    if (!accept(TokenKind::Comma)) break;
  }
  expect(TokenKind::CloseSquare, items.empty() ? "an expression or `]`" : "`,` or `]`");
  return add(ListExpression{std::move(items)}, span_from(begin));
}

ExpressionId Parser::brace_display() {
  const uint32_t begin = take().begin;
  if (accept(TokenKind::CloseBrace)) return add(DictExpression{}, span_from(begin));
  if (at(TokenKind::Power)) return dict_display(begin, {});
  const ExpressionId first = starred_or_named();
  if (at(TokenKind::Colon)) return dict_display(begin, first);
  if (at(TokenKind::For) || at(TokenKind::Async)) {
    return comprehension(ComprehensionExpression::Kind::Set, first, {}, begin, TokenKind::CloseBrace);
  }
  std::vector<ExpressionId> items{first};
  while (accept(TokenKind::Comma) && starts_expression()) items.push_back(starred_or_named());
  expect(TokenKind::CloseBrace, items.size() == 1 ? "`:`, `,` or `}`" : "`,` or `}`");
  return add(SetExpression{std::move(items)}, span_from(begin));
}

/// Stands at the `:` after the first key, or at `**` when there is none.
ExpressionId Parser::dict_display(uint32_t begin, ExpressionId first_key) {
  std::vector<std::pair<ExpressionId, ExpressionId>> entries;
  ExpressionId key = first_key;
  while (true) {
    if (!key.valid() && accept(TokenKind::Power)) {
      entries.emplace_back(ExpressionId{}, binary(1));
    } else {
      if (!key.valid()) key = expression();
      if (!expect(TokenKind::Colon, "`:` and a value after the key of a dict")) return broken();
      const ExpressionId value = expression();
      entries.emplace_back(key, value);
      if (entries.size() == 1 && (at(TokenKind::For) || at(TokenKind::Async))) {
        return comprehension(ComprehensionExpression::Kind::Dict, key, value, begin, TokenKind::CloseBrace);
      }
    }
    key = {};
    if (!accept(TokenKind::Comma) || !(starts_expression() || at(TokenKind::Power))) break;
  }
  expect(TokenKind::CloseBrace, "`,` or `}`");
  return add(DictExpression{std::move(entries)}, span_from(begin));
}

/// The clauses behind an element, up to the closing bracket.
ExpressionId Parser::comprehension(ComprehensionExpression::Kind kind, ExpressionId element, ExpressionId value,
                                   uint32_t begin, TokenKind close) {
  if (!panicking_ && as<StarredExpression>(element) != nullptr) {
    fault(span_of(element), "`*` can't unpack into a comprehension; write another `for`");
    panic();
  }
  ComprehensionExpression node{kind, element, value, {}};
  bool is_async = false;
  scopes_.emplace_back(Scope::Kind::Comprehension);
  while (at(TokenKind::For) || at(TokenKind::Async)) {
    is_async = accept(TokenKind::Async) || is_async;
    if (!expect(TokenKind::For, "`for` after `async`")) break;
    ComprehensionClause clause;
    clause.target = target_list();
    check_target(clause.target, "assign to");
    expect(TokenKind::In, "`in` after the target of `for`");
    if (node.clauses.empty()) {
      // The first iterable is evaluated outside of the comprehension.
      Scope inside = std::move(scopes_.back());
      scopes_.pop_back();
      clause.iterable = disjunction();
      scopes_.push_back(std::move(inside));
    } else {
      clause.iterable = disjunction();
    }
    while (accept(TokenKind::If)) clause.conditions.push_back(disjunction());
    node.clauses.push_back(std::move(clause));
  }
  scopes_.pop_back();
  expect(close, "");
  if (is_async) return add(UnsupportedExpression{"`async` comprehensions"}, span_from(begin));
  return add(std::move(node), span_from(begin));
}

/// Up to the closing bracket, which is taken.
std::vector<CallArgument> Parser::call_arguments(TokenKind close) {
  std::vector<CallArgument> arguments;
  std::unordered_set<uint32_t> keywords;
  bool unpacked = false;
  const auto check_order = [&](const CallArgument& argument, Span span) {
    if (argument.kind == CallArgument::Kind::Positional && (unpacked || !keywords.empty())) {
      fault(span,
            fmt::format("a positional argument can't follow {}", unpacked ? "`**` arguments" : "a keyword argument"));
      panic();
    } else if (argument.kind == CallArgument::Kind::Star && unpacked) {
      fault(span, "`*` arguments can't follow `**` arguments");
      panic();
    } else if (argument.kind == CallArgument::Kind::Keyword && !keywords.insert(argument.name.index).second) {
      fault(argument.name_span, fmt::format("argument `{}` is given twice", names_.text(argument.name)));
      panic();
    }
    unpacked = unpacked || argument.kind == CallArgument::Kind::DoubleStar;
  };
  while (!panicking_ && (starts_expression() || at(TokenKind::Power))) {
    CallArgument argument;
    const uint32_t begin = peek().begin;
    if (accept(TokenKind::Star)) {
      argument.kind = CallArgument::Kind::Star;
      argument.value = expression();
    } else if (accept(TokenKind::Power)) {
      argument.kind = CallArgument::Kind::DoubleStar;
      argument.value = expression();
    } else if (at(TokenKind::Name) && peek(1).kind == TokenKind::Assign) {
      const Token word = take();
      take();
      argument.kind = CallArgument::Kind::Keyword;
      argument.name = name_of(word);
      argument.name_span = span_of(word);
      argument.value = expression();
    } else {
      argument.value = named_expression();
      if (at(TokenKind::For) || at(TokenKind::Async)) {
        argument.value = comprehension(ComprehensionExpression::Kind::Generator, argument.value, {}, begin, close);
        if (panicking_) return arguments;
        const bool alone = arguments.empty();
        arguments.push_back(argument);
        if (alone) return arguments;
        fault(span_of(argument.value), "a generator beside other arguments needs parentheses");
        panic();
        return arguments;
      }
    }
    if (!panicking_) check_order(argument, span_from(begin));
    arguments.push_back(argument);
    if (!accept(TokenKind::Comma)) break;
  }
  expect(close, arguments.empty() ? "an argument or `)`" : "`,` or `)`");
  return arguments;
}

}  // namespace lathe::torch
