// `-i` options: what is a type, what is a file, which input is meant.
#include "compiler/tools/input_argument.h"

#include "gtest/gtest.h"

namespace lathe::tools {
namespace {

class InputArguments : public ::testing::Test {
 protected:
  std::vector<InputArgument> parse(std::vector<std::string> texts) {
    Result<std::vector<InputArgument>> result = parse_input_arguments(texts, locations_, diagnostics_);
    return result.ok() ? *result : std::vector<InputArgument>();
  }
  std::vector<size_t> match(std::vector<std::string> texts, std::vector<std::string> names) {
    const Result<std::vector<size_t>> result = match_inputs(parse(std::move(texts)), names, diagnostics_);
    return result.ok() ? *result : std::vector<size_t>();
  }
  std::string message() { return diagnostics_.all().empty() ? "" : diagnostics_.all().front().message; }

  LocationTable locations_;
  Diagnostics diagnostics_;
};

TEST_F(InputArguments, AreTypesOrFiles) {
  const auto arguments = parse({"x=f32[1,3,N]", "image.npy", "y=a=b.npy", "i64[]", "z=./f32[1]"});
  ASSERT_EQ(arguments.size(), 5u);
  EXPECT_EQ(arguments[0].name, "x");
  EXPECT_EQ(text(*arguments[0].type()), "f32[1, 3, N]");
  EXPECT_EQ(arguments[1].name, "");
  EXPECT_EQ(*arguments[1].path(), "image.npy");
  EXPECT_EQ(arguments[2].name, "y");
  EXPECT_EQ(*arguments[2].path(), "a=b.npy");
  EXPECT_EQ(arguments[3].type()->rank(), 0);
  EXPECT_EQ(*arguments[4].path(), "./f32[1]");
}

TEST_F(InputArguments, SayWhatIsWrong) {
  EXPECT_TRUE(parse({"x=float32[3]"}).empty());
  EXPECT_EQ(message(), "there is no element type `float32`");
  EXPECT_EQ(diagnostics_.all()[0].notes, std::vector<std::string>{"Lathe calls it `f32`"});
  diagnostics_.clear();
  EXPECT_TRUE(parse({"x=f32[3,,4]"}).empty());
  EXPECT_EQ(message(), "expected a size, found `,`");
  diagnostics_.clear();
  EXPECT_TRUE(parse({"=x.npy"}).empty());
  EXPECT_EQ(diagnostics_.all().size(), 1u);
}

TEST_F(InputArguments, AreMatchedByNameAndPosition) {
  EXPECT_EQ(match({"b=f32[1]", "f32[2]"}, {"a", "b"}), (std::vector<size_t>{1, 0}));
  EXPECT_EQ(match({"f32[1]", "f32[2]"}, {"a", "b"}), (std::vector<size_t>{0, 1}));
  EXPECT_EQ(message(), "");
}

TEST_F(InputArguments, MustMeanDifferentInputsThatExist) {
  EXPECT_TRUE(match({"c=f32[1]"}, {"a", "b"}).empty());
  EXPECT_EQ(message(), "the model has no input `c`");
  diagnostics_.clear();
  EXPECT_TRUE(match({"f32[1]", "a=f32[2]"}, {"a", "b"}).empty());
  EXPECT_EQ(message(), "input `a` is given twice");
  diagnostics_.clear();
  EXPECT_TRUE(match({"f32[1]", "f32[1]"}, {"a"}).empty());
  EXPECT_EQ(message(), "`-i` number 2 is one too many");
}

}  // namespace
}  // namespace lathe::tools
