// Conversion in blocks, so that the wide form of a large constant never exists as a whole.
#include "compiler/frontend/weights/convert.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "ir/scalar/scalar_value.h"

namespace lathe::weights {
namespace {

constexpr int64_t kBlock = 4096;

ScalarValue cast(const ScalarValue& value, ElementType element) {
  const bool real = is_float(value.type);
  if (real) return ScalarValue::of(element, value.real);
  return ScalarValue::of_integer(element, value.integer);
}

}  // namespace

ConstantData converted(const ConstantData& constant, ElementType element) {
  if (constant.type.element == element || constant.absent) {
    ConstantData same = constant;
    same.type.element = element;
    return same;
  }
  const int64_t count = constant.splat ? 1 : constant.element_count();
  std::vector<std::byte> bytes(storage_bytes(element, count).value_or(0));
  ScalarColumn from(constant.type.element, kBlock);
  ScalarColumn to(element, kBlock);
  for (int64_t begin = 0; begin < count; begin += kBlock) {
    const auto size = static_cast<size_t>(std::min(kBlock, count - begin));
    from.resize(size);
    to.resize(size);
    load_column(constant.bytes.data(), begin, 1, from);
    for (size_t index = 0; index < size; ++index) to.set(index, cast(from.at(index), element));
    store_column(to, bytes.data(), begin, 1);
  }
  ConstantData result = constant;
  result.type.element = element;
  result.source.reset();
  auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  result.bytes = *owner;
  result.owner = std::move(owner);
  return result;
}

}  // namespace lathe::weights
