// The thread pool: every index exactly once, whoever calls, from wherever, however often.
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "lathe/runtime.h"

namespace lathe::runtime::test {
namespace {

class Pool {
 public:
  explicit Pool(int32_t threads) { EXPECT_EQ(lathe_thread_pool_create(threads, &pool_), LATHE_OK); }
  ~Pool() { lathe_thread_pool_destroy(pool_); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  [[nodiscard]] lathe_thread_pool* get() const { return pool_; }

 private:
  lathe_thread_pool* pool_ = nullptr;
};

struct Counter {
  std::vector<std::atomic<int>> hits;
  int64_t grain = 1;
  std::atomic<int> misaligned = 0;

  Counter(int64_t count, int64_t grain_size) : hits(static_cast<size_t>(count)), grain(grain_size) {}

  static void task(void* state, int64_t begin, int64_t end) {
    auto& self = *static_cast<Counter*>(state);
    if (begin % self.grain != 0 || begin >= end) ++self.misaligned;
    for (int64_t i = begin; i < end; ++i) ++self.hits[static_cast<size_t>(i)];
  }

  void expect_once() const {
    EXPECT_EQ(misaligned, 0);
    for (const auto& hit : hits) ASSERT_EQ(hit, 1);
  }
};

int32_t process_threads() {
  int32_t count = 0;
  FILE* file = std::fopen("/proc/self/status", "r");
  if (file == nullptr) return -1;
  char line[256];
  while (std::fgets(line, sizeof(line), file) != nullptr) {
    if (std::sscanf(line, "Threads: %d", &count) == 1) break;
  }
  std::fclose(file);
  return count;
}

TEST(ThreadPool, EveryIndexOnce) {
  for (const int32_t threads : {1, 2, 3, 7}) {
    const Pool pool(threads);
    EXPECT_EQ(lathe_thread_pool_threads(pool.get()), threads);
    for (const int64_t count : {1, 2, 3, 10, 1000, 100000}) {
      for (const int64_t grain : {1, 3, 64, 99999}) {
        Counter counter(count, grain);
        lathe_thread_pool_parallel_for(pool.get(), count, grain, &Counter::task, &counter);
        counter.expect_once();
      }
    }
    lathe_thread_pool_parallel_for(pool.get(), 0, 1, &Counter::task, nullptr);
  }
}

TEST(ThreadPool, OneThreadStartsNone) {
  const int32_t before = process_threads();
  const Pool pool(1);
  EXPECT_EQ(process_threads(), before);
}

TEST(ThreadPool, Arguments) {
  lathe_thread_pool* pool = nullptr;
  EXPECT_EQ(lathe_thread_pool_create(-1, &pool), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(pool, nullptr);
  EXPECT_EQ(lathe_thread_pool_create(2, nullptr), LATHE_INVALID_ARGUMENT);
  lathe_thread_pool_destroy(nullptr);
  const Pool all(0);
  EXPECT_GE(lathe_thread_pool_threads(all.get()), 1);
}

TEST(ThreadPool, NestedCallsRunInline) {
  const Pool pool(3);
  struct State {
    lathe_thread_pool* pool;
    std::atomic<int64_t> sum = 0;
  } state{pool.get()};
  lathe_thread_pool_parallel_for(
      pool.get(), 20, 1,
      [](void* argument, int64_t begin, int64_t end) {
        auto& outer = *static_cast<State*>(argument);
        for (int64_t i = begin; i < end; ++i) {
          const auto caller = std::this_thread::get_id();
          struct Inner {
            State& outer;
            std::thread::id caller;
          } inner{outer, caller};
          lathe_thread_pool_parallel_for(
              outer.pool, 10, 1,
              [](void* inner_argument, int64_t inner_begin, int64_t inner_end) {
                auto& self = *static_cast<Inner*>(inner_argument);
                EXPECT_EQ(self.caller, std::this_thread::get_id());
                self.outer.sum += inner_end - inner_begin;
              },
              &inner);
        }
      },
      &state);
  EXPECT_EQ(state.sum, 200);
}

TEST(ThreadPool, ManyCallersShareOnePool) {
  const Pool pool(3);
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 500; ++round) {
        Counter counter(97, 2);
        lathe_thread_pool_parallel_for(pool.get(), 97, 2, &Counter::task, &counter);
        counter.expect_once();
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
}

// Jobs in quick succession, and with pauses in which the workers fall asleep.
TEST(ThreadPool, StressWithAndWithoutSleep) {
  for (const int32_t threads : {2, 7}) {
    const Pool pool(threads);
    for (int round = 0; round < 20000; ++round) {
      std::atomic<int64_t> sum = 0;
      const int64_t count = 1 + round % 13;
      lathe_thread_pool_parallel_for(
          pool.get(), count, 1,
          [](void* state, int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) *static_cast<std::atomic<int64_t>*>(state) += i;
          },
          &sum);
      ASSERT_EQ(sum, count * (count - 1) / 2);
      if (round % 400 == 0) usleep(2000);
    }
  }
}

TEST(ThreadPool, ManyPoolsComeAndGo) {
  for (int round = 0; round < 200; ++round) {
    const Pool pool(4);
    Counter counter(9, 1);
    if (round % 2 == 0) lathe_thread_pool_parallel_for(pool.get(), 9, 1, &Counter::task, &counter);
    if (round % 2 == 0) counter.expect_once();
  }
}

cpu_set_t cpus_of_this_thread() {
  cpu_set_t cpus;
  EXPECT_EQ(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
  return cpus;
}

// Every worker, wherever it was started, may run on the CPUs of its creator: all of them or only one.
void expect_cpus_of_creator() {
  constexpr int32_t kThreads = 3;
  struct Workers {
    cpu_set_t expected;
    std::atomic<int> arrived = 0;
    std::atomic<int> different = 0;
  } workers{.expected = cpus_of_this_thread()};
  const Pool pool(kThreads);
  lathe_thread_pool_parallel_for(
      pool.get(), kThreads, 1,
      [](void* state, int64_t begin, int64_t end) {
        auto& of = *static_cast<Workers*>(state);
        EXPECT_EQ(end - begin, 1);
        const cpu_set_t mine = cpus_of_this_thread();
        if (CPU_EQUAL(&mine, &of.expected) == 0) ++of.different;
        // So that each thread takes one index.
        ++of.arrived;
        while (of.arrived < kThreads) sched_yield();
      },
      &workers);
  EXPECT_EQ(workers.different, 0);
}

TEST(ThreadPool, WorkersMayRunWhereTheirCreatorMay) {
  expect_cpus_of_creator();
  const cpu_set_t all = cpus_of_this_thread();
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
  expect_cpus_of_creator();
  ASSERT_EQ(sched_setaffinity(0, sizeof(all), &all), 0);
}

TEST(ThreadPool, ExecutionUsesThePool) {
  const Pool pool(2);
  lathe_execution execution = LATHE_EXECUTION_INIT;
  lathe_execution_use_pool(&execution, pool.get());
  EXPECT_EQ(execution.threads, 2);
  EXPECT_EQ(execution.parallel_for, &lathe_thread_pool_parallel_for);
  lathe_execution_use_pool(&execution, nullptr);
  EXPECT_EQ(execution.threads, 1);
  EXPECT_EQ(execution.parallel_for, nullptr);
}

}  // namespace
}  // namespace lathe::runtime::test
