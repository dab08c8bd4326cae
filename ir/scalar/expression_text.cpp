// The text form of scalar expressions: `{ %0 = argument 0 : f32  %1 = exp %0 : f32  return %1 }`.
#include <charconv>

#include <fmt/format.h>

#include "ir/scalar/expression.h"

namespace lathe {
namespace {

Result<ElementType> parse_type_suffix(TokenCursor& cursor) {
  LATHE_TRY_VOID(cursor.expect(":"));
  const auto type = parse_element_type(cursor.peek().text);
  if (!type || *type == ElementType::String) return cursor.error_expected("an element type");
  cursor.next();
  return *type;
}

Result<ScalarId> parse_operand(TokenCursor& cursor, size_t count) {
  LATHE_TRY(const std::string name, cursor.expect_value("an operand"));
  uint32_t number = 0;
  const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || rest != name.data() + name.size() || number >= count) {
    return cursor.diagnostics()
        .report(DiagnosticKind::UnknownValue, cursor.location(), "no value `%{}` before this use", name)
        .emit();
  }
  return ScalarId(number);
}

Result<ScalarNode> parse_node(TokenCursor& cursor, const ScalarExpression& before) {
  const LocationId where = cursor.location();
  LATHE_TRY(const std::string name, cursor.expect_identifier("a scalar operation"));
  const auto op = parse_scalar_op(name);
  if (!op) {
    return cursor.diagnostics().report(DiagnosticKind::UnknownOp, where, "no scalar operation `{}`", name).emit();
  }
  ScalarNode node{.op = *op};
  if (*op == ScalarOp::Argument) {
    LATHE_TRY(const int64_t index, cursor.expect_integer("an argument number"));
    if (index < 0 || index > 0xffff) return cursor.error_expected("an argument number below 65536");
    node.argument = static_cast<uint32_t>(index);
    LATHE_TRY(node.type, parse_type_suffix(cursor));
    node.immediate.type = node.type;
    return node;
  }
  if (*op == ScalarOp::Constant) {
    LATHE_TRY(const ScalarNumber number, parse_scalar_number(cursor));
    LATHE_TRY(node.type, parse_type_suffix(cursor));
    node.immediate = number.as(node.type);
    return node;
  }
  std::array<ElementType, 3> types{};
  const size_t arity = info(*op).arity;
  for (size_t i = 0; i < arity; ++i) {
    if (i != 0) {
      LATHE_TRY_VOID(cursor.expect(","));
    }
    LATHE_TRY(node.operands[i], parse_operand(cursor, before.nodes.size()));
    types[i] = before.nodes[node.operands[i]].type;
  }
  LATHE_TRY(node.type, parse_type_suffix(cursor));
  const auto type = result_type(*op, std::span(types).first(arity), node.type);
  if (type != node.type) {
    return cursor.diagnostics()
        .report(DiagnosticKind::ElementTypeMismatch, where, "`{}` does not give `{}` from these operands", name,
                text(node.type))
        .emit();
  }
  return node;
}

}  // namespace

ScalarValue ScalarNumber::as(ElementType type) const {
  return is_integer && !is_float(type) ? ScalarValue::of_integer(type, integer) : ScalarValue::of(type, real);
}

Result<ScalarNumber> parse_scalar_number(TokenCursor& cursor) {
  if (cursor.accept("true")) return ScalarNumber{true, 1.0, 1};
  if (cursor.accept("false")) return ScalarNumber{true, 0.0, 0};
  const Token token = cursor.peek();
  if (token.kind == TokenKind::Integer) {
    uint64_t large = 0;
    const char* end = token.text.data() + token.text.size();
    const auto [rest, error] = std::from_chars(token.text.data(), end, large);
    if (error == std::errc() && rest == end) {
      cursor.next();
      return ScalarNumber{true, static_cast<double>(large), static_cast<int64_t>(large)};
    }
    LATHE_TRY(const int64_t value, cursor.expect_integer("a number"));
    return ScalarNumber{true, static_cast<double>(value), value};
  }
  LATHE_TRY(const double value, cursor.expect_number("a number"));
  return ScalarNumber{false, value, 0};
}

std::string text(const ScalarExpression& expression) {
  std::string out = "{ ";
  uint32_t number = 0;
  for (const ScalarNode& node : expression.nodes) {
    out += fmt::format("%{} = {}", number++, text(node.op));
    if (node.op == ScalarOp::Argument) {
      out += fmt::format(" {}", node.argument);
    } else if (node.op == ScalarOp::Constant) {
      out += fmt::format(" {}", text(node.immediate));
    }
    for (size_t i = 0; i < info(node.op).arity; ++i) {
      out += fmt::format("{} %{}", i == 0 ? "" : ",", node.operands[i].index);
    }
    out += fmt::format(" : {}  ", text(node.type));
  }
  return out + fmt::format("return %{} }}", expression.result.index);
}

Result<ScalarExpression> parse_scalar_expression(TokenCursor& cursor) {
  ScalarExpression expression;
  LATHE_TRY_VOID(cursor.expect("{"));
  while (!cursor.at("return")) {
    const size_t number = expression.nodes.size();
    const std::string expected = fmt::format("{}", number);
    if (cursor.peek().kind != TokenKind::Value || cursor.peek().text != expected) {
      return cursor.error_expected(fmt::format("`%{}` or `return`", number));
    }
    cursor.next();
    LATHE_TRY_VOID(cursor.expect("="));
    LATHE_TRY(const ScalarNode node, parse_node(cursor, expression));
    expression.nodes.push_back(node);
  }
  cursor.next();
  LATHE_TRY(expression.result, parse_operand(cursor, expression.nodes.size()));
  LATHE_TRY_VOID(cursor.expect("}"));
  return expression;
}

}  // namespace lathe
