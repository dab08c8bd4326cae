// Selection of targets: by CPU, by name, by LATHE_TARGET, and what is said when it cannot be.
#include <cstdint>
#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lathe/kernels.h"
#include "lathe/runtime.h"
#include "tests/unit/runtime/support.h"

namespace lathe::runtime::test {
namespace {

using testing::HasSubstr;

// Sets LATHE_TARGET for a test and selects anew afterwards as the environment was.
class TargetSelection : public testing::Test {
 protected:
  void SetUp() override {
    const char* value = std::getenv("LATHE_TARGET");
    if (value != nullptr) before_ = value;
    unsetenv("LATHE_TARGET");
  }
  void TearDown() override {
    if (before_.empty()) {
      unsetenv("LATHE_TARGET");
    } else {
      setenv("LATHE_TARGET", before_.c_str(), 1);
    }
    lathe_target_select(nullptr, nullptr, 0);
  }

 private:
  std::string before_;
};

TEST_F(TargetSelection, ListIsConsistent) {
  ASSERT_GE(lathe_target_count(), 1);
  EXPECT_EQ(lathe_target_name(-1), nullptr);
  EXPECT_EQ(lathe_target_name(lathe_target_count()), nullptr);
  EXPECT_EQ(lathe_target_supported(-1), 0);
  const int32_t detected = lathe_target_detected();
  ASSERT_GE(detected, 0);
  EXPECT_EQ(lathe_target_supported(detected), 1);
  for (int32_t i = 0; i < detected; ++i) EXPECT_EQ(lathe_target_supported(i), 0) << "a better one is supported";
}

TEST_F(TargetSelection, BestIsSelectedByDefault) {
  ASSERT_EQ(lathe_target_select(nullptr, nullptr, 0), LATHE_OK);
  EXPECT_EQ(lathe_target_selected(), lathe_target_detected());
}

TEST_F(TargetSelection, ByNameInAnyCase) {
  for (int32_t i = 0; i < lathe_target_count(); ++i) {
    if (lathe_target_supported(i) == 0) continue;
    std::string name = lathe_target_name(i);
    name[0] = static_cast<char>(name[0] - 'A' + 'a');
    ASSERT_EQ(lathe_target_select(name.c_str(), nullptr, 0), LATHE_OK);
    EXPECT_EQ(lathe_target_selected(), i);
  }
}

TEST_F(TargetSelection, ByEnvironment) {
  const int32_t last = lathe_target_count() - 1;
  setenv("LATHE_TARGET", lathe_target_name(last), 1);
  ASSERT_EQ(lathe_target_select(nullptr, nullptr, 0), LATHE_OK);
  EXPECT_EQ(lathe_target_selected(), last);
}

TEST_F(TargetSelection, UnknownNameListsTheTargetsAndChangesNothing) {
  ASSERT_EQ(lathe_target_select(nullptr, nullptr, 0), LATHE_OK);
  const int32_t before = lathe_target_selected();
  char message[512] = "";
  EXPECT_EQ(lathe_target_select("AVX9", message, sizeof(message)), LATHE_UNKNOWN_TARGET);
  EXPECT_THAT(message, HasSubstr("target `AVX9` is unknown; compiled targets: "));
  EXPECT_THAT(message, HasSubstr(lathe_target_name(0)));
  EXPECT_EQ(lathe_target_selected(), before);
  char small[10] = "";
  EXPECT_EQ(lathe_target_select("AVX9", small, sizeof(small)), LATHE_UNKNOWN_TARGET);
  EXPECT_STREQ(small, "target `A");
}

// No silent fallback: with a bad LATHE_TARGET every kernel fails, and says why.
TEST_F(TargetSelection, BadEnvironmentFailsKernels) {
  setenv("LATHE_TARGET", "AVX9", 1);
  EXPECT_EQ(lathe_target_select(nullptr, nullptr, 0), LATHE_UNKNOWN_TARGET);
  EXPECT_EQ(lathe_target_selected(), -1);
  char message[512] = "";
  lathe_execution execution = LATHE_EXECUTION_INIT;
  execution.message = message;
  execution.message_size = sizeof(message);
  lathe_gemm_f32_shape shape = {};
  shape.struct_size = sizeof(shape);
  EXPECT_EQ(lathe_gemm_f32(&execution, &shape, nullptr, nullptr, nullptr, nullptr, nullptr), LATHE_UNKNOWN_TARGET);
  EXPECT_THAT(message, HasSubstr("LATHE_TARGET `AVX9` is unknown; compiled targets: "));
}

}  // namespace
}  // namespace lathe::runtime::test
