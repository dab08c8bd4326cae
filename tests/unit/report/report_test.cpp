// The page's data: everything that it refers to is there, the walk from layer to code has no gap, and no name of a
// model becomes markup.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "ir/base/render.h"
#include "tests/unit/compiler/small_models.h"
#include "tests/unit/report/recorded.h"

namespace lathe::test {
namespace {

using nlohmann::json;

/// A convolution with its activation, a padding and a generated chain behind it; the batch is open.
constexpr std::string_view kSmallNet = R"(sym N in [1, 64]
graph @net(%image: f32[N, 3, 8, 8], %filter: f32[16, 3, 3, 3], %shift: f32[16]) -> (f32[N, 16, 8, 8]) {
  %padded = conv %image, %filter, %shift {pads = [1, 1, 1, 1]} : f32[N, 16, 8, 8]
  %positive = relu %padded : f32[N, 16, 8, 8]
  %bent = tanh %positive : f32[N, 16, 8, 8]
  %twice = add %bent, %bent : f32[N, 16, 8, 8]
  return %twice : f32[N, 16, 8, 8]
}
)";

/// Nothing after a failure, which has been reported.
std::optional<Recorded> recorded_text(std::string_view text, bool with_profile = false) {
  std::optional<Module> module = parse(text);
  if (!module) return std::nullopt;
  Diagnostics diagnostics;
  Result<Recorded> result = record(*std::move(module), nullptr, with_profile, diagnostics);
  if (!result.ok()) {
    for (const Diagnostic& diagnostic : diagnostics.all()) ADD_FAILURE() << diagnostic.message;
    return std::nullopt;
  }
  return *std::move(result);
}

void expect_rows(const json& indices, const json& table, const std::string& what) {
  for (const json& index : indices) EXPECT_LT(index.get<size_t>(), table.size()) << what;
}

void expect_edges(const json& edges, const json& nodes, const json& model) {
  const std::map<char, size_t> counts = {
      {'i', model["inputs"].size()}, {'n', nodes.size()}, {'o', model["outputs"].size()}};
  for (const json& edge : edges) {
    for (size_t end : {size_t{0}, size_t{1}}) {
      const auto name = edge[end].get<std::string>();
      ASSERT_TRUE(counts.contains(name[0])) << name;
      EXPECT_LT(std::stoul(name.substr(1)), counts.at(name[0])) << name;
    }
    EXPECT_FALSE(edge[2].get<std::string>().empty()) << "a shape on every edge";
  }
}

TEST(Report, RefersToNothingThatIsNotThere) {
  const std::optional<Recorded> recorded = recorded_text(kSmallNet);
  ASSERT_TRUE(recorded);
  const json data = json::parse(report::report_json(recorded->input()));
  expect_edges(data["layer_edges"], data["layers"], data["model"]);
  expect_edges(data["group_edges"], data["groups"], data["model"]);
  for (const json& layer : data["layers"]) expect_rows(layer["groups"], data["groups"], "groups of a layer");
  for (const json& group : data["groups"]) {
    expect_rows(group["layers"], data["layers"], "layers of a group");
    expect_rows(group["steps"], data["steps"], "steps of a group");
  }
  for (const json& step : data["steps"]) {
    expect_rows(step["kernels"], data["kernels"], "kernels of a step");
    expect_rows(step["storages"], data["storages"], "storages of a step");
    if (!step["group"].is_null()) EXPECT_LT(step["group"].get<size_t>(), data["groups"].size());
  }
  for (const json& kernel : data["kernels"]) {
    if (kernel.contains("same")) EXPECT_LT(kernel["same"].get<size_t>(), data["kernels"].size());
  }
  for (const json& storage : data["storages"]) {
    if (storage.contains("last")) EXPECT_LT(storage["last"].get<size_t>(), data["steps"].size());
  }
}

TEST(Report, LeadsFromEveryLayerToCode) {
  const std::optional<Recorded> recorded = recorded_text(kSmallNet);
  ASSERT_TRUE(recorded);
  const json data = json::parse(report::report_json(recorded->input()));
  std::vector<std::string> ops;
  for (const json& layer : data["layers"]) {
    ops.push_back(layer["op"]);
    EXPECT_THAT(layer["where"].get<std::string>(), testing::StartsWith("test.lathe:"));
    EXPECT_THAT(layer["line"].get<std::string>(), testing::HasSubstr(layer["op"].get<std::string>()));
    ASSERT_FALSE(layer["groups"].empty()) << layer["op"];
    size_t steps = 0;
    for (const json& group : layer["groups"]) {
      const json& row = data["groups"][group.get<size_t>()];
      EXPECT_THAT(row["layers"], testing::Contains(json(ops.size() - 1)));
      steps += row["steps"].size();
    }
    EXPECT_GT(steps, 0u) << layer["op"];
  }
  EXPECT_THAT(ops, testing::ElementsAre("conv", "relu", "tanh", "add"));
  for (const json& step : data["steps"]) {
    EXPECT_FALSE(step["group"].is_null()) << step["text"];
    EXPECT_THAT(step["cpp"].get<std::string>(), testing::HasSubstr("("));
    if (is_available(Backend::Jit)) EXPECT_FALSE(step["assembly"].get<std::string>().empty()) << step["text"];
  }
  ASSERT_FALSE(data["kernels"].empty());
  for (size_t i = 0; i < data["kernels"].size(); ++i) {
    const json& kernel = data["kernels"][i];
    const std::string name = kernel["name"];
    EXPECT_THAT(kernel["ir"].get<std::string>(), testing::HasSubstr("@" + name));
    if (kernel.contains("same")) continue;
    EXPECT_THAT(kernel["cpp"].get<std::string>(), testing::HasSubstr(fmt::format(" kernel_{}_", i)));
    if (is_available(Backend::Jit)) EXPECT_THAT(kernel["assembly"].get<std::string>(), testing::HasSubstr("." + name));
  }
}

TEST(Report, HasTheMemoryPlan) {
  const std::optional<Recorded> recorded = recorded_text(kSmallNet);
  ASSERT_TRUE(recorded);
  report::ReportInput input = recorded->input();
  input.sizes = {{"N", 4}};
  const json data = json::parse(report::report_json(input));
  const int64_t arena = data["arena"]["bytes"];
  EXPECT_EQ(data["model"]["symbols"][0], json::array({"N", "1", "64", 4}));
  std::vector<json> rows;
  for (const json& storage : data["storages"]) {
    if (storage["place"] == "arena" && storage.contains("first")) rows.push_back(storage);
  }
  ASSERT_GE(rows.size(), 2u);
  const auto number = [](const json& row, const char* name) { return row[name].get<int64_t>(); };
  for (const json& row : rows) {
    EXPECT_LE(number(row, "first"), number(row, "last"));
    EXPECT_LE(number(row, "offset") + number(row, "bytes"), arena);
    for (const json& other : rows) {
      const bool meet = number(row, "first") <= number(other, "last") && number(other, "first") <= number(row, "last");
      if (row == other || !meet) continue;
      EXPECT_TRUE(number(row, "offset") + number(row, "bytes") <= number(other, "offset") ||
                  number(other, "offset") + number(other, "bytes") <= number(row, "offset"))
          << row << " and " << other << " live at the same time in the same place";
    }
  }
}

TEST(Report, HasTimesWhenStepsWereTimed) {
  if (!is_available(Backend::Jit)) GTEST_SKIP() << "needs native code";
  const std::optional<Recorded> recorded = recorded_text(kSmallNet, true);
  ASSERT_TRUE(recorded);
  const json data = json::parse(report::report_json(recorded->input()));
  EXPECT_GT(data["profile"]["rounds"].get<int>(), 0);
  EXPECT_GT(data["profile"]["whole"].get<double>(), 0);
  for (const json& step : data["steps"]) EXPECT_GE(step["time"].get<double>(), 0);
}

TEST(Report, HasNoTimesWhenNothingWasTimed) {
  const std::optional<Recorded> recorded = recorded_text(kSmallNet);
  ASSERT_TRUE(recorded);
  const json data = json::parse(report::report_json(recorded->input()));
  EXPECT_TRUE(data["profile"].is_null());
  for (const json& step : data["steps"]) EXPECT_FALSE(step.contains("time"));
}

/// The text between the tags of the page's data.
std::string data_of(const std::string& page) {
  const std::string begin = R"(<script type="application/json" id="data">)";
  const size_t from = page.find(begin) + begin.size();
  return page.substr(from, page.find("</script>", from) - from);
}

TEST(Report, HostileNamesStayText) {
  const std::string hostile = "</script><img src=x onerror=alert(1)><!-- & \xff \u202e";
  std::optional<Recorded> recorded = recorded_text(kSmallNet);
  ASSERT_TRUE(recorded);
  recorded->program.name = hostile;
  recorded->source.layers[0].name = hostile;
  recorded->fused.groups[0].text = hostile;
  recorded->program.kernels[kernel::KernelId(0u)].name = hostile;
  recorded->program.steps[0].layer = hostile;
  report::ReportInput input = recorded->input();
  input.model = hostile;
  input.options = {{"--name", hostile}};
  const std::string page = report::report_page(input);
  const std::string data = data_of(page);
  EXPECT_EQ(data.find_first_of("<>&"), std::string::npos);
  const json parsed = json::parse(data);
  EXPECT_THAT(parsed["layers"][0]["name"].get<std::string>(), testing::StartsWith("</script><img src=x"));
  EXPECT_THAT(parsed["layers"][0]["name"].get<std::string>(), testing::Not(testing::HasSubstr("\u202e")));
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(page.find("onerror=alert(1)>"), std::string::npos);
}

TEST(Report, ThePageNeedsNothingButItself) {
  const std::optional<Recorded> recorded = recorded_text(kSmallNet);
  ASSERT_TRUE(recorded);
  const std::string page = report::report_page(recorded->input());
  for (const char* reference : {"http:", "https:", "src=", "href=", "@import", "url(", "innerHTML", "eval("}) {
    EXPECT_EQ(page.find(reference), std::string::npos) << reference;
  }
  EXPECT_THAT(page, testing::HasSubstr("default-src 'none'"));
  for (const char* placeholder : {"@style", "@program", "@data"}) EXPECT_EQ(page.find(placeholder), std::string::npos);
}

/// Weights are as large as models; 1 MB of them leaves no trace.
TEST(Report, HoldsNoWeights) {
  std::string text = R"(graph @wide(%x: f32[1, 512]) -> (f32[1, 512]) {
  %w = constant @w : f32[512, 512]
  %y = matmul %x, %w : f32[1, 512]
  return %y : f32[1, 512]
}
data @w : f32[512, 512] = hex")";
  for (int i = 0; i < 512 * 512; ++i) text += i % 2 == 0 ? "0000803f" : "000000c0";
  const std::optional<Recorded> recorded = recorded_text(text + "\"\n");
  ASSERT_TRUE(recorded);
  const std::string data = report::report_json(recorded->input());
  EXPECT_LT(data.size(), 60'000u);
  EXPECT_GE(json::parse(data)["model"]["weights"].get<int64_t>(), 512 * 512 * 4);
}

}  // namespace
}  // namespace lathe::test
