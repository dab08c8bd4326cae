// Functions, classes, their parameters and decorators.
#include "compiler/frontend/torch/python/parser_internals.h"

namespace lathe::torch {

StatementKind Parser::decorated() {
  std::vector<ExpressionId> decorators;
  while (accept(TokenKind::At)) {
    decorators.push_back(named_expression());
    if (!at(TokenKind::Newline)) unexpected("the end of the line after a decorator");
    panicking_ = false;
    accept(TokenKind::Newline);
  }
  if (at(TokenKind::Def)) return function_definition(std::move(decorators));
  if (at(TokenKind::Class)) return class_definition(std::move(decorators));
  if (at(TokenKind::Async)) return async_statement(std::move(decorators));
  unexpected("`def` or `class` after a decorator");
  return BrokenStatement{};
}

StatementKind Parser::async_statement(std::vector<ExpressionId> decorators) {
  take();
  switch (peek().kind) {
    case TokenKind::Def: (void)function_definition(std::move(decorators)); return UnsupportedStatement{"`async def`"};
    case TokenKind::For: (void)for_statement(); return UnsupportedStatement{"`async for`"};
    case TokenKind::With: (void)with_statement(); return UnsupportedStatement{"`async with`"};
    default: unexpected("`def`, `for` or `with` after `async`"); return BrokenStatement{};
  }
}

StatementKind Parser::function_definition(std::vector<ExpressionId> decorators) {
  const uint32_t begin = take().begin;
  Function function;
  Token name;
  if (expect_name(name, "the name of a function")) {
    function.name = name_of(name);
    bind(function.name);
    if (expect(TokenKind::OpenParenthesis, "`(` after the name of a function")) {
      function.parameters = parameters(TokenKind::CloseParenthesis);
      expect(TokenKind::CloseParenthesis, "`,` or `)`");
    }
    if (accept(TokenKind::Arrow)) (void)expression();
  } else {
    function.name = names_.intern("?");
  }
  function.head_span = span_from(begin);
  scopes_.emplace_back(Scope::Kind::Function);
  for (const Parameter& parameter : function.parameters) {
    if (parameter.name.valid()) bind(parameter.name);
  }
  function.body = block("the head of `def`");
  close_function(function);
  function.span = span_from(begin);
  return FunctionStatement{ast_.functions.push_back(std::move(function)), std::move(decorators)};
}

std::vector<Parameter> Parser::parameters(TokenKind close) {
  const bool annotations = close == TokenKind::CloseParenthesis;
  std::vector<Parameter> result;
  auto kind = Parameter::Kind::Normal;
  bool bare_star = false;
  while (!at(close) && !panicking_) {
    const Token first = peek();
    if (accept(TokenKind::Slash)) {
      if (result.empty() || kind != Parameter::Kind::Normal || result[0].kind == Parameter::Kind::PositionalOnly) {
        fault(span_of(first), "`/` must follow the parameters that are positional only");
        panic();
        break;
      }
      for (Parameter& parameter : result) parameter.kind = Parameter::Kind::PositionalOnly;
      if (!accept(TokenKind::Comma)) break;
      continue;
    }
    Parameter parameter;
    parameter.kind = kind;
    if (accept(TokenKind::Star)) {
      if (kind != Parameter::Kind::Normal) {
        fault(span_of(first), "a second `*` among the parameters");
        panic();
        break;
      }
      kind = Parameter::Kind::KeywordOnly;
      if (accept(TokenKind::Comma)) {
        bare_star = true;
        continue;
      }
      parameter.kind = Parameter::Kind::Star;
    } else if (accept(TokenKind::Power)) {
      parameter.kind = Parameter::Kind::DoubleStar;
    }
    Token name;
    if (!expect_name(name, annotations ? "a parameter or `)`" : "a parameter or `:`")) break;
    parameter.name = name_of(name);
    parameter.span = span_of(name);
    if (annotations && accept(TokenKind::Colon)) parameter.annotation = starred_or_named();
    if (at(TokenKind::Assign)) {
      if (parameter.kind == Parameter::Kind::Star || parameter.kind == Parameter::Kind::DoubleStar) {
        fault(span_of(peek()), fmt::format("`{}{}` can't have a default", spelled(first), spelled(name)));
        panic();
        break;
      }
      take();
      parameter.fallback = expression();
    }
    const bool last = parameter.kind == Parameter::Kind::DoubleStar;
    bare_star = bare_star && last;
    result.push_back(parameter);
    if (!accept(TokenKind::Comma)) break;
    if (last && !at(close) && !panicking_) {
      fault(span_of(peek()), "no parameter can follow the one with `**`");
      panic();
    }
  }
  if (bare_star && !panicking_) {
    fault(span_of(peek()), "a named parameter must follow `*`");
    panic();
  }
  if (!panicking_) check_parameters(result);
  return result;
}

void Parser::check_parameters(const std::vector<Parameter>& parameters) {
  std::unordered_set<uint32_t> seen;
  bool fallback = false;
  for (const Parameter& parameter : parameters) {
    const std::string& name = names_.text(parameter.name);
    if (!seen.insert(parameter.name.index).second) {
      fault(parameter.span, fmt::format("two parameters are named `{}`", name));
    }
    const bool positional =
        parameter.kind == Parameter::Kind::PositionalOnly || parameter.kind == Parameter::Kind::Normal;
    if (positional && fallback && !parameter.fallback.valid()) {
      fault(parameter.span, fmt::format("parameter `{}` without a default follows one with a default", name));
    }
    fallback = fallback || (positional && parameter.fallback.valid());
  }
}

StatementKind Parser::class_definition(std::vector<ExpressionId> decorators) {
  const uint32_t begin = take().begin;
  ClassStatement node;
  node.decorators = std::move(decorators);
  Scope scope(Scope::Kind::Class);
  Token name;
  if (expect_name(name, "the name of a class")) {
    node.name = name_of(name);
    scope.class_name = spelled(name);
    bind(node.name);
    if (accept(TokenKind::OpenParenthesis)) node.bases = call_arguments(TokenKind::CloseParenthesis);
  } else {
    node.name = names_.intern("?");
  }
  node.head_span = span_from(begin);
  scopes_.push_back(std::move(scope));
  node.body = block("the head of `class`");
  scopes_.pop_back();
  return node;
}

}  // namespace lathe::torch
