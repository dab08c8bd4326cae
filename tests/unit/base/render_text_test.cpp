// What diagnostics look like on a terminal: exact texts, and that hostile input can't harm the reader.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/base/render.h"

namespace lathe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kSource =
    "class Net(nn.Module):\n"
    "    def __init__(self):\n"
    "        self.fc1 = nn.Linear(768, 128)\n"
    "\n"
    "    def forward(self, x):\n"
    "        x = self.fc1(x)\n"
    "        return x\n";

class RenderText : public ::testing::Test {
 protected:
  // The location of the n-th occurrence of `what` in the source.
  LocationId at(std::string_view what) {
    const size_t begin = kSource.find(what);
    return locations.add_span(file, static_cast<uint32_t>(begin), static_cast<uint32_t>(begin + what.size()));
  }
  LocationId node(std::string name, std::string op) {
    return locations.add(ModelLocation{model, "node", std::move(name), std::move(op), 0});
  }

  LocationTable locations;
  FileId file = locations.add_file("mlp.py", std::string(kSource));
  FileId model = locations.add_file("model.onnx");
  Diagnostics diagnostics;
};

TEST_F(RenderText, ShowsSourceWithLabelsNotesAndFixes) {
  const LocationId linear = at("768");
  (void)diagnostics
      .report(DiagnosticKind::FeatureMismatch, at("self.fc1(x)"),
              "inner dimensions differ: `f32[N, 784]` x `f32[768, 128]`")
      .layer("fc1")
      .label(linear, "768 declared here")
      .note("784 is axis 1 of argument `x`")
      .fix({"change to `nn.Linear(784, 128)`", {{std::get<Span>(locations[linear]), "784"}}, true})
      .emit();
  EXPECT_EQ(render_text(diagnostics, locations),
            "error[LT0203]: inner dimensions differ: `f32[N, 784]` x `f32[768, 128]`\n"
            "  --> mlp.py:6:13\n"
            "   |\n"
            " 6 |         x = self.fc1(x)\n"
            "   |             ^^^^^^^^^^^\n"
            "...\n"
            " 3 |         self.fc1 = nn.Linear(768, 128)\n"
            "   |                              --- 768 declared here\n"
            "   = layer: `fc1`\n"
            "   = note: 784 is axis 1 of argument `x`\n"
            "   = help: change to `nn.Linear(784, 128)`\n"
            "   |\n"
            " 3 -         self.fc1 = nn.Linear(768, 128)\n"
            " 3 +         self.fc1 = nn.Linear(784, 128)\n");
}

TEST_F(RenderText, MarksOnOneLineShareIt) {
  const LocationId whole = at("x = self.fc1(x)");
  (void)diagnostics.report(DiagnosticKind::ShapeMismatch, at("fc1(x)"), "it is so")
      .label(at("fc1(x)"), "this one")
      .label(whole, "in this statement")
      .emit();
  EXPECT_THAT(render_text(diagnostics, locations), HasSubstr(" 6 |         x = self.fc1(x)\n"
                                                             "   |                  ^^^^^^ this one\n"
                                                             "   |         --------------- in this statement\n"));
}

TEST_F(RenderText, SpansOverSeveralLinesShowFirstAndLast) {
  (void)diagnostics
      .report(DiagnosticKind::Syntax, at("def forward(self, x):\n        x = self.fc1(x)\n        return x"), "no end")
      .emit();
  EXPECT_THAT(render_text(diagnostics, locations), HasSubstr(" 5 |     def forward(self, x):\n"
                                                             "   |     ^^^^^^^^^^^^^^^^^^^^^\n"
                                                             "...\n"
                                                             " 7 |         return x\n"
                                                             "   |         ^^^^^^^^\n"));
}

TEST_F(RenderText, ModelPlacesAreAlignedRows) {
  const LocationId weight = locations.add(ModelLocation{model, "initializer", "fc.weight", "", 0});
  (void)diagnostics.report(DiagnosticKind::FeatureMismatch, node("fc", "Gemm"), "inner dimensions differ: 1600 and 400")
      .layer("fc")
      .label(node("flatten", "Flatten"), "1600 = 16 x 10 x 10")
      .label(weight, "400 is axis 1 of `fc.weight`")
      .emit();
  EXPECT_EQ(render_text(diagnostics, locations),
            "error[LT0203]: inner dimensions differ: 1600 and 400\n"
            "  --> model.onnx: node `fc` (Gemm)\n"
            "   |\n"
            "   | node `flatten` (Flatten)  1600 = 16 x 10 x 10\n"
            "   | initializer `fc.weight`   400 is axis 1 of `fc.weight`\n");
}

TEST_F(RenderText, UnsupportedThingsAreOneList) {
  for (int i = 0; i < 5; ++i) {
    (void)diagnostics
        .report(DiagnosticKind::Unsupported, node("cell" + std::to_string(i), "Foo"),
                "operator `Foo` of domain `com.x`")
        .emit();
  }
  (void)diagnostics
      .report(DiagnosticKind::Unsupported, node("pool", "MaxPool"), "attribute `storage_order` = 1 of `MaxPool`")
      .note("write it with storage_order 0")
      .emit();
  EXPECT_EQ(render_text(diagnostics, locations),
            "unsupported[LT0901]: the model is valid, but 2 things in it are not supported\n"
            "  --> model.onnx\n"
            "   |\n"
            "   | operator `Foo` of domain `com.x`\n"
            "   |     5 places: node `cell0` (Foo), node `cell1` (Foo), node `cell2` (Foo) and 2 more\n"
            "   | attribute `storage_order` = 1 of `MaxPool`\n"
            "   |     at node `pool` (MaxPool)\n"
            "   |     note: write it with storage_order 0\n");
  EXPECT_EQ(render_counts(diagnostics), "2 unsupported things");
}

TEST_F(RenderText, FusedNodesAreAllNamed) {
  const LocationId fused = locations.fuse({node("conv1", "Conv"), node("relu1", "Relu")});
  (void)diagnostics.report(DiagnosticKind::OutOfMemory, locations.derive("fuse", fused), "no memory").emit();
  (void)diagnostics.report(DiagnosticKind::OutOfMemory, fused, "no memory").emit();
  EXPECT_EQ(render_text(diagnostics.all()[1], locations),
            "error[LT0703]: no memory\n"
            "  --> model.onnx: node `conv1` (Conv)\n"
            "   = note: fused with node `relu1` (Relu)\n");
  EXPECT_THAT(render_text(diagnostics.all()[0], locations), HasSubstr("--> model.onnx: node `conv1` (Conv)\n"));
}

TEST_F(RenderText, ColoursOnlyWhenAsked) {
  (void)diagnostics.report(DiagnosticKind::Syntax, at("768"), "bad").emit();
  EXPECT_THAT(render_text(diagnostics, locations), Not(HasSubstr("\x1B")));
  EXPECT_THAT(render_text(diagnostics, locations, {.colour = Colour::Always}),
              HasSubstr("\x1B[1;31merror[LT0101]\x1B[0m"));
}

TEST_F(RenderText, HostileNamesAreEscaped) {
  (void)diagnostics
      .report(DiagnosticKind::ModelMalformed, node("a\x1B[2Jb\n\xE2\x80\xAE", "O\xFFp"), "name {}", "x\x07y")
      .emit();
  EXPECT_EQ(render_text(diagnostics, locations),
            "error[LT0301]: name x\\x07y\n"
            "  --> model.onnx: node `a\\x1B[2Jb\\n\\u202E` (O\\xFFp)\n");
}

TEST_F(RenderText, LongLinesAreCutAroundTheMark) {
  const std::string line = std::string(1000000, 'a') + "HERE" + std::string(1000000, 'b');
  const FileId wide = locations.add_file("wide.lathe", line);
  (void)diagnostics.report(DiagnosticKind::Syntax, locations.add_span(wide, 1000000, 1000004), "bad").emit();
  const std::string text = render_text(diagnostics, locations, {.width = 60});
  EXPECT_LT(text.size(), 400u);
  EXPECT_THAT(text, HasSubstr(" 1 | ..." + std::string(20, 'a') + "HERE" + std::string(33, 'b') + "...\n"));
  EXPECT_THAT(text, HasSubstr("   | " + std::string(23, ' ') + "^^^^\n"));
}

TEST_F(RenderText, TabsAndWideCharactersKeepCaretsInPlace) {
  const FileId tabs = locations.add_file("tabs.lathe", "\t\xE6\x97\xA5 = bad\n");
  (void)diagnostics.report(DiagnosticKind::Syntax, locations.add_span(tabs, 7, 10), "bad").emit();
  EXPECT_THAT(render_text(diagnostics, locations), HasSubstr(" 1 |     \xE6\x97\xA5 = bad\n"
                                                             "   |          ^^^\n"));
}

TEST_F(RenderText, AnEndOfTextIsMarkedBehindTheLastLine) {
  const FileId open = locations.add_file("open.lathe", "graph @g(");
  (void)diagnostics.report(DiagnosticKind::Syntax, locations.add_span(open, 9, 9), "expected a value").emit();
  EXPECT_THAT(render_text(diagnostics, locations), HasSubstr(" 1 | graph @g(\n"
                                                             "   |          ^\n"));
}

TEST_F(RenderText, FixesMayInsertLines) {
  const LocationId here = at("return x");
  const Span span = std::get<Span>(locations[here]);
  (void)diagnostics.report(DiagnosticKind::FeatureMismatch, here, "no flatten")
      .fix({"insert a call", {{Span{file, span.begin, span.begin}, "x = x.flatten(1)\n        "}}, false})
      .emit();
  EXPECT_THAT(render_text(diagnostics, locations), HasSubstr("   = help: insert a call (not checked)\n"
                                                             "   |\n"
                                                             " 7 +         x = x.flatten(1)\n"));
}

TEST_F(RenderText, DistantEditsOfAFixAreShownApart) {
  const std::string source = "a = 1\nb = 2\nc = 3\nd = 4\n";
  const FileId lines = locations.add_file("lines.py", source);
  (void)diagnostics.report(DiagnosticKind::FeatureMismatch, locations.add_span(lines, 0, 1), "no")
      .fix({"both", {{Span{lines, 4, 5}, "7"}, {Span{lines, 22, 23}, "8"}, {Span{lines, 12, 12}, "new\n"}}, true})
      .emit();
  EXPECT_THAT(render_text(diagnostics, locations), HasSubstr("   = help: both\n"
                                                             "   |\n"
                                                             " 1 - a = 1\n"
                                                             " 1 + a = 7\n"
                                                             "...\n"
                                                             " 3 - c = 3\n"
                                                             " 4 - d = 4\n"
                                                             " 3 + new\n"
                                                             " 4 + c = 3\n"
                                                             " 5 + d = 8\n"));
}

TEST_F(RenderText, CountsSayWhatWasFound) {
  EXPECT_EQ(render_counts(diagnostics), "");
  for (size_t i = 0; i < Diagnostics::kMaxErrors + 7; ++i) {
    (void)diagnostics.report(DiagnosticKind::Syntax, {}, "bad {}", i).emit();
  }
  EXPECT_EQ(render_counts(diagnostics), "207 errors");
  EXPECT_THAT(render_text(diagnostics, locations), HasSubstr("\n7 more errors are not shown\n"));
}

}  // namespace
}  // namespace lathe
