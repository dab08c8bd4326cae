# Comments that silence warnings on their line.
# run: Meant() x=f32[2,1,20,20]
# run: Column() x=f32[6,4]
import torch
import torch.nn as nn


class Meant(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 4, 3),
            nn.Linear(18, 5),  # shape: last axis
        )
        self.spare = nn.Linear(3, 3)  # lathe: ignore[LT0532]

    def forward(self, x):
        return self.net(x)


class Column(nn.Module):
    def __init__(self):
        super().__init__()
        self.value = nn.Linear(4, 1)
        self.blocks = [nn.Linear(4, 4)]  # lathe: ignore[unused-layer, unregistered-modules]

    def forward(self, x):
        v = self.value(self.blocks[0](x))
        return v - x[:, 0]  # lathe: ignore
