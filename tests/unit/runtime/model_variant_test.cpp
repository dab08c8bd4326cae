// Which variant of a model runs: by CPU, by LATHE_TARGET, by name, and what is said when none can.
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lathe/model.h"
#include "tests/unit/runtime/model_support.h"
#include "tests/unit/runtime/support.h"

namespace lathe::runtime::test {
namespace {

using testing::HasSubstr;
using testing::StrEq;

const char* best_target() { return lathe_target_name(lathe_target_detected()); }
const char* least_target() { return lathe_target_name(lathe_target_count() - 1); }

TEST(ModelVariant, TheFirstThatTheTargetCoversIsChosen) {
  PairModel pair;
  pair.set_variants(
      {{"future", "AVX99", &run_pair_better}, {"good", best_target(), &run_pair}, {"base", "", &run_pair}});
  const TargetScope scope(best_target());
  lathe_status status = LATHE_INTERNAL;
  EXPECT_EQ(lathe_model_program(&pair.model, nullptr, &status), &run_pair);
  EXPECT_EQ(status, LATHE_OK);
  EXPECT_STREQ(lathe_model_cpu(&pair.model), "good");
}

TEST(ModelVariant, ALesserTargetTakesLesserCode) {
  if (lathe_target_count() < 2) GTEST_SKIP() << "this architecture has one target";
  PairModel pair;
  pair.set_variants({{"good", lathe_target_name(0), &run_pair_better}, {"least", least_target(), &run_pair}});
  const TargetScope scope(least_target());
  EXPECT_STREQ(lathe_model_cpu(&pair.model), "least");
  EXPECT_EQ(lathe_model_program(&pair.model, nullptr, nullptr), &run_pair);
}

TEST(ModelVariant, TheChoiceIsKept) {
  PairModel pair;
  pair.set_variants({{"good", best_target(), &run_pair_better}, {"base", "", &run_pair}});
  {
    const TargetScope scope(best_target());
    EXPECT_STREQ(lathe_model_cpu(&pair.model), "good");
  }
  const TargetScope scope(least_target());
  EXPECT_STREQ(lathe_model_cpu(&pair.model), "good");
  EXPECT_EQ(lathe_model_program(&pair.model, nullptr, nullptr), &run_pair_better);
}

TEST(ModelVariant, NoneRunsHere) {
  PairModel pair;
  pair.set_variants({{"x86-64-v9", "AVX99", &run_pair}, {"x86-64-v8", "AVX98", &run_pair}});
  const TargetScope scope(least_target());
  ListeningExecution listening;
  lathe_status status = LATHE_OK;
  EXPECT_EQ(lathe_model_program(&pair.model, &listening.execution, &status), nullptr);
  EXPECT_EQ(status, LATHE_UNSUPPORTED_CPU);
  EXPECT_EQ(std::string(listening.message),
            std::string("model `pair` has no code for this CPU with target `") + least_target() +
                "`; it has code for: x86-64-v9 (not supported by this CPU), x86-64-v8 (not supported by this CPU)");
  EXPECT_EQ(lathe_model_cpu(&pair.model), nullptr);
  EXPECT_EQ(lathe_model_run(&pair.model, nullptr, nullptr, nullptr, nullptr, nullptr), LATHE_UNSUPPORTED_CPU);
  EXPECT_EQ(lathe_model_cpu(nullptr), nullptr);
}

// No silent fallback: a wrong LATHE_TARGET is said.
TEST(ModelVariant, WrongEnvironment) {
  PairModel pair;
  const char* before = std::getenv("LATHE_TARGET");
  const std::string kept = before != nullptr ? before : "";
  setenv("LATHE_TARGET", "AVX99", 1);
  lathe_target_select(nullptr, nullptr, 0);
  ListeningExecution listening;
  lathe_status status = LATHE_OK;
  EXPECT_EQ(lathe_model_program(&pair.model, &listening.execution, &status), nullptr);
  EXPECT_EQ(status, LATHE_UNKNOWN_TARGET);
  EXPECT_THAT(listening.message, HasSubstr("LATHE_TARGET `AVX99` is unknown"));
  if (before != nullptr) {
    setenv("LATHE_TARGET", kept.c_str(), 1);
  } else {
    unsetenv("LATHE_TARGET");
  }
  lathe_target_select(nullptr, nullptr, 0);
  EXPECT_NE(lathe_model_program(&pair.model, nullptr, &status), nullptr) << "a failure is not kept";
}

TEST(ModelVariant, ByName) {
  PairModel pair;
  pair.set_variants({{"good", best_target(), &run_pair_better}, {"base", "", &run_pair}});
  char message[256] = "";
  EXPECT_EQ(lathe_model_select_cpu(&pair.model, "base", message, sizeof(message)), LATHE_OK);
  EXPECT_STREQ(lathe_model_cpu(&pair.model), "base");
  EXPECT_EQ(lathe_model_program(&pair.model, nullptr, nullptr), &run_pair);
  EXPECT_STREQ(message, "");
  // Anew: the best again.
  EXPECT_EQ(lathe_model_select_cpu(&pair.model, "", nullptr, 0), LATHE_OK);
  EXPECT_STREQ(lathe_model_cpu(&pair.model), "good");
  // Forced beyond the selected target, within what the CPU can.
  const TargetScope scope(least_target());
  EXPECT_EQ(lathe_model_select_cpu(&pair.model, "good", nullptr, 0), LATHE_OK);
  EXPECT_EQ(lathe_model_program(&pair.model, nullptr, nullptr), &run_pair_better);
}

TEST(ModelVariant, WrongNamesChangeNothing) {
  PairModel pair;
  pair.set_variants({{"future", "AVX99", &run_pair_better}, {"base", "", &run_pair}});
  ASSERT_STREQ(lathe_model_cpu(&pair.model), "base");
  char message[256] = "";
  EXPECT_EQ(lathe_model_select_cpu(&pair.model, "pentium", message, sizeof(message)), LATHE_UNKNOWN_TARGET);
  EXPECT_THAT(message, StrEq("model `pair` has no code for CPU `pentium`; it has code for: future (not supported by "
                             "this CPU), base"));
  EXPECT_EQ(lathe_model_select_cpu(&pair.model, "future", message, sizeof(message)), LATHE_UNSUPPORTED_CPU);
  EXPECT_THAT(message, StrEq("model `pair`: CPU `future` is more than this machine has; it has code for: future (not "
                             "supported by this CPU), base"));
  EXPECT_STREQ(lathe_model_cpu(&pair.model), "base");
  char small[10] = "";
  EXPECT_EQ(lathe_model_select_cpu(&pair.model, "pentium", small, sizeof(small)), LATHE_UNKNOWN_TARGET);
  EXPECT_STREQ(small, "model `pa");
  EXPECT_EQ(lathe_model_select_cpu(nullptr, "base", nullptr, 0), LATHE_INVALID_ARGUMENT);
}

TEST(ModelVariant, ThreadsChooseTheSame) {
  for (int repeat = 0; repeat < 50; ++repeat) {
    PairModel pair;
    pair.set_variants({{"good", best_target(), &run_pair_better}, {"base", "", &run_pair}});
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        EXPECT_EQ(lathe_model_program(&pair.model, nullptr, nullptr), &run_pair_better);
        EXPECT_STREQ(lathe_model_cpu(&pair.model), "good");
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace
}  // namespace lathe::runtime::test
