// Making and reading constants.
#include "ir/graph/constant.h"

#include <cstring>

#include "ir/base/result.h"
#include "ir/scalar/scalar_value.h"

namespace lathe {
namespace {

ScalarValue value_of(ElementType type, double number) { return ScalarValue::of(type, number); }
ScalarValue value_of(ElementType type, int64_t number) {
  return is_float(type) ? ScalarValue::of(type, static_cast<double>(number)) : ScalarValue::of_integer(type, number);
}

template <class T>
ConstantData build(TensorType type, std::span<const T> values) {
  const auto bytes = storage_bytes(type.element, static_cast<int64_t>(values.size()));
  LATHE_CHECK(bytes.has_value() && type.element_count().constant() == static_cast<int64_t>(values.size()));
  std::vector<std::byte> storage(*bytes);
  for (size_t i = 0; i < values.size(); ++i) {
    store_element(type.element, storage.data(), static_cast<int64_t>(i), value_of(type.element, values[i]));
  }
  return owned_constant(std::move(type), std::move(storage));
}

template <class T>
ConstantData build_splat(TensorType type, T value) {
  std::vector<std::byte> storage(*storage_bytes(type.element, 1));
  store_element(type.element, storage.data(), 0, value_of(type.element, value));
  ConstantData constant = owned_constant(std::move(type), std::move(storage));
  constant.splat = true;
  return constant;
}

}  // namespace

ConstantData owned_constant(TensorType type, std::vector<std::byte> bytes) {
  auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  ConstantData constant;
  constant.type = std::move(type);
  constant.bytes = *owner;
  constant.owner = std::move(owner);
  return constant;
}

ConstantData constant_from_doubles(TensorType type, std::span<const double> values) {
  return build(std::move(type), values);
}

ConstantData constant_from_integers(TensorType type, std::span<const int64_t> values) {
  return build(std::move(type), values);
}

ConstantData splat_constant(TensorType type, double value) { return build_splat(std::move(type), value); }

ConstantData splat_integer_constant(TensorType type, int64_t value) { return build_splat(std::move(type), value); }

double element_as_double(const ConstantData& constant, int64_t index) {
  LATHE_CHECK(!constant.absent);
  return load_element(constant.type.element, constant.bytes.data(), constant.splat ? 0 : index).as_double();
}

int64_t element_as_integer(const ConstantData& constant, int64_t index) {
  LATHE_CHECK(!constant.absent);
  const ScalarValue value = load_element(constant.type.element, constant.bytes.data(), constant.splat ? 0 : index);
  return is_float(value.type) ? ScalarValue::of(ElementType::I64, value.real).integer : value.integer;
}

bool is_uniform(const ConstantData& constant) {
  if (constant.absent || constant.type.element == ElementType::String) return false;
  const int64_t count = constant.element_count();
  if (count == 0) return false;
  if (constant.splat) return true;
  const uint32_t bits = info(constant.type.element).bits;
  if (bits < 8) {
    for (int64_t i = 1; i < count; ++i) {
      if (element_as_integer(constant, i) != element_as_integer(constant, 0)) return false;
    }
    return true;
  }
  const size_t width = bits / 8;
  return constant.bytes.size() <= width ||
         std::memcmp(constant.bytes.data(), constant.bytes.data() + width, constant.bytes.size() - width) == 0;
}

bool same_constant(const ConstantData& a, const ConstantData& b) {
  if (!(a.type == b.type) || a.absent != b.absent || a.splat != b.splat) return false;
  if (a.absent) return a.name == b.name;
  if (a.strings != b.strings || a.bytes.size() != b.bytes.size()) return false;
  return a.bytes.data() == b.bytes.data() || a.bytes.empty() ||
         std::memcmp(a.bytes.data(), b.bytes.data(), a.bytes.size()) == 0;
}

}  // namespace lathe
