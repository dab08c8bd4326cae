// The module math.
#include <cmath>
#include <limits>
#include <numbers>

#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

Failure domain(NativeCall& call) {
  return raise(call, "ValueError", "`{}` is not defined for {}", call.display_name(),
               call.evaluator.describe(call.arguments[0]));
}

/// A number of the program as a float: tensors of one known element count, sizes that are only names do not.
Result<double> number(NativeCall& call, std::string_view parameter) {
  const Value& value = call.argument(parameter);
  if (const auto* tensor = std::get_if<TensorId>(&value)) {
    LATHE_TRY(const Value element, call.evaluator.host().element(call.evaluator, *tensor));
    if (const std::optional<double> known = as_float(element)) return *known;
    return Failure{};
  }
  return call.number(parameter);
}

template <double (*kFunction)(double)>
Result<Value> apply(NativeCall& call) {
  LATHE_TRY(const double x, number(call, "x"));
  const double result = kFunction(x);
  if (std::isnan(result) && !std::isnan(x)) return domain(call);
  if (std::isinf(result) && !std::isinf(x)) {
    if (call.row.name == "exp" || call.row.name == "sinh" || call.row.name == "cosh" || call.row.name == "expm1") {
      return raise(call, "OverflowError", "`{}` of {} is too large", call.display_name(), x);
    }
    return domain(call);
  }
  return Value(result);
}

double radians(double x) { return x * std::numbers::pi / 180; }
double degrees(double x) { return x * 180 / std::numbers::pi; }

Result<Value> whole(NativeCall& call, double value) {
  constexpr double kLimit = 9.2e18;
  if (std::isnan(value)) return raise(call, "ValueError", "NaN can't be converted to an int");
  if (std::isinf(value)) return raise(call, "OverflowError", "infinity can't be converted to an int");
  if (std::fabs(value) > kLimit) return call.evaluator.unsupported(call.where, "integers beyond 64 bits");
  return integer(static_cast<int64_t>(value));
}

/// floor, ceil, trunc: ints, sizes among them, are their own.
Result<Value> rounded(NativeCall& call) {
  const Value& value = call.argument("x");
  LATHE_RETURN_UNKNOWN(value);
  if (const std::optional<Dim> size = as_integer(value)) return Value(*size);
  LATHE_TRY(const double x, number(call, "x"));
  const std::string_view how = call.row.name;
  return whole(call, how == "floor" ? std::floor(x) : how == "ceil" ? std::ceil(x) : std::trunc(x));
}

Result<Value> logarithm(NativeCall& call) {
  LATHE_TRY(const double x, number(call, "x"));
  if (!(x > 0)) return domain(call);
  if (!call.is_given("base")) return Value(std::log(x));
  LATHE_TRY(const double base, number(call, "base"));
  if (!(base > 0)) return domain(call);
  if (base == 1) return raise(call, "ZeroDivisionError", "a logarithm to base 1");
  return Value(std::log(x) / std::log(base));
}

template <double (*kFunction)(double)>
Result<Value> positive(NativeCall& call) {
  LATHE_TRY(const double x, number(call, "x"));
  if (!(x > 0)) return domain(call);
  return Value(kFunction(x));
}

template <double (*kFunction)(double, double)>
Result<Value> apply_two(NativeCall& call) {
  LATHE_TRY(const double x, number(call, "x"));
  LATHE_TRY(const double y, number(call, "y"));
  const double result = kFunction(x, y);
  if (std::isnan(result) && !std::isnan(x) && !std::isnan(y)) return domain(call);
  if (std::isinf(result) && std::isfinite(x) && std::isfinite(y)) {
    if (x == 0) return domain(call);
    return raise(call, "OverflowError", "`{}` of {} and {} is too large", call.display_name(), x, y);
  }
  return Value(result);
}

template <bool (*kFunction)(double)>
Result<Value> test(NativeCall& call) {
  if (as_integer(call.argument("x"))) return Value(call.row.name == "isfinite");
  LATHE_TRY(const double x, number(call, "x"));
  return Value(kFunction(x));
}
bool is_nan(double x) { return std::isnan(x); }
bool is_infinite(double x) { return std::isinf(x); }
bool is_finite(double x) { return std::isfinite(x); }

Result<Value> is_close(NativeCall& call) {
  LATHE_TRY(const double a, number(call, "a"));
  LATHE_TRY(const double b, number(call, "b"));
  LATHE_TRY(const double relative, number(call, "rel_tol"));
  LATHE_TRY(const double absolute, number(call, "abs_tol"));
  if (a == b) return Value(true);
  if (std::isinf(a) || std::isinf(b)) return Value(false);
  return Value(std::fabs(a - b) <= std::max(relative * std::max(std::fabs(a), std::fabs(b)), absolute));
}

Result<Value> factorial(NativeCall& call) {
  LATHE_TRY(const int64_t n, call.known_integer("n"));
  if (n < 0) return domain(call);
  int64_t result = 1;
  for (int64_t i = 2; i <= n; ++i) {
    if (__builtin_mul_overflow(result, i, &result)) {
      return call.evaluator.unsupported(call.where, "integers beyond 64 bits");
    }
  }
  return integer(result);
}

Result<Value> combinations(NativeCall& call) {
  LATHE_TRY(const int64_t n, call.known_integer("n"));
  LATHE_TRY(int64_t k, call.known_integer("k"));
  if (n < 0 || k < 0) return domain(call);
  if (k > n) return integer(0);
  k = std::min(k, n - k);
  int64_t result = 1;
  for (int64_t i = 1; i <= k; ++i) {
    int64_t product = 0;
    if (__builtin_mul_overflow(result, n - k + i, &product)) {
      return call.evaluator.unsupported(call.where, "integers beyond 64 bits");
    }
    result = product / i;
  }
  return integer(result);
}

Result<Value> permutations(NativeCall& call) {
  LATHE_TRY(const int64_t n, call.known_integer("n"));
  LATHE_TRY(const int64_t k, integer_or(call, "k", n));
  if (n < 0 || k < 0) return domain(call);
  if (k > n) return integer(0);
  int64_t result = 1;
  for (int64_t i = 0; i < k; ++i) {
    if (__builtin_mul_overflow(result, n - i, &result)) {
      return call.evaluator.unsupported(call.where, "integers beyond 64 bits");
    }
  }
  return integer(result);
}

Result<Value> integer_root(NativeCall& call) {
  LATHE_TRY(const int64_t n, call.known_integer("n"));
  if (n < 0) return domain(call);
  auto root = static_cast<int64_t>(std::sqrt(static_cast<double>(n)));
  while (root > 0 && root > n / root) --root;
  while ((root + 1) <= n / (root + 1)) ++root;
  return integer(root);
}

uint64_t greatest_divisor(uint64_t a, uint64_t b) {
  while (b != 0) a = std::exchange(b, a % b);
  return a;
}

/// gcd and lcm of any number of ints.
Result<Value> divisors(NativeCall& call) {
  const std::vector<Value> items = heap_of(call).as<TupleObject>(call.argument("integers"))->items;
  const bool common_multiple = call.row.name == "lcm";
  uint64_t result = common_multiple ? 1 : 0;
  for (const Value& item : items) {
    LATHE_RETURN_UNKNOWN(item);
    const std::optional<Dim> size = as_integer(item);
    if (!size) return wrong_type(call, "integers", "ints");
    if (!size->is_constant()) {
      return call.evaluator.unsupported(
          call.where, fmt::format("`{}` of a size that is only known when the model runs", call.display_name()));
    }
    const int64_t number = size->constant();
    const uint64_t magnitude = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
    const uint64_t divisor = greatest_divisor(result, magnitude);
    if (!common_multiple) {
      result = divisor;
    } else if (divisor == 0 || __builtin_mul_overflow(result / divisor, magnitude, &result)) {
      if (divisor != 0) return call.evaluator.unsupported(call.where, "integers beyond 64 bits");
      result = 0;
    }
  }
  return integer(static_cast<int64_t>(result));
}

/// prod: through `*`, so that sizes and floats both work.
Result<Value> product(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("iterable"));
  LATHE_TRY(const std::vector<Value> items, call.items("iterable"));
  Value result = call.argument("start");
  for (const Value& item : items) {
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    LATHE_TRY(result, call.evaluator.binary(BinaryOp::Multiply, result, item, call.where));
  }
  return result;
}

/// fsum, hypot, dist: sums of floats.
Result<std::vector<double>> numbers_of(NativeCall& call, std::string_view parameter) {
  LATHE_TRY(const std::vector<Value> items, call.items(parameter));
  std::vector<double> result;
  for (const Value& item : items) {
    if (is_unknown(item)) return Failure{};
    const std::optional<double> known = as_float(item);
    if (!known) return wrong_type(call, parameter, "numbers");
    result.push_back(*known);
  }
  return result;
}
Result<Value> exact_sum(NativeCall& call) {
  LATHE_TRY(const std::vector<double> numbers, numbers_of(call, "iterable"));
  // Neumaier's sum: exact for the lengths that model files have.
  double sum = 0;
  double rest = 0;
  for (const double x : numbers) {
    const double total = sum + x;
    rest += std::fabs(sum) >= std::fabs(x) ? (sum - total) + x : (x - total) + sum;
    sum = total;
  }
  return Value(sum + rest);
}
Result<Value> hypotenuse(NativeCall& call) {
  LATHE_TRY(const std::vector<double> numbers, numbers_of(call, "coordinates"));
  double result = 0;
  for (const double x : numbers) result = std::hypot(result, x);
  return Value(result);
}
Result<Value> distance(NativeCall& call) {
  LATHE_TRY(const std::vector<double> p, numbers_of(call, "p"));
  LATHE_TRY(const std::vector<double> q, numbers_of(call, "q"));
  if (p.size() != q.size())
    return raise(call, "ValueError", "`math.dist` of {} and {} coordinates", p.size(), q.size());
  double result = 0;
  for (size_t i = 0; i < p.size(); ++i) result = std::hypot(result, p[i] - q[i]);
  return Value(result);
}

Result<Value> parts(NativeCall& call) {
  LATHE_TRY(const double x, number(call, "x"));
  double whole_part = 0;
  const double fraction = std::modf(x, &whole_part);
  return heap_of(call).new_tuple({fraction, whole_part});
}

Result<Value> mantissa(NativeCall& call) {
  LATHE_TRY(const double x, number(call, "x"));
  int exponent = 0;
  const double fraction = std::frexp(x, &exponent);
  return heap_of(call).new_tuple({fraction, integer(exponent)});
}

Result<Value> scaled(NativeCall& call) {
  LATHE_TRY(const double x, number(call, "x"));
  LATHE_TRY(const int64_t exponent, call.known_integer("i"));
  return Value(std::ldexp(x, static_cast<int>(std::clamp<int64_t>(exponent, -5000, 5000))));
}

constexpr NativeFunctionRow kFunctions[] = {
    {"sqrt", "x, /", apply<std::sqrt>},
    {"cbrt", "x, /", apply<std::cbrt>},
    {"exp", "x, /", apply<std::exp>},
    {"exp2", "x, /", apply<std::exp2>},
    {"expm1", "x, /", apply<std::expm1>},
    {"log", "x, base=None, /", logarithm},
    {"log2", "x, /", positive<std::log2>},
    {"log10", "x, /", positive<std::log10>},
    {"log1p", "x, /", apply<std::log1p>},
    {"sin", "x, /", apply<std::sin>},
    {"cos", "x, /", apply<std::cos>},
    {"tan", "x, /", apply<std::tan>},
    {"asin", "x, /", apply<std::asin>},
    {"acos", "x, /", apply<std::acos>},
    {"atan", "x, /", apply<std::atan>},
    {"sinh", "x, /", apply<std::sinh>},
    {"cosh", "x, /", apply<std::cosh>},
    {"tanh", "x, /", apply<std::tanh>},
    {"asinh", "x, /", apply<std::asinh>},
    {"acosh", "x, /", apply<std::acosh>},
    {"atanh", "x, /", apply<std::atanh>},
    {"erf", "x, /", apply<std::erf>},
    {"erfc", "x, /", apply<std::erfc>},
    {"gamma", "x, /", apply<std::tgamma>},
    {"lgamma", "x, /", apply<std::lgamma>},
    {"fabs", "x, /", apply<std::fabs>},
    {"radians", "x, /", apply<radians>},
    {"degrees", "x, /", apply<degrees>},
    {"floor", "x, /", rounded},
    {"ceil", "x, /", rounded},
    {"trunc", "x, /", rounded},
    {"pow", "x, y, /", apply_two<std::pow>},
    {"atan2", "x, y, /", apply_two<std::atan2>},
    {"fmod", "x, y, /", apply_two<std::fmod>},
    {"remainder", "x, y, /", apply_two<std::remainder>},
    {"copysign", "x, y, /", apply_two<std::copysign>},
    {"nextafter", "x, y, /", apply_two<std::nextafter>},
    {"isnan", "x, /", test<is_nan>},
    {"isinf", "x, /", test<is_infinite>},
    {"isfinite", "x, /", test<is_finite>},
    {"isclose", "a, b, *, rel_tol=1e-09, abs_tol=0.0", is_close},
    {"factorial", "n, /", factorial},
    {"comb", "n, k, /", combinations},
    {"perm", "n, k=None, /", permutations},
    {"isqrt", "n, /", integer_root},
    {"gcd", "*integers", divisors},
    {"lcm", "*integers", divisors},
    {"prod", "iterable, /, *, start=1", product},
    {"fsum", "iterable, /", exact_sum},
    {"hypot", "*coordinates", hypotenuse},
    {"dist", "p, q, /", distance},
    {"modf", "x, /", parts},
    {"frexp", "x, /", mantissa},
    {"ldexp", "x, i, /", scaled},
};

constexpr NativeConstantRow kConstants[] = {
    {"pi", [](Evaluator&) { return Value(std::numbers::pi); }},
    {"e", [](Evaluator&) { return Value(std::numbers::e); }},
    {"tau", [](Evaluator&) { return Value(2 * std::numbers::pi); }},
    {"inf", [](Evaluator&) { return Value(std::numeric_limits<double>::infinity()); }},
    {"nan", [](Evaluator&) { return Value(std::numeric_limits<double>::quiet_NaN()); }},
};

constexpr NativeModuleRow kModules[] = {{"math", kFunctions, {}, kConstants}};

}  // namespace

std::span<const NativeModuleRow> stdlib_math() { return kModules; }

}  // namespace lathe::torch
