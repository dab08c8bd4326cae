// Kernels on 1, 2, 3 and 7 threads, and on a host's own parallel_for: the bits of the plain loops, always.
#include <algorithm>
#include <cstdint>

#include <gtest/gtest.h>

#include "lathe/kernels.h"
#include "lathe/runtime.h"
#include "tests/unit/runtime/conv_support.h"
#include "tests/unit/runtime/support.h"

namespace lathe::runtime::test {
namespace {

class ThreadsTest : public TargetTest {
 protected:
  void run_all(const lathe_execution& execution) {
    const ConvCase cases[] = {
        {.batch = 2,
         .out_h = 14,
         .out_w = 15,
         .in_c = 33,
         .out_c = 70,
         .kernel_h = 3,
         .kernel_w = 3,
         .residual = true,
         .bias = true},
        {.out_h = 3, .out_w = 3, .in_c = 150, .out_c = 100, .kernel_h = 3, .kernel_w = 3, .channel_gap = 1},
        {.out_h = 1, .out_w = 1, .in_c = 700, .out_c = 330},
        {.batch = 3, .out_h = 10, .out_w = 11, .in_c = 30, .out_c = 60, .kernel_h = 3, .kernel_w = 3, .groups = 3},
    };
    for (const ConvCase& c : cases) {
      run_conv_case(GetParam(), ConvKernel::General, c, &execution);
      if (HasFatalFailure()) return;
    }
    run_conv_case(GetParam(), ConvKernel::Depthwise,
                  {.batch = 2,
                   .out_h = 30,
                   .out_w = 31,
                   .in_c = 50,
                   .out_c = 50,
                   .kernel_h = 3,
                   .kernel_w = 3,
                   .groups = 50,
                   .channel_gap = 2,
                   .bias = true},
                  &execution);
  }
};

TEST_P(ThreadsTest, PoolsOfEverySize) {
  for (const int32_t threads : {1, 2, 3, 7}) {
    lathe_thread_pool* pool = nullptr;
    ASSERT_EQ(lathe_thread_pool_create(threads, &pool), LATHE_OK);
    lathe_execution execution = LATHE_EXECUTION_INIT;
    lathe_execution_use_pool(&execution, pool);
    run_all(execution);
    lathe_thread_pool_destroy(pool);
    if (HasFatalFailure()) return;
  }
}

TEST_P(ThreadsTest, HostParallelForInReverseOrder) {
  lathe_execution execution = LATHE_EXECUTION_INIT;
  execution.threads = 5;
  execution.parallel_for = [](void*, int64_t count, int64_t grain, lathe_task task, void* state) {
    for (int64_t begin = (count - 1) / grain * grain; begin >= 0; begin -= grain) {
      task(state, begin, std::min(begin + grain, count));
    }
  };
  run_all(execution);
}

INSTANTIATE_TEST_SUITE_P(Targets, ThreadsTest, testing::ValuesIn(supported_targets()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace lathe::runtime::test
