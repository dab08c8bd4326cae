// Work in a process of its own: answers, crashes, hangs, greed.
#include "compiler/tools/child_process.h"

#include <poll.h>

#include <csignal>
#include <cstdlib>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "ir/base/result.h"

namespace lathe::tools {
namespace {

ChildResult run(const std::function<std::string()>& work, ChildLimits limits = {}) {
  ChildProcess child(work, limits);
  while (!child.poll()) {
    pollfd descriptor{child.descriptor(), POLLIN, 0};
    ::poll(&descriptor, 1, 20);
  }
  return child.result();
}

TEST(ChildProcess, BringsItsAnswer) {
  const ChildResult result = run([] { return std::string("pass\tfine"); });
  EXPECT_TRUE(result.finished);
  EXPECT_EQ(result.text, "pass\tfine");
}

TEST(ChildProcess, BringsALongAnswer) {
  const ChildResult result = run([] { return std::string(1 << 20, 'x'); });
  EXPECT_TRUE(result.finished);
  EXPECT_EQ(result.text.size(), size_t{1} << 20);
}

TEST(ChildProcess, ACrashEndsTheChildOnly) {
  const ChildResult result = run([]() -> std::string {
    std::raise(SIGKILL);
    return {};
  });
  EXPECT_FALSE(result.finished);
  EXPECT_EQ(result.text, "ended by signal 9");
}

TEST(ChildProcess, AnEarlyExitIsNoAnswer) {
  const ChildResult result = run([]() -> std::string { std::_Exit(3); });
  EXPECT_FALSE(result.finished);
  EXPECT_EQ(result.text, "ended with status 3");
}

TEST(ChildProcess, ABrokenInvariantIsAnAnswer) {
  const ChildResult result = run([]() -> std::string {
    LATHE_CHECK(1 == 2);
    return "unreachable";
  });
  EXPECT_TRUE(result.finished);
  EXPECT_NE(result.text.find("internal error"), std::string::npos);
  EXPECT_NE(result.text.find("1 == 2"), std::string::npos);
}

TEST(ChildProcess, AHangIsEnded) {
  const ChildResult result = run(
      []() -> std::string {
        while (true) std::this_thread::sleep_for(std::chrono::seconds(1));
      },
      {.seconds = 0.2});
  EXPECT_FALSE(result.finished);
  EXPECT_EQ(result.text, "took longer than 0.2 s");
}

TEST(ChildProcess, MemoryIsLimited) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  GTEST_SKIP() << "the address sanitizer needs its own memory";
#endif
#endif
  const ChildResult result = run(
      []() -> std::string {
        std::vector<std::string> blocks;
        for (int i = 0; i < 1000; ++i) blocks.emplace_back(size_t{16} << 20, 'x');
        return "all of it";
      },
      {.seconds = 60, .bytes = uint64_t{256} << 20});
  EXPECT_EQ(result.text, "error\tout of memory");
}

TEST(ChildProcess, IsEndedWithItsOwner) {
  const auto start = std::chrono::steady_clock::now();
  {
    const ChildProcess child(
        []() -> std::string {
          std::this_thread::sleep_for(std::chrono::hours(1));
          return {};
        },
        {});
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

}  // namespace
}  // namespace lathe::tools
