// Searches in syntax trees, and how files write names of the library.
#include "compiler/frontend/torch/advice/source_view.h"

#include <gtest/gtest.h>

#include "compiler/frontend/torch/advice/library_names.h"
#include "tests/unit/torch/advice/program.h"

namespace lathe::torch {
namespace {

using test::Program;

constexpr const char* kText = R"(import torch
import torch.nn as nn
from torch.nn import functional as F
from torch.nn import Flatten as Flat

def double(x, times=2):
    y = x * times
    return torch.add(y, other=x)

net = nn.Sequential(
    nn.Linear(3, 4),
    nn.ReLU(),
)
)";

TEST(SourceViewTest, FindsTheExpressionOfASpanOrTheSmallestAroundIt) {
  Program program(kText);
  const SourceView source = program.source();
  EXPECT_EQ(source.text(*source.expression(program.span("x * times"))), "x * times");
  EXPECT_EQ(source.text(*source.expression(program.span("nn.Linear(3"))), "nn.Linear(3, 4)");
}

TEST(SourceViewTest, FindsCallsAndTheirArguments) {
  Program program(kText);
  const SourceView source = program.source();
  const auto add = source.expression(program.span("torch.add(y, other=x)"));
  ASSERT_TRUE(add);
  EXPECT_EQ(source.text(*source.argument(*add, 0, "input")), "y");
  EXPECT_EQ(source.text(*source.argument(*add, 1, "other")), "x");
  EXPECT_FALSE(source.argument(*add, 2, "alpha"));
  const auto linear = source.expression(program.span("nn.Linear(3, 4)"));
  const auto around = source.call_around(*linear);
  ASSERT_TRUE(around);
  EXPECT_EQ(source.dotted(around->child(around->as<CallExpression>()->function)), "nn.Sequential");
}

TEST(SourceViewTest, FindsStatementsAndFunctions) {
  Program program(kText);
  const SourceView source = program.source();
  const auto statement = source.statement(program.span("x * times"));
  ASSERT_TRUE(statement);
  EXPECT_EQ(source.text(statement->statement().span), "y = x * times");
  const Function* function = source.function(program.span("x * times"));
  ASSERT_NE(function, nullptr);
  EXPECT_EQ(source.name(function->name), "double");
  EXPECT_EQ(source.function(program.span("nn.ReLU()")), nullptr);
}

TEST(SourceViewTest, KnowsLinesAndIndentation) {
  Program program(kText);
  const SourceView source = program.source();
  const Span span = program.span("nn.ReLU()");
  EXPECT_EQ(source.indentation(span.file, span.begin), "    ");
  EXPECT_TRUE(source.begins_line(span));
  EXPECT_FALSE(source.begins_line(program.span("times=2")));
  const Span line{span.file, source.line_begin(span.file, span.begin), source.line_end(span.file, span.begin)};
  EXPECT_EQ(source.text(line), "    nn.ReLU(),\n");
}

TEST(LibraryNamesTest, WritesNamesAsTheFileImportsThem) {
  Program program(kText);
  const SourceView source = program.source();
  const FileId file = program.span("torch").file;
  EXPECT_EQ(library_name(source, file, "torch.flatten"), "torch.flatten");
  EXPECT_EQ(library_name(source, file, "torch.nn.Conv2d"), "nn.Conv2d");
  EXPECT_EQ(library_name(source, file, "torch.nn.functional.pad"), "F.pad");
  EXPECT_EQ(library_name(source, file, "torch.nn.Flatten"), "Flat");
  EXPECT_EQ(library_path(source, file, "F.relu"), "torch.nn.functional.relu");
  EXPECT_EQ(library_path(source, file, "net.fc"), "");
}

}  // namespace
}  // namespace lathe::torch
