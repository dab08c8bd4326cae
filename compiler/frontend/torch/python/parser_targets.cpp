// What may be assigned to: names, attributes, subscripts, and displays of them.
#include "compiler/frontend/torch/python/parser_internals.h"

namespace lathe::torch {

/// The targets in an expression, displays taken apart. Their number is at most that of the tokens.
std::vector<ExpressionId> Parser::target_leaves(ExpressionId target) const {
  std::vector<ExpressionId> open{target};
  std::vector<ExpressionId> leaves;
  while (!open.empty()) {
    const ExpressionId id = open.back();
    open.pop_back();
    if (const auto* tuple = as<TupleExpression>(id)) {
      open.insert(open.end(), tuple->items.rbegin(), tuple->items.rend());
    } else if (const auto* list = as<ListExpression>(id)) {
      open.insert(open.end(), list->items.rbegin(), list->items.rend());
    } else if (const auto* starred = as<StarredExpression>(id)) {
      open.push_back(starred->value);
    } else {
      leaves.push_back(id);
    }
  }
  return leaves;
}

/// What the user wrote in place of a target; empty when it is one.
std::string Parser::target_fault(ExpressionId id) const {
  return std::visit(
      []<class T>(const T&) -> std::string {
        if constexpr (std::is_same_v<T, NameExpression> || std::is_same_v<T, AttributeExpression> ||
                      std::is_same_v<T, SubscriptExpression> || std::is_same_v<T, BrokenExpression>) {
          return "";
        } else if constexpr (std::is_same_v<T, CallExpression>) {
          return "the result of a call";
        } else if constexpr (std::is_same_v<T, SingletonExpression>) {
          return "a constant of Python";
        } else if constexpr (std::is_same_v<T, IntegerExpression> || std::is_same_v<T, FloatExpression>) {
          return "a number";
        } else if constexpr (std::is_same_v<T, StringExpression> || std::is_same_v<T, FormatExpression>) {
          return "a string";
        } else if constexpr (std::is_same_v<T, CompareExpression>) {
          return "a comparison";
        } else if constexpr (std::is_same_v<T, ConditionalExpression>) {
          return "a conditional expression";
        } else if constexpr (std::is_same_v<T, LambdaExpression>) {
          return "a lambda";
        } else if constexpr (std::is_same_v<T, DictExpression> || std::is_same_v<T, SetExpression>) {
          return "a dict or set";
        } else if constexpr (std::is_same_v<T, ComprehensionExpression>) {
          return "a comprehension";
        } else {
          return "an expression";
        }
      },
      ast_.expressions[id].kind);
}

void Parser::check_target(ExpressionId target, std::string_view action) {
  if (panicking_) return;
  if (as<StarredExpression>(target) != nullptr) {
    fault(span_of(target), "a starred target must be in a list or tuple: write `*name,`");
    return;
  }
  for (const ExpressionId leaf : target_leaves(target)) {
    const std::string wrong = target_fault(leaf);
    if (!wrong.empty()) {
      fault(span_of(leaf), fmt::format("can't {} {}", action, wrong));
      return;
    }
    if (const auto* name = as<NameExpression>(leaf)) bind(name->name);
  }
  std::vector<ExpressionId> open{target};
  while (!open.empty()) {
    const ExpressionId id = open.back();
    open.pop_back();
    const auto* tuple = as<TupleExpression>(id);
    const auto* list = as<ListExpression>(id);
    if (tuple == nullptr && list == nullptr) continue;
    int stars = 0;
    for (const ExpressionId item : tuple != nullptr ? tuple->items : list->items) {
      stars += as<StarredExpression>(item) != nullptr ? 1 : 0;
      if (stars == 2) {
        fault(span_of(item), "two starred targets in one assignment");
        return;
      }
      open.push_back(item);
    }
  }
}

}  // namespace lathe::torch
