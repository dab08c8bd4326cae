# Columns against vectors.
# script
import torch
import torch.nn as nn
import torch.nn.functional as F
class Q(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    def forward(self, s):
        return self.net(s)
q = Q()
s = torch.randn(64, 4)
a = torch.randint(0, 2, (64, 1))
r = torch.randn(64)
qa = q(s).gather(1, a)
td = qa - r  # warns: silent-broadcast
loss = F.smooth_l1_loss(qa, r)  # warns: silent-broadcast
h = nn.HuberLoss()(r, qa)  # warns: silent-broadcast
D = nn.Sequential(nn.Linear(4, 8), nn.LeakyReLU(), nn.Linear(8, 1), nn.Sigmoid())
valid = torch.ones(64)
g = nn.MSELoss()(D(s), valid)  # warns: silent-broadcast
acc = ((D(s) > 0.5) == (r > 0)).float().mean()  # warns: silent-broadcast
w = D(s) * r  # warns: silent-broadcast
