// The C++ of a real network: both compilers take it without a warning, and a reader finds a layer in it.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "compiler/artifact.h"
#include "compiler/external_program.h"
#include "tests/models/filled_topology.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_folder.h"

namespace lathe::test {
namespace {

constexpr const char* kModel = "mobilenet_v3_small";

class CppSource : public testing::Test {
 protected:
  /// Emits the network; nothing when the shared data is not there.
  void emit(codegen::CppSimd simd, codegen::CppDispatch dispatch) {
    LATHE_REQUIRE_SHARED(models, "models");
    std::string why;
    const auto file = filled_topology(models, kModel, LATHE_FILLED_MODELS, why);
    ASSERT_TRUE(file) << why;
    Module module;
    Diagnostics diagnostics;
    ASSERT_TRUE(load_model(file->string(), {}, module, diagnostics).ok());
    ArtifactOptions options;
    options.kind = ArtifactKind::Cpp;
    options.prefix = kModel;
    options.cpp_simd = simd;
    options.cpp_dispatch = dispatch;
    Result<Artifact> artifact = make_artifact(module, options, diagnostics);
    ASSERT_TRUE(artifact.ok());
    source_ = artifact->bytes;
    folder_.write(std::string(kModel) + ".cpp", source_);
  }

  /// What the compiler says of it, with warnings on.
  std::string messages(std::string_view compiler, const char* flag) {
    const std::string path = find_program(compiler);
    if (path.empty()) return fmt::format("{} is not on this machine", compiler);
    const std::vector<std::string> arguments = {"-std=c++20",
                                                "-O2",
                                                flag,
                                                "-Wall",
                                                "-Wextra",
                                                "-Werror",
                                                fmt::format("-I{}/runtime/include", LATHE_SOURCE_DIR),
                                                "-I" + folder_.path().string(),
                                                "-c",
                                                folder_.file(std::string(kModel) + ".cpp"),
                                                "-o",
                                                folder_.file("model.o")};
    const ProgramResult result = run_program(path, arguments);
    return result.status == 0 ? result.messages : fmt::format("status {}\n{}", result.status, result.messages);
  }

  TemporaryFolder folder_;
  std::string source_;
};

TEST_F(CppSource, OverHighwayCompilesWithoutAWarning) {
  emit(codegen::CppSimd::Highway, codegen::CppDispatch::Dynamic);
  if (IsSkipped() || HasFatalFailure()) return;
  EXPECT_EQ(messages("clang++-19", "-O2"), "");
  EXPECT_EQ(messages("g++", "-O2"), "");
}

TEST_F(CppSource, OverVectorExtensionsCompilesWithoutAWarning) {
  emit(codegen::CppSimd::VectorExtension, codegen::CppDispatch::Static);
  if (IsSkipped() || HasFatalFailure()) return;
  for (const char* flag : {"-march=x86-64-v3", "-march=x86-64"}) {
    EXPECT_EQ(messages("clang++-19", flag), "") << flag;
    EXPECT_EQ(messages("g++", flag), "") << flag;
  }
}

// By hand: the third convolution (the depthwise one of the first block is the second) squeezes 16 channels to 8.
TEST_F(CppSource, ShowsWhereTheThirdConvolutionIs) {
  emit(codegen::CppSimd::Highway, codegen::CppDispatch::Dynamic);
  if (IsSkipped() || HasFatalFailure()) return;
  std::istringstream lines(source_);
  std::string line;
  std::vector<std::string> convolutions;
  size_t longest = 0;
  bool is_contents = false;
  while (std::getline(lines, line)) {
    longest = std::max(longest, line.size());
    if (line.starts_with("// A run, step by step:")) is_contents = true;
    if (!line.starts_with("//")) is_contents = false;
    if (is_contents && line.find("conv2d_f32:") != std::string::npos) convolutions.push_back(line);
  }
  EXPECT_LE(longest, 120u);
  ASSERT_GE(convolutions.size(), 3u);
  const std::string& third = convolutions[2];
  EXPECT_NE(third.find("/features/features.1/block/block.1/fc1/Conv"), std::string::npos) << third;
  EXPECT_NE(third.find("lathe_conv2d_f32: 16 -> 8 channels"), std::string::npos) << third;
  // Its number leads to the step.
  std::string number = third.substr(3, 4);
  number.erase(0, number.find_first_not_of(' '));
  const std::string comment = fmt::format("\n  // {}. /features/features.1/block/block.1/fc1/Conv: ", number);
  EXPECT_NE(source_.find(comment), std::string::npos) << comment;
}

}  // namespace
}  // namespace lathe::test
