# Losses and arithmetic whose operands fit.
# script
import torch
import torch.nn as nn
import torch.nn.functional as F
torch.manual_seed(0)
x = torch.randn(32, 5)
y = torch.randn(32, 1)
labels = torch.randint(0, 3, (32,))
model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 1))
pred = model(x)
loss = nn.MSELoss()(pred, y)
loss2 = F.mse_loss(pred.squeeze(), torch.randn(32))
loss3 = F.l1_loss(pred.view(-1), torch.randn(32))
clf = nn.Linear(5, 3)
ce = nn.CrossEntropyLoss()(clf(x), labels)
acc = (clf(x).argmax(dim=1) == labels).float().mean()
d = (x[:, None] - x[None]).pow(2).sum(-1)
pos = torch.arange(16).unsqueeze(1)
ang = pos * torch.exp(torch.arange(16) * -0.1)
mean = x.mean(0)
std = x.std(0)
xn = (x - mean) / std
bce = F.binary_cross_entropy_with_logits(pred, torch.ones(32, 1))
q = nn.Linear(5, 4)(x).gather(1, torch.randint(0, 4, (32, 1))).squeeze(1)
td = F.smooth_l1_loss(q, torch.randn(32))
norm = x / x.norm(dim=1, keepdim=True)
w = torch.ones(5)
wx = x * w
outer = torch.arange(8).view(-1, 1) * torch.arange(8)
