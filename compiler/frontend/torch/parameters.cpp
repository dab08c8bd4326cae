// splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014) keyed by seed and name; normal
// numbers by the quantile function (Wichura: Algorithm AS 241, PPND7, 1988) over a logarithm that is made of exactly
// rounded operations.
#include "compiler/frontend/torch/parameters.h"

#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "ir/scalar/scalar_value.h"

namespace lathe::torch {
namespace {

constexpr uint64_t kGolden = 0x9e3779b97f4a7c15u;
constexpr double kLog2 = 0.69314718055994530942;

uint64_t mix(uint64_t value) {
  value = (value ^ (value >> 30u)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27u)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31u);
}

/// FNV-1a over the name, mixed with the seed.
uint64_t stream_of(uint64_t seed, std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : name) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  return mix(mix(seed + kGolden) ^ hash);
}

/// Element `index` of a stream: an odd multiple of 2^-53 between 0 and 1.
double unit(uint64_t stream, uint64_t index) {
  return static_cast<double>(mix(stream + (index + 1) * kGolden) >> 12u) * 0x1p-52 + 0x1p-53;
}

/// The natural logarithm of x > 0 without the platform's: 2 atanh((m - 1) / (m + 1)) of the mantissa, in 12 terms.
double logarithm(double x) {
  int exponent = 0;
  const double mantissa = std::frexp(x, &exponent);
  const double ratio = (mantissa - 1) / (mantissa + 1);
  const double square = ratio * ratio;
  double sum = 0;
  for (int term = 12; term >= 0; --term) sum = sum * square + 1.0 / (2 * term + 1);
  return 2 * ratio * sum + exponent * kLog2;
}

double element_of(const Initialization& initialization, double u) {
  if (initialization.kind == Initialization::Kind::Uniform) return initialization.bound * (2 * u - 1);
  return initialization.bound * normal_quantile(u);
}

}  // namespace

double normal_quantile(double p) {
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * (((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179) /
           (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1);
  }
  const double tail = std::sqrt(-logarithm(q < 0 ? p : 1 - p));
  double value = 0;
  if (tail <= 5) {
    const double r = tail - 1.6;
    value = (((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777) /
            ((0.12021132975 * r + 0.73700164250) * r + 1);
  } else {
    const double r = tail - 5;
    value = (((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150) /
            ((0.012258202635 * r + 0.24197894225) * r + 1);
  }
  return q < 0 ? -value : value;
}

ConstantData random_constant(const TensorType& type, const Initialization& initialization, uint64_t seed,
                             std::string_view name) {
  const int64_t count = type.element_count().constant();
  const uint64_t stream = stream_of(seed, name);
  std::vector<std::byte> bytes(storage_bytes(type.element, count).value_or(0));
  for (int64_t index = 0; index < count; ++index) {
    const double element = element_of(initialization, unit(stream, static_cast<uint64_t>(index)));
    if (type.element == ElementType::F32) {
      // Nearly all parameters: without the dispatch on the type.
      const auto number = static_cast<float>(element);
      std::memcpy(bytes.data() + static_cast<size_t>(index) * sizeof number, &number, sizeof number);
      continue;
    }
    store_element(type.element, bytes.data(), index, ScalarValue::of(type.element, element));
  }
  return owned_constant(type, std::move(bytes));
}

std::optional<ConstantData> GivenParameters::parameter(const std::string& name, const TensorType& type,
                                                       const Initialization& initialization) {
  if (const weights::StateEntry* given = name.empty() ? nullptr : weights_.find(name)) {
    if (given->data.type == type) return given->data;
  }
  switch (initialization.kind) {
    case Initialization::Kind::Zeros: return splat_constant(type, 0);
    case Initialization::Kind::Ones: return splat_constant(type, 1);
    case Initialization::Kind::Constant: return splat_constant(type, initialization.bound);
    case Initialization::Kind::Computed: return std::nullopt;
    case Initialization::Kind::Uniform:
    case Initialization::Kind::Normal: break;
  }
  if (elements_ == ParameterElements::Absent) {
    ConstantData absent;
    absent.type = type;
    absent.absent = true;
    return absent;
  }
  // A number cannot begin a parameter's name in Python, and a dot neither.
  const std::string key = name.empty() ? "." + std::to_string(unnamed_++) : name;
  return random_constant(type, initialization, seed_, key);
}

}  // namespace lathe::torch
