// `lathe ops`: the table of operations, for people and as the reference page docs/ops.md.
#include <fmt/format.h>

#include "compiler/tools/command.h"
#include "compiler/tools/options.h"
#include "compiler/tools/support_text.h"
#include "ir/base/lexer.h"
#include "ir/graph/op.h"

namespace lathe::tools {
namespace {

std::string default_text(const AttributeDefault& value) {
  struct Visitor {
    std::string operator()(Required) const { return "required"; }
    std::string operator()(None) const { return "none"; }
    std::string operator()(EmptyList) const { return "[]"; }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(int64_t number) const { return fmt::format("{}", number); }
    std::string operator()(double number) const { return float_text(number); }
    std::string operator()(std::string_view word) const { return fmt::format("\"{}\"", word); }
  };
  return std::visit(Visitor{}, value);
}

std::string operand_text(const OperandDef& operand) {
  std::string text(operand.name);
  switch (operand.kind) {
    case OperandKind::Required: break;
    case OperandKind::Optional: text += "?"; break;
    case OperandKind::Variadic: text += "..."; break;
  }
  return text;
}

std::string signature(const OpDef& op) {
  std::string text(op.name);
  for (size_t i = 0; i < op.operands.size(); ++i) text += (i == 0 ? " " : ", ") + operand_text(op.operands[i]);
  return text;
}

std::string elements_text(const OperandDef& operand) { return operand.any_type ? "any type" : text(operand.elements); }

std::string details(const OpDef& op) {
  std::string text = fmt::format("{}\n  {}\n  form: {}\n", signature(op), op.doc, form_name(op.semantics));
  for (const OperandDef& operand : op.operands) {
    text += fmt::format("  {:<18} {:<16} {}\n", operand_text(operand), elements_text(operand), operand.doc);
  }
  for (const AttributeDef& attribute : op.attributes) {
    text += fmt::format("  {:<18} {:<16} {}", attribute.name,
                        fmt::format("{} = {}", lathe::text(attribute.kind), default_text(attribute.default_value)),
                        attribute.doc);
    if (!attribute.choices.empty()) text += fmt::format(" ({})", fmt::join(attribute.choices, ", "));
    text += "\n";
  }
  return text;
}

std::string as_markdown() {
  std::string text = fmt::format(
      "# Operations of the graph IR\n\nMade by `lathe ops --markdown` from the {} rows in `ir/graph/ops`.\n\n"
      "| operation | form | what it computes | attributes |\n| --- | --- | --- | --- |\n",
      all_ops().size());
  for (const OpDef* op : all_ops()) {
    std::string attributes;
    for (const AttributeDef& attribute : op->attributes) {
      attributes += fmt::format("{}`{}`: {}, {}", attributes.empty() ? "" : "; ", attribute.name,
                                lathe::text(attribute.kind), default_text(attribute.default_value));
    }
    text += fmt::format("| `{}` | {} | {} | {} |\n", signature(*op), form_name(op->semantics), op->doc, attributes);
  }
  return text;
}

}  // namespace

ExitStatus ops_command(Arguments arguments, const Session& session) {
  std::string name;
  bool markdown = false;
  bool pytorch = false;
  OptionParser options(
      "ops", "Lists the operations of the graph IR, or shows one of them in full; or what PyTorch source may use.");
  options.optional_positional("NAME", name,
                              "An operation, such as conv; with --pytorch a part of a name, such as nn.Conv");
  options.flag("--pytorch", pytorch, "What PyTorch source may use instead: layers, functions, methods");
  options.flag("--markdown", markdown, "As the page docs/ops.md, or docs/pytorch-support.md");
  if (const auto status = options.parse(arguments, session)) return *status;
  if (pytorch) {
    const std::string text = markdown ? support_markdown() : support_lines(name);
    if (text.empty()) return session.usage_error("ops", fmt::format("nothing of PyTorch is called `{}`", name));
    session.out.write(text);
    return ExitStatus::Fine;
  }
  if (markdown) {
    session.out.write(as_markdown());
    return ExitStatus::Fine;
  }
  if (!name.empty()) {
    const OpDef* op = find_op(name);
    if (op == nullptr) return session.usage_error("ops", fmt::format("there is no operation `{}`", name));
    session.out.write(details(*op));
    return ExitStatus::Fine;
  }
  for (const OpDef* op : all_ops()) {
    session.out.write(fmt::format("{:<24} {:<12} {}\n", op->name, form_name(op->semantics), op->doc));
  }
  return ExitStatus::Fine;
}

}  // namespace lathe::tools
