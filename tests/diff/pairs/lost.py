# A functional relu that .children() does not yield.
import torch
import torch.nn as nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(6, 9)
        self.fc2 = nn.Linear(9, 2)

    def forward(self, x):
        x = self.fc1(x)
        x = F.relu(x)
        return self.fc2(x)


net = Net()
copy = nn.Sequential(*net.children())
x = torch.randn(4, 6)
y = net(x)
z = copy(x)
