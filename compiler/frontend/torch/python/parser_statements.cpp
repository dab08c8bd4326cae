// Statements that stand on one line.
#include <array>
#include <optional>

#include "compiler/frontend/torch/python/parser_internals.h"

namespace lathe::torch {
namespace {

std::optional<BinaryOp> augmented_op(TokenKind kind) {
  switch (kind) {
    case TokenKind::AddAssign: return BinaryOp::Add;
    case TokenKind::SubtractAssign: return BinaryOp::Subtract;
    case TokenKind::MultiplyAssign: return BinaryOp::Multiply;
    case TokenKind::MatrixMultiplyAssign: return BinaryOp::MatrixMultiply;
    case TokenKind::DivideAssign: return BinaryOp::Divide;
    case TokenKind::FloorDivideAssign: return BinaryOp::FloorDivide;
    case TokenKind::ModuloAssign: return BinaryOp::Modulo;
    case TokenKind::PowerAssign: return BinaryOp::Power;
    case TokenKind::ShiftLeftAssign: return BinaryOp::ShiftLeft;
    case TokenKind::ShiftRightAssign: return BinaryOp::ShiftRight;
    case TokenKind::BitAndAssign: return BinaryOp::BitAnd;
    case TokenKind::BitOrAssign: return BinaryOp::BitOr;
    case TokenKind::BitXorAssign: return BinaryOp::BitXor;
    default: return std::nullopt;
  }
}

}  // namespace

void Parser::statements_until(TokenKind end, Block& block) {
  while (!at(end) && !at(TokenKind::End)) {
    if (accept(TokenKind::Newline)) continue;
    if (at(TokenKind::Indent)) {
      fault(span_of(peek()), "this line is indented, but no statement before it opens a block");
      skip_block();
      continue;
    }
    statement(block);
  }
}

void Parser::statement(Block& block) {
  if (!starts_compound()) {
    simple_line(block);
    return;
  }
  const uint32_t begin = peek().begin;
  StatementKind kind = compound_statement();
  if (panicking_) {
    panicking_ = false;
    accept(TokenKind::Newline);
    kind = BrokenStatement{};
  }
  block.push_back(add(std::move(kind), span_from(begin)));
}

/// Simple statements with `;` between them, and the end of the line.
void Parser::simple_line(Block& block) {
  do {
    const uint32_t begin = peek().begin;
    StatementKind kind = simple_statement();
    if (!panicking_ && !at(TokenKind::Newline) && !at(TokenKind::Semicolon)) unexpected("the end of the statement");
    if (panicking_) kind = BrokenStatement{};
    block.push_back(add(std::move(kind), span_from(begin)));
  } while (accept(TokenKind::Semicolon) && !at(TokenKind::Newline));
  panicking_ = false;
  accept(TokenKind::Newline);
}

StatementKind Parser::simple_statement() {
  const Token word = peek();
  Scope& scope = statement_scope();
  switch (word.kind) {
    case TokenKind::Pass: take(); return PassStatement{};
    case TokenKind::Break:
    case TokenKind::Continue:
      take();
      if (scope.loops == 0) fault(span_of(word), fmt::format("`{}` stands outside of a loop", spelled(word)));
      return word.kind == TokenKind::Break ? StatementKind(BreakStatement{}) : StatementKind(ContinueStatement{});
    case TokenKind::Return: return return_statement();
    case TokenKind::Del: return delete_statement();
    case TokenKind::Global:
    case TokenKind::Nonlocal: return scope_statement();
    case TokenKind::Assert: return assert_statement();
    case TokenKind::Raise: return raise_statement();
    case TokenKind::Import: return import_statement();
    case TokenKind::From: return import_from_statement();
    default: break;
  }
  if (at_type_alias()) {
    while (!at(TokenKind::Newline) && !at(TokenKind::End)) take();
    return UnsupportedStatement{"`type` statements"};
  }
  return expression_statement();
}

bool Parser::at_type_alias() const {
  return at_name("type") && peek(1).kind == TokenKind::Name &&
         (peek(2).kind == TokenKind::Assign || peek(2).kind == TokenKind::OpenSquare);
}

StatementKind Parser::expression_statement() {
  const ExpressionId first = at(TokenKind::Yield) ? yield_expression() : star_expressions("a statement");
  if (panicking_) return BrokenStatement{};
  if (at(TokenKind::Colon)) return annotated_assignment(first);
  if (const std::optional<BinaryOp> op = augmented_op(peek().kind)) {
    const Token sign = take();
    if (as<TupleExpression>(first) != nullptr || as<ListExpression>(first) != nullptr) {
      fault(span_of(first), fmt::format("`{}` takes a single target", spelled(sign)));
    } else {
      check_target(first, fmt::format("use `{}` on", spelled(sign)));
    }
    const ExpressionId value = assigned_value();
    return AugmentedAssignStatement{first, *op, value};
  }
  if (!at(TokenKind::Assign)) {
    check_python_2(first);
    return ExpressionStatement{first};
  }
  AssignStatement assign;
  ExpressionId value = first;
  while (accept(TokenKind::Assign)) {
    check_target(value, "assign to");
    assign.targets.push_back(value);
    value = assigned_value();
  }
  assign.value = value;
  return assign;
}

/// `print "x"`, which was a statement in Python 2.
void Parser::check_python_2(ExpressionId value) {
  const auto* name = as<NameExpression>(value);
  if (name == nullptr || !starts_expression() || at(TokenKind::Fault) || at(TokenKind::Unclosed)) return;
  const std::string& text = names_.text(name->name);
  if (text != "print" && text != "exec") return;
  fault({ast_.file, span_of(value).begin, peek().end},
        fmt::format("`{0}` is a function in Python 3: expected `(` after it, as in `{0}(...)`", text));
  panic();
}

StatementKind Parser::annotated_assignment(ExpressionId target) {
  const bool may_be_annotated = as<NameExpression>(target) != nullptr || as<AttributeExpression>(target) != nullptr ||
                                as<SubscriptExpression>(target) != nullptr;
  if (!may_be_annotated) {
    unexpected("the end of the statement");
    return BrokenStatement{};
  }
  if (peek(1).kind == TokenKind::Newline && peek(2).kind == TokenKind::Indent) {
    fault(span_of(target), fmt::format("expected a statement that opens a block (`if`, `for`, `def` ...) before `:`"));
    panic();
    return BrokenStatement{};
  }
  take();
  AnnotatedAssignStatement assign;
  assign.target = target;
  assign.annotation = expression();
  check_target(target, "annotate");
  if (accept(TokenKind::Assign)) assign.value = assigned_value();
  return assign;
}

StatementKind Parser::return_statement() {
  const Token word = take();
  if (!in_function()) fault(span_of(word), "`return` stands outside of a function");
  ReturnStatement node;
  if (!at(TokenKind::Newline) && !at(TokenKind::Semicolon)) node.value = star_expressions("a value");
  return node;
}

StatementKind Parser::delete_statement() {
  take();
  DeleteStatement node;
  const ExpressionId target = star_expressions("what to delete");
  check_target(target, "delete");
  if (const auto* tuple = as<TupleExpression>(target)) {
    node.targets = tuple->items;
  } else {
    node.targets.push_back(target);
  }
  return node;
}

StatementKind Parser::scope_statement() {
  const Token word = take();
  ScopeStatement node{word.kind == TokenKind::Global, {}};
  if (!node.is_global && !in_function() && scopes_.back().kind == Scope::Kind::Module) {
    fault(span_of(word), "`nonlocal` stands outside of a function");
  }
  do {
    Token name;
    if (!expect_name(name, "a name")) break;
    node.names.push_back(name_of(name));
    declare(word, node.names.back(), span_of(name), node.is_global);
  } while (accept(TokenKind::Comma));
  return node;
}

StatementKind Parser::assert_statement() {
  take();
  AssertStatement node;
  node.test = expression();
  if (accept(TokenKind::Comma)) node.message = expression();
  return node;
}

StatementKind Parser::raise_statement() {
  take();
  RaiseStatement node;
  if (at(TokenKind::Newline) || at(TokenKind::Semicolon)) return node;
  node.exception = expression();
  if (accept(TokenKind::From)) node.cause = expression();
  if (at(TokenKind::Comma) && !panicking_) {
    fault(span_of(peek()), "`raise Class, message` is Python 2: write `raise Class(message)`");
    panic();
  }
  return node;
}

bool Parser::import_path(ImportedName& imported) {
  do {
    Token word;
    if (!expect_name(word, "the name of a module")) return false;
    imported.path.push_back(names_.intern(spelled(word)));
  } while (accept(TokenKind::Dot));
  return true;
}

StatementKind Parser::import_statement() {
  take();
  ImportStatement node;
  do {
    ImportedName imported;
    const uint32_t begin = peek().begin;
    if (!import_path(imported)) return BrokenStatement{};
    if (accept(TokenKind::As)) {
      Token alias;
      if (!expect_name(alias, "a name after `as`")) return BrokenStatement{};
      imported.alias = name_of(alias);
    }
    imported.span = span_from(begin);
    bind(imported.alias.valid() ? imported.alias : imported.path[0]);
    node.names.push_back(std::move(imported));
  } while (accept(TokenKind::Comma));
  return node;
}

StatementKind Parser::import_from_statement() {
  take();
  ImportFromStatement node;
  while (at(TokenKind::Dot) || at(TokenKind::Dots)) node.level += take().kind == TokenKind::Dot ? 1 : 3;
  if (node.level == 0 || !at(TokenKind::Import)) {
    ImportedName module;
    if (!import_path(module)) return BrokenStatement{};
    node.module = std::move(module.path);
  }
  if (!expect(TokenKind::Import, "`import`")) return BrokenStatement{};
  if (at(TokenKind::Star)) {
    const Token star = take();
    if (scopes_.back().kind != Scope::Kind::Module)
      fault(span_of(star), "`import *` stands inside of a function or class");
    node.star = true;
    return node;
  }
  const bool parenthesized = accept(TokenKind::OpenParenthesis);
  do {
    if (parenthesized && !node.names.empty() && at(TokenKind::CloseParenthesis)) break;
    Token word;
    if (!expect_name(word, "a name to import")) return BrokenStatement{};
    ImportedName imported;
    imported.path.push_back(name_of(word));
    if (accept(TokenKind::As)) {
      Token alias;
      if (!expect_name(alias, "a name after `as`")) return BrokenStatement{};
      imported.alias = name_of(alias);
    }
    imported.span = span_from(word.begin);
    bind(imported.alias.valid() ? imported.alias : imported.path[0]);
    node.names.push_back(std::move(imported));
  } while (accept(TokenKind::Comma));
  if (parenthesized) expect(TokenKind::CloseParenthesis, "`,` or `)`");
  return node;
}

}  // namespace lathe::torch
