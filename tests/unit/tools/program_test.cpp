// The built program as a user runs it: exit statuses, standard output that is full or closed, no partial files.
#include <fmt/format.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "gtest/gtest.h"
#include "compiler/compile.h"
#include "tests/support/temporary_folder.h"

namespace lathe::test {
namespace {

struct ShellResult {
  int status = -1;   ///< -1 when a signal ended it
  std::string text;  ///< standard output and standard error
};

class Program : public ::testing::Test {
 protected:
  Program() {
    folder_.write("good.lathe",
                  "graph @g(%x: f32[2]) -> (f32[2]) {\n  %y = relu %x : f32[2]\n  return %y : f32[2]\n}\n");
    folder_.write("bad.lathe",
                  "graph @g(%x: f32[2]) -> (f32[3]) {\n  %y = relu %x : f32[3]\n  return %y : f32[3]\n}\n");
  }

  // Runs a shell command in which `lathe` is the built program.
  ShellResult shell(const std::string& command) const {
    const std::string line = fmt::format("cd '{}' && {{ lathe() {{ '{}' \"$@\"; }}; {}; }} 2>&1",
                                         folder_.path().string(), LATHE_PROGRAM, command);
    ShellResult result;
    std::FILE* pipe = ::popen(line.c_str(), "r");
    if (pipe == nullptr) return result;
    std::array<char, 4096> buffer;
    for (size_t count = 0; (count = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
      result.text.append(buffer.data(), count);
    }
    const int status = ::pclose(pipe);
    if (WIFEXITED(status)) result.status = WEXITSTATUS(status);
    return result;
  }

  TemporaryFolder folder_;
};

TEST_F(Program, ExitStatusesAreThoseOfTheContract) {
  EXPECT_EQ(shell("lathe check good.lathe").status, 0);
  EXPECT_EQ(shell("lathe check bad.lathe").status, 1);
  EXPECT_EQ(shell("lathe").status, 2);
  EXPECT_EQ(shell("lathe chek").status, 2);
  EXPECT_EQ(shell("lathe check --nonsense").status, 2);
  EXPECT_EQ(shell("lathe check good.tflite").status, 2);
  EXPECT_EQ(shell("lathe check gone.onnx").status, 4);
  EXPECT_EQ(shell("lathe check .").status, 2);
  EXPECT_EQ(shell("mkdir folder.onnx; lathe check folder.onnx").status, 4);
  EXPECT_EQ(shell("lathe --version").status, 0);
}

TEST_F(Program, AFullDiskIsAFailure) {
  const ShellResult result = shell("lathe ops > /dev/full");
  EXPECT_EQ(result.status, 4);
  EXPECT_EQ(result.text, "error[LT0002]: standard output can't be written: No space left on device\n");
  EXPECT_EQ(shell("lathe check bad.lathe > /dev/full").status, 1);
  EXPECT_EQ(shell("lathe dump good.lathe -o /dev/full").status, 4);
}

TEST_F(Program, AReaderThatLeavesIsNoFailure) {
  EXPECT_EQ(shell("{ lathe ops; echo status $? >seen; } | true; cat seen").text, "status 0\n");
  const ShellResult result = shell("{ lathe ops; echo status $? >seen; } | head -n 1; cat seen");
  EXPECT_EQ(result.text.substr(0, 4), "abs ");
  EXPECT_EQ(result.text.substr(result.text.find('\n') + 1), "status 0\n");
}

TEST_F(Program, ClosedStreamsAreNoCrash) {
  EXPECT_EQ(shell("lathe check good.lathe >&- 2>&-").status, 4);
  EXPECT_EQ(shell("lathe check good.lathe <&-").status, 0);
}

TEST_F(Program, NoPartialFileIsLeft) {
  const ShellResult result = shell("lathe dump good.lathe -o out/graph.lathe");
  EXPECT_EQ(result.status, 4);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "out"));
  // A limit on the size of files fails the write half way.
  folder_.write("old.txt", "old");
  EXPECT_EQ(shell("trap '' XFSZ; ulimit -f 1; lathe ops --markdown | wc -c >/dev/null; lathe opt good.lathe -o old.txt")
                .status,
            0);
  EXPECT_EQ(shell("ls -a | grep -c tmp").text, "0\n");
}

TEST_F(Program, ColoursNeedATerminal) {
  EXPECT_EQ(shell("lathe check bad.lathe").text.find('\x1B'), std::string::npos);
}

TEST_F(Program, OutputsAreWritten) {
  const ShellResult result = shell("lathe run good.lathe -o results --backend=interp");
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.text, "results/y.npy\n");
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "results" / "y.npy"));
}

// Emitted C++ needs no LLVM, a profile does.
TEST_F(Program, AReportCountsWithTheSizesThatItProfiles) {
  if (!is_available(Backend::Jit)) GTEST_SKIP() << "not in this build";
  folder_.write("any.lathe",
                "sym N in [1, 64]\ngraph @g(%x: f32[N, 2]) -> (f32[N, 2]) {\n  %y = relu %x : f32[N, 2]\n  return %y : "
                "f32[N, 2]\n}\n");
  EXPECT_EQ(shell("lathe run any.lathe -i 'f32[5,2]' -o values").status, 0);
  const ShellResult result =
      shell("lathe compile any.lathe -o any.cpp --report page.html --profile -i values/y.npy && cat page.html");
  EXPECT_EQ(result.status, 0) << result.text;
  EXPECT_NE(result.text.find(R"("symbols":[["N","1","64",5]])"), std::string::npos);
  // Inputs of another rank are refused before anybody asks for their axes.
  folder_.write("scalar.lathe", "graph @g(%x: f32[]) -> (f32[]) {\n  %y = relu %x : f32[]\n  return %y : f32[]\n}\n");
  EXPECT_EQ(shell("lathe run scalar.lathe -o scalar").status, 0);
  EXPECT_EQ(shell("lathe compile any.lathe -o no.cpp --report no.html --profile -i scalar/y.npy").status, 2);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "no.html"));
}

}  // namespace
}  // namespace lathe::test
