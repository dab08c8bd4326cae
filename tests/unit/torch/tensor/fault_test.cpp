// Faults of tensor programs: kind, line and what the message names.
#include <gtest/gtest.h>

#include "tests/unit/torch/tensor/program.h"

namespace lathe::torch::test {
namespace {

constexpr std::string_view kPrelude =
    "import torch\n"
    "x = torch.zeros(2, 3, 4)\n"
    "a = torch.zeros(2, 3)\n"
    "i = torch.arange(4)\n";
constexpr int kLine = 5;

struct Fault {
  std::string_view program;
  std::string_view expected;  ///< "kind:line" and parts of the message, separated by " | "
};

constexpr Fault kFaults[] = {
    {"a + torch.zeros(4)", "broadcast-mismatch:5 | cannot add (2, 3) and (4,) | axis -1 is 3 against 4"},
    {"x - torch.zeros(2, 5, 4)", "broadcast-mismatch:5 | cannot subtract | axis 1 is 3 against 5"},
    {"a += torch.zeros(5, 2, 3)", "broadcast-mismatch:5 | (2, 3) to (5, 2, 3)"},
    {"i += 1.5", "dtype-mismatch:5 | torch.float32 | torch.int64"},
    {"i.add_(0.5)", "dtype-mismatch:5"},
    {"i.float().mean() + i.mean()", "dtype-mismatch:5 | `mean` needs floats"},
    {"x.view(5, 5)", "reshape-mismatch:5 | 2*3*4 = 24 | 5*5 = 25"},
    {"torch.zeros(4, 16, 4, 4).view(-1, 400)",
     "reshape-mismatch:5 | 4 times 16*4*4 = 256 elements, 1024 in all, are not a multiple of 400"},
    {"x.reshape(-1, -1)", "reshape-mismatch:5 | only one size may be -1"},
    {"x.reshape(-1, 0)", "reshape-mismatch:5"},
    {"x.view(2, -3)", "negative-dimension:5"},
    {"x.permute(1, 0, 2).view(6, 4)", "view-needs-contiguous:5 | (3, 2, 4) | strides (4, 12, 1)"},
    {"x[:, :, :2].view(-1)", "view-needs-contiguous:5"},
    {"torch.zeros(3).expand(2, 3).view(6)", "view-needs-contiguous:5"},
    {"x.transpose(1, 2).view_as(x)", "view-needs-contiguous:5"},
    {"torch.cat([a, torch.zeros(3, 2)], dim=1)",
     "concat-mismatch:5 | off axis 1: (2, 3) and (3, 2): axis 0 is 2 against 3"},
    {"torch.cat([a, x])", "concat-mismatch:5 | equally many axes"},
    {"torch.cat([])", "bad-argument:5"},
    {"torch.stack([a, x])", "concat-mismatch:5 | stack"},
    {"torch.cat((a, None))", "none-not-tensor:5"},
    {"torch.cat((a, (a, a)))", "tuple-not-tensor:5"},
    {"a + (a, a)", "tuple-not-tensor:5"},
    {"a + None", "none-not-tensor:5"},
    {"a @ None", "none-not-tensor:5"},
    {"a + 'text'", "bad-argument:5"},
    {"a @ a", "feature-mismatch:5 | (2, 3) and (2, 3) | is 3 | is 2"},
    {"a @ i", "dtype-mismatch:5 | torch.float32 and torch.int64"},
    {"torch.bmm(x, a)", "rank-mismatch:5 | `bmm`"},
    {"torch.mm(x, a)", "rank-mismatch:5 | a matrix"},
    {"torch.bmm(x, torch.zeros(3, 4, 1))", "broadcast-mismatch:5"},
    {"torch.einsum('ij,jk->ik', a, a)", "broadcast-mismatch:5 | `j` is 3"},
    {"torch.einsum('ijk->ik', a)", "rank-mismatch:5 | `ijk`"},
    {"torch.einsum('ij,jk->ik', a)", "bad-argument:5 | names 2 operands"},
    {"x[2]", "index-out-of-range:5 | index 2 | axis 0 | (2, 3, 4)"},
    {"x[0, -4]", "index-out-of-range:5 | index -4"},
    {"x[0, 0, 0, 0]", "index-out-of-range:5 | 4 indices | 3 axes"},
    {"x[..., ...]", "index-out-of-range:5"},
    {"x[1.5]", "bad-argument:5 | `1.5`"},
    {"x[::-1]", "bad-argument:5 | step"},
    {"a[torch.tensor([0, 5])]", "index-out-of-range:5"},
    {"x.sum(3)", "axis-out-of-range:5 | axis 3"},
    {"x.unsqueeze(5)", "axis-out-of-range:5"},
    {"x.transpose(0, 3)", "axis-out-of-range:5"},
    {"x.permute(0, 1)", "rank-mismatch:5 | names 2 axes"},
    {"x.permute(0, 1, 1)", "bad-argument:5 | twice"},
    {"x.expand(2, 3, 5)", "broadcast-mismatch:5 | axis 2 is 4 against 5"},
    {"x.split([1, 1], dim=1)", "split-mismatch:5 | add up to 2, the axis has 3"},
    {"x.chunk(0)", "bad-argument:5"},
    {"x.topk(5)", "index-out-of-range:5 | 5 largest"},
    {"x.item()", "bad-argument:5 | 24 elements"},
    {"torch.zeros(0).max()", "shape-mismatch:5 | no elements"},
    {"torch.zeros(-1)", "negative-dimension:5"},
    {"torch.zeros(1.5)", "bad-argument:5 | must be an int | `1.5`"},
    {"torch.tensor([[1, 2], [3]])", "bad-argument:5 | equally long"},
    {"torch.tensor(['a'])", "bad-argument:5"},
    {"x.t()", "rank-mismatch:5"},
    {"torch.arange(5, 0)", "bad-argument:5"},
    {"a.expand(4, 2, 3)[0, 0, 0].fill_(1)", "bad-argument:5 | one in memory"},
    {"a[0] = torch.zeros(4)", "broadcast-mismatch:5"},
    {"a[5] = 1", "index-out-of-range:5"},
    {"a.foo", "unknown-name:5"},
    {"torch.randn(3).nonzero()", "unsupported:5 | size of its result depends on the data"},
    {"t = torch.randn(3)\nt[t > 0]", "unsupported:6 | mask"},
    {"t = torch.randn(3)\nif t.sum() > 0: a = x", "undecided-branch:6"},
    {"torch.randn(3)[0].item()", "undecided-branch:5 | depend on the model's input"},
    {"torch.zeros(10**10, 10**10)", "size-overflow:5"},
    {"i & 1.5", "dtype-mismatch:5"},
    {"torch.tensor([True]) - torch.tensor([True])", "dtype-mismatch:5"},
    {"torch.where(a > 0, a, torch.zeros(7))", "broadcast-mismatch:5"},
    {"a.masked_fill(torch.zeros(5).bool(), 0)", "broadcast-mismatch:5"},
    {"a.gather(1, i)", "rank-mismatch:5 | gather"},
    {"a.view(2, 3, dims=3)", "bad-argument:5"},
    {"a.softmax(2)", "axis-out-of-range:5"},
    {"a.long().softmax(0)", "dtype-mismatch:5"},
    {"len(torch.tensor(1))", "bad-argument:5"},
};

class TensorFaults : public ::testing::TestWithParam<Fault> {};

TEST_P(TensorFaults, IsReportedInTheUsersTerms) {
  const Fault& fault = GetParam();
  Program program(std::string(kPrelude) + std::string(fault.program) + "\n");
  const std::string all = program.diagnostics();
  std::string_view rest = fault.expected;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(" | "), rest.size());
    EXPECT_NE(all.find(rest.substr(0, end)), std::string::npos)
        << fault.program << "\nwants: " << rest.substr(0, end) << "\ngot:   " << all;
    rest.remove_prefix(std::min(end + 3, rest.size()));
  }
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 1) << fault.program << "\n" << all;
}

INSTANTIATE_TEST_SUITE_P(All, TensorFaults, ::testing::ValuesIn(kFaults));

TEST(TensorFaultTest, WhatFailedIsUnknownAndSilent) {
  Program program(std::string(kPrelude) +
                  "y = a + torch.zeros(7)\nz = (y * 2).sum(0)\nw = torch.cat([z, a])\nv = z[0] + w\nu = a + 1\n");
  EXPECT_EQ(program.faults.all().size(), 1u) << program.diagnostics();
  EXPECT_EQ(program.value("v"), "Unknown");
  EXPECT_EQ(program.value("u"), "float32 (2, 3) [1, 1, 1, 1, 1, 1]");
}

TEST(TensorFaultTest, TryDropsTheFault) {
  Program program(std::string(kPrelude) + "try:\n    y = a + torch.zeros(7)\nexcept RuntimeError:\n    y = a\n");
  EXPECT_TRUE(program.faults.all().empty()) << program.diagnostics();
  EXPECT_EQ(program.value("y"), "float32 (2, 3) [0, 0, 0, 0, 0, 0]");
}

TEST(TensorFaultTest, ViewOffersReshape) {
  Program program(std::string(kPrelude) + "y = x.permute(2, 0, 1)\nz = y.view((4 + 4), 3)\n");
  ASSERT_EQ(program.faults.all().size(), 1u) << program.diagnostics();
  const Diagnostic& fault = program.faults.all()[0];
  ASSERT_EQ(fault.fixes.size(), 1u);
  ASSERT_EQ(fault.fixes[0].edits.size(), 1u);
  const Edit& edit = fault.fixes[0].edits[0];
  const std::string& text = program.module.locations.file(edit.where.file).text;
  EXPECT_EQ(text.substr(edit.where.begin, edit.where.end - edit.where.begin), "view");
  EXPECT_EQ(edit.text, "reshape");
  const bool names_the_permute = std::any_of(fault.labels.begin(), fault.labels.end(), [&](const Label& label) {
    const auto* span = std::get_if<Span>(&program.module.locations[label.where]);
    return span != nullptr && text.substr(span->begin, span->end - span->begin) == "x.permute(2, 0, 1)";
  });
  EXPECT_TRUE(names_the_permute);
}

TEST(TensorFaultTest, HugeSplatsTakeNoMemory) {
  Program program("import torch\ny = torch.zeros(10**12) + 1\nn = y.shape[0]\nz = torch.arange(10**10)\n");
  EXPECT_TRUE(program.faults.all().empty()) << program.diagnostics();
  EXPECT_EQ(program.value("n"), "1000000000000");
}

static_assert(kLine == 5);

}  // namespace
}  // namespace lathe::torch::test
