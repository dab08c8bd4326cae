// Emitted C++ as a host uses it: compiled without warnings, linked with the runtime, called by its entries.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "compiler/artifact.h"
#include "compiler/codegen/archives.h"
#include "compiler/external_program.h"
#include "lathe/model.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/compiler/small_models.h"

namespace lathe {
namespace {

/// y = x + c with a constant that is embedded.
constexpr std::string_view kStatic = R"(graph @shift(%x: f32[2, 3]) -> (f32[2, 3]) {
  %c = constant dense<[0.5, -1.0, 2.0]> : f32[3]
  %y = add %x, %c : f32[2, 3]
  return %y : f32[2, 3]
}
)";

struct Way {
  const char* name;
  const char* compiler;
  codegen::CppSimd simd;
  codegen::CppDispatch dispatch;
};

class EmittedCpp : public testing::TestWithParam<Way> {
 protected:
  void TearDown() override {
    if (library_ != nullptr) dlclose(library_);
  }

  /// Emits, compiles and loads; skipped where there is no such compiler.
  void build(std::string_view text) {
    const Way& way = GetParam();
    const std::string compiler = find_program(way.compiler);
    if (compiler.empty()) GTEST_SKIP() << way.compiler << " is not on this machine";
    std::optional<Module> module = test::parse(text);
    ASSERT_TRUE(module);
    ArtifactOptions options;
    options.kind = ArtifactKind::Cpp;
    options.prefix = "net";
    options.cpp_simd = way.simd;
    options.cpp_dispatch = way.dispatch;
    Diagnostics diagnostics;
    const Result<Artifact> artifact = make_artifact(*module, options, diagnostics);
    ASSERT_TRUE(artifact.ok());
    source_ = artifact->bytes;
    std::vector<std::string> arguments = {"-std=c++20",
                                          "-O2",
                                          "-Wall",
                                          "-Wextra",
                                          "-Werror",
                                          "-fPIC",
                                          "-shared",
                                          fmt::format("-I{}/runtime/include", LATHE_SOURCE_DIR),
                                          "-I" + folder_.path().string(),
                                          "-Wl,-Bsymbolic",
                                          "-Wl,-z,defs"};
    if (way.dispatch == codegen::CppDispatch::Static) arguments.emplace_back("-march=native");
    arguments.push_back(folder_.write("net.cpp", source_));
    for (const ArtifactFile& file : artifact->beside) {
      const std::string path = folder_.write(file.name, file.bytes);
      if (path.ends_with(".cpp")) arguments.push_back(path);
    }
    arguments.push_back(folder_.write("liblathe_runtime.a", codegen::runtime_archive()));
    const std::string library = folder_.file("net.so");
    arguments.insert(arguments.end(), {"-o", library});
    const ProgramResult result = run_program(compiler, arguments);
    ASSERT_EQ(result.status, 0) << result.messages;
    library_ = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library_, nullptr) << dlerror();
  }

  template <class Function>
  [[nodiscard]] Function entry(const char* name) const {
    return reinterpret_cast<Function>(dlsym(library_, name));
  }

  test::TemporaryFolder folder_;
  std::string source_;
  void* library_ = nullptr;
};

TEST_P(EmittedCpp, RunsAStaticModelWithItsConstants) {
  build(kStatic);
  if (IsSkipped() || HasFatalFailure()) return;
  const auto run = entry<lathe_status (*)(const float(*)[3], float(*)[3])>("net_run");
  ASSERT_NE(run, nullptr);
  constexpr float kInput[2][3] = {{0, 1, 2}, {3, 4, 5}};
  float output[2][3] = {};
  ASSERT_EQ(run(kInput, output), LATHE_OK);
  constexpr float kExpected[2][3] = {{0.5f, 0, 4}, {3.5f, 3, 7}};
  for (int i = 0; i < 2; ++i) {
    for (int k = 0; k < 3; ++k) EXPECT_EQ(output[i][k], kExpected[i][k]);
  }
  const auto run_in =
      entry<lathe_status (*)(const lathe_execution*, const float(*)[3], float(*)[3], void*)>("net_run_in");
  ASSERT_NE(run_in, nullptr);
  output[1][2] = 0;
  ASSERT_EQ(run_in(nullptr, kInput, output, nullptr), LATHE_OK);
  EXPECT_EQ(output[1][2], 7);
}

TEST_P(EmittedCpp, DescribesAndRunsASymbolicModel) {
  build(test::kScaledRelu);
  if (IsSkipped() || HasFatalFailure()) return;
  const lathe_model* model = entry<const lathe_model* (*)()>("net_model")();
  EXPECT_EQ(std::string(model->name), "scaled");
  ASSERT_EQ(model->input_count, 3);
  ASSERT_EQ(model->symbol_count, 1);
  EXPECT_EQ(std::string(model->inputs[0].axes[0].text), "N");
  EXPECT_EQ(model->inputs[0].axes[0].size, -1);
  EXPECT_EQ(model->inputs[1].axes[0].size, 3);
  EXPECT_EQ(model->inputs[0].element, LATHE_F32);
  EXPECT_EQ(model->symbols[0].most, 4096);
  const int64_t symbols[] = {2};
  int64_t values[16] = {};
  ASSERT_LE(model->value_count, 16);
  model->sizes(symbols, values);
  // Arena, then [N, 3], [3], [N, 1] and [N, 3].
  const std::vector<int64_t> axes(values + 1, values + model->value_count);
  EXPECT_EQ(axes, (std::vector<int64_t>{2, 3, 3, 2, 1, 2, 3}));

  using Run = lathe_status (*)(int64_t, const float*, const float*, const float*, float*);
  const auto run = entry<Run>("net_run");
  const float x[] = {1, -2, 3, 4, 5, -6};
  const float b[] = {0.5f, 1, 0};
  const float s[] = {2, 10};
  float y[6] = {};
  ASSERT_EQ(run(2, x, b, s, y), LATHE_OK);
  EXPECT_EQ(std::vector<float>(y, y + 6), (std::vector<float>{3, 0, 6, 45, 60, 0}));
  EXPECT_EQ(run(0, x, b, s, y), LATHE_SHAPE_GUARD_FAILED);
  EXPECT_EQ(run(4097, x, b, s, y), LATHE_SHAPE_GUARD_FAILED);
}

constexpr Way kWays[] = {
    {"HighwayClang", "clang++-19", codegen::CppSimd::Highway, codegen::CppDispatch::Dynamic},
    {"HighwayGcc", "g++", codegen::CppSimd::Highway, codegen::CppDispatch::Dynamic},
    {"VectorExtensionClang", "clang++-19", codegen::CppSimd::VectorExtension, codegen::CppDispatch::Static},
    {"VectorExtensionGcc", "g++", codegen::CppSimd::VectorExtension, codegen::CppDispatch::Static},
};
INSTANTIATE_TEST_SUITE_P(Ways, EmittedCpp, testing::ValuesIn(kWays),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace lathe
