# Sequentials made of children.
# script
import torch
import torch.nn as nn
import torch.nn.functional as F
from collections import OrderedDict
class A(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc2 = nn.Linear(4, 4)
        self.fc1 = nn.Linear(4, 4)
    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))
class B(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.b = nn.Linear(4, 4)
    def forward(self, x):
        y = F.relu(self.a(x))
        return self.b(y) + x
class C(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(4, 4)
        self.act = nn.ReLU()
        self.l2 = nn.Linear(4, 4)
    def forward(self, x):
        return self.act(self.l2(self.act(self.l1(x))))
a, b, c = A(), B(), C()
s1 = nn.Sequential(*list(a.children()))  # warns: children-order
s2 = nn.Sequential(*b.children())  # warns: children-drops-ops
layers = []
for m in c.children():
    layers.append(m)
s3 = nn.Sequential(*layers)  # warns: children-drops-repeats
s4 = nn.Sequential(OrderedDict(b.named_children()))  # warns: children-drops-ops
s5 = nn.Sequential(OrderedDict([(n, m) for n, m in a.named_children()]))  # warns: children-order
s6 = nn.Sequential(*list(c.children())[:2])  # warns: children-drops-repeats
s7 = nn.Sequential(*list(b.children())[:1])
x = torch.randn(2, 4)
y = [s(x) for s in (s1, s2, s3, s4, s5, s6, s7)]
