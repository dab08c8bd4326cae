// Which names a function binds, and what may stand where: `global`, `nonlocal`, `yield`.
#include <algorithm>

#include "compiler/frontend/torch/python/parser_internals.h"

namespace lathe::torch {

Parser::Scope& Parser::statement_scope() {
  size_t i = scopes_.size() - 1;
  while (scopes_[i].kind == Scope::Kind::Comprehension) --i;
  return scopes_[i];
}

bool Parser::in_function() const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    if (scope->kind != Scope::Kind::Comprehension) {
      return scope->kind == Scope::Kind::Function || scope->kind == Scope::Kind::Lambda;
    }
  }
  return false;
}

void Parser::bind(NameId name) {
  Scope& scope = scopes_.back();
  if (scope.declared.contains(name.index)) return;
  if (scope.bound_set.insert(name.index).second) scope.bound.push_back(name);
}

/// `name := value` in a comprehension binds in the function around it.
void Parser::bind_walrus(NameId name, Span span) {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend() && scope->kind == Scope::Kind::Comprehension; ++scope) {
    if (!scope->bound_set.contains(name.index)) continue;
    fault(span, fmt::format("`:=` can't assign to `{}`, which this comprehension runs over", names_.text(name)));
    return;
  }
  Scope& scope = statement_scope();
  if (scope.declared.contains(name.index)) return;
  if (scope.bound_set.insert(name.index).second) scope.bound.push_back(name);
}

void Parser::declare(const Token& word, NameId name, Span span, bool is_global) {
  Scope& scope = scopes_.back();
  if (scope.bound_set.contains(name.index) || scope.used.contains(name.index)) {
    fault(span, fmt::format("`{}` is used before this `{}` declaration", names_.text(name), spelled(word)));
    return;
  }
  scope.declared.insert(name.index);
  std::vector<NameId>& list = is_global ? scope.globals : scope.nonlocals;
  if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(name);
}

void Parser::close_function(Function& function) {
  Scope& scope = scopes_.back();
  function.locals = std::move(scope.bound);
  function.globals = std::move(scope.globals);
  function.nonlocals = std::move(scope.nonlocals);
  function.is_generator = scope.is_generator;
  scopes_.pop_back();
}

void Parser::mark_generator(Span span) {
  if (scopes_.back().kind == Scope::Kind::Comprehension) {
    fault(span, "`yield` can't stand in a comprehension");
  } else if (!in_function()) {
    fault(span, "`yield` stands outside of a function");
  } else {
    scopes_.back().is_generator = true;
  }
}

}  // namespace lathe::torch
