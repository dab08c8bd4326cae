// Emitted C++ against the kernel interpreter, bit for bit: random kernels, and every scalar operation on every type.
//
// All kernels of a test go into one source, which each compiler of the machine compiles: over the compiler's vectors
// for the CPU it runs on, over Highway for every target of the runtime. A target without FMA is compared with the JIT
// for that target.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "compiler/codegen/cpp_source.h"
#include "lathe/model.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/codegen/kernel_runner.h"
#include "tests/unit/codegen/random_kernel.h"
#include "tests/unit/codegen/scalar_kernels.h"

namespace lathe {
namespace {

using codegen::CppDispatch;
using codegen::CppSimd;

struct Row {
  kernel::Kernel kernel;
  std::vector<int64_t> sizes;
  std::vector<RunOptions> runs;
};

/// A shared library of programs, one for each row, with a table of variants for each.
class Library {
 public:
  Library(const std::vector<Row>& rows, const std::string& compiler, const codegen::CppOptions& options,
          const std::string& flags) {
    std::string source = codegen::open_cpp_targets(options);
    std::string tables;
    for (size_t i = 0; i < rows.size(); ++i) {
      // Each program has names of its own.
      source += fmt::format("namespace part_{} {{\n{}}}\n", i,
                            codegen::emit_cpp_functions(program_of(rows[i].kernel), "program", options));
      tables += fmt::format("extern \"C\" const lathe_variant variants_{0}[] = {{\n{1}    {{}}}};\n", i,
                            codegen::cpp_variants(fmt::format("part_{}::program", i), options));
    }
    source += codegen::close_cpp_targets(options);
    const bool is_dynamic = options.simd == CppSimd::Highway && options.dispatch == CppDispatch::Dynamic;
    source += is_dynamic ? fmt::format("#if HWY_ONCE\n{}#endif\n", tables) : tables;
    const std::string file = folder_.write(options.file_name, source);
    const std::string library = folder_.file("programs.so");
    // Random kernels carry values around loops that nobody uses; those of models don't.
    const std::string command = fmt::format(
        "{} -std=c++20 {} -Wall -Wextra -Werror -Wno-psabi -Wno-unused-variable -Wno-unused-but-set-variable -fPIC "
        "-shared -I{} -I{} {} -o {} 2>&1",
        compiler, flags, LATHE_RUNTIME_INCLUDE, folder_.path().string(), file, library);
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
  /// The last row has no name.
  [[nodiscard]] const lathe_variant* variants(size_t row) const {
    return static_cast<const lathe_variant*>(::dlsym(handle_, fmt::format("variants_{}", row).c_str()));
  }

 private:
  test::TemporaryFolder folder_;
  std::string messages_;
  int status_ = 0;
  void* handle_ = nullptr;
};

bool is_supported(std::string_view isa) {
  for (int32_t i = 0; i < lathe_target_count(); ++i) {
    if (isa == lathe_target_name(i)) return lathe_target_supported(i) != 0;
  }
  return isa.empty();
}

bool has_fma(std::string_view isa) { return isa != "SSE4" && !isa.empty(); }

struct Variant {
  const char* name;
  const char* compiler;
  CppSimd simd;
  CppDispatch dispatch;
};

class CppKernel : public testing::TestWithParam<Variant> {
 protected:
  /// Compares every kernel in every variant that this CPU can run; `isas` gets their names.
  void compare(const Variant& variant, const std::vector<Row>& rows, const std::string& level,
               std::vector<std::string>& isas) {
    if (std::system(fmt::format("command -v {} >/dev/null", variant.compiler).c_str()) != 0) {
      const char* ci = std::getenv("CI");
      ASSERT_FALSE(ci != nullptr && std::string_view(ci) == "true") << variant.compiler << " is not on this machine";
      GTEST_SKIP() << variant.compiler << " is not on this machine";
    }
    const codegen::CppOptions options{
        .simd = variant.simd, .dispatch = variant.dispatch, .file_name = "programs.cpp", .version = "test"};
    const bool is_static = variant.simd == CppSimd::VectorExtension || variant.dispatch == CppDispatch::Static;
    const Library library(rows, variant.compiler, options, level + (is_static ? " -march=native" : ""));
    ASSERT_TRUE(library.is_loaded()) << library.messages();
    for (size_t i = 0; i < rows.size(); ++i) {
      const lathe_variant* row = library.variants(i);
      ASSERT_NE(row, nullptr);
      for (; row->run != nullptr; ++row) {
        if (!is_supported(row->isa)) continue;
        if (i == 0) isas.emplace_back(row->isa);
        check(rows[i], *row);
      }
    }
  }

 private:
  static void check(const Row& row, const lathe_variant& variant) {
    Diagnostics diagnostics;
    std::optional<codegen::JitProgram> reference;
    if (!has_fma(variant.isa)) {
      auto compiled = codegen::JitProgram::compile(program_of(row.kernel), {.target = "SSE4"}, diagnostics);
      ASSERT_TRUE(compiled.ok());
      reference = *std::move(compiled);
    }
    for (const RunOptions& run : row.runs) {
      EXPECT_EQ(compare_entry(row.kernel, row.sizes, run, variant.run, reference ? reference->entry() : nullptr), "")
          << variant.isa << "\n"
          << print(row.kernel);
    }
  }
};

/// Adds 1 to what the buffer of this name holds.
kernel::Kernel named_kernel(std::string_view name) {
  LocationTable locations;
  Diagnostics diagnostics;
  const std::string text = fmt::format(
      "kernel @k(in %{0}: f32[40], inout %out: f32[40]) {{\n"
      "  %one = constant 1.0 : f32x16\n"
      "  for %i = 0 to 40 step 16 {{\n"
      "    %a = load %{0}[%i] active 40 - %i fill 0.0 : f32x16\n"
      "    %b = add %a, %one : f32x16\n"
      "    store %b, %out[%i] active 40 - %i\n"
      "  }}\n}}\n",
      name);
  const FileId file = locations.add_file("named.lathe", text);
  auto kernel = kernel::parse_kernel(locations.file(file).text, file, locations, diagnostics);
  EXPECT_TRUE(kernel.ok()) << (diagnostics.all().empty() ? "" : diagnostics.all()[0].message);
  return kernel.ok() ? *std::move(kernel) : kernel::Kernel();
}

/// All targets that the runtime and this CPU have.
std::vector<std::string> supported_targets() {
  std::vector<std::string> names;
  for (int32_t i = 0; i < lathe_target_count(); ++i) {
    if (lathe_target_supported(i) != 0) names.emplace_back(lathe_target_name(i));
  }
  return names;
}

TEST_P(CppKernel, RandomKernels) {
  constexpr uint64_t kKernels = 40;
  std::vector<Row> rows;
  for (uint64_t seed = 1000; seed < 1000 + kKernels; ++seed) {
    RandomKernel random = random_kernel(seed);
    const RunOptions options{
        .fill = seed % 2 == 0 ? Fill::Special : Fill::Small, .seed = seed, .threads = seed % 3 == 0 ? 4 : 1};
    rows.push_back({std::move(random.kernel), std::move(random.sizes), {options}});
  }
  // Names of buffers that are words of C++, of the facades, or macros somewhere.
  for (const char* name : {"or", "load", "float", "INFINITY", "execution", "v1", "k2", "f32x16", "std"}) {
    rows.push_back({named_kernel(name), {}, {{.fill = Fill::Small, .seed = 7}}});
  }
  std::vector<std::string> isas;
  compare(GetParam(), rows, "-O2", isas);
  if (IsSkipped()) return;
  if (GetParam().dispatch == CppDispatch::Dynamic) EXPECT_EQ(isas, supported_targets());
  if (GetParam().dispatch == CppDispatch::Static) EXPECT_EQ(isas, std::vector{supported_targets()[0]});
}

TEST_P(CppKernel, ScalarOperations) {
  std::vector<Row> rows;
  for (const ElementInfo& element : kElementTypes) {
    if (element.type == ElementType::String) continue;
    const std::vector<RunOptions> runs = {{.fill = Fill::Small, .seed = 5}, {.fill = Fill::Special, .seed = 6}};
    rows.push_back({all_operations(element.type), {}, runs});
    rows.push_back({all_casts(element.type), {}, runs});
  }
  // GCC takes a minute for each target.
  Variant variant = GetParam();
  if (std::string_view(variant.compiler) == "g++") variant.dispatch = CppDispatch::Static;
  std::vector<std::string> isas;
  compare(variant, rows, "-O0", isas);
}

constexpr Variant kVariants[] = {
    {"VectorExtensionClang", "clang++-19", CppSimd::VectorExtension, CppDispatch::Static},
    {"VectorExtensionGcc", "g++", CppSimd::VectorExtension, CppDispatch::Static},
    {"HighwayClang", "clang++-19", CppSimd::Highway, CppDispatch::Dynamic},
    {"HighwayGcc", "g++", CppSimd::Highway, CppDispatch::Dynamic},
    {"HighwayStaticClang", "clang++-19", CppSimd::Highway, CppDispatch::Static},
};
INSTANTIATE_TEST_SUITE_P(Compilers, CppKernel, testing::ValuesIn(kVariants),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace lathe
