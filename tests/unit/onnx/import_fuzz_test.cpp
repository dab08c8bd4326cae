// Damaged model files: whatever the bytes are, the importer ends with a module that verifies or with diagnostics.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "gtest/gtest.h"
#include "tests/support/shared_data.h"
#include "tests/unit/onnx/import_helper.h"

namespace lathe::onnx {
namespace {

/// How long one test may go on; LATHE_FUZZ_SECONDS gives more time.
std::chrono::steady_clock::time_point deadline() {
  const char* given = std::getenv("LATHE_FUZZ_SECONDS");
  return std::chrono::steady_clock::now() + std::chrono::seconds(given == nullptr ? 3 : std::atoi(given));
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Flips bytes, cuts, repeats and swaps pieces.
std::string damaged(const std::string& good, std::mt19937& random) {
  std::string bytes = good;
  switch (random() % 4) {
    case 0: bytes.resize(random() % bytes.size()); break;
    case 1: bytes.insert(random() % bytes.size(), bytes.substr(random() % bytes.size(), random() % 64)); break;
    case 2: bytes.erase(random() % bytes.size(), random() % 16); break;
    default: break;
  }
  for (unsigned flip = random() % 6; flip > 0 && !bytes.empty(); --flip) {
    bytes[random() % bytes.size()] = static_cast<char>(random() % 3 == 0 ? random() : random() % 32);
  }
  return bytes;
}

void fuzz(const std::vector<std::string>& corpus, unsigned seed) {
  std::mt19937 random(seed);
  const auto end = deadline();
  size_t rounds = 0;
  size_t imported_count = 0;
  while (std::chrono::steady_clock::now() < end) {
    const std::string bytes = damaged(corpus[random() % corpus.size()], random);
    const Imported imported = import_bytes(bytes);
    ++rounds;
    if (imported.ok) ++imported_count;
    const bool explained = imported.ok || imported.diagnostics.failed();
    if (!explained) {
      std::ofstream("onnx_fuzz_failure.onnx", std::ios::binary) << bytes;
      FAIL() << "round " << rounds << " of seed " << seed
             << ": no module and no diagnostic; see onnx_fuzz_failure.onnx";
    }
  }
  EXPECT_GT(rounds, 10u);
  EXPECT_GT(imported_count, 0u);
}

test::OnnxModel convolution_model() {
  test::OnnxModel model;
  model.graph.inputs = {{.name = "x", .element = 1, .dims = {{std::string("N"), int64_t{3}, int64_t{8}, int64_t{8}}}}};
  model.graph.initializers = {test::float_tensor("w", {2, 3, 3, 3}, std::vector<float>(54, 1)),
                              test::float_tensor("v", {2}, {1, 2}), test::int64_tensor("shape", {2}, {0, -1})};
  model.graph.nodes = {
      {.op_type = "Conv",
       .inputs = {"x", "w"},
       .outputs = {"a"},
       .attributes = {{"pads", std::vector<int64_t>{1, 1, 1, 1}}}},
      {.op_type = "BatchNormalization", .inputs = {"a", "v", "v", "v", "v"}, .outputs = {"b"}},
      {.op_type = "MaxPool",
       .inputs = {"b"},
       .outputs = {"c"},
       .attributes = {{"kernel_shape", std::vector<int64_t>{2, 2}}, {"strides", std::vector<int64_t>{2, 2}}}},
      {.op_type = "Reshape", .inputs = {"c", "shape"}, .outputs = {"d"}},
      {.op_type = "Softmax", .inputs = {"d"}, .outputs = {"y"}}};
  model.graph.outputs = {{.name = "y", .element = 1, .dims = {{std::string("N"), int64_t{32}}}}};
  return model;
}

TEST(ImportFuzz, SmallModels) {
  test::OnnxModel functions;
  functions.graph.inputs = {{.name = "x", .element = 1, .dims = {{int64_t{2}}}}};
  functions.graph.outputs = {{.name = "y", .dims = std::nullopt}};
  functions.graph.nodes = {
      {.op_type = "F", .inputs = {"x"}, .outputs = {"y"}, .attributes = {}, .name = {}, .domain = "l"}};
  functions.more_opsets = {{"l", 1}};
  functions.functions = {{.name = "F",
                          .domain = "l",
                          .inputs = {"a"},
                          .outputs = {"b"},
                          .nodes = {{.op_type = "Relu", .inputs = {"a"}, .outputs = {"b"}}}}};
  fuzz({test::to_bytes(convolution_model()), test::to_bytes(functions)}, 1);
}

TEST(ImportFuzz, ConformanceModels) {
  LATHE_REQUIRE_SHARED(root, "onnx-conformance");
  std::vector<std::string> corpus;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const bool small = entry.path().filename() == "model.onnx" && entry.file_size() < 20000;
    if (small) corpus.push_back(read_file(entry.path()));
  }
  std::sort(corpus.begin(), corpus.end());
  ASSERT_GT(corpus.size(), 1000u);
  fuzz(corpus, 2);
}

}  // namespace
}  // namespace lathe::onnx
