// The fill rule of the shared topologies: bits published in their README.
#include "tests/support/fill_weights.h"

#include <bit>

#include "gtest/gtest.h"
#include "compiler/frontend/onnx/import.h"
#include "tests/support/onnx_writer.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_folder.h"

namespace lathe::test {
namespace {

TEST(FillWeights, GivesThePublishedBits) {
  const uint64_t hash = name_hash("fc.weight");
  EXPECT_EQ(hash, 0x79fb28a75603c7a0u);
  const uint64_t indices[] = {0, 1, 2, 3, 1000000};
  const uint32_t centred[] = {0xbb19f4f4, 0x3d694c02, 0x3d189d3b, 0x3cfb4f47, 0xbcafcbdc};
  const uint32_t shifted[] = {0x3f80977c, 0x3f996650, 0x3f9128f6, 0x3f8e6824, 0x3f71321c};
  for (int at = 0; at < 5; ++at) {
    EXPECT_EQ(std::bit_cast<uint32_t>(static_cast<float>(FillSpec{0.0, 0.0765}.element(hash, indices[at]))),
              centred[at]);
    EXPECT_EQ(std::bit_cast<uint32_t>(static_cast<float>(FillSpec{1.0123, 0.25}.element(hash, indices[at]))),
              shifted[at]);
  }
}

TEST(FillWeights, ReadsTheRuleFromTheDocString) {
  const auto spec = parse_fill("fill c=-1.5 a=2.5e-3");
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->c, -1.5);
  EXPECT_EQ(spec->a, 0.0025);
  EXPECT_FALSE(parse_fill(""));
  EXPECT_FALSE(parse_fill("fill c=1"));
  EXPECT_FALSE(parse_fill("fill c=1 a=2 "));
}

TEST(FillWeights, FillsOnlyWhatIsEmpty) {
  OnnxModel model;
  OnnxTensor empty;
  empty.name = "fc.weight";
  empty.dims = {2};
  empty.doc_string = "fill c=0.0 a=0.0765";
  OnnxTensor full = float_tensor("full", {1}, {3});
  full.doc_string = "fill c=0.0 a=1.0";
  model.graph.initializers = {empty, full};
  model.graph.inputs = {{.name = "x", .dims = {{int64_t{2}}}}};
  model.graph.nodes = {{.op_type = "Add", .inputs = {"x", "fc.weight"}, .outputs = {"t"}},
                       {.op_type = "Add", .inputs = {"t", "full"}, .outputs = {"y"}}};
  model.graph.outputs = {{.name = "y", .dims = std::nullopt}};
  const TemporaryFolder folder;
  std::string why;
  const std::string path = folder.write("in.onnx", to_bytes(model));
  EXPECT_EQ(fill_topology(path, folder.file("out.onnx"), why), 1u) << why;

  Module module;
  Diagnostics diagnostics;
  ASSERT_TRUE(onnx::import_model(folder.file("out.onnx"), {}, module, diagnostics).ok());
  EXPECT_TRUE(diagnostics.all().empty());
  EXPECT_EQ(std::bit_cast<uint32_t>(static_cast<float>(element_as_double(module.constants[ConstantId(0u)], 1))),
            0x3d694c02u);
  EXPECT_EQ(element_as_double(module.constants[ConstantId(1u)], 0), 3.0);
}

TEST(FillWeights, FillsASharedTopology) {
  LATHE_REQUIRE_SHARED(topology, "models/topologies/mlp_mnist.onnx");
  const TemporaryFolder folder;
  std::string why;
  EXPECT_EQ(fill_topology(topology.string(), folder.file("out.onnx"), why), 3u) << why;
  Module module;
  Diagnostics diagnostics;
  ASSERT_TRUE(onnx::import_model(folder.file("out.onnx"), {}, module, diagnostics).ok());
  for (size_t row = 0; row < module.constants.size(); ++row) EXPECT_FALSE(module.constants[ConstantId(row)].absent);
}

}  // namespace
}  // namespace lathe::test
