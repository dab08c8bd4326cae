// Look-up and type rules of the scalar operations.
#include "ir/scalar/scalar_op.h"

#include "ir/base/result.h"

namespace lathe {

std::optional<ScalarOp> parse_scalar_op(std::string_view text) {
  for (const ScalarOpInfo& row : kScalarOps) {
    if (row.text == text) return row.op;
  }
  return std::nullopt;
}

std::optional<ElementType> result_type(ScalarOp op, std::span<const ElementType> operands, ElementType declared) {
  const ScalarOpInfo& row = info(op);
  if (operands.size() != row.arity) return std::nullopt;
  const ElementSet allowed = element_set(row.operands);
  for (size_t i = 0; i < operands.size(); ++i) {
    if (row.operands == ScalarOperands::Select && i == 0) {
      if (operands[0] != ElementType::Boolean) return std::nullopt;
      continue;
    }
    if (operands[i] != operands.back() || !allowed.contains(operands[i])) return std::nullopt;
  }
  switch (row.result) {
    case ScalarResult::Same: return operands.back();
    case ScalarResult::Boolean: return ElementType::Boolean;
    case ScalarResult::Declared: break;
  }
  if (declared == ElementType::String) return std::nullopt;
  if (op == ScalarOp::Bitcast) {
    const ElementInfo& from = info(operands[0]);
    const ElementInfo& to = info(declared);
    const bool numbers = from.kind != ElementClass::Boolean && to.kind != ElementClass::Boolean;
    if (from.bits != to.bits || !numbers) return std::nullopt;
  }
  return declared;
}

}  // namespace lathe
