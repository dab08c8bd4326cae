// The ways in which the process may end: a status and a sentence for each.
#include "compiler/tools/process.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "gtest/gtest.h"
#include "ir/base/result.h"
#include "tests/support/temporary_folder.h"

namespace lathe::tools {
namespace {

const std::vector<std::string> kArguments = {"check", "net.onnx"};

bool under_address_sanitizer() {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  return true;
#endif
#endif
  return false;
}

// The only file in `folder`, as text.
std::string only_file(const std::filesystem::path& folder) {
  std::string text;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    text += std::string(std::istreambuf_iterator<char>(file), {});
  }
  return text;
}

TEST(ProcessDeathTest, ABrokenInvariantLeavesAReproducer) {
  const test::TemporaryFolder folder;
  EXPECT_EXIT(
      {
        std::filesystem::current_path(folder.path());
        guard_process(kArguments);
        LATHE_CHECK(1 + 1 == 3);
      },
      ::testing::ExitedWithCode(70), "internal error.*1 \\+ 1 == 3");
  const std::string report = only_file(folder.path());
  EXPECT_NE(report.find("command: lathe 'check' 'net.onnx'"), std::string::npos) << report;
  EXPECT_NE(report.find("1 + 1 == 3"), std::string::npos) << report;
}

TEST(ProcessDeathTest, SignalsBecomeStatuses) {
  if (under_address_sanitizer()) GTEST_SKIP() << "the address sanitizer has its own handlers";
  const test::TemporaryFolder folder;
  const auto ends_by = [&](int signal) {
    std::filesystem::current_path(folder.path());
    guard_process(kArguments);
    std::raise(signal);
  };
  const std::filesystem::path here = std::filesystem::current_path();
  EXPECT_EXIT(ends_by(SIGSEGV), ::testing::ExitedWithCode(70), "invalid memory access");
  EXPECT_EXIT(ends_by(SIGABRT), ::testing::ExitedWithCode(70), "aborted");
  EXPECT_EXIT(ends_by(SIGBUS), ::testing::ExitedWithCode(4), "became shorter");
  std::filesystem::current_path(here);
}

TEST(ProcessDeathTest, AnExhaustedStackBecomesAStatus) {
  if (under_address_sanitizer()) GTEST_SKIP() << "the address sanitizer has its own handlers";
  const test::TemporaryFolder folder;
  EXPECT_EXIT(
      {
        std::filesystem::current_path(folder.path());
        guard_process(kArguments);
        // Touches pages downwards until the guard page.
        volatile char* at = static_cast<volatile char*>(__builtin_frame_address(0));
        while (true) {
          at -= 4096;
          *at = 1;
        }
      },
      ::testing::ExitedWithCode(70), "invalid memory access");
}

}  // namespace
}  // namespace lathe::tools
