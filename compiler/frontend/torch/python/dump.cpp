// The syntax tree as text: one line a node, what belongs to it indented below.
#include <fmt/format.h>

#include "compiler/frontend/torch/python/parser.h"

namespace lathe::torch {
namespace {

/// Recursion is bounded by the parser's limits on nesting and chains.
class Dumper {
 public:
  Dumper(const Ast& ast, const NameTable& names) : ast_(ast), names_(names) {}

  std::string text() {
    block(ast_.body);
    return std::move(text_);
  }

 private:
  void line(const std::string& words) {
    text_.append(2 * depth_, ' ');
    text_ += words;
    text_ += '\n';
  }
  [[nodiscard]] std::string name(NameId id) const { return id.valid() ? names_.text(id) : std::string("-"); }
  [[nodiscard]] std::string list(const std::vector<NameId>& ids, const char* separator = " ") const {
    std::string result;
    for (const NameId id : ids) {
      if (!result.empty()) result += separator;
      result += name(id);
    }
    return result;
  }

  /// Runs `body` one level deeper, under a title when there is one.
  template <class Body>
  void below(const char* title, Body body) {
    if (*title != '\0') {
      ++depth_;
      line(title);
    }
    ++depth_;
    body();
    depth_ -= *title != '\0' ? 2 : 1;
  }
  void block(const Block& statements) {
    for (const StatementId id : statements) statement(id);
  }
  void child(ExpressionId id) {
    below("", [&] { expression(id); });
  }
  void child(const char* title, ExpressionId id) {
    if (id.valid()) below(title, [&] { expression(id); });
  }
  void child(const char* title, const Block& statements) {
    if (!statements.empty()) below(title, [&] { block(statements); });
  }
  void children(const std::vector<ExpressionId>& ids) {
    for (const ExpressionId id : ids) child(id);
  }
  void children(const char* title, const std::vector<ExpressionId>& ids) {
    for (const ExpressionId id : ids) child(title, id);
  }

  void statement(StatementId id) {
    std::visit([&](const auto& node) { show(node); }, ast_.statements[id].kind);
  }
  void expression(ExpressionId id) {
    std::visit([&](const auto& node) { show(node); }, ast_.expressions[id].kind);
  }

  void show(const BrokenExpression&) { line("broken"); }
  void show(const UnsupportedExpression& node) { line("unsupported " + node.what); }
  void show(const SingletonExpression& node) {
    constexpr const char* kTexts[] = {"None", "True", "False", "..."};
    line(kTexts[static_cast<size_t>(node.value)]);
  }
  void show(const IntegerExpression& node) { line(fmt::format("{}", node.value)); }
  void show(const FloatExpression& node) { line(fmt::format("float {}", node.value)); }
  void show(const StringExpression& node) { line(quoted(node.value)); }
  void show(const FormatExpression& node) {
    line("format");
    for (const FormatPart& part : node.parts) {
      if (!part.value.valid()) {
        below("", [&] { line(quoted(part.literal)); });
        continue;
      }
      const std::string title = part.conversion != 0 ? fmt::format("field !{}", part.conversion) : "field";
      child(title.c_str(), part.value);
      child("as", part.format);
    }
  }
  void show(const NameExpression& node) { line("name " + name(node.name)); }
  void show(const AttributeExpression& node) {
    line("attribute " + name(node.name));
    child(node.object);
  }
  void show(const SubscriptExpression& node) {
    line("subscript");
    child(node.object);
    child(node.index);
  }
  void show(const SliceExpression& node) {
    line("slice");
    child("from", node.lower);
    child("to", node.upper);
    child("step", node.step);
  }
  void arguments(const std::vector<CallArgument>& arguments) {
    for (const CallArgument& argument : arguments) {
      switch (argument.kind) {
        case CallArgument::Kind::Positional: child(argument.value); break;
        case CallArgument::Kind::Keyword: child((name(argument.name) + "=").c_str(), argument.value); break;
        case CallArgument::Kind::Star: child("*", argument.value); break;
        case CallArgument::Kind::DoubleStar: child("**", argument.value); break;
      }
    }
  }
  void show(const CallExpression& node) {
    line("call");
    child(node.function);
    arguments(node.arguments);
  }
  void show(const UnaryExpression& node) {
    line(fmt::format("unary {}", torch::text(node.op)));
    child(node.operand);
  }
  void show(const BinaryExpression& node) {
    line(fmt::format("binary {}", torch::text(node.op)));
    child(node.left);
    child(node.right);
  }
  void show(const BooleanExpression& node) {
    line(node.is_and ? "and" : "or");
    children(node.operands);
  }
  void show(const CompareExpression& node) {
    std::string words = "compare";
    for (const CompareOp op : node.ops) words += fmt::format(" {}", torch::text(op));
    line(words);
    children(node.operands);
  }
  void show(const ConditionalExpression& node) {
    line("conditional");
    child("if", node.test);
    child("then", node.then);
    child("else", node.otherwise);
  }
  void show(const LambdaExpression& node) {
    line("lambda");
    function(ast_.functions[node.function]);
  }
  void show(const TupleExpression& node) {
    line("tuple");
    children(node.items);
  }
  void show(const ListExpression& node) {
    line("list");
    children(node.items);
  }
  void show(const SetExpression& node) {
    line("set");
    children(node.items);
  }
  void show(const DictExpression& node) {
    line("dict");
    for (const auto& [key, value] : node.entries) {
      child("key", key);
      child(key.valid() ? "value" : "**", value);
    }
  }
  void show(const StarredExpression& node) {
    line("starred");
    child(node.value);
  }
  void show(const ComprehensionExpression& node) {
    constexpr const char* kTexts[] = {"list", "set", "dict", "generator"};
    line(fmt::format("{} comprehension", kTexts[static_cast<size_t>(node.kind)]));
    child(node.value.valid() ? "key" : "element", node.element);
    child("value", node.value);
    for (const ComprehensionClause& clause : node.clauses) {
      child("for", clause.target);
      child("in", clause.iterable);
      children("if", clause.conditions);
    }
  }
  void show(const NamedExpression& node) {
    line("named " + name(node.name));
    child(node.value);
  }
  void show(const YieldExpression& node) {
    line(node.is_from ? "yield from" : "yield");
    if (node.value.valid()) child(node.value);
  }

  void function(const Function& function) {
    below("", [&] {
      for (const Parameter& parameter : function.parameters) {
        constexpr const char* kMarks[] = {" (positional)", "", " (*)", " (keyword)", " (**)"};
        line(fmt::format("parameter {}{}", name(parameter.name), kMarks[static_cast<size_t>(parameter.kind)]));
        child("default", parameter.fallback);
        child("annotation", parameter.annotation);
      }
      if (!function.locals.empty()) line("locals " + list(function.locals));
      if (!function.globals.empty()) line("globals " + list(function.globals));
      if (!function.nonlocals.empty()) line("nonlocals " + list(function.nonlocals));
      if (function.is_generator) line("is a generator");
      block(function.body);
      if (function.expression.valid()) expression(function.expression);
    });
  }

  void show(const BrokenStatement&) { line("broken"); }
  void show(const UnsupportedStatement& node) { line("unsupported " + node.what); }
  void show(const ExpressionStatement& node) { expression(node.value); }
  void show(const AssignStatement& node) {
    line("assign");
    children("target", node.targets);
    child(node.value);
  }
  void show(const AugmentedAssignStatement& node) {
    line(fmt::format("assign {}=", torch::text(node.op)));
    child("target", node.target);
    child(node.value);
  }
  void show(const AnnotatedAssignStatement& node) {
    line("declare");
    child("target", node.target);
    child("annotation", node.annotation);
    child("value", node.value);
  }
  void show(const ReturnStatement& node) {
    line("return");
    if (node.value.valid()) child(node.value);
  }
  void show(const DeleteStatement& node) {
    line("delete");
    children(node.targets);
  }
  void show(const PassStatement&) { line("pass"); }
  void show(const BreakStatement&) { line("break"); }
  void show(const ContinueStatement&) { line("continue"); }
  void show(const IfStatement& node) {
    line("if");
    child(node.test);
    child("then", node.then);
    child("else", node.otherwise);
  }
  void show(const WhileStatement& node) {
    line("while");
    child(node.test);
    child("do", node.body);
    child("else", node.otherwise);
  }
  void show(const ForStatement& node) {
    line("for");
    child("target", node.target);
    child("in", node.iterable);
    child("do", node.body);
    child("else", node.otherwise);
  }
  void show(const FunctionStatement& node) {
    line("def " + name(ast_.functions[node.function].name));
    children("decorator", node.decorators);
    function(ast_.functions[node.function]);
  }
  void show(const ClassStatement& node) {
    line("class " + name(node.name));
    children("decorator", node.decorators);
    below("", [&] {
      if (!node.bases.empty()) line("bases");
      arguments(node.bases);
      block(node.body);
    });
  }
  void show(const ImportStatement& node) {
    for (const ImportedName& imported : node.names) {
      line(fmt::format("import {} as {}", list(imported.path, "."), name(imported.alias)));
    }
  }
  void show(const ImportFromStatement& node) {
    line(fmt::format("from {}{}", std::string(node.level, '.'), list(node.module, ".")));
    below("", [&] {
      if (node.star) line("import *");
      for (const ImportedName& imported : node.names) {
        line(fmt::format("import {} as {}", list(imported.path, "."), name(imported.alias)));
      }
    });
  }
  void show(const ScopeStatement& node) {
    line(fmt::format("{} {}", node.is_global ? "global" : "nonlocal", list(node.names)));
  }
  void show(const AssertStatement& node) {
    line("assert");
    child(node.test);
    child("message", node.message);
  }
  void show(const RaiseStatement& node) {
    line("raise");
    if (node.exception.valid()) child(node.exception);
    child("from", node.cause);
  }
  void show(const TryStatement& node) {
    line("try");
    below("", [&] { block(node.body); });
    for (const ExceptHandler& handler : node.handlers) {
      below(("except " + name(handler.name)).c_str(), [&] {
        if (handler.type.valid()) expression(handler.type);
        block(handler.body);
      });
    }
    child("else", node.otherwise);
    child("finally", node.finally);
  }
  void show(const WithStatement& node) {
    line("with");
    for (const WithItem& item : node.items) {
      child("context", item.context);
      child("as", item.target);
    }
    child("do", node.body);
  }

  static std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
      if (c == '\n') {
        result += "\\n";
      } else if (c == '"' || c == '\\') {
        result += '\\';
        result += c;
      } else if (static_cast<unsigned char>(c) < ' ') {
        result += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
      } else {
        result += c;
      }
    }
    return result + "\"";
  }

  const Ast& ast_;
  const NameTable& names_;
  std::string text_;
  size_t depth_ = 0;
};

}  // namespace

std::string dump(const Ast& ast, const NameTable& names) { return Dumper(ast, names).text(); }

}  // namespace lathe::torch
