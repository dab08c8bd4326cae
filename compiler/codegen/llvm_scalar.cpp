// Scalar operations on scalars and vectors in LLVM IR; their meaning is in scalar_ops.def.
#include <cmath>
#include <limits>

#include "llvm/IR/Constants.h"
#include "llvm/IR/Intrinsics.h"

#include "compiler/codegen/llvm_emitter.h"

namespace lathe::codegen {

llvm::Type* LlvmEmitter::element_type(ElementType element) {
  switch (info(element).kind) {
    case ElementClass::Boolean: return builder_.getInt1Ty();
    case ElementClass::Signed:
    case ElementClass::Unsigned: return builder_.getIntNTy(info(element).bits);
    case ElementClass::Float: return element == ElementType::F64 ? builder_.getDoubleTy() : builder_.getFloatTy();
    case ElementClass::String: break;
  }
  internal_error("a string in a kernel", __FILE__, __LINE__);
}

llvm::Type* LlvmEmitter::value_type(kernel::ValueType type) {
  llvm::Type* element = element_type(type.element);
  return type.lanes == 1 ? element : llvm::FixedVectorType::get(element, type.lanes);
}

llvm::Value* LlvmEmitter::like(llvm::Value* value, double number) {
  return llvm::ConstantFP::get(value->getType(), number);
}

llvm::Value* LlvmEmitter::like_integer(llvm::Value* value, int64_t number) {
  return llvm::ConstantInt::get(value->getType(), static_cast<uint64_t>(number), true);
}

LlvmEmitter::Value LlvmEmitter::constant(kernel::ValueType type, const ScalarValue& number) {
  llvm::Type* llvm_type = value_type(type);
  if (is_float(type.element)) return llvm::ConstantFP::get(llvm_type, number.real);
  return llvm::ConstantInt::get(llvm_type, static_cast<uint64_t>(number.integer), true);
}

LlvmEmitter::Value LlvmEmitter::broadcast(kernel::ValueType type, Value value) {
  return type.lanes == 1 ? value : builder_.CreateVectorSplat(type.lanes, value);
}

LlvmEmitter::Value LlvmEmitter::index_vector(kernel::ValueType type, Integer index, Integer stride) {
  llvm::Value* lanes = broadcast({ElementType::I64, type.lanes}, index);
  if (type.lanes > 1) {
    std::vector<llvm::Constant*> numbers;
    for (uint32_t lane = 0; lane < type.lanes; ++lane) numbers.push_back(builder_.getInt64(lane));
    llvm::Value* steps =
        builder_.CreateMul(llvm::ConstantVector::get(numbers), broadcast({ElementType::I64, type.lanes}, stride));
    lanes = builder_.CreateAdd(lanes, steps);
  }
  return type.element == ElementType::I64 ? lanes : cast(type, ElementType::I64, lanes);
}

LlvmEmitter::Value LlvmEmitter::shuffle(kernel::ValueType type, kernel::ValueType source, Value first, Value second,
                                        std::span<const uint32_t> lanes) {
  if (source.lanes == 1) {
    llvm::Value* result = llvm::PoisonValue::get(value_type(type));
    if (type.lanes == 1) return lanes[0] == 0 ? first : second;
    for (uint32_t i = 0; i < lanes.size(); ++i) {
      result = builder_.CreateInsertElement(result, lanes[i] == 0 ? first : second, uint64_t{i});
    }
    return result;
  }
  if (type.lanes == 1) {
    const bool in_first = lanes[0] < source.lanes;
    return builder_.CreateExtractElement(in_first ? first : second, uint64_t{lanes[0] - (in_first ? 0 : source.lanes)});
  }
  const std::vector<int> mask(lanes.begin(), lanes.end());
  return builder_.CreateShuffleVector(first, second, mask);
}

LlvmEmitter::Value LlvmEmitter::scalar(ScalarOp op, kernel::ValueType type, ElementType operand_type,
                                       std::span<const Value> operands) {
  if (op == ScalarOp::Cast) return cast(type, operand_type, operands[0]);
  if (op == ScalarOp::Bitcast) return bitcast(type, operand_type, operands[0]);
  if (info(op).result == ScalarResult::Boolean) {
    return comparison(op, operand_type, operands[0], operands.size() > 1 ? operands[1] : nullptr);
  }
  llvm::Value* result = arithmetic(op, type.element, operands);
  const bool narrow = is_float(type.element) && info(type.element).bits < 32;
  // These give one of their operands, or one with another sign: there is nothing to round.
  const bool exact = op == ScalarOp::Select || op == ScalarOp::Min || op == ScalarOp::Max || op == ScalarOp::Abs ||
                     op == ScalarOp::Neg;
  const bool zero_has_no_sign = narrow && op == ScalarOp::Neg;
  return narrow && (!exact || zero_has_no_sign) ? round_to_narrow(type.element, result) : result;
}

llvm::Value* LlvmEmitter::arithmetic(ScalarOp op, ElementType element, std::span<const Value> operands) {
  llvm::Value* a = operands[0];
  llvm::Value* b = operands.size() > 1 ? operands[1] : nullptr;
  const bool real = is_float(element);
  switch (op) {
    case ScalarOp::Add: return real ? builder_.CreateFAdd(a, b) : builder_.CreateAdd(a, b);
    case ScalarOp::Sub: return real ? builder_.CreateFSub(a, b) : builder_.CreateSub(a, b);
    case ScalarOp::Mul: return real ? builder_.CreateFMul(a, b) : builder_.CreateMul(a, b);
    case ScalarOp::Div: return real ? builder_.CreateFDiv(a, b) : divide(op, element, a, b);
    case ScalarOp::FloorMod:
    case ScalarOp::Remainder: return real ? float_modulo(op, a, b) : divide(op, element, a, b);
    case ScalarOp::Neg: return real ? builder_.CreateFNeg(a) : builder_.CreateNeg(a);
    case ScalarOp::Abs:
      if (real) return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, a);
      return is_unsigned(element) ? a : builder_.CreateBinaryIntrinsic(llvm::Intrinsic::abs, a, builder_.getFalse());
    case ScalarOp::Sign: return sign(element, a);
    case ScalarOp::Floor: return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::floor, a);
    case ScalarOp::Ceil: return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::ceil, a);
    case ScalarOp::Trunc: return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::trunc, a);
    case ScalarOp::RoundEven: return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::roundeven, a);
    case ScalarOp::Sqrt: return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, a);
    case ScalarOp::Fma: return fused_multiply_add(a, b, operands[2]);
    case ScalarOp::Min:
    case ScalarOp::Max: return extremum(op, element, a, b);
    case ScalarOp::Exp:
    case ScalarOp::Expm1:
    case ScalarOp::Log:
    case ScalarOp::Log1p:
    case ScalarOp::Sin:
    case ScalarOp::Cos:
    case ScalarOp::Tan:
    case ScalarOp::Asin:
    case ScalarOp::Acos:
    case ScalarOp::Atan:
    case ScalarOp::Sinh:
    case ScalarOp::Cosh:
    case ScalarOp::Tanh:
    case ScalarOp::Asinh:
    case ScalarOp::Acosh:
    case ScalarOp::Atanh:
    case ScalarOp::Erf:
    case ScalarOp::Sigmoid:
    case ScalarOp::Pow: return library_call(op, operands);
    case ScalarOp::And: return builder_.CreateAnd(a, b);
    case ScalarOp::Or: return builder_.CreateOr(a, b);
    case ScalarOp::Xor: return builder_.CreateXor(a, b);
    case ScalarOp::Not: return builder_.CreateNot(a);
    case ScalarOp::Shl:
    case ScalarOp::Shr:
    case ScalarOp::ShrLogical: return shift(op, element, a, b);
    case ScalarOp::Select: return builder_.CreateSelect(a, b, operands[2]);
    case ScalarOp::Argument:
    case ScalarOp::Constant:
    case ScalarOp::Eq:
    case ScalarOp::Ne:
    case ScalarOp::Lt:
    case ScalarOp::Le:
    case ScalarOp::Gt:
    case ScalarOp::Ge:
    case ScalarOp::Cast:
    case ScalarOp::Bitcast:
    case ScalarOp::IsNan:
    case ScalarOp::IsInf: break;
  }
  internal_error("a scalar operation that is no arithmetic", __FILE__, __LINE__);
}

/// Integer division and remainders, defined for all operands: 0 for a zero divisor, wrapping for the smallest by -1.
llvm::Value* LlvmEmitter::divide(ScalarOp op, ElementType element, llvm::Value* a, llvm::Value* b) {
  llvm::Value* zero = like_integer(a, 0);
  llvm::Value* one = like_integer(a, 1);
  llvm::Value* by_zero = builder_.CreateICmpEQ(b, zero);
  if (is_unsigned(element)) {
    llvm::Value* divisor = builder_.CreateSelect(by_zero, one, b);
    llvm::Value* result = op == ScalarOp::Div ? builder_.CreateUDiv(a, divisor) : builder_.CreateURem(a, divisor);
    return builder_.CreateSelect(by_zero, zero, result);
  }
  llvm::Value* by_minus_one = builder_.CreateICmpEQ(b, like_integer(a, -1));
  llvm::Value* special = builder_.CreateOr(by_zero, by_minus_one);
  llvm::Value* divisor = builder_.CreateSelect(special, one, b);
  if (op == ScalarOp::Div) {
    llvm::Value* quotient = builder_.CreateSelect(by_minus_one, builder_.CreateNeg(a), builder_.CreateSDiv(a, divisor));
    return builder_.CreateSelect(by_zero, zero, quotient);
  }
  llvm::Value* rest = builder_.CreateSRem(a, divisor);
  if (op == ScalarOp::Remainder) return builder_.CreateSelect(special, zero, rest);
  llvm::Value* signs_differ = builder_.CreateICmpSLT(builder_.CreateXor(rest, divisor), zero);
  llvm::Value* shifted = builder_.CreateAnd(signs_differ, builder_.CreateICmpNE(rest, zero));
  llvm::Value* floored = builder_.CreateSelect(shifted, builder_.CreateAdd(rest, divisor), rest);
  return builder_.CreateSelect(special, zero, floored);
}

llvm::Value* LlvmEmitter::float_modulo(ScalarOp op, llvm::Value* a, llvm::Value* b) {
  llvm::Value* rest = builder_.CreateFRem(a, b);
  if (op == ScalarOp::Remainder) return rest;
  llvm::Value* zero = like(a, 0.0);
  llvm::Value* rest_below = builder_.CreateFCmpOLT(rest, zero);
  llvm::Value* divisor_below = builder_.CreateFCmpOLT(b, zero);
  llvm::Value* differ = builder_.CreateXor(rest_below, divisor_below);
  llvm::Value* moved = builder_.CreateSelect(differ, builder_.CreateFAdd(rest, b), rest);
  llvm::Value* signed_zero = builder_.CreateBinaryIntrinsic(llvm::Intrinsic::copysign, zero, b);
  return builder_.CreateSelect(builder_.CreateFCmpOEQ(rest, zero), signed_zero, moved);
}

namespace {

/// A constant without NaN in any lane.
bool never_nan(const llvm::Value* value) {
  const auto* constant = llvm::dyn_cast<llvm::Constant>(value);
  if (constant == nullptr) return false;
  if (value->getType()->isVectorTy()) constant = constant->getSplatValue();
  const auto* number = llvm::dyn_cast_or_null<llvm::ConstantFP>(constant);
  return number != nullptr && !number->isNaN();
}

}  // namespace

/// min(a, b) is b where b < a or b is NaN, else a. The first select is one instruction on x86 (its minps returns the
/// second operand for NaN and ties); the second one is left out where b cannot be NaN.
llvm::Value* LlvmEmitter::extremum(ScalarOp op, ElementType element, llvm::Value* a, llvm::Value* b) {
  const bool minimum_wanted = op == ScalarOp::Min;
  if (!is_float(element)) {
    const bool no_sign = is_unsigned(element);
    const auto id = minimum_wanted ? (no_sign ? llvm::Intrinsic::umin : llvm::Intrinsic::smin)
                                   : (no_sign ? llvm::Intrinsic::umax : llvm::Intrinsic::smax);
    return builder_.CreateBinaryIntrinsic(id, a, b);
  }
  llvm::Value* beyond = minimum_wanted ? builder_.CreateFCmpOLT(b, a) : builder_.CreateFCmpOGT(b, a);
  llvm::Value* ordered = builder_.CreateSelect(beyond, b, a);
  if (never_nan(b)) return ordered;
  return builder_.CreateSelect(builder_.CreateFCmpUNO(b, b), b, ordered);
}

llvm::Value* LlvmEmitter::shift(ScalarOp op, ElementType element, llvm::Value* a, llvm::Value* b) {
  const uint32_t bits = info(element).bits;
  llvm::Value* fits = builder_.CreateICmpULT(b, like_integer(b, bits));
  if (op == ScalarOp::Shr && is_signed(element)) {
    return builder_.CreateAShr(a, builder_.CreateSelect(fits, b, like_integer(b, bits - 1)));
  }
  llvm::Value* distance = builder_.CreateSelect(fits, b, like_integer(b, 0));
  llvm::Value* moved = op == ScalarOp::Shl ? builder_.CreateShl(a, distance) : builder_.CreateLShr(a, distance);
  return builder_.CreateSelect(fits, moved, like_integer(a, 0));
}

llvm::Value* LlvmEmitter::sign(ElementType element, llvm::Value* a) {
  if (is_float(element)) {
    llvm::Value* zero = like(a, 0.0);
    llvm::Value* negative = builder_.CreateSelect(builder_.CreateFCmpOLT(a, zero), like(a, -1.0), a);
    llvm::Value* not_zero = builder_.CreateSelect(builder_.CreateFCmpOGT(a, zero), like(a, 1.0), negative);
    return builder_.CreateSelect(builder_.CreateFCmpOEQ(a, zero), zero, not_zero);
  }
  llvm::Value* zero = like_integer(a, 0);
  llvm::Value* positive = builder_.CreateSelect(builder_.CreateICmpEQ(a, zero), zero, like_integer(a, 1));
  if (is_unsigned(element)) return positive;
  return builder_.CreateSelect(builder_.CreateICmpSLT(a, zero), like_integer(a, -1), positive);
}

/// A target without FMA rounds the product and the sum.
llvm::Value* LlvmEmitter::fused_multiply_add(llvm::Value* a, llvm::Value* b, llvm::Value* c) {
  if (!target_.has_fma) return builder_.CreateFAdd(builder_.CreateFMul(a, b), c);
  return builder_.CreateIntrinsic(llvm::Intrinsic::fma, {a->getType()}, {a, b, c});
}

llvm::Value* LlvmEmitter::comparison(ScalarOp op, ElementType element, llvm::Value* a, llvm::Value* b) {
  using Predicate = llvm::CmpInst::Predicate;
  struct Row {
    ScalarOp op;
    Predicate real, with_sign, without_sign;
  };
  constexpr Row kRows[] = {
      {ScalarOp::Eq, Predicate::FCMP_OEQ, Predicate::ICMP_EQ, Predicate::ICMP_EQ},
      {ScalarOp::Ne, Predicate::FCMP_UNE, Predicate::ICMP_NE, Predicate::ICMP_NE},
      {ScalarOp::Lt, Predicate::FCMP_OLT, Predicate::ICMP_SLT, Predicate::ICMP_ULT},
      {ScalarOp::Le, Predicate::FCMP_OLE, Predicate::ICMP_SLE, Predicate::ICMP_ULE},
      {ScalarOp::Gt, Predicate::FCMP_OGT, Predicate::ICMP_SGT, Predicate::ICMP_UGT},
      {ScalarOp::Ge, Predicate::FCMP_OGE, Predicate::ICMP_SGE, Predicate::ICMP_UGE},
  };
  for (const Row& row : kRows) {
    if (row.op != op) continue;
    if (is_float(element)) return builder_.CreateFCmp(row.real, a, b);
    return builder_.CreateICmp(is_signed(element) ? row.with_sign : row.without_sign, a, b);
  }
  if (op == ScalarOp::IsNan) return builder_.CreateFCmpUNO(a, a);
  LATHE_CHECK(op == ScalarOp::IsInf);
  llvm::Value* magnitude = builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, a);
  return builder_.CreateFCmpOEQ(magnitude, like(a, std::numeric_limits<double>::infinity()));
}

llvm::Value* LlvmEmitter::cast(kernel::ValueType type, ElementType from, llvm::Value* a) {
  const ElementType to = type.element;
  llvm::Type* target = value_type(type);
  if (to == ElementType::Boolean) {
    if (from == ElementType::Boolean) return a;
    return is_float(from) ? builder_.CreateFCmpUNE(a, like(a, 0.0)) : builder_.CreateICmpNE(a, like_integer(a, 0));
  }
  if (is_float(from) && is_float(to)) {
    if (from == to || (to == ElementType::F32 && from != ElementType::F64)) return a;
    if (to == ElementType::F64) return builder_.CreateFPExt(a, target);
    if (from == ElementType::F64 && to != ElementType::F32) return narrow_from_double(to, a);
    return from == ElementType::F64 ? builder_.CreateFPTrunc(a, target) : round_to_narrow(to, a);
  }
  if (is_float(to)) {
    const bool has_sign = is_signed(from);
    llvm::Value* number = has_sign ? builder_.CreateSIToFP(a, target) : builder_.CreateUIToFP(a, target);
    return info(to).bits < 32 ? round_to_narrow(to, number) : number;
  }
  if (is_float(from)) return float_to_integer(type, a);
  return is_signed(from) ? builder_.CreateSExtOrTrunc(a, target) : builder_.CreateZExtOrTrunc(a, target);
}

/// Truncates and saturates; NaN gives 0. LLVM's own saturating conversion takes vectors apart lane by lane.
llvm::Value* LlvmEmitter::float_to_integer(kernel::ValueType type, llvm::Value* a) {
  const bool has_sign = is_signed(type.element);
  const auto bits = static_cast<int>(info(type.element).bits);
  llvm::Value* end = like(a, std::ldexp(1.0, has_sign ? bits - 1 : bits));
  llvm::Value* too_large = builder_.CreateFCmpOGE(a, end);
  llvm::Value* zero = like(a, 0.0);
  llvm::Value* inside = nullptr;
  if (has_sign) {
    inside = builder_.CreateFCmpOLT(builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, a), end);
  } else {
    inside = builder_.CreateAnd(builder_.CreateFCmpOGT(a, like(a, -1.0)), builder_.CreateFCmpOLT(a, end));
  }
  llvm::Value* safe = builder_.CreateSelect(inside, a, zero);
  llvm::Type* target = value_type(type);
  llvm::Value* result = has_sign ? builder_.CreateFPToSI(safe, target) : builder_.CreateFPToUI(safe, target);
  const llvm::APInt largest = has_sign ? llvm::APInt::getSignedMaxValue(static_cast<unsigned>(bits))
                                       : llvm::APInt::getMaxValue(static_cast<unsigned>(bits));
  result = builder_.CreateSelect(too_large, llvm::ConstantInt::get(target, largest), result);
  if (!has_sign) return result;
  const llvm::APInt smallest = llvm::APInt::getSignedMinValue(static_cast<unsigned>(bits));
  llvm::Value* too_small = builder_.CreateFCmpOLE(a, builder_.CreateFNeg(end));
  return builder_.CreateSelect(too_small, llvm::ConstantInt::get(target, smallest), result);
}

llvm::Value* LlvmEmitter::bitcast(kernel::ValueType type, ElementType from, llvm::Value* a) {
  const bool narrow_from = is_float(from) && info(from).bits < 32;
  const bool narrow_to = is_float(type.element) && info(type.element).bits < 32;
  if (narrow_from) a = encode_narrow(from, a);
  return narrow_to ? decode_narrow(type.element, a) : builder_.CreateBitCast(a, value_type(type));
}

/// What was not expanded is computed as the definition says: lane by lane in double, by the C library, and rounded.
llvm::Value* LlvmEmitter::library_call(ScalarOp op, std::span<const Value> operands) {
  llvm::Type* type = operands[0]->getType();
  llvm::Type* real = builder_.getDoubleTy();
  const bool single = type->getScalarType()->isFloatTy();
  const auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type);
  const std::vector<llvm::Type*> parameters(operands.size(), real);
  const std::string name = op == ScalarOp::Sigmoid ? "exp" : std::string(text(op));
  const llvm::FunctionCallee function = runtime_function(name, real, parameters);
  llvm::Value* result = llvm::PoisonValue::get(type);
  const uint32_t lanes = vector == nullptr ? 1 : vector->getNumElements();
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    std::vector<llvm::Value*> arguments;
    for (llvm::Value* operand : operands) {
      llvm::Value* number = vector == nullptr ? operand : builder_.CreateExtractElement(operand, uint64_t{lane});
      arguments.push_back(single ? builder_.CreateFPExt(number, real) : number);
    }
    llvm::Value* value = nullptr;
    if (op == ScalarOp::Sigmoid) {
      llvm::Value* a = arguments[0];
      llvm::Value* magnitude = builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, a);
      llvm::Value* e = builder_.CreateCall(function, {builder_.CreateFNeg(magnitude)});
      llvm::Value* one = like(e, 1.0);
      llvm::Value* numerator = builder_.CreateSelect(builder_.CreateFCmpOGE(a, like(a, 0.0)), one, e);
      value = builder_.CreateFDiv(numerator, builder_.CreateFAdd(one, e));
    } else {
      value = builder_.CreateCall(function, arguments);
    }
    if (single) value = builder_.CreateFPTrunc(value, builder_.getFloatTy());
    result = vector == nullptr ? value : builder_.CreateInsertElement(result, value, uint64_t{lane});
  }
  return result;
}

}  // namespace lathe::codegen
