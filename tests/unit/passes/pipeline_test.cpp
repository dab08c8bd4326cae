// What the pipeline does around passes: lists, printing, reports, reproducers.
#include "compiler/passes/pipeline.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "ir/base/render.h"
#include "ir/graph/print.h"
#include "tests/support/temporary_folder.h"

namespace lathe::passes {
namespace {

constexpr std::string_view kText = R"(sym N
graph @g(%x: f32[N, 4]) -> (f32[N, 4]) {
  %zero = constant dense<-0.0> : f32[]
  %a = add %x, %zero : f32[N, 4]
  %b = relu %a : f32[N, 4]
  return %b : f32[N, 4]
}
)";

Module parsed(std::string_view text) {
  Module module;
  Diagnostics diagnostics;
  EXPECT_TRUE(parse_module(text, "test.lathe", module, diagnostics).ok()) << render_text(diagnostics, module.locations);
  return module;
}

// A pass that leaves a graph without its end, and one that breaks an invariant.
Status erase_return(Module& module, PassContext&) {
  module.graph.erase_node(module.graph.region(Graph::root()).last);
  return {};
}
Status break_invariant(Module&, PassContext&) {
  LATHE_CHECK(1 + 1 == 3);
  return {};
}
constexpr Pass kErasing{"erase_return", Stage::Simplify, "", "", Bits::Preserved, erase_return};
constexpr Pass kBreaking{"break_invariant", Stage::Simplify, "", "", Bits::Preserved, break_invariant};

std::string only_file_in(const std::filesystem::path& folder) {
  std::string text;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream stream(entry.path());
    std::stringstream content;
    content << stream.rdbuf();
    text += entry.path().filename().string() + "\n" + content.str();
  }
  return text;
}

TEST(Pipeline, Lists) {
  EXPECT_EQ(parse_pass_list("fold,canonicalize").passes, (std::vector{find_pass("fold"), find_pass("canonicalize")}));
  EXPECT_EQ(parse_pass_list("default").passes, default_pipeline());
  EXPECT_EQ(parse_pass_list("fold,fodl,x").unknown, "fodl");
  EXPECT_TRUE(parse_pass_list("").passes.empty());
  EXPECT_EQ(find_pass("nothing"), nullptr);
}

TEST(Pipeline, DefaultEndsWithWhatLoweringNeeds) {
  const std::vector<const Pass*> list = default_pipeline();
  for (const Pass& pass : all_passes()) {
    EXPECT_NE(std::find(list.begin(), list.end(), &pass), list.end()) << pass.name << " never runs";
    EXPECT_FALSE(pass.doc.empty() || pass.ensures.empty()) << pass.name;
  }
}

TEST(Pipeline, PrintsAndReports) {
  Module module = parsed(kText);
  Diagnostics diagnostics;
  std::string printed;
  std::vector<PassReport> reports;
  PipelineOptions options;
  options.print = [&](std::string_view text) { printed += text; };
  options.print_changed = true;
  options.reports = &reports;
  ASSERT_TRUE(run_passes(module, diagnostics, parse_pass_list("fold,canonicalize,dead_code").passes, options).ok());
  EXPECT_EQ(printed, R"(// after fold: unchanged
// after canonicalize
sym N
graph @g(%x: f32[N, 4]) -> (f32[N, 4]) {
  %zero = constant dense<-0.0> : f32[]
  %b = relu %x : f32[N, 4]
  return %b : f32[N, 4]
}
// after dead_code
sym N
graph @g(%x: f32[N, 4]) -> (f32[N, 4]) {
  %b = relu %x : f32[N, 4]
  return %b : f32[N, 4]
}
)");
  ASSERT_EQ(reports.size(), 3u);
  EXPECT_EQ(reports[1].pass, "canonicalize");
  EXPECT_EQ(reports[1].changes, 1u);
}

TEST(Pipeline, PrintAfterNamesPasses) {
  Module module = parsed(kText);
  Diagnostics diagnostics;
  std::string printed;
  PipelineOptions options;
  options.print = [&](std::string_view text) { printed += text; };
  options.print_after = {"fold"};
  ASSERT_TRUE(run_passes(module, diagnostics, parse_pass_list("canonicalize,fold").passes, options).ok());
  EXPECT_TRUE(printed.starts_with("// after fold\nsym N\n")) << printed;
  EXPECT_EQ(printed.find("canonicalize"), std::string::npos);
}

TEST(Pipeline, ABrokenGraphIsADefectWithAReproducer) {
  const test::TemporaryFolder folder;
  Module module = parsed(kText);
  Diagnostics diagnostics;
  PipelineOptions options;
  options.verify_each = true;
  options.reproducer_folder = folder.path().string();
  options.passes.dims = {{"N", 8}};
  const Pass* const list[] = {&kErasing};
  EXPECT_FALSE(run_passes(module, diagnostics, list, options).ok());
  ASSERT_EQ(diagnostics.count(Severity::Internal), 1u);
  EXPECT_EQ(diagnostics.all()[0].message,
            "pass `erase_return` broke the graph: the verifier says: a region doesn't end with its only `return`");
  const std::string file = only_file_in(folder.path());
  EXPECT_NE(file.find("--passes=erase_return --dim N=8\n"), std::string::npos) << file;
  EXPECT_NE(file.find("%b = relu %a"), std::string::npos) << file;
}

// What a pass finds is what the passes before it left, though only the start of the pipeline was copied.
TEST(Pipeline, AReproducerHoldsWhatThePassFound) {
  for (const bool is_canonical : {false, true}) {
    const test::TemporaryFolder folder;
    Module module = parsed(
        "graph @g(%x: f32[4]) -> (f32[4]) {\n  %t = transpose %x {permutation = [0]} : f32[4]\n  %y = relu %t "
        ": f32[4]\n  return %y : f32[4]\n}");
    Diagnostics diagnostics;
    PipelineOptions options;
    options.verify_each = true;
    options.reproducer_folder = folder.path().string();
    std::vector<const Pass*> list = {&kErasing};
    if (is_canonical) list.insert(list.begin(), {find_pass("canonicalize"), find_pass("dead_code")});
    EXPECT_FALSE(run_passes(module, diagnostics, list, options).ok());
    const std::string file = only_file_in(folder.path());
    EXPECT_NE(file.find("--passes=erase_return\n"), std::string::npos) << file;
    EXPECT_EQ(file.find("transpose") == std::string::npos, is_canonical) << file;
    EXPECT_NE(file.find("relu"), std::string::npos) << file;
  }
}

TEST(PipelineDeathTest, ABrokenInvariantWritesAReproducer) {
  const test::TemporaryFolder folder;
  const auto run = [&] {
    Module module = parsed(kText);
    Diagnostics diagnostics;
    PipelineOptions options;
    options.reproducer_folder = folder.path().string();
    const Pass* const list[] = {find_pass("canonicalize"), &kBreaking};
    static_cast<void>(run_passes(module, diagnostics, list, options));
  };
  EXPECT_EXIT(run(), testing::ExitedWithCode(70),
              "internal error in pass `break_invariant`; reproducer: .*lathe-repro-break_invariant-");
  const std::string file = only_file_in(folder.path());
  EXPECT_NE(file.find("broke an invariant: 1 + 1 == 3"), std::string::npos) << file;
  // The reproducer is a text that parses.
  EXPECT_FALSE(print(parsed(file.substr(file.find('\n') + 1))).empty());
}

TEST(Pipeline, SpecializeChecksSizes) {
  Module module = parsed("sym N in [2, 8]\ngraph @g(%x: f32[N]) -> (f32[N]) { return %x : f32[N] }");
  Diagnostics diagnostics;
  PipelineOptions options;
  options.passes.dims = {{"N", 9}, {"M", 1}};
  EXPECT_FALSE(run_passes(module, diagnostics, parse_pass_list("specialize").passes, options).ok());
  ASSERT_EQ(diagnostics.all().size(), 2u);
  EXPECT_EQ(diagnostics.all()[0].message, "the model has no size `M`");
  EXPECT_EQ(diagnostics.all()[1].message, "9 is out of bounds for `N`, which is in [2, 8]");
}

}  // namespace
}  // namespace lathe::passes
