// Registration, containers, state dicts and records of calls, against what PyTorch does (torch 1.13).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/torch/nn/program.h"

namespace lathe::torch::test {
namespace {

using ::testing::HasSubstr;

constexpr char kImports[] = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n";

ProgramResult run(const std::string& text) { return run_program(kImports + text); }

TEST(ModuleTest, StateDictHasOwnEntriesBeforeThoseOfChildren) {
  const ProgramResult result = run(R"(
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 3)
        self.late = None
        self.bn = nn.BatchNorm1d(3)
        self.register_buffer('seen', torch.zeros(4))
        self.register_buffer('cache', torch.zeros(5), persistent=False)
        self.scale = nn.Parameter(torch.ones(1))
        self.late = nn.Conv1d(1, 2, 3, bias=False)
net = Net()
)");
  EXPECT_EQ(result.diagnostics, "");
  EXPECT_EQ(result.states.at("net"),
            "scale (1,)\nseen* (4,)\nfc.weight (3, 2)\nfc.bias (3,)\nbn.weight (3,)\nbn.bias (3,)\n"
            "bn.running_mean* (3,)\nbn.running_var* (3,)\nbn.num_batches_tracked* ()\nlate.weight (2, 1, 3)\n");
}

TEST(ModuleTest, TiedParametersHaveBothKeys) {
  const ProgramResult result = run(R"(
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(5, 2)
        self.head = nn.Linear(2, 5, bias=False)
        self.head.weight = self.tok.weight
net = Net()
count = len(list(net.parameters()))
names = [name for name, _ in net.named_parameters()]
keys = list(net.state_dict().keys())
)");
  EXPECT_EQ(result.diagnostics, "");
  EXPECT_EQ(result.states.at("net"), "tok.weight (5, 2)\nhead.weight (5, 2)\n");
  EXPECT_EQ(result.values.at("count"), "1");
  EXPECT_EQ(result.values.at("names"), "['tok.weight']");
  EXPECT_EQ(result.values.at("keys"), "['tok.weight', 'head.weight']");
}

TEST(ModuleTest, ChildrenComeOnceAndIterationGivesEveryStep) {
  const ProgramResult result = run(R"(
relu = nn.ReLU()
net = nn.Sequential(nn.Linear(2, 3), relu, nn.Linear(3, 2), relu)
steps = len(net)
children = len(list(net.children()))
modules = len(list(net.modules()))
names = [name for name, _ in net.named_modules()]
)");
  EXPECT_EQ(result.diagnostics, "");
  EXPECT_EQ(result.values.at("steps"), "4");
  EXPECT_EQ(result.values.at("children"), "3");
  EXPECT_EQ(result.values.at("modules"), "4");
  EXPECT_EQ(result.values.at("names"), "['', '0', '1', '2']");
}

TEST(ModuleTest, SlicesOfSequentialKeepNamesThoseOfListsRenumber) {
  const ProgramResult result = run(R"(
net = nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 3), nn.Linear(3, 4))
tail = net[1:]
copy = nn.Sequential(*list(net)[1:])
rest = nn.ModuleList(net)[1:]
del net[1]
more = nn.Sequential(nn.Linear(1, 1)).insert(0, nn.Linear(2, 1))
backwards = copy[::-1]
joined = nn.ModuleList([nn.Linear(1, 1)]) + [nn.Linear(2, 2)]
)");
  EXPECT_EQ(result.diagnostics, "");
  EXPECT_EQ(result.states.at("tail"), "1.weight (3, 2)\n1.bias (3,)\n2.weight (4, 3)\n2.bias (4,)\n");
  EXPECT_EQ(result.states.at("copy"), "0.weight (3, 2)\n0.bias (3,)\n1.weight (4, 3)\n1.bias (4,)\n");
  EXPECT_EQ(result.states.at("rest"), result.states.at("copy"));
  EXPECT_EQ(result.states.at("net"), "0.weight (2, 1)\n0.bias (2,)\n1.weight (4, 3)\n1.bias (4,)\n");
  EXPECT_EQ(result.states.at("more"), "0.weight (1, 2)\n0.bias (1,)\n1.weight (1, 1)\n1.bias (1,)\n");
  EXPECT_EQ(result.states.at("backwards"), "1.weight (4, 3)\n1.bias (4,)\n0.weight (3, 2)\n0.bias (3,)\n");
  EXPECT_EQ(result.states.at("joined"), "0.weight (1, 1)\n0.bias (1,)\n1.weight (2, 2)\n1.bias (2,)\n");
}

TEST(ModuleTest, DictsAndParameterLists) {
  const ProgramResult result = run(R"(
net = nn.ModuleDict([['b', nn.Linear(1, 2)], ['a', nn.Tanh()]])
net['c'] = nn.Linear(2, 1, bias=False)
keys = list(net.keys())
has = 'a' in net
popped = net.pop('a')
left = [name for name in net]
weights = nn.ParameterList([torch.zeros(2), nn.Parameter(torch.ones(3))])
weights.append(nn.Parameter(torch.zeros(1)))
)");
  EXPECT_EQ(result.diagnostics, "");
  EXPECT_EQ(result.values.at("keys"), "['b', 'a', 'c']");
  EXPECT_EQ(result.values.at("has"), "True");
  EXPECT_EQ(result.values.at("left"), "['b', 'c']");
  EXPECT_EQ(result.states.at("net"), "b.weight (2, 1)\nb.bias (2,)\nc.weight (1, 2)\n");
  EXPECT_EQ(result.states.at("weights"), "0 (2,)\n1 (3,)\n2 (1,)\n");
}

TEST(ModuleTest, CallsAreRecordedInOrderOfCompletion) {
  const ProgramResult result = run(R"(
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
        self.plain = [nn.Linear(3, 1)]
    def forward(self, x):
        return self.plain[0](self.body(x))
net = Net()
y = net(torch.zeros(4, 2))
)");
  EXPECT_EQ(result.diagnostics, "");
  EXPECT_EQ(result.layers,
            "net.body.0 Linear (4, 3)\nnet.body.1 ReLU (4, 3)\nnet.body Sequential (4, 3)\n? Linear (4, 1)\n"
            "net Net (4, 1)\n");
}

TEST(ModuleTest, LazyLayersBecomeOrdinaryOnes) {
  const ProgramResult result = run(R"(
net = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2))
y = net(torch.zeros(2, 3, 5, 5))
kinds = [type(m).__name__ for m in net]
)");
  EXPECT_EQ(result.diagnostics, "");
  EXPECT_EQ(result.shapes.at("y"), "(2, 2)");
  EXPECT_EQ(result.values.at("kinds"), "['Conv2d', 'BatchNorm2d', 'Flatten', 'Linear']");
  EXPECT_THAT(result.states.at("net"), HasSubstr("3.weight (2, 36)\n3.bias (2,)\n"));
}

TEST(ModuleTest, TextIsThatOfPyTorch) {
  const ProgramResult result = run(R"(
net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.MaxPool2d(2))
text = str(net)
lines = text.split('\n')
linear = repr(nn.Linear(2, 3))
)");
  EXPECT_EQ(result.diagnostics, "");
  EXPECT_EQ(result.values.at("lines"),
            "['Sequential(', '  (0): Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)', "
            "'  (1): BatchNorm2d(8, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)', "
            "'  (2): ReLU(inplace=True)', "
            "'  (3): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)', ')']");
  EXPECT_EQ(result.values.at("linear"), "'Linear(in_features=2, out_features=3, bias=True)'");
}

TEST(ModuleTest, UsersSubclassLayersAndApplyInitialisation) {
  const ProgramResult result = run(R"(
class Scaled(nn.Linear):
    def forward(self, x):
        return super().forward(x) * self.in_features

def init(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight)
        m.bias.data.fill_(0.01)
    elif isinstance(m, nn.modules.batchnorm._BatchNorm):
        nn.init.ones_(m.weight)

net = nn.Sequential(Scaled(3, 2), nn.BatchNorm1d(2)).eval()
net.apply(init)
y = net.to('cpu')(torch.zeros(5, 3))
trains = net[0].training
total = sum(p.numel() for p in net.parameters())
)");
  EXPECT_EQ(result.diagnostics, "");
  EXPECT_EQ(result.shapes.at("y"), "(5, 2)");
  EXPECT_EQ(result.values.at("trains"), "False");
  EXPECT_EQ(result.values.at("total"), "12");
}

TEST(ModuleTest, DataParallelOnlyAddsAName) {
  const ProgramResult result = run(R"(
net = nn.DataParallel(nn.Linear(3, 2))
y = net(torch.zeros(4, 3))
inner = net.module.out_features
)");
  EXPECT_EQ(result.diagnostics, "");
  EXPECT_EQ(result.states.at("net"), "module.weight (2, 3)\nmodule.bias (2,)\n");
  EXPECT_EQ(result.shapes.at("y"), "(4, 2)");
  EXPECT_EQ(result.values.at("inner"), "2");
}

TEST(ModuleTest, SettersRegisterAndForget) {
  const ProgramResult result = run(R"(
net = nn.Module()
net.a = nn.Linear(1, 1)
net.b = nn.ReLU()
net.a = None
net.c = nn.Linear(1, 2, bias=False)
net.b = nn.Linear(2, 1, bias=False)
del net.c
found = hasattr(net, 'c')
net.w = nn.Parameter(torch.zeros(2))
net.w = None
net.plain = torch.zeros(3)
names = [n for n, _ in net.named_children()]
)");
  EXPECT_EQ(result.diagnostics, "");
  EXPECT_EQ(result.values.at("names"), "['b']");
  EXPECT_EQ(result.values.at("found"), "False");
  EXPECT_EQ(result.states.at("net"), "b.weight (1, 2)\n");
}

TEST(ModuleTest, InitialisationCanBeAskedFor) {
  const ProgramResult result = run(R"(
w = nn.Parameter(torch.empty(4, 3))
nn.init.zeros_(w)
out_zeros = w + 0
nn.init.constant_(w, 2.5)
out_constant = w + 0
gain = nn.init.calculate_gain('tanh')
)");
  EXPECT_EQ(result.diagnostics, "");
  EXPECT_EQ(result.values.at("gain"), "1.6666666666666667");
}

TEST(ModuleTest, WeightNormHasItsKeysAfterTheBias) {
  const ProgramResult result = run("net = nn.utils.weight_norm(nn.Linear(3, 2))\n");
  EXPECT_EQ(result.diagnostics, "");
  EXPECT_EQ(result.states.at("net"), "bias (2,)\nweight_g (2, 1)\nweight_v (2, 3)\n");
}

}  // namespace
}  // namespace lathe::torch::test
