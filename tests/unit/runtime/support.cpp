// Helpers of the runtime tests.
#include "tests/unit/runtime/support.h"

#include <unistd.h>
#include <sys/mman.h>

#include <bit>
#include <cmath>
#include <utility>

namespace lathe::runtime::test {
namespace {

constexpr uint32_t kUntouchedBits = 0x7fc0abcdu;

}  // namespace

EdgeFloats::EdgeFloats(int64_t count) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t bytes = static_cast<size_t>(count) * sizeof(float);
  const size_t used = (bytes + page - 1) / page * page;
  mapped_bytes_ = used + page;
  void* mapping = mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) std::abort();
  mapping_ = static_cast<std::byte*>(mapping);
  if (mprotect(mapping_ + used, page, PROT_NONE) != 0) std::abort();
  values_ = {reinterpret_cast<float*>(mapping_ + used - bytes), static_cast<size_t>(count)};
}

EdgeFloats::~EdgeFloats() {
  if (mapping_ != nullptr) munmap(mapping_, mapped_bytes_);
}

EdgeFloats::EdgeFloats(EdgeFloats&& other) noexcept
    : mapping_(std::exchange(other.mapping_, nullptr)),
      mapped_bytes_(std::exchange(other.mapped_bytes_, 0)),
      values_(std::exchange(other.values_, {})) {}

EdgeFloats random_floats(int64_t count, uint32_t seed) {
  EdgeFloats values(count);
  uint32_t state = seed * 2654435761u + 1;
  for (int64_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    values[i] = static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
  }
  return values;
}

EdgeFloats untouched_floats(int64_t count) {
  EdgeFloats values(count);
  for (int64_t i = 0; i < count; ++i) values[i] = std::bit_cast<float>(kUntouchedBits);
  return values;
}

bool is_untouched(float value) { return std::bit_cast<uint32_t>(value) == kUntouchedBits; }

std::vector<std::string> supported_targets() {
  std::vector<std::string> names;
  for (int32_t i = 0; i < lathe_target_count(); ++i) {
    if (lathe_target_supported(i) != 0) names.emplace_back(lathe_target_name(i));
  }
  return names;
}

TargetScope::TargetScope(const std::string& name) {
  EXPECT_EQ(lathe_target_select(name.c_str(), nullptr, 0), LATHE_OK);
}

TargetScope::~TargetScope() { lathe_target_select(nullptr, nullptr, 0); }

float multiply_add(const std::string& target, float a, float b, float sum) {
  if (target == "SSE4") {
    // volatile: two roundings, whatever the compiler's flags.
    volatile float product = a * b;
    return product + sum;
  }
  return std::fma(a, b, sum);
}

float apply_epilogue(const lathe_epilogue_f32& epilogue, float sum, int64_t column, const float* residual) {
  volatile float value = sum;
  if (epilogue.scale != nullptr) value = value * epilogue.scale[column];
  if (epilogue.bias != nullptr) value = value + epilogue.bias[column];
  if (residual != nullptr) value = value + *residual;
  const float x = value;
  const auto line = [&] {
    volatile float product = epilogue.alpha * x;
    const float y = product + epilogue.beta;
    return y < 0.0f ? 0.0f : y > 1.0f ? 1.0f : y;
  };
  switch (epilogue.activation) {
    case LATHE_ACTIVATION_NONE: return x;
    case LATHE_ACTIVATION_RELU: return x < 0.0f ? 0.0f : x;
    case LATHE_ACTIVATION_CLIP: return x < epilogue.alpha ? epilogue.alpha : x > epilogue.beta ? epilogue.beta : x;
    case LATHE_ACTIVATION_LEAKY_RELU: return x < 0.0f ? epilogue.alpha * x : x;
    case LATHE_ACTIVATION_HARD_SIGMOID: return line();
    case LATHE_ACTIVATION_HARD_SWISH: return x * line();
    default: ADD_FAILURE() << "unknown activation " << epilogue.activation; return x;
  }
}

void expect_same_bits(std::span<const float> actual, std::span<const float> expected, const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (size_t i = 0; i < actual.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint32_t>(actual[i]), std::bit_cast<uint32_t>(expected[i]))
        << what << ": element " << i << " is " << actual[i] << ", expected " << expected[i];
  }
}

}  // namespace lathe::runtime::test
