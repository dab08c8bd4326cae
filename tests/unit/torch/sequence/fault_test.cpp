// What the layers and functions of sequence/ say about wrong programs, and where.
#include <gtest/gtest.h>

#include "tests/unit/torch/sequence/program.h"

namespace lathe::torch::test {
namespace {

constexpr const char* kImports =
    "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\nfrom einops import rearrange, reduce, "
    "repeat\n";

// The diagnostics of a program that starts on line 5.
std::string faults_of(const std::string& text) { return run_program(kImports + text).diagnostics; }

void expect_fault(const std::string& program, const std::string& wanted) {
  const std::string got = faults_of(program);
  EXPECT_NE(got.find(wanted), std::string::npos) << program << "\ngave\n" << got;
  EXPECT_EQ(std::count(got.begin(), got.end(), '\n'), 1) << got;
}

TEST(SequenceFaults, Recurrent) {
  expect_fault("lstm = nn.LSTM(3, 5)\ny, _ = lstm(torch.ones(4, 2, 7))\n",
               "LT0203:6 LSTM wants 3 features on the last axis, its input has 7: (4, 2, 7)");
  expect_fault("gru = nn.GRU(3, 5)\ny, _ = gru(torch.ones(4, 2, 7, 3))\n",
               "LT0202:6 GRU takes (T, N, features) or one sequence (T, features), its input has rank 4: (4, 2, 7, 3)");
  expect_fault("lstm = nn.LSTM(3, 5)\nh = torch.ones(2, 2, 5)\ny, _ = lstm(torch.ones(4, 2, 3), (h, h))\n",
               "LT0212:7 LSTM wants h_0 of shape (1, 2, 5), it gets (2, 2, 5)");
  expect_fault("lstm = nn.LSTM(3, 5)\nh = torch.ones(1, 2, 5)\ny, _ = lstm(torch.ones(4, 2, 3), h)\n",
               "LT0503:7 LSTM takes its state as a pair (h_0, c_0), it gets");
  expect_fault("rnn = nn.RNN(3, 5, nonlinearity='gelu')\n",
               "LT0501:5 nonlinearity of RNN is 'gelu'; it may be 'tanh' or 'relu'");
  expect_fault("lstm = nn.LSTM(3, 0)\n", "LT0501:5 hidden_size of LSTM is 0; it must be at least 1");
  expect_fault("lstm = nn.LSTM(3, 5)\nfc = nn.Linear(5, 2)\ny = fc(lstm(torch.ones(4, 2, 3)))\n", "LT0505:7 ");
  expect_fault("cell = nn.LSTMCell(3, 5)\ny = cell(torch.ones(2, 4))\n",
               "LT0203:6 LSTMCell wants 3 features on the last axis, its input has 4: (2, 4)");
}

TEST(SequenceFaults, PackedSequencesAreUnsupported) {
  expect_fault(
      "from torch.nn.utils.rnn import pack_padded_sequence\nx = pack_padded_sequence(torch.ones(4, 2, 3), [4, "
      "2])\ny, _ = nn.LSTM(3, 5)(x)\n",
      "LT0901:6 torch.nn.utils.rnn.pack_padded_sequence");
}

TEST(SequenceFaults, Attention) {
  expect_fault("a = nn.MultiheadAttention(10, 3)\n", "LT0501:5 num_heads = 3 does not divide embed_dim = 10");
  expect_fault("a = nn.MultiheadAttention(8, 2)\nq = torch.ones(3, 2, 6)\ny = a(q, q, q)\n",
               "LT0203:7 MultiheadAttention wants 8 features on the last axis of its query, which has 6: (3, 2, 6)");
  expect_fault("a = nn.MultiheadAttention(8, 2)\nq = torch.ones(3, 2, 8)\ny = a(q, q, q, attn_mask=torch.ones(3, 4))\n",
               "LT0212:7 attn_mask of MultiheadAttention has shape (3, 4), it must be (3, 3)");
  expect_fault("q = torch.ones(2, 3, 8)\ny = F.scaled_dot_product_attention(q, torch.ones(2, 3, 6), q)\n",
               "LT0203:6 query and key of scaled_dot_product_attention have 8 and 6 features");
  expect_fault("a = nn.TransformerEncoderLayer(10, 4)\n", "LT0501:5 nhead = 4 does not divide d_model = 10");
}

TEST(SequenceFaults, Losses) {
  expect_fault("x = nn.BCEWithLogitsLoss()(torch.ones(32, 1), torch.ones(32))\n",
               "LT0212:5 BCEWithLogitsLoss wants a target of the shape of its input: (32, 1) against (32,)");
  expect_fault("x = nn.CrossEntropyLoss()(torch.ones(4, 3), torch.ones(4))\n",
               "LT0201:5 CrossEntropyLoss wants class numbers (int64)");
  expect_fault("x = F.cross_entropy(torch.ones(4, 3), torch.zeros(5, dtype=torch.long))\n",
               "LT0212:5 cross_entropy wants a target of shape (4,) for an input (4, 3), it gets (5,)");
  expect_fault("x = F.mse_loss(torch.ones(2, 3), torch.ones(2, 4))\n", "LT0205:5 ");
  expect_fault("x = F.mse_loss(torch.ones(2), torch.ones(2), reduction='all')\n",
               "LT0503:5 reduction of mse_loss is 'all'");
}

TEST(SequenceFaults, Einops) {
  expect_fault("x = rearrange(torch.ones(2, 10), 'b (h w) -> b h w', h=3)\n",
               "LT0206:5 rearrange 'b (h w) -> b h w': axis 1 of (2, 10) has 10 elements, which is not a multiple of 3 "
               "in (h w) (h = 3)");
  expect_fault("x = rearrange(torch.ones(2, 10), 'b h w -> b (h w)')\n",
               "LT0202:5 rearrange 'b h w -> b (h w)': the left side has 3 axes, the tensor (2, 10) has 2");
  expect_fault("x = rearrange(torch.ones(2, 10), 'b c -> b d')\n", "`c` is on the left side only");
  expect_fault("x = repeat(torch.ones(2, 10), 'b c -> b c n')\n", "the size of `n` is not given");
  expect_fault("x = rearrange(torch.ones(2, 10), 'b (c -> b c')\n", "`(` is not closed");
  expect_fault("x = rearrange(torch.ones(2, 10), 'b (h w) -> b h w')\n",
               "the sizes of both `h` and `w` in (h w) are not given");
  expect_fault("from einops.layers.torch import Rearrange\nl = Rearrange('b c -> c d')\n", "LT0501:6 ");
}

}  // namespace
}  // namespace lathe::torch::test
