// Where numbers came from, as sentences.
#include "ir/base/origin.h"

#include "gtest/gtest.h"
#include "ir/base/diagnostic.h"

namespace lathe {
namespace {

class Origins : public ::testing::Test {
 protected:
  LocationTable locations;
  FileId file = locations.add_file("m.onnx");
  LocationId conv = locations.add(ModelLocation{file, "node", "conv1", "Conv", 0});
  LocationId flatten = locations.add(ModelLocation{file, "node", "flatten", "Flatten", 1});
  OriginTable origins;
  Dim channels = origins.declared(16, "out_channels of `conv1`", conv);
  Dim side = origins.derived(10, OriginRule::Computed, "(20 + 2*0 - 11)//1 + 1", conv,
                             {origins.declared(20, "axis 2 of input `x`", {})});
};

TEST_F(Origins, ExplainInOneLine) {
  EXPECT_EQ(origins.explain(Dim(7)), "7");
  EXPECT_EQ(origins.explain(channels), "16 is out_channels of `conv1`");
  EXPECT_EQ(origins.explain(side), "10 = (20 + 2*0 - 11)//1 + 1");
  const Dim flat = origins.derived(1600, OriginRule::Product, "", flatten, {channels, side, side});
  EXPECT_EQ(origins.explain(flat), "1600 = 16 (out_channels of `conv1`) x 10 x 10");
  const Dim sum = origins.derived(26, OriginRule::Sum, "", flatten, {channels, side});
  EXPECT_EQ(origins.explain(sum), "26 = 16 (out_channels of `conv1`) + 10");
}

TEST_F(Origins, CopiesAreSkippedThrough) {
  Dim copy = channels;
  for (int i = 0; i < 10000; ++i) copy = origins.derived(copy, OriginRule::Copied, "output", flatten, {copy});
  EXPECT_EQ(origins.explain(copy), "16 is out_channels of `conv1`");
  EXPECT_EQ(origins.trace(copy, 5).size(), 1u);
}

TEST_F(Origins, TraceGoesBreadthFirstAndIsLimited) {
  const Dim flat = origins.derived(1600, OriginRule::Product, "", flatten, {channels, side, side});
  const auto steps = origins.trace(flat, 10);
  ASSERT_EQ(steps.size(), 4u);
  EXPECT_EQ(steps[0].where, flatten);
  EXPECT_EQ(steps[1].text, "16 is out_channels of `conv1`");
  EXPECT_EQ(steps[2].text, "10 = (20 + 2*0 - 11)//1 + 1");
  EXPECT_EQ(steps[3].text, "20 is axis 2 of input `x`");
  EXPECT_EQ(origins.trace(flat, 2).size(), 2u);
  EXPECT_TRUE(origins.trace(Dim(5), 10).empty());
}

TEST_F(Origins, DiagnosticsTakeTheStepsAsLabelsOnce) {
  Diagnostics diagnostics;
  (void)diagnostics.report(DiagnosticKind::ChannelMismatch, conv, "it differs")
      .explain(origins, channels)
      .explain(origins, channels)
      .explain(origins, Dim(3))
      .emit();
  ASSERT_EQ(diagnostics.all()[0].labels.size(), 1u);
  EXPECT_EQ(diagnostics.all()[0].labels[0].message, "16 is out_channels of `conv1`");
}

}  // namespace
}  // namespace lathe
