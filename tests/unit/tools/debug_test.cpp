// LATHE_DEBUG: levels and passes.
#include "compiler/tools/debug.h"

#include <cstdlib>

#include "gtest/gtest.h"

namespace lathe::tools {
namespace {

TEST(Debug, ReadsLevelsAndPasses) {
  EXPECT_EQ(parse_debug("").level, 0);
  EXPECT_EQ(parse_debug("2,fuse,layout").level, 2);
  EXPECT_EQ(parse_debug("2,fuse,layout").passes, (std::vector<std::string>{"fuse", "layout"}));
  EXPECT_EQ(parse_debug("fuse").level, 0);
  EXPECT_TRUE(parse_debug(",,").passes.empty());
}

TEST(Debug, SwitchesThePipeline) {
  OutputStream out;
  OutputStream err;
  const Session session{out, err};
  ASSERT_EQ(::setenv("LATHE_DEBUG", "3,fuse", 1), 0);
  passes::PipelineOptions options;
  options.verify_each = options.round_trip = false;
  apply_debug(options, session);
  ASSERT_EQ(::unsetenv("LATHE_DEBUG"), 0);
  EXPECT_TRUE(options.verify_each);
  EXPECT_TRUE(options.round_trip);
  EXPECT_TRUE(options.print_changed);
  EXPECT_EQ(options.print_after, std::vector<std::string>{"fuse"});
  options.print("text");
  EXPECT_EQ(err.text(), "text");
}

}  // namespace
}  // namespace lathe::tools
