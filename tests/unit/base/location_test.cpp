// Files, lines and columns; locations through fused and derived ones.
#include "ir/base/location.h"

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(Location, CountsLinesAndColumnsFromOne) {
  LocationTable table;
  const FileId file = table.add_file("a.lathe", "ab\n\ncd\r\nlast");
  EXPECT_EQ(table.line_column(file, 0).line, 1u);
  EXPECT_EQ(table.line_column(file, 2).column, 3u);
  EXPECT_EQ(table.line_column(file, 3).line, 2u);
  EXPECT_EQ(table.line_column(file, 5).line, 3u);
  EXPECT_EQ(table.line_column(file, 5).column, 2u);
  EXPECT_EQ(table.line_column(file, 12).line, 4u);
  EXPECT_EQ(table.line_text(file, 3), "cd");
  EXPECT_EQ(table.line_text(file, 4), "last");
  EXPECT_EQ(table.line_text(file, 5), "");
  EXPECT_EQ(table.line_text(file, 0), "");
}

TEST(Location, FindsTheOriginOfRewrites) {
  LocationTable table;
  const FileId file = table.add_file("m.onnx");
  const LocationId conv = table.add(ModelLocation{file, "node", "conv1", "Conv", 3});
  const LocationId relu = table.add(ModelLocation{file, "node", "", "Relu", 4});
  const LocationId fused = table.fuse({conv, relu, conv});
  const LocationId derived = table.derive("layout", fused);
  EXPECT_EQ(std::get<FusedLocation>(table[fused]).parents.size(), 2u);
  EXPECT_EQ(table.origin_id(derived), conv);
  EXPECT_EQ(table.describe(derived), "m.onnx: node `conv1` (Conv)");
  EXPECT_EQ(table.describe(relu), "m.onnx: node #4 (Relu)");
  EXPECT_EQ(table.describe({}), "unknown location");
  EXPECT_EQ(table.fuse({conv, LocationId(), conv}), conv);
  EXPECT_FALSE(table.fuse({LocationId()}).valid());
  EXPECT_EQ(table.describe(table.add(ModelLocation{file, "", "", "", 0})), "m.onnx");
}

TEST(Location, DescribesSpans) {
  LocationTable table;
  const FileId file = table.add_file("net.py", "x\n  y\n");
  EXPECT_EQ(table.describe(table.add_span(file, 4, 5)), "net.py:2:3");
}

}  // namespace
}  // namespace lathe
