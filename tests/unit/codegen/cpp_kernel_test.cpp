// Emitted C++ against the kernel interpreter, bit for bit: random kernels, and every scalar operation on every type.
//
// All kernels of a test go into one source, which each compiler of the machine compiles for the CPU it runs on.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "compiler/codegen/cpp_source.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/codegen/kernel_runner.h"
#include "tests/unit/codegen/random_kernel.h"
#include "tests/unit/codegen/scalar_kernels.h"

namespace lathe {
namespace {

struct Row {
  kernel::Kernel kernel;
  std::vector<int64_t> sizes;
  std::vector<RunOptions> runs;
};

/// Random kernels carry values around loops that nobody uses; those of models don't.
/// A shared library of programs, one for each row; its entries are program_0, program_1 ...
class Library {
 public:
  Library(const std::vector<Row>& rows, const std::string& compiler, const std::string& level) {
    std::string source;
    for (size_t i = 0; i < rows.size(); ++i) {
      const kernel::Program program = program_of(rows[i].kernel);
      std::string text = codegen::emit_cpp(program, {.entry_name = fmt::format("program_{}", i)});
      // Each program has names of its own.
      text = fmt::format("namespace part_{} {{\n{}\n}}\n", i, without_include(std::move(text)));
      source += text;
    }
    const std::string file = folder_.write("programs.cpp", "#include \"lathe/simd.h\"\n" + source);
    const std::string library = folder_.file("programs.so");
    const std::string command = fmt::format(
        "{} -std=c++20 {} -march=native -Wall -Wextra -Werror -Wno-psabi -Wno-unused-variable "
        "-Wno-unused-but-set-variable -fPIC -shared -I{} {} "
        "-o {} 2>&1",
        compiler, level, LATHE_RUNTIME_INCLUDE, file, library);
    FILE* pipe = ::popen(command.c_str(), "r");
    char buffer[4096];
    for (size_t read = 0; (read = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) messages_.append(buffer, read);
    status_ = ::pclose(pipe);
    if (status_ == 0) handle_ = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (status_ == 0 && handle_ == nullptr) messages_ = ::dlerror();
  }
  ~Library() {
    if (handle_ != nullptr) ::dlclose(handle_);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  [[nodiscard]] bool is_loaded() const { return handle_ != nullptr; }
  [[nodiscard]] const std::string& messages() const { return messages_; }
  [[nodiscard]] codegen::ProgramEntry entry(size_t row) const {
    return reinterpret_cast<codegen::ProgramEntry>(::dlsym(handle_, fmt::format("program_{}", row).c_str()));
  }

 private:
  static std::string without_include(std::string text) {
    constexpr std::string_view kInclude = "#include \"lathe/simd.h\"\n";
    const size_t at = text.find(kInclude);
    return at == std::string::npos ? text : text.erase(at, kInclude.size());
  }

  test::TemporaryFolder folder_;
  std::string messages_;
  int status_ = 0;
  void* handle_ = nullptr;
};

class CppKernel : public testing::TestWithParam<const char*> {
 protected:
  void compare(const std::vector<Row>& rows, const std::string& level) {
    if (std::system(fmt::format("command -v {} >/dev/null", GetParam()).c_str()) != 0) {
      const char* ci = std::getenv("CI");
      ASSERT_FALSE(ci != nullptr && std::string_view(ci) == "true") << GetParam() << " is not on this machine";
      GTEST_SKIP() << GetParam() << " is not on this machine";
    }
    const Library library(rows, GetParam(), level);
    ASSERT_TRUE(library.is_loaded()) << library.messages();
    for (size_t i = 0; i < rows.size(); ++i) {
      ASSERT_NE(library.entry(i), nullptr);
      for (const RunOptions& run : rows[i].runs) {
        EXPECT_EQ(compare_entry(rows[i].kernel, rows[i].sizes, run, library.entry(i)), "") << print(rows[i].kernel);
      }
    }
  }
};

TEST_P(CppKernel, RandomKernels) {
  constexpr uint64_t kKernels = 40;
  std::vector<Row> rows;
  for (uint64_t seed = 1000; seed < 1000 + kKernels; ++seed) {
    RandomKernel random = random_kernel(seed);
    const RunOptions options{
        .fill = seed % 2 == 0 ? Fill::Special : Fill::Small, .seed = seed, .threads = seed % 3 == 0 ? 4 : 1};
    rows.push_back({std::move(random.kernel), std::move(random.sizes), {options}});
  }
  compare(rows, "-O2");
}

TEST_P(CppKernel, ScalarOperations) {
  std::vector<Row> rows;
  for (const ElementInfo& element : kElementTypes) {
    if (element.type == ElementType::String) continue;
    const std::vector<RunOptions> runs = {{.fill = Fill::Small, .seed = 5}, {.fill = Fill::Special, .seed = 6}};
    rows.push_back({all_operations(element.type), {}, runs});
    rows.push_back({all_casts(element.type), {}, runs});
  }
  compare(rows, "-O0");
}

INSTANTIATE_TEST_SUITE_P(Compilers, CppKernel, testing::Values("clang++-19", "g++"),
                         [](const auto& info) { return std::string(info.param) == "g++" ? "gcc" : "clang"; });

}  // namespace
}  // namespace lathe
