"""A network, and what becomes of it when a Sequential is made of its children: `lathe diff` says where they part."""
import torch
import torch.nn as nn


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(8, 16)
        self.output = nn.Linear(16, 4)

    def forward(self, x):
        return self.output(torch.relu(self.hidden(x)))


net = Classifier()
rebuilt = nn.Sequential(*net.children())
