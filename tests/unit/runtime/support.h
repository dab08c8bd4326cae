// What the kernel tests share: buffers that end at an unmapped page, the targets to run on, the scalar definition of a
// multiply-add and of an epilogue, and a bitwise comparison that names the first difference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "lathe/kernels.h"
#include "lathe/runtime.h"

namespace lathe::runtime::test {

// Floats whose last element is the last of a page that is followed by an unmapped one: reading or writing beyond the
// end ends the test program.
class EdgeFloats {
 public:
  explicit EdgeFloats(int64_t count);
  ~EdgeFloats();
  EdgeFloats(EdgeFloats&& other) noexcept;
  EdgeFloats(const EdgeFloats&) = delete;
  EdgeFloats& operator=(const EdgeFloats&) = delete;
  EdgeFloats& operator=(EdgeFloats&&) = delete;

  [[nodiscard]] float* data() { return values_.data(); }
  [[nodiscard]] const float* data() const { return values_.data(); }
  [[nodiscard]] int64_t size() const { return static_cast<int64_t>(values_.size()); }
  [[nodiscard]] float& operator[](int64_t index) { return values_[static_cast<size_t>(index)]; }
  [[nodiscard]] float operator[](int64_t index) const { return values_[static_cast<size_t>(index)]; }
  [[nodiscard]] std::span<const float> span() const { return values_; }

 private:
  std::byte* mapping_ = nullptr;
  size_t mapped_bytes_ = 0;
  std::span<float> values_;
};

// Numbers in [-1, 1), the same for the same seed.
EdgeFloats random_floats(int64_t count, uint32_t seed);

// `count` floats with a NaN payload that no kernel makes, to see what was written.
EdgeFloats untouched_floats(int64_t count);
bool is_untouched(float value);

// Names of the compiled targets that this CPU supports.
std::vector<std::string> supported_targets();

// Selects a target for the length of a scope, then lets the runtime choose again.
class TargetScope {
 public:
  explicit TargetScope(const std::string& name);
  ~TargetScope();
  TargetScope(const TargetScope&) = delete;
  TargetScope& operator=(const TargetScope&) = delete;
};

// One step of accumulation: fused but on SSE4, where product and sum are rounded separately.
float multiply_add(const std::string& target, float a, float b, float sum);

// The epilogue of lathe/kernels.h for one element; `residual` null when there is none.
float apply_epilogue(const lathe_epilogue_f32& epilogue, float sum, int64_t column, const float* residual);

// Fails at the first element whose bits differ; `what` names the case.
void expect_same_bits(std::span<const float> actual, std::span<const float> expected, const std::string& what);

// Base of the suites that run once a target.
class TargetTest : public testing::TestWithParam<std::string> {
 protected:
  TargetScope scope_{GetParam()};
};

}  // namespace lathe::runtime::test
