// Narrow floats in LLVM IR: numbers held as f32, to the bits of their format and back, with the results of
// ir/base/float_formats.h. f16 uses the CPU's conversions where it has them; all else is integer arithmetic on lanes.
#include "llvm/IR/Constants.h"
#include "llvm/IR/Intrinsics.h"

#include "compiler/codegen/llvm_emitter.h"
#include "ir/base/float_formats.h"

namespace lathe::codegen {
namespace {

constexpr int kSingleMantissa = 23;
constexpr int kSingleBias = 127;
constexpr int64_t kSingleInfinity = 0x7f800000;
constexpr int64_t kSingleMagnitude = 0x7fffffff;

llvm::Type* same_lanes(llvm::Type* like, llvm::Type* element) {
  const auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(like);
  return vector == nullptr ? element : llvm::FixedVectorType::get(element, vector->getNumElements());
}

}  // namespace

llvm::Value* LlvmEmitter::round_to_narrow(ElementType element, llvm::Value* single) {
  return decode_narrow(element, encode_narrow(element, single));
}

/// A double is first rounded to odd in f32: that keeps what decides the second rounding, so that rounding twice is
/// rounding once (f32 has more than two bits more than every narrow format).
llvm::Value* LlvmEmitter::narrow_from_double(ElementType element, llvm::Value* value) {
  llvm::Type* singles = same_lanes(value->getType(), builder_.getFloatTy());
  llvm::Type* words = same_lanes(value->getType(), builder_.getInt32Ty());
  llvm::Value* rounded = builder_.CreateFPTrunc(value, singles);
  llvm::Value* back = builder_.CreateFPExt(rounded, value->getType());
  llvm::Value* bits = builder_.CreateBitCast(rounded, words);
  llvm::Value* magnitude_back = builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, back);
  llvm::Value* magnitude = builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, value);
  llvm::Value* inexact = builder_.CreateFCmpONE(magnitude_back, magnitude);
  llvm::Value* too_large = builder_.CreateFCmpOGT(magnitude_back, magnitude);
  // The truncated neighbour, made odd: one step down when rounding went up, then the last bit set.
  llvm::Value* below = builder_.CreateSub(bits, builder_.CreateZExt(too_large, words));
  llvm::Value* odd = builder_.CreateOr(below, like_integer(bits, 1));
  // An infinity made by overflow stays one: it overflows every narrow format too.
  llvm::Value* finite = builder_.CreateICmpNE(builder_.CreateAnd(bits, like_integer(bits, kSingleMagnitude)),
                                              like_integer(bits, kSingleInfinity));
  llvm::Value* chosen = builder_.CreateSelect(builder_.CreateAnd(inexact, finite), odd, bits);
  return round_to_narrow(element, builder_.CreateBitCast(chosen, singles));
}

llvm::Value* LlvmEmitter::encode_narrow(ElementType element, llvm::Value* single) {
  if (element == ElementType::F16 && target_.has_f16_conversion) {
    llvm::Type* halves = same_lanes(single->getType(), builder_.getHalfTy());
    llvm::Type* words = same_lanes(single->getType(), builder_.getInt16Ty());
    return builder_.CreateBitCast(builder_.CreateFPTrunc(single, halves), words);
  }
  return encode_by_bits(element, single);
}

llvm::Value* LlvmEmitter::decode_narrow(ElementType element, llvm::Value* bits) {
  if (element == ElementType::F16 && target_.has_f16_conversion) {
    llvm::Type* halves = same_lanes(bits->getType(), builder_.getHalfTy());
    return builder_.CreateFPExt(builder_.CreateBitCast(bits, halves),
                                same_lanes(bits->getType(), builder_.getFloatTy()));
  }
  return decode_by_bits(element, bits);
}

llvm::Value* LlvmEmitter::encode_by_bits(ElementType element, llvm::Value* single) {
  const FloatFormat format = float_format(element);
  llvm::Type* words = same_lanes(single->getType(), builder_.getInt32Ty());
  llvm::Value* bits = builder_.CreateBitCast(single, words);
  const auto number = [&](int64_t value) { return like_integer(bits, value); };
  const int dropped = kSingleMantissa - format.mantissa_bits;
  llvm::Value* magnitude = builder_.CreateAnd(bits, number(kSingleMagnitude));

  // Normal numbers: add just under half a step, plus the last kept bit for ties, and cut.
  llvm::Value* last_kept = builder_.CreateAnd(builder_.CreateLShr(magnitude, number(dropped)), number(1));
  llvm::Value* half = builder_.CreateAdd(last_kept, number((int64_t{1} << (dropped - 1)) - 1));
  llvm::Value* cut = builder_.CreateLShr(builder_.CreateAdd(magnitude, half), number(dropped));
  const int64_t rebias = int64_t{kSingleBias - format.bias} << format.mantissa_bits;
  llvm::Value* result = builder_.CreateSub(cut, number(rebias));

  // Subnormal ones: adding a number whose last bit is the format's smallest step rounds to it.
  if (format.bias != kSingleBias) {
    const int step = 1 - format.bias - format.mantissa_bits;
    const int64_t anchor = int64_t{step + kSingleMantissa + kSingleBias} << kSingleMantissa;
    llvm::Value* anchor_value = builder_.CreateBitCast(number(anchor), single->getType());
    llvm::Value* absolute = builder_.CreateBitCast(magnitude, single->getType());
    llvm::Value* sum = builder_.CreateBitCast(builder_.CreateFAdd(absolute, anchor_value), words);
    llvm::Value* subnormal = builder_.CreateSub(sum, number(anchor));
    const int64_t smallest_normal = int64_t{1 - format.bias + kSingleBias} << kSingleMantissa;
    result = builder_.CreateSelect(builder_.CreateICmpULT(magnitude, number(smallest_normal)), subnormal, result);
  }
  const auto largest = static_cast<int64_t>(format.largest());
  llvm::Value* overflow = builder_.CreateICmpUGT(result, number(largest));
  const auto beyond = static_cast<int64_t>(format.has_infinity ? format.infinity() : format.quiet_nan());
  // Infinity and NaN of f32 are large magnitudes; rebiasing may have wrapped them, so they are tested for.
  llvm::Value* huge = builder_.CreateICmpUGE(magnitude, number(kSingleInfinity));
  result = builder_.CreateSelect(builder_.CreateOr(overflow, huge), number(beyond), result);
  llvm::Value* is_nan = builder_.CreateICmpUGT(magnitude, number(kSingleInfinity));
  result = builder_.CreateSelect(is_nan, number(static_cast<int64_t>(format.quiet_nan())), result);

  const int sign_position = format.exponent_bits + format.mantissa_bits;
  llvm::Value* sign =
      builder_.CreateAnd(builder_.CreateLShr(bits, number(31 - sign_position)), number(int64_t{1} << sign_position));
  llvm::Value* with_sign = builder_.CreateOr(result, sign);
  if (format.fnuz) {
    // Zero has no sign, and the only NaN is the sign alone.
    llvm::Value* plain =
        builder_.CreateICmpEQ(builder_.CreateAnd(result, number((int64_t{1} << sign_position) - 1)), number(0));
    with_sign = builder_.CreateSelect(plain, result, with_sign);
  }
  return builder_.CreateTrunc(with_sign, same_lanes(words, builder_.getIntNTy(info(element).bits)));
}

llvm::Value* LlvmEmitter::decode_by_bits(ElementType element, llvm::Value* narrow_bits) {
  const FloatFormat format = float_format(element);
  llvm::Type* words = same_lanes(narrow_bits->getType(), builder_.getInt32Ty());
  llvm::Type* singles = same_lanes(narrow_bits->getType(), builder_.getFloatTy());
  llvm::Value* bits = builder_.CreateZExt(narrow_bits, words);
  const auto number = [&](int64_t value) { return like_integer(bits, value); };
  const int missing = kSingleMantissa - format.mantissa_bits;
  if (format.bias == kSingleBias) {
    return builder_.CreateBitCast(builder_.CreateShl(bits, number(missing)), singles);
  }
  const int sign_position = format.exponent_bits + format.mantissa_bits;
  llvm::Value* magnitude = builder_.CreateAnd(bits, number((int64_t{1} << sign_position) - 1));
  llvm::Value* sign = builder_.CreateShl(builder_.CreateLShr(bits, number(sign_position)), number(31));

  const int64_t rebias = int64_t{kSingleBias - format.bias} << kSingleMantissa;
  llvm::Value* normal = builder_.CreateAdd(builder_.CreateShl(magnitude, number(missing)), number(rebias));
  // A subnormal is its mantissa times the smallest step.
  const int64_t step = int64_t{1 - format.bias - format.mantissa_bits + kSingleBias} << kSingleMantissa;
  llvm::Value* step_value = builder_.CreateBitCast(number(step), singles);
  llvm::Value* product = builder_.CreateFMul(builder_.CreateUIToFP(magnitude, singles), step_value);
  llvm::Value* is_subnormal = builder_.CreateICmpULT(magnitude, number(int64_t{1} << format.mantissa_bits));
  llvm::Value* result = builder_.CreateSelect(is_subnormal, builder_.CreateBitCast(product, words), normal);

  llvm::Value* quiet_nan = number(0x7fc00000);
  if (format.has_infinity) {
    const auto infinity = static_cast<int64_t>(format.infinity());
    result = builder_.CreateSelect(builder_.CreateICmpEQ(magnitude, number(infinity)), number(kSingleInfinity), result);
    result = builder_.CreateSelect(builder_.CreateICmpUGT(magnitude, number(infinity)), quiet_nan, result);
  } else {
    llvm::Value* pattern = format.fnuz ? bits : magnitude;
    llvm::Value* is_nan = builder_.CreateICmpEQ(pattern, number(static_cast<int64_t>(format.quiet_nan())));
    result = builder_.CreateSelect(is_nan, quiet_nan, result);
  }
  return builder_.CreateBitCast(builder_.CreateOr(result, sign), singles);
}

}  // namespace lathe::codegen
