import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def data(*shape):
    count = math.prod(shape)
    return ((torch.arange(count) * 37 + 11) % 23 - 11).float().reshape(shape) / 7


class Block(nn.Sequential):
    def __init__(self, cin, cout):
        super().__init__(nn.Linear(cin, cout), nn.ReLU())


class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.body = Block(3, width)
        self.scale = nn.Parameter(torch.ones(width) * 0.5)
        self.register_buffer('shift', torch.arange(width).float())
        self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(2)])
        self.heads = nn.ModuleDict({'a': nn.Linear(width, 2), 'b': nn.Tanh()})
        self.weights = nn.ParameterList([nn.Parameter(torch.full((2,), 2.0))])

    def forward(self, x):
        x = self.body(x) * self.scale + self.shift
        for layer in self.layers:
            x = layer(x)
        return self.heads['b'](self.heads['a'](x)) * self.weights[0]


net = Net()
out_net = net(data(2, 3))
shared = nn.Linear(3, 3)
out_shared = nn.Sequential(shared, nn.Sigmoid(), shared)(data(1, 3))
tied = nn.Linear(3, 3, bias=False)
tied.weight = shared.weight
out_tied = tied(data(1, 3))
seq = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
out_slice = seq[:2](data(2, 3))
out_item = seq[-1](data(2, 4))
out_append = nn.Sequential(*list(seq)).append(nn.Tanh())(data(2, 3))
