// The expansions themselves: what exp, log, tanh ... are made of.
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "compiler/lower/expand_math.h"

namespace lathe::lower {
namespace {

constexpr ElementType kF32 = ElementType::F32;
constexpr ElementType kF64 = ElementType::F64;
constexpr ElementType kI32 = ElementType::I32;
constexpr ElementType kI64 = ElementType::I64;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

using Builder = ScalarBuilder;

// c[0] + c[1]*x + c[2]*x^2 ..., by Horner's rule with fma.
ScalarId polynomial(Builder& b, ScalarId x, std::span<const double> c) {
  ScalarId sum = b.constant_like(x, c.back());
  for (size_t i = c.size() - 1; i-- > 0;) sum = b.fma(sum, x, b.constant_like(x, c[i]));
  return sum;
}

ScalarId square(Builder& b, ScalarId x) { return b.mul(x, x); }

ScalarId is_below(Builder& b, ScalarId x, double limit) { return b.lt(x, b.constant_like(x, limit)); }
ScalarId is_above(Builder& b, ScalarId x, double limit) { return b.gt(x, b.constant_like(x, limit)); }

// `magnitude` with the sign of x; a negative zero keeps its sign because magnitude(0) is 0 and 0 * -1 is -0.
ScalarId with_sign(Builder& b, ScalarId magnitude, ScalarId x) {
  return b.select(is_below(b, x, 0.0), b.neg(magnitude), magnitude);
}

// ---- f32: exp and what rests on it

// 2^n for a whole number n in [-126, 127] held in f32: added to 2^23, n + 127 stands in the low bits of the sum.
ScalarId power_of_two(Builder& b, ScalarId n) {
  const ScalarId exponent = b.bitcast(b.add(n, b.constant(kF32, 0x1p23 + 127.0)), kI32);
  return b.bitcast(b.shl(exponent, b.integer(kI32, 23)), kF32);
}

struct ReducedExp {
  ScalarId n;     ///< x is n*ln2 + r
  ScalarId tail;  ///< e^r - 1
};

// Cody and Waite's reduction in two steps, |r| <= ln2 / 2.
ReducedExp reduce_exp(Builder& b, ScalarId x) {
  constexpr std::array kTail{1.00000001065970148,   0.499999981184580258,   0.166665058994811957,
                             0.0416671373857774418, 0.00836910425282117036, 0.00138888569241777686};
  const ScalarId n = b.round_even(b.mul(x, b.constant(kF32, 1.44269504088896341)));
  ScalarId r = b.fma(n, b.constant(kF32, -0.693145751953125), x);
  r = b.fma(n, b.constant(kF32, -1.42860682030941723e-6), r);
  return {n, b.mul(r, polynomial(b, r, kTail))};
}

// Gradual underflow and overflow come from scaling in two steps.
ScalarId exp32(Builder& b, ScalarId x) {
  const ReducedExp reduced = reduce_exp(b, b.clamp(x, -104.0, 89.0));
  const ScalarId whole = b.add(reduced.tail, b.constant(kF32, 1.0));
  const ScalarId half = b.floor(b.mul(reduced.n, b.constant(kF32, 0.5)));
  const ScalarId rest = b.sub(reduced.n, half);
  return b.mul(b.mul(whole, power_of_two(b, half)), power_of_two(b, rest));
}

// e^x for x in [-87, 0], 0 below.
ScalarId exp_of_negative(Builder& b, ScalarId x) {
  const ReducedExp reduced = reduce_exp(b, b.max(x, b.constant(kF32, -87.0)));
  const ScalarId whole = b.add(reduced.tail, b.constant(kF32, 1.0));
  const ScalarId value = b.mul(whole, power_of_two(b, reduced.n));
  return b.select(is_below(b, x, -87.0), b.constant(kF32, 0.0), value);
}

ScalarId expm1_32(Builder& b, ScalarId x) {
  const ReducedExp reduced = reduce_exp(b, b.clamp(x, -30.0, 88.0));
  const ScalarId scale = power_of_two(b, reduced.n);
  const ScalarId value = b.fma(scale, reduced.tail, b.sub(scale, b.constant(kF32, 1.0)));
  // A tail that is x itself keeps the sign of zero and subnormals.
  const ScalarId tiny = is_below(b, b.abs(x), 1e-8);
  const ScalarId large = b.select(is_above(b, x, 88.0), exp32(b, x), value);
  return b.select(tiny, x, large);
}

ScalarId sigmoid32(Builder& b, ScalarId x) {
  const ScalarId e = exp_of_negative(b, b.neg(b.abs(x)));
  const ScalarId one = b.constant(kF32, 1.0);
  const ScalarId r = b.div(one, b.add(one, e));
  return b.select(is_below(b, x, 0.0), b.mul(e, r), r);
}

// x * P(x^2) / Q(x^2), cut to [-1, 1].
ScalarId odd_rational(Builder& b, ScalarId x, double limit, std::span<const double> p, std::span<const double> q) {
  const ScalarId c = b.clamp(x, -limit, limit);
  const ScalarId t = square(b, c);
  const ScalarId value = b.div(b.mul(c, polynomial(b, t, p)), polynomial(b, t, q));
  return b.clamp(value, -1.0, 1.0);
}

ScalarId tanh32(Builder& b, ScalarId x) {
  constexpr std::array kP{0.999999998626002679,     0.136782114450459341,   0.00386619218633700169,
                          0.0000279643297715558272, 3.04812057958844172e-8, -1.21264354739624572e-11};
  constexpr std::array kQ{1.0, 0.470115434515930801, 0.0272380251255923175, 0.000393486436043725703,
                          1.284351626923273e-6};
  return odd_rational(b, x, 9.05, kP, kQ);
}

ScalarId erf32(Builder& b, ScalarId x) {
  constexpr std::array kP{1.12837916921230311,    0.18515881821128339,     0.0542615170732119518,
                          0.00384142157872092165, 0.000377408005767371527, 4.62636484519151551e-6,
                          -1.28922700214854975e-8};
  constexpr std::array kQ{1.0,
                          0.497426138134597474,
                          0.113896241048338652,
                          0.0154379579582217252,
                          0.00130295884450523716,
                          0.0000625600083722880031};
  return odd_rational(b, x, 3.92, kP, kQ);
}

// ---- f32: logarithms

// log(x) for x > 0 with x = m * 2^e, m in [sqrt(1/2), sqrt(2)).
ScalarId log_positive(Builder& b, ScalarId x) {
  constexpr std::array kP{0.333333311735222455,  -0.249999940102336017, 0.200007147863325467,
                          -0.166680562100279129, 0.142493207634508288,  -0.124201720647882288,
                          0.116770511711528766,  -0.115144161362949279, 0.0703730118035722425};
  constexpr double kSmallestNormal = 1.1754943508222875e-38;
  const ScalarId subnormal = is_below(b, x, kSmallestNormal);
  const ScalarId scaled = b.select(subnormal, b.mul(x, b.constant(kF32, 8388608.0)), x);
  const ScalarId shift = b.select(subnormal, b.constant(kF32, -23.0), b.constant(kF32, 0.0));
  const ScalarId bits = b.bitcast(scaled, kI32);
  // The bits of sqrt(1/2): subtracting them puts the border between exponents there.
  const ScalarId moved = b.sub(bits, b.integer(kI32, 0x3f3504f3));
  const ScalarId exponent = b.shr(moved, b.integer(kI32, 23));
  const ScalarId mantissa = b.sub(bits, b.shl(exponent, b.integer(kI32, 23)));
  const ScalarId f = b.sub(b.bitcast(mantissa, kF32), b.constant(kF32, 1.0));
  const ScalarId e = b.add(b.cast(exponent, kF32), shift);
  const ScalarId f2 = square(b, f);
  ScalarId tail = b.mul(b.mul(f, f2), polynomial(b, f, kP));
  tail = b.fma(e, b.constant(kF32, 1.42860682030941723e-6), tail);
  tail = b.fma(f2, b.constant(kF32, -0.5), tail);
  return b.fma(e, b.constant(kF32, 0.693145751953125), b.add(f, tail));
}

// -inf at 0, NaN below, infinity and NaN as they are.
ScalarId log_domain(Builder& b, ScalarId x, ScalarId value) {
  const ScalarId zero = b.constant_like(x, 0.0);
  ScalarId result = b.select(b.eq(x, zero), b.constant_like(x, -kInfinity), value);
  result = b.select(b.lt(x, zero), b.constant_like(x, kNan), result);
  const ScalarId special = b.bit_or(b.is_nan(x), b.eq(x, b.constant_like(x, kInfinity)));
  return b.select(special, x, result);
}

ScalarId log32(Builder& b, ScalarId x) { return log_domain(b, x, log_positive(b, x)); }

// Kahan's correction: log(u) * x / (u - 1) with u = 1 + x rounded.
ScalarId log1p32(Builder& b, ScalarId x) {
  const ScalarId one = b.constant(kF32, 1.0);
  const ScalarId u = b.add(one, x);
  const ScalarId exact = b.eq(u, one);
  const ScalarId difference = b.select(exact, one, b.sub(u, one));
  const ScalarId value = b.mul(log32(b, u), b.div(x, difference));
  const ScalarId endless = b.eq(x, b.constant(kF32, kInfinity));
  const ScalarId pole = b.eq(u, b.constant(kF32, 0.0));
  const ScalarId special = b.select(pole, b.constant(kF32, -kInfinity), value);
  return b.select(b.bit_or(exact, endless), x, special);
}

// ---- f64 cores, good to about 1e-12, for functions that are rounded to f32 afterwards

ScalarId exp64(Builder& b, ScalarId x) {
  constexpr std::array kP{1.00000000000000007,    1.00000000000000647,     0.499999999999972733,
                          0.166666666665573143,   0.0416666666684331464,   0.00833333338481740451,
                          0.00138888884979433563, 0.000198411711897951634, 0.0000248019183791464335,
                          2.76398498293886891e-6, 2.7488362535554831e-7};
  const ScalarId limited = b.clamp(x, -700.0, 700.0);
  const ScalarId n = b.round_even(b.mul(limited, b.constant(kF64, 1.4426950408889634)));
  ScalarId r = b.fma(n, b.constant(kF64, -0.6931471803691238), limited);
  r = b.fma(n, b.constant(kF64, -1.9082149292705877e-10), r);
  const ScalarId exponent = b.add(b.cast(n, kI64), b.integer(kI64, 1023));
  return b.mul(polynomial(b, r, kP), b.bitcast(b.shl(exponent, b.integer(kI64, 52)), kF64));
}

// For normal x > 0.
ScalarId log64(Builder& b, ScalarId x) {
  constexpr std::array kP{0.999999999999999999, 0.333333333333338295,  0.19999999999647324,   0.142857143811531619,
                          0.111110984428723145, 0.0909182033359547796, 0.0765614728684647071, 0.0740604463822829794};
  const ScalarId bits = b.bitcast(x, kI64);
  const ScalarId moved = b.sub(bits, b.integer(kI64, 0x3fe6a09e667f3bcd));
  const ScalarId exponent = b.shr(moved, b.integer(kI64, 52));
  const ScalarId m = b.bitcast(b.sub(bits, b.shl(exponent, b.integer(kI64, 52))), kF64);
  const ScalarId one = b.constant(kF64, 1.0);
  const ScalarId s = b.div(b.sub(m, one), b.add(m, one));
  const ScalarId value = b.mul(b.add(s, s), polynomial(b, square(b, s), kP));
  return b.fma(b.cast(exponent, kF64), b.constant(kF64, 0.6931471805599453), value);
}

struct Quadrant {
  ScalarId sine;
  ScalarId cosine;
  ScalarId n;  ///< i64
};

// sin and cos of x less the nearest multiple n of pi/2.
Quadrant reduce_angle(Builder& b, ScalarId x) {
  constexpr std::array kSin{0.999999999999995467,     -0.166666666666146257,  0.00833333332360710729,
                            -0.000198412631734024123, 2.75552483567888887e-6, -2.47550071761796613e-8};
  constexpr std::array kCos{0.999999999999933952,   -0.499999999992675097,    0.0416666665331471907,
                            -0.0013888879906912942, 0.0000247988386638082655, -2.71675860215950731e-7};
  const ScalarId n = b.round_even(b.mul(x, b.constant(kF64, 0.6366197723675814)));
  ScalarId r = b.fma(n, b.constant(kF64, -1.5707963267948966), x);
  r = b.fma(n, b.constant(kF64, -6.123233995736766e-17), r);
  const ScalarId t = square(b, r);
  return {b.mul(r, polynomial(b, t, kSin)), polynomial(b, t, kCos), b.cast(n, kI64)};
}

ScalarId has_bit(Builder& b, ScalarId n, int64_t bit) {
  return b.ne(b.bit_and(n, b.integer(kI64, bit)), b.integer(kI64, 0));
}

ScalarId sine_of_quadrant(Builder& b, const Quadrant& q, int64_t turn) {
  const ScalarId n = b.add(q.n, b.integer(kI64, turn));
  const ScalarId value = b.select(has_bit(b, n, 1), q.cosine, q.sine);
  return b.select(has_bit(b, n, 2), b.neg(value), value);
}

// NaN for infinities; tiny arguments as they are.
ScalarId angle_domain(Builder& b, ScalarId x, ScalarId value) {
  return b.select(b.is_inf(x), b.constant_like(x, kNan), value);
}

ScalarId sin64(Builder& b, ScalarId x) {
  const ScalarId value = angle_domain(b, x, sine_of_quadrant(b, reduce_angle(b, x), 0));
  return b.select(is_below(b, b.abs(x), 1e-9), x, value);
}

ScalarId cos64(Builder& b, ScalarId x) { return angle_domain(b, x, sine_of_quadrant(b, reduce_angle(b, x), 1)); }

ScalarId tan64(Builder& b, ScalarId x) {
  const Quadrant q = reduce_angle(b, x);
  const ScalarId value = b.select(has_bit(b, q.n, 1), b.neg(b.div(q.cosine, q.sine)), b.div(q.sine, q.cosine));
  return b.select(is_below(b, b.abs(x), 1e-9), x, angle_domain(b, x, value));
}

// Three ranges: below tan(pi/8), up to tan(3pi/8) around pi/4, beyond around pi/2.
ScalarId atan64(Builder& b, ScalarId x) {
  constexpr std::array kP{0.999999999999271177, -0.333333332783707219,  0.199999931833625044,  -0.142853909188107617,
                          0.111035268005824933, -0.0899312709565091887, 0.0697653502266123388, -0.0376924472318614442};
  const ScalarId a = b.abs(x);
  const ScalarId one = b.constant(kF64, 1.0);
  const ScalarId middle = is_above(b, a, 0.41421356237309503);
  const ScalarId far = is_above(b, a, 2.414213562373095);
  const ScalarId limited = b.min(a, b.constant(kF64, 1e300));
  const ScalarId shifted = b.div(b.sub(limited, one), b.add(limited, one));
  const ScalarId inverse = b.neg(b.div(one, b.max(limited, b.constant(kF64, 1e-300))));
  const ScalarId r = b.select(far, inverse, b.select(middle, shifted, limited));
  const ScalarId offset = b.select(far, b.constant(kF64, 1.5707963267948966),
                                   b.select(middle, b.constant(kF64, 0.7853981633974483), b.constant(kF64, 0.0)));
  const ScalarId value = b.add(offset, b.mul(r, polynomial(b, square(b, r), kP)));
  return b.select(b.eq(x, b.constant(kF64, 0.0)), x, with_sign(b, value, x));
}

// asin for |x| <= 1: directly below a half, by the half-angle formula above it.
ScalarId asin_magnitude(Builder& b, ScalarId a) {
  constexpr std::array kP{1.0000000000009183,    0.166666666084341589,   0.0750000606766762762,
                          0.0446404315100494143, 0.0304302316516947321,  0.0218375598559476584,
                          0.020767963347119442,  0.00170077633014616187, 0.0331739248357565742};
  const ScalarId large = is_above(b, a, 0.5);
  const ScalarId half = b.mul(b.sub(b.constant(kF64, 1.0), a), b.constant(kF64, 0.5));
  const ScalarId r = b.select(large, b.sqrt(half), a);
  const ScalarId value = b.mul(r, polynomial(b, square(b, r), kP));
  return b.select(large, b.sub(b.constant(kF64, 1.5707963267948966), b.add(value, value)), value);
}

ScalarId asin64(Builder& b, ScalarId x) {
  return b.select(b.eq(x, b.constant(kF64, 0.0)), x, with_sign(b, asin_magnitude(b, b.abs(x)), x));
}

// acos(x) = 2 asin(sqrt((1 - x) / 2)), which stays precise near 1.
ScalarId acos64(Builder& b, ScalarId x) {
  const ScalarId half = b.mul(b.sub(b.constant(kF64, 1.0), x), b.constant(kF64, 0.5));
  const ScalarId value = asin_magnitude(b, b.sqrt(half));
  return b.add(value, value);
}

// Odd functions lose digits near 0: there the first terms of the series stand in.
ScalarId near_zero(Builder& b, ScalarId x, double cubic, ScalarId value) {
  const ScalarId series = b.fma(b.mul(square(b, x), x), b.constant(kF64, cubic), x);
  const ScalarId near = b.bit_and(is_below(b, b.abs(x), 1e-3), b.ne(x, b.constant(kF64, 0.0)));
  const ScalarId same = b.bit_or(b.is_nan(x), b.eq(x, b.constant(kF64, 0.0)));
  return b.select(same, x, b.select(near, series, value));
}

ScalarId sinh64(Builder& b, ScalarId x) {
  const ScalarId half = b.constant(kF64, 0.5);
  const ScalarId value = b.mul(half, b.sub(exp64(b, x), exp64(b, b.neg(x))));
  return near_zero(b, x, 1.0 / 6.0, value);
}

ScalarId cosh64(Builder& b, ScalarId x) { return b.mul(b.constant(kF64, 0.5), b.add(exp64(b, x), exp64(b, b.neg(x)))); }

ScalarId asinh64(Builder& b, ScalarId x) {
  const ScalarId a = b.min(b.abs(x), b.constant(kF64, 1e150));
  const ScalarId value = log64(b, b.add(a, b.sqrt(b.add(square(b, a), b.constant(kF64, 1.0)))));
  const ScalarId signed_value = b.select(b.is_inf(x), x, with_sign(b, value, x));
  return near_zero(b, x, -1.0 / 6.0, signed_value);
}

ScalarId acosh64(Builder& b, ScalarId x) {
  const ScalarId one = b.constant(kF64, 1.0);
  const ScalarId c = b.min(b.max(x, one), b.constant(kF64, 1e150));
  const ScalarId d = b.sub(c, one);
  // log(1 + y) with y = d + sqrt(d * (d + 2)), precise for x near 1 because y is.
  const ScalarId y = b.add(d, b.sqrt(b.mul(d, b.add(d, b.constant(kF64, 2.0)))));
  const ScalarId value =
      b.select(is_below(b, y, 1e-5), b.mul(y, b.fma(y, b.constant(kF64, -0.5), one)), log64(b, b.add(one, y)));
  const ScalarId in_domain = b.select(b.lt(x, one), b.constant(kF64, kNan), value);
  const ScalarId same = b.bit_or(b.is_nan(x), b.eq(x, b.constant(kF64, kInfinity)));
  return b.select(same, x, in_domain);
}

ScalarId atanh64(Builder& b, ScalarId x) {
  const ScalarId one = b.constant(kF64, 1.0);
  const ScalarId a = b.abs(x);
  const ScalarId safe = b.min(a, b.constant(kF64, 0.99999999999));
  const ScalarId value = b.mul(b.constant(kF64, 0.5), log64(b, b.div(b.add(one, safe), b.sub(one, safe))));
  ScalarId result = b.select(b.eq(a, one), b.constant(kF64, kInfinity), value);
  result = b.select(b.gt(a, one), b.constant(kF64, kNan), result);
  return near_zero(b, x, 1.0 / 3.0, with_sign(b, result, x));
}

// C's pow on f32 arguments widened to f64: |x|^y with the sign rules for whole exponents.
ScalarId pow64(Builder& b, ScalarId x, ScalarId y) {
  const ScalarId zero = b.constant(kF64, 0.0);
  const ScalarId one = b.constant(kF64, 1.0);
  const ScalarId endless = b.constant(kF64, kInfinity);
  const ScalarId a = b.abs(x);
  const ScalarId safe = b.clamp(a, 1e-300, 1e300);
  ScalarId magnitude = exp64(b, b.mul(y, log64(b, safe)));
  // Zero and infinity as a base, infinity as an exponent.
  const ScalarId grows = b.select(b.gt(y, zero), endless, zero);
  const ScalarId shrinks = b.select(b.gt(y, zero), zero, endless);
  magnitude = b.select(b.eq(a, zero), shrinks, magnitude);
  magnitude = b.select(b.eq(a, endless), grows, magnitude);
  const ScalarId by_endless = b.select(b.eq(a, one), one, b.select(b.gt(a, one), grows, shrinks));
  magnitude = b.select(b.is_inf(y), by_endless, magnitude);
  const ScalarId half = b.mul(y, b.constant(kF64, 0.5));
  const ScalarId whole = b.eq(b.floor(y), y);
  const ScalarId odd = b.bit_and(whole, b.ne(b.floor(half), half));
  const ScalarId sign_bit = b.lt(b.bitcast(x, kI64), b.integer(kI64, 0));
  const ScalarId negative_finite = b.bit_and(b.lt(x, zero), b.bit_not(b.is_inf(x)));
  const ScalarId undefined = b.bit_and(negative_finite, b.bit_not(b.bit_or(whole, b.is_inf(y))));
  ScalarId result = b.select(b.bit_and(sign_bit, odd), b.neg(magnitude), magnitude);
  result = b.select(undefined, b.constant(kF64, kNan), result);
  result = b.select(b.bit_or(b.is_nan(x), b.is_nan(y)), b.constant(kF64, kNan), result);
  return b.select(b.bit_or(b.eq(y, zero), b.eq(x, one)), one, result);
}

using Unary = ScalarId (*)(Builder&, ScalarId);

ScalarExpression in_f32(Unary form) {
  Builder b;
  return b.finish(form(b, b.argument(0, kF32)));
}

ScalarExpression in_f64(Unary form) {
  Builder b;
  return b.finish(b.cast(form(b, b.cast(b.argument(0, kF32), kF64)), kF32));
}

ScalarExpression pow32() {
  Builder b;
  const ScalarId x = b.cast(b.argument(0, kF32), kF64);
  const ScalarId y = b.cast(b.argument(1, kF32), kF64);
  return b.finish(b.cast(pow64(b, x, y), kF32));
}

}  // namespace

std::optional<ScalarExpression> math_expansion(ScalarOp op) {
  switch (op) {
    case ScalarOp::Exp: return in_f32(exp32);
    case ScalarOp::Expm1: return in_f32(expm1_32);
    case ScalarOp::Log: return in_f32(log32);
    case ScalarOp::Log1p: return in_f32(log1p32);
    case ScalarOp::Tanh: return in_f32(tanh32);
    case ScalarOp::Erf: return in_f32(erf32);
    case ScalarOp::Sigmoid: return in_f32(sigmoid32);
    case ScalarOp::Sin: return in_f64(sin64);
    case ScalarOp::Cos: return in_f64(cos64);
    case ScalarOp::Tan: return in_f64(tan64);
    case ScalarOp::Asin: return in_f64(asin64);
    case ScalarOp::Acos: return in_f64(acos64);
    case ScalarOp::Atan: return in_f64(atan64);
    case ScalarOp::Sinh: return in_f64(sinh64);
    case ScalarOp::Cosh: return in_f64(cosh64);
    case ScalarOp::Asinh: return in_f64(asinh64);
    case ScalarOp::Acosh: return in_f64(acosh64);
    case ScalarOp::Atanh: return in_f64(atanh64);
    case ScalarOp::Pow: return pow32();
    default: return std::nullopt;
  }
}

}  // namespace lathe::lower
