# Functional calls and bare parameters against modules.
import torch
import torch.nn as nn
import torch.nn.functional as F

class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(6, 10))
        self.bias = nn.Parameter(torch.zeros(6))
        self.norm = nn.LayerNorm(6)

    def forward(self, x):
        x = x @ self.weight.t() + self.bias
        x = self.norm(F.gelu(x))
        return F.log_softmax(F.dropout(x, 0.5, self.training), dim=1)


class Modules(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(10, 6)
        self.act = nn.GELU()
        self.norm = nn.LayerNorm(6)
        self.drop = nn.Dropout(0.5)
        self.out = nn.LogSoftmax(dim=1)

    def forward(self, x):
        return self.out(self.drop(self.norm(self.act(self.fc(x)))))
