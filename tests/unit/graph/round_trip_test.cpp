// Canonical texts are what print gives back for their parse; other texts become canonical.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "ir/graph/builder.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/graph/graph_text.h"

namespace lathe {
namespace {

void expect_canonical(std::string_view text) { EXPECT_EQ(print(parsed(text)), text); }

TEST(RoundTrip, MlpWithSymbolsAndInlineConstants) {
  expect_canonical(R"(sym N in [1, 4096]
graph @mlp(%x: f32[N, 3]) -> (f32[N, 2]) {
  %w0 = constant dense<[0.5, -1.0, 1e-07, 3.0, 0.1, 16777216.0]> : f32[3, 2]
  %b0 = constant dense<0.0> : f32[2]
  %h0 = matmul %x, %w0 : f32[N, 2]
  %h1 = add %h0, %b0 : f32[N, 2]
  %h2 = leaky_relu %h1 {slope = 0.2} : f32[N, 2]
  return %h2 : f32[N, 2]
}
)");
}

TEST(RoundTrip, DefaultsAreLeftOutAndAttributesStandInRowOrder) {
  const Module module = parsed(R"(graph @g(%x: f32[4]) -> (f32[4]) {
  %y = leaky_relu %x {slope = 0.01} : f32[4]
  %z = clamp %y {max = 6.0, min = 0.0} : f32[4]
  return %z : f32[4]
})");
  EXPECT_EQ(print(module), R"(graph @g(%x: f32[4]) -> (f32[4]) {
  %y = leaky_relu %x : f32[4]
  %z = clamp %y {min = 0.0, max = 6.0} : f32[4]
  return %z : f32[4]
}
)");
}

TEST(RoundTrip, NodesOfTheRootArePartsOfTheWhole) {
  const Module module = parsed(R"(graph @g(%c: bool[], %x: f32[4]) -> (f32[4]) {
  %y = relu %x : f32[4]
  %z = if %c region () {
    %n = neg %y : f32[4]
    return %n : f32[4]
  } region () {
    return %y : f32[4]
  } : f32[4]
  return %z : f32[4]
}
)");
  const std::vector<NodeText> nodes = print_root_nodes(module);
  ASSERT_EQ(nodes.size(), 3u);
  std::string body;
  for (const NodeText& row : nodes) {
    EXPECT_EQ(module.graph.node(row.node).region, Graph::root());
    body += row.text;
  }
  const std::string all = print(module);
  EXPECT_EQ(all.substr(all.find('\n') + 1), body + "}\n");
}

TEST(RoundTrip, EveryKindOfAttribute) {
  expect_canonical(R"(sym H
sym N
graph @attributes(%x: f32[N, 3, H, 8], %w: f32[4, 3, 3, 3]) -> (f32[24*H*N], i32[N, 3, H, 8], f32[N, 3, H, 8], f32[N, 4, H, 8]) {
  %flat = reshape %x {shape = [24*H*N]} : f32[24*H*N]
  %number = cast %x {to = i32} : i32[N, 3, H, 8]
  %curve = gelu %x {approximate = "tanh"} : f32[N, 3, H, 8]
  %conv = conv %x, %w {pads = [1, 1, 1, 1]} : f32[N, 4, H, 8]
  return %flat, %number, %curve, %conv : f32[24*H*N], i32[N, 3, H, 8], f32[N, 3, H, 8], f32[N, 4, H, 8]
}
)");
}

TEST(RoundTrip, SymbolsNamedLikeKeywords) {
  expect_canonical(R"(sym data
sym graph
sym guard
guard guard == graph, "they differ"
graph @g(%x: f32[graph, data, guard]) -> (f32[graph, data, guard]) {
  %y = neg %x : f32[graph, data, guard]
  return %y : f32[graph, data, guard]
}
)");
}

TEST(RoundTrip, AbsentOperandsAndSeveralResults) {
  expect_canonical(R"(graph @g(%x: f32[2, 8], %s: f32[8], %c: bool[]) -> (f32[2, 3], i64[2, 3]) {
  %n = layer_norm %x, %s {axis = 1} : f32[2, 8]
  %values, %indices = topk %n {k = 3, axis = 1} : f32[2, 3], i64[2, 3]
  return %values, %indices : f32[2, 3], i64[2, 3]
}
)");
}

TEST(RoundTrip, NestedRegions) {
  expect_canonical(R"(graph @g(%c: bool[], %x: f32[4]) -> (f32[4]) {
  %y = if %c region () {
    %a = neg %x : f32[4]
    return %a : f32[4]
  } region () {
    %b = fused %x {kind = "elementwise"} region (%p: f32[4]) {
      %q = exp %p : f32[4]
      return %q : f32[4]
    } : f32[4]
    return %b : f32[4]
  } : f32[4]
  return %y : f32[4]
}
)");
}

TEST(RoundTrip, GuardsAndBoundsInSymbols) {
  expect_canonical(R"(sym N in [1, 64]
sym M in [N, 2*N + 1]
guard N == M, "the parts of \"add\" differ"
guard N <= 3*M - 1, "too long"
graph @g(%x: f32[N], %y: f32[M]) -> (f32[N]) {
  %z = add %x, %y : f32[N]
  return %z : f32[N]
}
)");
}

TEST(RoundTrip, NamesAreKeptAndNumbersFillTheGaps) {
  const Module module = parsed(R"(graph @"name with blanks"(%"a b": f32[2], %1: f32[2]) -> (f32[2]) {
  %_x.y = add %"a b", %1 : f32[2]
  %12 = neg %_x.y : f32[2]
  return %12 : f32[2]
})");
  EXPECT_EQ(print(module), R"(graph @"name with blanks"(%"a b": f32[2], %1: f32[2]) -> (f32[2]) {
  %_x.y = add %"a b", %1 : f32[2]
  %12 = neg %_x.y : f32[2]
  return %12 : f32[2]
}
)");
}

TEST(RoundTrip, ClashingHintsGetSuffixesAndMissingOnesNumbers) {
  Module module;
  Diagnostics diagnostics;
  GraphBuilder builder(module, diagnostics);
  const TensorType type{ElementType::F32, {Dim(2)}};
  ValueId value = builder.input(type, "h");
  for (int i = 0; i < 2; ++i) {
    value = *builder.one("neg", {value});
    builder.name_value(value, "h");
  }
  value = *builder.one("neg", {value});
  ASSERT_TRUE(builder.output({value}).ok());
  EXPECT_EQ(print(module), R"(graph @main(%h: f32[2]) -> (f32[2]) {
  %h.1 = neg %h : f32[2]
  %h.2 = neg %h.1 : f32[2]
  %0 = neg %h.2 : f32[2]
  return %0 : f32[2]
}
)");
}

TEST(RoundTrip, ElementsOfEveryType) {
  expect_canonical(R"(graph @g() -> (bool[2], i8[2], u64[2], i4[3], f16[3], f64[2], string[2], f32[0]) {
  %b = constant dense<[true, false]> : bool[2]
  %i = constant dense<[-128, 127]> : i8[2]
  %u = constant dense<[0, 0xffffffffffffffff]> : u64[2]
  %n = constant dense<[-8, 7, 0]> : i4[3]
  %h = constant dense<[0.1, -inf, 65504.0]> : f16[3]
  %d = constant dense<[0.1, 5e-324]> : f64[2]
  %s = constant dense<["", "a\"\n\\"]> : string[2]
  %e = constant dense<[]> : f32[0]
  return %b, %i, %u, %n, %h, %d, %s, %e : bool[2], i8[2], u64[2], i4[3], f16[3], f64[2], string[2], f32[0]
}
)");
}

// The shortest decimal of an f16 or f32 is not the shortest of the same number as f64, and -0 and NaNs keep their bits.
TEST(RoundTrip, FloatsKeepTheirBits) {
  Module module;
  Diagnostics diagnostics;
  GraphBuilder builder(module, diagnostics);
  const std::vector<float> values{
      0.1f, -0.0f, 1.0f / 3.0f, std::numeric_limits<float>::denorm_min(), NAN, std::numeric_limits<float>::max()};
  std::vector<std::byte> bytes(values.size() * 4);
  std::memcpy(bytes.data(), values.data(), bytes.size());
  const uint32_t payload = 0xffc12345u;
  bytes.resize(bytes.size() + 4);
  std::memcpy(bytes.data() + values.size() * 4, &payload, 4);
  const std::vector<std::byte> expected = bytes;
  const ValueId value = *builder.constant(owned_constant({ElementType::F32, {Dim(7)}}, std::move(bytes)));
  ASSERT_TRUE(builder.output({value}).ok());
  const std::string text = print(module);
  EXPECT_NE(text.find("dense<[0.1, -0.0, 0.33333334, 1e-45, nan, 3.4028235e+38, 0xffc12345]>"), std::string::npos)
      << text;
  const Module again = parsed(text);
  const NodeId node = again.graph.nodes_in(Graph::root())[0];
  const ConstantData& data = again.constants[std::get<ConstantId>(again.graph.node(node).attributes[0])];
  EXPECT_TRUE(std::equal(data.bytes.begin(), data.bytes.end(), expected.begin(), expected.end()));
}

TEST(RoundTrip, LargeConstantsStandBehindTheGraph) {
  std::string hex;
  for (int i = 0; i < 40; ++i) hex += "01ff";
  expect_canonical(fmt::format(R"(graph @g() -> (i16[40], f32[1000, 1000], f32[3, 3]) {{
  %0 = constant @w : i16[40]
  %1 = constant dense<0.5> : f32[1000, 1000]
  %2 = constant @gone : f32[3, 3]
  return %0, %1, %2 : i16[40], f32[1000, 1000], f32[3, 3]
}}
data @w : i16[40] = hex"{}"
data @gone : f32[3, 3] = absent
)",
                               hex));
}

TEST(RoundTrip, DataInFiles) {
  const test::TemporaryFolder folder;
  std::ofstream(folder.path() / "w.bin", std::ios::binary) << "abcdefgh" << std::string(64, 'x');
  const std::string text = R"(graph @g() -> (u8[64]) {
  %0 = constant @w : u8[64]
  return %0 : u8[64]
}
data @w : u8[64] = file("w.bin", 8)
)";
  const Module module = parsed(text, {.shared_constants = nullptr, .folder = folder.path().string()});
  EXPECT_EQ(print(module), text);
  const NodeId node = module.graph.nodes_in(Graph::root())[0];
  const ConstantData& data = module.constants[std::get<ConstantId>(module.graph.node(node).attributes[0])];
  EXPECT_EQ(element_as_integer(data, 63), 'x');
}

TEST(RoundTrip, SharedConstantsComeFromTheOtherModule) {
  const Module module = parsed(fmt::format(
      "graph @g() -> (u8[40]) {{ %0 = constant @w : u8[40] return %0 : u8[40] }} data @w : u8[40] = hex\"{}\"",
      std::string(80, '7')));
  const std::string text = print(module, {.locations = false, .data = false});
  EXPECT_NE(text.find("data @w : u8[40] = shared"), std::string::npos) << text;
  const Module again = parsed(text, {.shared_constants = &module, .folder = {}});
  std::string difference;
  EXPECT_TRUE(same_module(module, again, &difference)) << difference;
}

TEST(RoundTrip, LocationsAndLayers) {
  const std::string text = R"(graph @g(%x: f32[2]) -> (f32[2]) {
  %y = neg %x : f32[2] loc("net.py":12:14) layer("fc1")
  %z = neg %y : f32[2] loc("m.onnx" "node" "conv 1" "Conv" 3, "net.py":1:2)
  return %z : f32[2] loc("net.py":13:5)
}
)";
  EXPECT_EQ(print(parsed(text), {.locations = true}), text);
}

TEST(RoundTrip, SymbolsThatInferenceMakesKeepTheirNames) {
  expect_canonical(R"(sym count in [0, 6]
graph @g(%x: f32[6]) -> (i64[1, count]) {
  %y = nonzero %x : i64[1, count]
  %z = neg %y : i64[1, count]
  return %z : i64[1, count]
}
)");
}

// The reshape's sizes agree because of the guard: reading the text must not add one of its own.
TEST(RoundTrip, GuardsThatImplyOthers) {
  expect_canonical(R"(sym N
guard min(1000, N) == N, "too many rows"
graph @g(%x: f32[N, 2, 4]) -> (f32[min(1000, N), 8]) {
  %y = reshape %x {shape = [min(1000, N), 8]} : f32[min(1000, N), 8]
  return %y : f32[min(1000, N), 8]
}
)");
}

TEST(RoundTrip, SequencesAndOptionals) {
  expect_canonical(
      R"(graph @g(%x: sequence<f32[*]>, %y: optional<sequence<f32[3]>>) -> (sequence<f32[*]>, optional<sequence<f32[3]>>) {
  return %x, %y : sequence<f32[*]>, optional<sequence<f32[3]>>
}
)");
}

TEST(PrintNode, IsOneLine) {
  const Module module = parsed(R"(graph @g(%x: f32[4]) -> (f32[4]) {
  %y = fused %x {kind = "elementwise"} region (%p: f32[4]) {
    %q = exp %p : f32[4]
    return %q : f32[4]
  } : f32[4]
  %z = clamp %y {min = 0.0} : f32[4]
  return %z : f32[4]
})");
  const std::vector<NodeId> nodes = module.graph.nodes_in(Graph::root());
  EXPECT_EQ(print_node(module, nodes[0]), "%y = fused %x {kind = \"elementwise\"} region (...) : f32[4]");
  EXPECT_EQ(print_node(module, nodes[1]), "%z = clamp %y {min = 0.0} : f32[4]");
}

}  // namespace
}  // namespace lathe
