# Layers that are not registered, never used, or dropped at the end.
# run: Lists() x=f32[2,8]
# run: Dicts() x=f32[2,8]
# run: Params() x=f32[2,8]
# run: Unused() x=f32[2,8]
# run: Unused2() x=f32[2,3,8,8]
# run: End() x=f32[2,8]
# run: End2() x=f32[2,3,8,8]
import torch
import torch.nn as nn
import torch.nn.functional as F
class Lists(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = []  # warns: unregistered-modules
        for i in range(3):
            self.blocks.append(nn.Sequential(nn.Linear(8, 8), nn.ReLU()))
        self.out = nn.Linear(8, 2)
    def forward(self, x):
        for b in self.blocks:
            x = b(x)
        return self.out(x)
class Dicts(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = {'a': nn.Linear(8, 2), 'b': nn.Linear(8, 3)}  # warns: unregistered-modules
        self.pair = (nn.Linear(8, 8), nn.ReLU())  # warns: unregistered-modules
    def forward(self, x):
        x = self.pair[1](self.pair[0](x))
        return self.heads['a'](x), self.heads['b'](x)
class Params(nn.Module):
    def __init__(self):
        super().__init__()
        self.scales = [nn.Parameter(torch.ones(8)) for _ in range(2)]  # warns: unregistered-modules
        self.fc = nn.Linear(8, 8)
    def forward(self, x):
        for s in self.scales:
            x = x * s
        return self.fc(x)
class Unused(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8, 8)
        self.fc2 = nn.Linear(8, 8)  # warns: unused-layer
        self.fc3 = nn.Linear(8, 2)
        self.alpha = nn.Parameter(torch.ones(1))  # warns: unused-layer
        nn.init.xavier_uniform_(self.fc2.weight)
    def forward(self, x):
        return self.fc3(F.relu(self.fc1(x)))
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 3, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(3)
        self.conv2 = nn.Conv2d(3, 3, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(3)  # warns: unused-layer
    def forward(self, x):
        return self.bn1(self.conv2(self.bn1(self.conv1(x))))
class Unused2(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(Block(), Block())
    def forward(self, x):
        return self.blocks(x)
class End(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 5), nn.Dropout(0.5))  # warns: dropout-at-end
    def forward(self, x):
        return self.net(x)
class End2(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear(288, 10)
        self.drop = nn.Dropout(0.5)  # warns: dropout-at-end
    def forward(self, x):
        return self.drop(self.fc(torch.flatten(torch.relu(self.conv(x)), 1)))
