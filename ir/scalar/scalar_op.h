// The scalar operations as C++: the enumeration and the rows of scalar_ops.def, and the type rules they share.
//
// Scalar expressions (expression.h) and kernel values use these operations; op rows of the graph state their bodies
// with them. Emitters switch over ScalarOp without a default, so a new row fails to compile wherever a meaning is due.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "ir/base/type.h"

namespace lathe {

enum class ScalarOp : uint8_t {
#define LATHE_SCALAR_OP(name, text, arity, operands, result, exactness, highway, llvm, meaning) name,
#include "ir/scalar/scalar_ops.def"
#undef LATHE_SCALAR_OP
};

/// What types the operands may have. All operands of one operation have one type.
enum class ScalarOperands : uint8_t {
  None,
  Any,     ///< numbers and bool
  Number,  ///< integers and floats
  Float,
  Integer,
  BitsOrBoolean,  ///< integers and bool
  Select,         ///< bool, then two of one type, Any
};

enum class ScalarResult : uint8_t {
  Same,  ///< the type of the last operand
  Boolean,
  Declared,  ///< stated by the node
};

/// How far implementations of an operation may differ.
enum class Exactness : uint8_t {
  Exact,        ///< every back end gives the same bits
  Reordered,    ///< sums whose order of accumulation is fixed by the lowering, not by the operation; no scalar op
  Approximate,  ///< within a stated number of ulps of the true value
};

/// A row of scalar_ops.def.
struct ScalarOpInfo {
  ScalarOp op;
  std::string_view text;
  uint8_t arity;
  ScalarOperands operands;
  ScalarResult result;
  Exactness exactness;
  std::string_view highway;
  std::string_view llvm;
  std::string_view meaning;
};

inline constexpr ScalarOpInfo kScalarOps[] = {
#define LATHE_SCALAR_OP(name, text, arity, operands, result, exactness, highway, llvm, meaning)        \
  {ScalarOp::name, text, arity,  ScalarOperands::operands, ScalarResult::result, Exactness::exactness, \
   highway,        llvm, meaning},
#include "ir/scalar/scalar_ops.def"
#undef LATHE_SCALAR_OP
};

[[nodiscard]] constexpr const ScalarOpInfo& info(ScalarOp op) { return kScalarOps[static_cast<size_t>(op)]; }
[[nodiscard]] constexpr std::string_view text(ScalarOp op) { return info(op).text; }
[[nodiscard]] std::optional<ScalarOp> parse_scalar_op(std::string_view text);

/// The element types that `set` admits (for Select: for the second and third operand).
[[nodiscard]] constexpr ElementSet element_set(ScalarOperands set) {
  switch (set) {
    case ScalarOperands::None: return {};
    case ScalarOperands::Any:
    case ScalarOperands::Select: return kAnyNumber | kBoolean;
    case ScalarOperands::Number: return kAnyNumber;
    case ScalarOperands::Float: return kAnyFloat;
    case ScalarOperands::Integer: return kAnyInteger;
    case ScalarOperands::BitsOrBoolean: return kAnyInteger | kBoolean;
  }
  return {};
}

/// The result type of `op` on operands of these types; nothing when they break the row's rule. `declared` is the
/// stated type, which must be what the rule gives unless the result is Declared.
[[nodiscard]] std::optional<ElementType> result_type(ScalarOp op, std::span<const ElementType> operands,
                                                     ElementType declared);

}  // namespace lathe
