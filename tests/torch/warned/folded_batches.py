# Views that fold the batch.
# run: Fold() x=f32[25,1,28,28]
# run: Mult() x=f32[1,3,20,20]
# run: Lin() x=f32[6,10]
# run: Fold2() x=f32[8,3,8,8]
import torch
import torch.nn as nn
import torch.nn.functional as F
class Fold(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 5)
        self.fc = nn.Linear(2880, 3)
    def forward(self, x):
        y = F.max_pool2d(F.relu(self.conv(x)), 2)
        return self.fc(y.reshape(-1, 2880))  # warns: batch-folded
class Mult(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.classifier = nn.Linear(8 * 5 * 5, 4)
    def forward(self, x):
        x = self.features(x)
        x = x.view((-1, 8 * 5 * 5))  # warns: batch-folded
        return self.classifier(x)
class Lin(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(10, 12)
    def forward(self, x):
        return self.a(x).view(-1, 8)  # warns: batch-folded
class Fold2(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 4, 3)
    def forward(self, x):
        return torch.reshape(self.c(x), (-1, 96))  # warns: batch-folded
