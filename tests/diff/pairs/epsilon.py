# One class, its eps given by the entry.
import torch.nn as nn

class Net(nn.Module):
    def __init__(self, eps):
        super().__init__()
        self.fc1 = nn.Linear(6, 9)
        self.norm = nn.BatchNorm1d(9, eps=eps)
        self.fc2 = nn.Linear(9, 2)

    def forward(self, x):
        x = self.fc1(x)
        x = self.norm(x)
        return self.fc2(x)
