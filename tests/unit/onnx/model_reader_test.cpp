// Reading protobuf: the messages of an ONNX file, and every way in which bytes can be wrong.
#include "compiler/frontend/onnx/model_reader.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/onnx_writer.h"

namespace lathe::onnx {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Read {
  std::optional<Model> model;
  std::string message;
};

Read read(std::string_view bytes) {
  Diagnostics diagnostics;
  Result<Model> result = read_model(bytes, {}, diagnostics);
  Read outcome;
  if (result.ok()) outcome.model = std::move(*result);
  if (!diagnostics.all().empty()) {
    EXPECT_EQ(diagnostics.all().front().kind, DiagnosticKind::ModelMalformed);
    outcome.message = diagnostics.all().front().message;
  }
  return outcome;
}

test::OnnxModel small_model() {
  test::OnnxModel model;
  model.graph.nodes = {{.op_type = "Conv",
                        .inputs = {"x", "w", ""},
                        .outputs = {"y"},
                        .attributes = {{"pads", std::vector<int64_t>{1, -2}},
                                       {"alpha", 0.5F},
                                       {"auto_pad", std::string("VALID")},
                                       {"group", int64_t{3}}},
                        .name = "conv"}};
  model.graph.initializers = {test::float_tensor("w", {2, 1}, {1, 2})};
  model.graph.inputs = {{.name = "x", .element = 1, .dims = {{int64_t{2}, "N", ""}}}};
  model.graph.outputs = {{.name = "y", .element = 1, .dims = std::nullopt}};
  model.more_opsets = {{"custom", 3}};
  return model;
}

TEST(ModelReader, ReadsNodesAttributesAndTypes) {
  const std::string bytes = test::to_bytes(small_model());
  const Read result = read(bytes);
  ASSERT_TRUE(result.model) << result.message;
  const Graph& graph = result.model->graphs[*result.model->graph];
  ASSERT_EQ(graph.nodes.size(), 1u);
  const Node& node = graph.nodes[0];
  EXPECT_EQ(node.op_type, "Conv");
  EXPECT_EQ(node.name, "conv");
  EXPECT_THAT(node.inputs, ElementsAre("x", "w", ""));
  EXPECT_THAT(node.attributes[0].ints, ElementsAre(1, -2));
  EXPECT_EQ(node.attributes[0].type, AttributeType::Ints);
  EXPECT_EQ(node.attributes[1].f, 0.5F);
  EXPECT_EQ(node.attributes[2].s, "VALID");
  EXPECT_EQ(node.attributes[3].i, 3);
  EXPECT_EQ(graph.inputs[0].type.shape[0].value, 2);
  EXPECT_EQ(graph.inputs[0].type.shape[1].param, "N");
  EXPECT_FALSE(graph.inputs[0].type.shape[2].value);
  EXPECT_FALSE(graph.outputs[0].type.has_shape);
  EXPECT_EQ(result.model->opsets.size(), 2u);
  EXPECT_EQ(result.model->opsets[1].domain, "custom");
}

TEST(ModelReader, DoesNotCopyPayloads) {
  const std::string bytes = test::to_bytes(small_model());
  const Read result = read(bytes);
  const Tensor& tensor = result.model->graphs[*result.model->graph].initializers[0];
  EXPECT_EQ(tensor.raw_data.size(), 8u);
  EXPECT_GE(tensor.raw_data.data(), bytes.data());
  EXPECT_LE(tensor.raw_data.data() + 8, bytes.data() + bytes.size());
}

TEST(ModelReader, ReadsGraphsInAttributes) {
  test::OnnxModel model = small_model();
  test::OnnxGraph inner = model.graph;
  inner.name = "inner";
  model.graph.nodes = {{.op_type = "If",
                        .inputs = {"c"},
                        .outputs = {"y"},
                        .attributes = {{"then_branch", test::OnnxSubgraph{{inner}}}}}};
  const std::string bytes = test::to_bytes(model);
  const Read result = read(bytes);
  const Attribute& attribute = result.model->graphs[*result.model->graph].nodes[0].attributes[0];
  ASSERT_EQ(attribute.graphs.size(), 1u);
  EXPECT_EQ(result.model->graphs[attribute.graphs[0]].name, "inner");
}

TEST(ModelReader, DerivesTheTypeOfAnAttributeThatDoesNotSayIt) {
  // name = "axis", i = 5; no field `type`.
  const std::string attribute = std::string("\x0a\x04") + "axis" + "\x18\x05";
  const std::string node = "\x2a" + std::string(1, static_cast<char>(attribute.size())) + attribute;
  const std::string graph = "\x0a" + std::string(1, static_cast<char>(node.size())) + node;
  const std::string bytes = "\x3a" + std::string(1, static_cast<char>(graph.size())) + graph;
  const Read result = read(bytes);
  ASSERT_TRUE(result.model) << result.message;
  EXPECT_EQ(result.model->graphs[*result.model->graph].nodes[0].attributes[0].type, AttributeType::Int);
}

TEST(ModelReader, AnEmptyFileIsAModelWithoutGraph) {
  const Read result = read("");
  ASSERT_TRUE(result.model);
  EXPECT_FALSE(result.model->graph);
}

TEST(ModelReader, NamesTheFaultAndTheByte) {
  const std::pair<std::string, std::string> cases[] = {
      {std::string("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10),
       "field 7 needs 9223372036854775807 bytes, but only 0 are left, at byte 10"},
      {std::string("\x08", 1), "an integer is cut off, at byte 1"},
      {std::string("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12),
       "an integer is longer than 10 bytes, at byte 1"},
      {std::string("\x00\x01", 2), "field number 0 is not valid in protobuf, at byte 0"},
      {std::string("\x0b", 1), "field 1 has wire type 3, which is not valid, at byte 0"},
      {std::string("\x0d\x01\x02\x03\x04", 5), "field 1 is a 32-bit number, expected an integer, at byte 1"},
      {std::string("\x38\x01", 2), "field 7 is an integer, expected a length-delimited field, at byte 1"},
      // A graph whose node is cut off.
      {std::string("\x3a\x04\x0a\x05\x0a\x01", 6), "field 1 needs 5 bytes, but only 2 are left, at byte 4"},
  };
  for (const auto& [bytes, expected] : cases) EXPECT_EQ(read(bytes).message, "not a valid ONNX model: " + expected);
}

TEST(ModelReader, LimitsTheNestingOfGraphs) {
  test::OnnxGraph graph;
  for (int level = 0; level < 100; ++level) {
    test::OnnxGraph outer;
    outer.nodes = {{.op_type = "If", .inputs = {}, .outputs = {}, .attributes = {{"g", test::OnnxSubgraph{{graph}}}}}};
    graph = outer;
  }
  test::OnnxModel model;
  model.graph = graph;
  EXPECT_THAT(read(test::to_bytes(model)).message, HasSubstr("messages nest too deep"));
}

TEST(ModelReader, LimitsTheNestingOfTypes) {
  // TypeProto.sequence_type.elem_type ... as a graph input, 100000 levels deep, ending in nothing. Lengths are padded
  // varints of 5 bytes so that they can be written from the inside out.
  const auto wrap = [](char tag, const std::string& inner) {
    std::string bytes(1, tag);
    uint64_t size = inner.size();
    for (int byte = 0; byte < 4; ++byte, size >>= 7u) bytes += static_cast<char>((size & 0x7fu) | 0x80u);
    return bytes + static_cast<char>(size) + inner;
  };
  std::string type;
  for (int level = 0; level < 200; ++level) type = wrap('\x22', wrap('\x0a', type));
  const std::string bytes = wrap('\x3a', wrap('\x5a', wrap('\x12', type)));
  EXPECT_THAT(read(bytes).message, HasSubstr("messages nest too deep"));
}

TEST(ModelReader, SurvivesTruncationAtEveryByte) {
  const std::string bytes = test::to_bytes(small_model());
  size_t failures = 0;
  for (size_t size = 0; size < bytes.size(); ++size) {
    if (!read(std::string_view(bytes).substr(0, size)).model) ++failures;
  }
  EXPECT_GT(failures, bytes.size() / 2);
}

TEST(ModelReader, SurvivesRandomDamage) {
  const std::string good = test::to_bytes(small_model());
  std::mt19937 random(11);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = good;
    for (unsigned flip = 1 + random() % 5; flip > 0; --flip)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    const Read result = read(bytes);
    EXPECT_NE(result.model.has_value(), !result.message.empty());
  }
}

}  // namespace
}  // namespace lathe::onnx
