// Statements with blocks: branches, loops, `try`, `with`, and `match`, which is skipped.
#include "compiler/frontend/torch/python/parser_internals.h"

namespace lathe::torch {

bool Parser::starts_compound() const {
  switch (peek().kind) {
    case TokenKind::If:
    case TokenKind::While:
    case TokenKind::For:
    case TokenKind::Try:
    case TokenKind::With:
    case TokenKind::Def:
    case TokenKind::Class:
    case TokenKind::At:
    case TokenKind::Async:
    case TokenKind::Else:
    case TokenKind::Elif:
    case TokenKind::Except:
    case TokenKind::Finally: return true;
    default: return at_match_statement();
  }
}

StatementKind Parser::compound_statement() {
  switch (peek().kind) {
    case TokenKind::If: return if_statement();
    case TokenKind::While: return while_statement();
    case TokenKind::For: return for_statement();
    case TokenKind::Try: return try_statement();
    case TokenKind::With: return with_statement();
    case TokenKind::Def: return function_definition({});
    case TokenKind::Class: return class_definition({});
    case TokenKind::At: return decorated();
    case TokenKind::Async: return async_statement({});
    case TokenKind::Name: return match_statement();
    default: return stray_clause();
  }
}

Block Parser::block(std::string_view head) {
  Block body;
  if (!panicking_ && !accept(TokenKind::Colon)) unexpected(fmt::format("`:` after {}", head));
  const bool goes_on = at(TokenKind::Newline) && peek(1).kind == TokenKind::Indent;
  if (panicking_ && !goes_on) {
    panicking_ = false;
    accept(TokenKind::Newline);
    return body;
  }
  panicking_ = false;
  if (blocks_ >= kMaxNesting) {
    fault(span_of(peek()), fmt::format("blocks nest deeper than {} levels", kMaxNesting),
          DiagnosticKind::NestingTooDeep);
    while (!at(TokenKind::Newline) && !at(TokenKind::End)) take();
    accept(TokenKind::Newline);
    if (at(TokenKind::Indent)) skip_block();
    return body;
  }
  ++blocks_;
  if (!accept(TokenKind::Newline)) {
    simple_line(body);
  } else if (accept(TokenKind::Indent)) {
    statements_until(TokenKind::Dedent, body);
    accept(TokenKind::Dedent);
  } else {
    fault(span_of(peek()), fmt::format("expected an indented block after {}, found {}", head, describe_current()));
  }
  --blocks_;
  return body;
}

/// From an Indent to behind its Dedent.
void Parser::skip_block() {
  int depth = 0;
  do {
    if (at(TokenKind::Indent)) ++depth;
    if (at(TokenKind::Dedent)) --depth;
    take();
  } while (depth > 0 && !at(TokenKind::End));
}

/// `else`, `except` ... without a statement before it that they could belong to.
StatementKind Parser::stray_clause() {
  const Token word = take();
  const char* owner = word.kind == TokenKind::Elif   ? "`if`"
                      : word.kind == TokenKind::Else ? "`if`, `for`, `while` or `try`"
                                                     : "`try`";
  fault(span_of(word), fmt::format("`{}` belongs to no {}: none is open at this indentation", spelled(word), owner));
  panic();
  (void)block("it");
  return BrokenStatement{};
}

/// A chain of `elif` is read in a loop, and becomes nested from its end.
StatementKind Parser::if_statement() {
  struct Branch {
    IfStatement node;
    Span span;
  };
  std::vector<Branch> branches;
  const int chain_before = chain_;
  while (at(TokenKind::If) || at(TokenKind::Elif)) {
    Branch branch;
    const Token word = take();
    if (chain_ + blocks_ >= kMaxChain && word.kind == TokenKind::Elif) {
      fault(span_of(word), fmt::format("a chain of more than {} `elif`", kMaxChain), DiagnosticKind::NestingTooDeep);
      panic();
    }
    branch.node.test = named_expression();
    branch.node.then = block(word.kind == TokenKind::If ? "the condition of `if`" : "the condition of `elif`");
    branch.span = span_from(word.begin);
    branches.push_back(std::move(branch));
    if (!at(TokenKind::Elif)) break;
    if (chain_ + blocks_ < kMaxChain) ++chain_;
  }
  if (at(TokenKind::Else)) {
    const Token word = take();
    if (at(TokenKind::If)) {
      fault({ast_.file, word.begin, peek().end}, "`else if` is written `elif`");
      panic();
    }
    branches.back().node.otherwise = block("`else`");
  }
  chain_ = chain_before;
  const uint32_t end = span_from(branches.back().span.begin).end;
  while (branches.size() > 1) {
    Branch last = std::move(branches.back());
    branches.pop_back();
    const Span span{ast_.file, last.span.begin, end};
    branches.back().node.otherwise = {add(StatementKind(std::move(last.node)), span)};
  }
  return std::move(branches[0].node);
}

Block Parser::loop_body(std::string_view head) {
  ++scopes_.back().loops;
  Block body = block(head);
  --scopes_.back().loops;
  return body;
}

StatementKind Parser::while_statement() {
  take();
  WhileStatement node;
  node.test = named_expression();
  node.body = loop_body("the condition of `while`");
  if (accept(TokenKind::Else)) node.otherwise = block("`else`");
  return node;
}

StatementKind Parser::for_statement() {
  take();
  ForStatement node;
  node.target = target_list();
  check_target(node.target, "assign to");
  expect(TokenKind::In, "`in` after the target of `for`");
  node.iterable = panicking_ ? broken() : star_expressions("what to run over");
  node.body = loop_body("the head of `for`");
  if (accept(TokenKind::Else)) node.otherwise = block("`else`");
  return node;
}

ExceptHandler Parser::except_handler() {
  ExceptHandler handler;
  if (!at(TokenKind::Colon)) {
    handler.type = expression();
    if (accept(TokenKind::As)) {
      Token name;
      if (expect_name(name, "a name after `as`")) {
        handler.name = name_of(name);
        bind(handler.name);
      }
    } else if (at(TokenKind::Comma) && !panicking_) {
      fault(span_of(peek()), "`except A, b` is Python 2: write `except A as b`, or `except (A, B)`");
      panic();
    }
  }
  handler.body = block("`except`");
  return handler;
}

StatementKind Parser::try_statement() {
  const Token word = take();
  TryStatement node;
  node.body = block("`try`");
  bool groups = false;
  bool bare = false;
  while (at(TokenKind::Except)) {
    const Token except = take();
    if (accept(TokenKind::Star)) groups = true;
    if (bare) fault(span_of(except), "an `except` without a class must be the last one");
    node.handlers.push_back(except_handler());
    bare = bare || !node.handlers.back().type.valid();
  }
  if (!node.handlers.empty() && accept(TokenKind::Else)) node.otherwise = block("`else`");
  const bool has_finally = accept(TokenKind::Finally);
  if (has_finally) node.finally = block("`finally`");
  if (node.handlers.empty() && !has_finally) fault(span_of(word), "`try` needs an `except` or a `finally`");
  if (groups) return UnsupportedStatement{"`except*`"};
  return node;
}

/// `with (a as b, c as d):`, in contrast to a context in parentheses.
bool Parser::at_parenthesized_with_items() const {
  if (!at(TokenKind::OpenParenthesis)) return false;
  int depth = 0;
  bool separated = false;
  for (size_t i = position_; i < tokens_.size(); ++i) {
    switch (tokens_[i].kind) {
      case TokenKind::OpenParenthesis:
      case TokenKind::OpenSquare:
      case TokenKind::OpenBrace: ++depth; break;
      case TokenKind::CloseParenthesis:
      case TokenKind::CloseSquare:
      case TokenKind::CloseBrace: --depth; break;
      case TokenKind::As:
      case TokenKind::Comma: separated = separated || depth == 1; break;
      case TokenKind::For:
      case TokenKind::Yield:
      case TokenKind::Star:
        if (depth == 1 && !separated) return false;
        break;
      case TokenKind::Newline:
      case TokenKind::End: return false;
      default: break;
    }
    if (depth == 0) return separated && tokens_[i + 1].kind == TokenKind::Colon;
  }
  return false;
}

WithItem Parser::with_item() {
  WithItem item;
  item.context = expression();
  if (accept(TokenKind::As)) {
    item.target = target_item();
    check_target(item.target, "assign to");
  }
  return item;
}

StatementKind Parser::with_statement() {
  take();
  WithStatement node;
  if (at_parenthesized_with_items()) {
    take();
    do {
      node.items.push_back(with_item());
    } while (accept(TokenKind::Comma) && !at(TokenKind::CloseParenthesis));
    expect(TokenKind::CloseParenthesis, "`,` or `)`");
  } else {
    do {
      node.items.push_back(with_item());
    } while (accept(TokenKind::Comma));
  }
  node.body = block("the head of `with`");
  return node;
}

/// `match` is a keyword only where a line ends with `:` and a block of `case` follows.
bool Parser::at_match_statement() const {
  if (!at_name("match")) return false;
  size_t i = position_ + 1;
  while (tokens_[i].kind != TokenKind::Newline && tokens_[i].kind != TokenKind::End) ++i;
  return tokens_[i].kind == TokenKind::Newline && tokens_[i - 1].kind == TokenKind::Colon &&
         tokens_[i + 1].kind == TokenKind::Indent && tokens_[i + 2].kind == TokenKind::Name &&
         spelled(tokens_[i + 2]) == "case";
}

StatementKind Parser::match_statement() {
  while (!at(TokenKind::Newline)) take();
  take();
  skip_block();
  return UnsupportedStatement{"`match` statements"};
}

}  // namespace lathe::torch
