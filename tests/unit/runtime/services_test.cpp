// Status names, failure messages, memory and lathe_parallel_for.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lathe/kernels.h"
#include "lathe/runtime.h"

namespace lathe::runtime::test {
namespace {

TEST(Services, VersionIsThatOfTheHeader) { EXPECT_EQ(lathe_runtime_version(), LATHE_RUNTIME_VERSION); }

TEST(Services, EveryStatusHasItsOwnName) {
  std::vector<std::string> names;
  for (lathe_status status = LATHE_OK; status <= LATHE_INTERNAL; ++status)
    names.emplace_back(lathe_status_name(status));
  for (size_t i = 0; i < names.size(); ++i) {
    EXPECT_NE(names[i], "unknown status");
    for (size_t j = 0; j < i; ++j) EXPECT_NE(names[i], names[j]);
  }
  EXPECT_STREQ(lathe_status_name(-1), "unknown status");
  EXPECT_STREQ(lathe_status_name(1000), "unknown status");
}

std::string failure(const char* text, const std::vector<int64_t>& values, size_t size = 128) {
  std::string buffer(size, 'x');
  lathe_execution execution = LATHE_EXECUTION_INIT;
  execution.message = buffer.data();
  execution.message_size = size;
  EXPECT_EQ(lathe_fail(&execution, LATHE_SHAPE_GUARD_FAILED, text, values.data(), static_cast<int32_t>(values.size())),
            LATHE_SHAPE_GUARD_FAILED);
  return lathe_execution_message(&execution);
}

TEST(Services, FailureMessages) {
  EXPECT_EQ(failure("N is {}, at most {}", {12, -7}), "N is 12, at most -7");
  EXPECT_EQ(failure("{}", {INT64_MIN}), "-9223372036854775808");
  EXPECT_EQ(failure("{}", {INT64_MAX}), "9223372036854775807");
  EXPECT_EQ(failure("{} and {}", {0}), "0 and {}");
  EXPECT_EQ(failure("too long for it", {}, 9), "too long");
  EXPECT_EQ(failure("gone", {}, 1), "");
  EXPECT_EQ(lathe_fail(nullptr, LATHE_INTERNAL, "nobody listens", nullptr, 0), LATHE_INTERNAL);
  EXPECT_STREQ(lathe_execution_message(nullptr), "");
}

TEST(Services, ProcessMemoryIsAligned) {
  // Blocks from 2 MB on are of another kind.
  constexpr size_t kHuge = size_t{2} << 20;
  for (const size_t bytes :
       {size_t{0}, size_t{1}, size_t{64}, size_t{1000}, kHuge - 64, kHuge, kHuge + 1, 5 * kHuge / 2 + 3}) {
    void* memory = lathe_allocate(nullptr, bytes);
    ASSERT_NE(memory, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 64, 0u);
    std::memset(memory, 1, bytes);
    lathe_release(nullptr, memory, bytes);
  }
  EXPECT_EQ(lathe_allocate(nullptr, SIZE_MAX), nullptr);
  EXPECT_EQ(lathe_allocate(nullptr, SIZE_MAX - 100), nullptr);
  EXPECT_EQ(lathe_allocate(nullptr, SIZE_MAX - kHuge), nullptr);
  lathe_release(nullptr, nullptr, 8);
}

struct Calls {
  alignas(64) char memory[256];
  size_t allocated = 0;
  size_t released = 0;
};

TEST(Services, HostAllocatorIsUsedForBoth) {
  Calls calls;
  lathe_execution execution = LATHE_EXECUTION_INIT;
  execution.allocator_context = &calls;
  execution.allocate = [](void* context, size_t bytes, size_t alignment) -> void* {
    EXPECT_EQ(alignment, 64u);
    static_cast<Calls*>(context)->allocated += bytes;
    return static_cast<Calls*>(context)->memory;
  };
  execution.release = [](void* context, void* memory, size_t bytes, size_t) {
    EXPECT_EQ(memory, static_cast<Calls*>(context)->memory);
    static_cast<Calls*>(context)->released += bytes;
  };
  void* memory = lathe_allocate(&execution, 100);
  EXPECT_EQ(memory, calls.memory);
  lathe_release(&execution, memory, 100);
  EXPECT_GE(calls.allocated, 100u);
  EXPECT_EQ(calls.allocated, calls.released);
}

struct Ranges {
  std::vector<std::pair<int64_t, int64_t>> seen;
};

void note_range(void* state, int64_t begin, int64_t end) { static_cast<Ranges*>(state)->seen.emplace_back(begin, end); }

TEST(Services, ParallelForIsOneInlineCallWithoutThreads) {
  Ranges ranges;
  lathe_parallel_for(nullptr, 10, 3, &note_range, &ranges);
  const lathe_execution single = LATHE_EXECUTION_INIT;
  lathe_parallel_for(&single, 7, 1, &note_range, &ranges);
  lathe_parallel_for(&single, 0, 1, &note_range, &ranges);
  EXPECT_EQ(ranges.seen, (std::vector<std::pair<int64_t, int64_t>>{{0, 10}, {0, 7}}));
}

TEST(Services, HostParallelForIsUsed) {
  Ranges ranges;
  lathe_execution execution = LATHE_EXECUTION_INIT;
  execution.threads = 2;
  execution.parallel_for = [](void*, int64_t count, int64_t grain, lathe_task task, void* state) {
    for (int64_t begin = 0; begin < count; begin += grain) task(state, begin, std::min(begin + grain, count));
  };
  lathe_parallel_for(&execution, 7, 3, &note_range, &ranges);
  EXPECT_EQ(ranges.seen, (std::vector<std::pair<int64_t, int64_t>>{{0, 3}, {3, 6}, {6, 7}}));
}

}  // namespace
}  // namespace lathe::runtime::test
