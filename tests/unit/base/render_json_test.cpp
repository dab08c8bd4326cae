// The JSON of `check --format=json`, by the contract, and SARIF 2.1.0.
#include <nlohmann/json.hpp>

#include "gtest/gtest.h"
#include "ir/base/render.h"

namespace lathe {
namespace {

using Json = nlohmann::ordered_json;

class RenderJson : public ::testing::Test {
 protected:
  RenderJson() {
    // "ä" takes two bytes, so columns in bytes and in code points differ behind it.
    const LocationId call = locations.add_span(source, 16, 19);
    (void)diagnostics.report(DiagnosticKind::FeatureMismatch, call, "inner dimensions differ")
        .layer("net.3")
        .label(locations.add_span(source, 0, 1), "called here")
        .label(locations.add(ModelLocation{model, "initializer", "w", "", 0}), "400 declared")
        .note("a note")
        .fix({"insert nn.Flatten()", {{Span{source, 16, 16}, "nn.Flatten(), "}}, true})
        .emit();
    (void)diagnostics
        .report(DiagnosticKind::Unsupported, locations.add(ModelLocation{model, "node", "n\xFF", "Foo", 7}),
                "operator `Foo`")
        .emit();
  }

  LocationTable locations;
  FileId source = locations.add_file("my net.py", "x = 1\ny = \"\xC3\xA4\", call()\n");
  FileId model = locations.add_file("m.onnx");
  Diagnostics diagnostics;
};

TEST_F(RenderJson, HasTheKeysOfTheContract) {
  const Json json = diagnostics_json(diagnostics, locations);
  EXPECT_EQ(json[0], Json::parse(R"json({
    "code": "LT0203", "kind": "feature-mismatch", "severity": "error", "message": "inner dimensions differ", "layer": "net.3",
    "file": "my net.py", "line": 2, "column": 11, "end_line": 2, "end_column": 14,
    "labels": [
      {"file": "my net.py", "line": 1, "column": 1, "end_line": 1, "end_column": 2, "message": "called here"},
      {"file": "m.onnx", "line": null, "column": null, "end_line": null, "end_column": null,
       "element": {"kind": "initializer", "name": "w"}, "message": "400 declared"}],
    "notes": ["a note"],
    "fixes": [{"title": "insert nn.Flatten()", "verified": true,
               "edits": [{"file": "my net.py", "line": 2, "column": 11, "end_line": 2, "end_column": 11, "text": "nn.Flatten(), "}]
}]
})json"));
  EXPECT_EQ(json[1]["element"], Json::parse(R"({"kind": "node", "name": "n\ufffd", "op": "Foo", "index": 7})"));
  EXPECT_EQ(json[1]["layer"], "n\xEF\xBF\xBD");
  EXPECT_EQ(json[1]["line"], nullptr);
}

TEST_F(RenderJson, IsAlwaysUtf8) {
  (void)diagnostics.report(DiagnosticKind::Syntax, {}, "bad \xFF byte").emit();
  const std::string text = json_text(diagnostics_json(diagnostics, locations));
  EXPECT_EQ(Json::parse(text)[2]["message"], "bad \xEF\xBF\xBD byte");
}

TEST_F(RenderJson, SarifHasRulesRegionsAndLogicalLocations) {
  const Json log = Json::parse(render_sarif(diagnostics, locations, "1.2.3"));
  EXPECT_EQ(log["version"], "2.1.0");
  const Json& run = log["runs"][0];
  EXPECT_EQ(run["tool"]["driver"]["version"], "1.2.3");
  EXPECT_EQ(run["tool"]["driver"]["rules"].size(), diagnostic_kinds().size());
  const Json& first = run["results"][0];
  EXPECT_EQ(first["ruleId"], "LT0203");
  EXPECT_EQ(run["tool"]["driver"]["rules"][first["ruleIndex"].get<size_t>()]["id"], "LT0203");
  EXPECT_EQ(first["level"], "error");
  EXPECT_EQ(first["message"]["text"], "inner dimensions differ\na note");
  EXPECT_EQ(first["locations"][0]["physicalLocation"], Json::parse(R"({
    "artifactLocation": {"uri": "my%20net.py"},
    "region": {"startLine": 2, "startColumn": 10, "endLine": 2, "endColumn": 13}})"));
  EXPECT_EQ(first["relatedLocations"].size(), 2u);
  EXPECT_EQ(first["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"]["text"], "nn.Flatten(), ");
  EXPECT_EQ(first["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"],
            Json::parse(R"({"startLine": 2, "startColumn": 10, "endLine": 2, "endColumn": 10})"));
  EXPECT_EQ(run["results"][1]["locations"][0]["logicalLocations"][0]["kind"], "node");
}

TEST_F(RenderJson, SarifOfNothingHasNoResults) {
  const Json log = Json::parse(render_sarif(Diagnostics(), LocationTable(), "1"));
  EXPECT_EQ(log["runs"][0]["results"], Json::array());
}

}  // namespace
}  // namespace lathe
