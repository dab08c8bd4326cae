# A class against an nn.Sequential of the same steps.
import torch
import torch.nn as nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding=1)
        self.hidden = nn.Linear(6 * 4 * 4, 12)
        self.out = nn.Linear(12, 5)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x)), 2)
        x = x.view(x.size(0), -1)
        x = torch.tanh(self.hidden(x))
        return self.out(x)


net = Net()
seq = nn.Sequential(
    nn.Conv2d(3, 6, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(6 * 4 * 4, 12),
    nn.Tanh(),
    nn.Linear(12, 5),
)
x = torch.randn(2, 3, 8, 8)
y = net(x)
