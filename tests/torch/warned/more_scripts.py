# Warnings of scripts: Sequentials filled in loops, losses in functions.
# script
import torch
import torch.nn as nn
import torch.nn.functional as F
class A(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc2 = nn.Linear(4, 4)
        self.fc1 = nn.Linear(4, 4)
    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))
class R(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(4, 4)
        self.relu = nn.ReLU()
        self.l2 = nn.Linear(4, 4)
    def forward(self, x):
        x = self.relu(self.l1(x))
        x = self.l2(x)
        return F.softmax(x, dim=1)
a, r = A(), R()
x = torch.randn(3, 4)
s1 = nn.Sequential()  # warns: children-order
for n, m in a.named_children():
    s1.add_module(n, m)
s2 = nn.Sequential()  # warns: children-order
for m in a.children():
    s2.append(m)
mods = list(r.children())
s3 = nn.Sequential(*mods)  # warns: children-drops-ops
s4 = nn.Sequential(*mods[:-1])
s5 = nn.Sequential(*[m for m in a.children()])  # warns: children-order
s6 = nn.Sequential(*(m for m in list(a.children())))  # warns: children-order
y = s1(x) + s2(x) + s3(x) + s4(x) + s5(x)
net = nn.Linear(4, 1)
labels = torch.tensor([[1.0], [0.0], [1.0]])
l1 = F.mse_loss(net(x).squeeze(1), labels)  # warns: silent-broadcast
l2 = nn.SmoothL1Loss()(net(x), labels[:, 0])  # warns: silent-broadcast
l3 = ((net(x) - labels.view(-1)) ** 2).mean()  # warns: silent-broadcast
model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 5), nn.Dropout(0.1))
model.eval()
out = model(torch.randn(2, 1, 5, 5))
def step(x, y):
    p = net(x)
    return ((p - y) ** 2).mean()  # warns: silent-broadcast
l4 = step(x, torch.randn(3))
