# Registered in another order than forward uses.
import torch
import torch.nn as nn

class Mixer(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = nn.Linear(8, 8)
        self.project = nn.Linear(8, 8)
        self.act = nn.Tanh()

    def forward(self, x):
        x = self.project(x)
        x = self.act(x)
        return self.mix(x)


net = Mixer()
rebuilt = nn.Sequential(*list(net.children()))
x = torch.randn(3, 8)
y = net(x)
z = rebuilt(x)
