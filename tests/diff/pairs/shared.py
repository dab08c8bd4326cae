# One layer used twice against two layers.
import torch
import torch.nn as nn

class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = nn.Linear(6, 6)
        self.act = nn.ReLU()
        self.out = nn.Linear(6, 2)

    def forward(self, x):
        x = self.act(self.block(x))
        x = self.act(self.block(x))
        return self.out(x)


class Repeated(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(6, 6)
        self.second = nn.Linear(6, 6)
        self.out = nn.Linear(6, 2)

    def forward(self, x):
        x = self.first(x).relu()
        x = self.second(x).relu()
        return self.out(x)
