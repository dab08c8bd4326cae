// The machine's C++ compiler: which one is found, what is said when there is none or when it fails, what it leaves.
#include "compiler/host_compiler.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "compiler/compile.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/compiler/small_models.h"

namespace lathe {
namespace {

/// A variable of the environment for the length of a test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    const char* old = std::getenv(name);
    if (old != nullptr) old_ = old;
    setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() {
    if (old_) {
      setenv(name_, old_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

std::string script(const test::TemporaryFolder& folder, std::string_view name, std::string_view text) {
  std::string path = folder.write(name, "#!/bin/sh\n" + std::string(text));
  chmod(path.c_str(), 0700);
  return path;
}

size_t entries_of(const std::filesystem::path& folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(HostCompiler, IsTheFirstOfItsNamesThatIsInPath) {
  const test::TemporaryFolder folder;
  const Variable path("PATH", folder.path().string());
  const Variable cxx("CXX", "");
  script(folder, "g++", "exit 0\n");
  script(folder, "c++", "exit 0\n");
  Diagnostics diagnostics;
  const Result<std::string> found = find_host_compiler({}, diagnostics);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(*found, folder.file("g++"));
}

TEST(HostCompiler, NamesWhatItLookedForWhenThereIsNone) {
  const test::TemporaryFolder folder;
  const Variable path("PATH", folder.path().string());
  const Variable cxx("CXX", "");
  Diagnostics diagnostics;
  EXPECT_FALSE(find_host_compiler({}, diagnostics).ok());
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_EQ(diagnostics.all()[0].kind, DiagnosticKind::LinkFailed);
  EXPECT_EQ(diagnostics.all()[0].message, "no C++ compiler is found: looked for clang++-19, clang++, g++, c++");
}

TEST(HostCompiler, SaysWhoNamedOneThatIsNotThere) {
  const Variable cxx("CXX", "no-such-compiler");
  Diagnostics diagnostics;
  EXPECT_FALSE(find_host_compiler({}, diagnostics).ok());
  EXPECT_FALSE(find_host_compiler({.compiler = "nor-this"}, diagnostics).ok());
  ASSERT_EQ(diagnostics.all().size(), 2u);
  EXPECT_EQ(diagnostics.all()[0].message, "the C++ compiler `no-such-compiler` is not there, or can't be run");
  EXPECT_EQ(diagnostics.all()[0].notes, std::vector<std::string>{"it is named by the variable CXX"});
  EXPECT_EQ(diagnostics.all()[1].message, "the C++ compiler `nor-this` is not there, or can't be run");
}

TEST(HostCompiler, HeadersThatAreNotThereAreNamed) {
  Diagnostics diagnostics;
  EXPECT_FALSE(find_runtime_headers({.include = "no/such/folder"}, diagnostics).ok());
  EXPECT_EQ(diagnostics.all()[0].message, "the headers of the runtime (lathe/simd.h) are not in no/such/folder");
  const Result<std::string> found = find_runtime_headers({}, diagnostics);
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(std::filesystem::exists(*found + "/lathe/simd.h"));
}

// The first lines of what the compiler said are shown, and no file is left.
TEST(HostCompiler, FailureOfTheCompilerIsShownAndLeavesNothing) {
  const test::TemporaryFolder folder;
  const std::string compiler =
      script(folder, "broken", "i=0\nwhile [ $i -lt 40 ]; do echo line $i; i=$((i+1)); done\nexit 3\n");
  const test::TemporaryFolder scratch;
  const Variable temporary("TMPDIR", scratch.path().string());
  Diagnostics diagnostics;
  std::optional<Module> module = test::parse(test::kScaledRelu);
  ASSERT_TRUE(module);
  const auto model = compile(*std::move(module), {.backend = Backend::Cpp, .cxx = compiler}, diagnostics);
  EXPECT_FALSE(model.ok());
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_EQ(diagnostics.all()[0].message, "`" + compiler + "` could not compile the emitted C++ (status 3)");
  ASSERT_EQ(diagnostics.all()[0].notes.size(), 1u);
  EXPECT_TRUE(diagnostics.all()[0].notes[0].starts_with("line 0\nline 1\n"));
  EXPECT_TRUE(diagnostics.all()[0].notes[0].ends_with("line 11\n..."));
  EXPECT_EQ(entries_of(scratch.path()), 0u);
}

}  // namespace
}  // namespace lathe
