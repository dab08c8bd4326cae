# Sequentials of children that lose nothing, and lists of children for other ends.
# script
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint
class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.act = nn.ReLU()
        self.b = nn.Linear(4, 4)
    def forward(self, x):
        x1 = self.a(x)
        x2 = self.act(x1)
        return self.b(x2)
class Loop(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.ReLU()])
        self.head = nn.Linear(4, 2)
    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.head(x)
class Cond(nn.Module):
    def __init__(self, bn=True):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.bn = nn.BatchNorm2d(4) if bn else None
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(4, 2)
    def forward(self, x):
        x = self.conv(x)
        if self.bn is not None:
            x = self.bn(x)
        x = self.pool(self.relu(x))
        x = torch.flatten(F.adaptive_avg_pool2d(x, 1), 1)
        return self.fc(x)
class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 8, 3), nn.ReLU())
        self.avgpool = nn.AdaptiveAvgPool2d((2, 2))
        self.classifier = nn.Sequential(nn.Linear(32, 8), nn.ReLU(), nn.Linear(8, 3))
    def forward(self, x):
        x = self.features(x)
        x = self.avgpool(x)
        x = torch.flatten(x, 1)
        return self.classifier(x)
class Extractor(nn.Module):
    def __init__(self, base, n):
        super().__init__()
        self.body = nn.Sequential(*list(base.features.children())[:n])
        self.pool = nn.AdaptiveAvgPool2d(1)
    def forward(self, x):
        return self.pool(self.body(x)).flatten(1)
class Perceptual(nn.Module):
    def __init__(self, base):
        super().__init__()
        layers = list(base.features)
        self.slices = nn.ModuleList([nn.Sequential(*layers[:2]), nn.Sequential(*layers[2:5])])
    def forward(self, x):
        out = []
        for s in self.slices:
            x = s(x)
            out.append(x)
        return out
class Freeze(nn.Module):
    def __init__(self, base):
        super().__init__()
        for child in base.children():
            for p in child.parameters():
                p.requires_grad = False
        self.encoder = nn.Sequential(base.features, base.avgpool)
        self.head = nn.Linear(32, 2)
    def forward(self, x):
        return self.head(self.encoder(x).flatten(1))
class SelfChildren(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(4, 4)
        self.l2 = nn.Linear(4, 4)
        self.seq = nn.Sequential(*list(self.children()))
    def forward(self, x):
        return self.seq(x)
class Count(nn.Module):
    def __init__(self):
        super().__init__()
        self.z = nn.Linear(4, 4)
        self.y = nn.Linear(4, 4)
        n = len(list(self.children()))
        self.mix = nn.Linear(4, n)
    def forward(self, x):
        return self.mix(torch.relu(self.y(torch.relu(self.z(x)))))
class Ckpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.b = nn.Linear(4, 4)
    def forward(self, x):
        x = checkpoint(self.a, x)
        return self.b(x)
x = torch.randn(2, 4)
img = torch.randn(2, 1, 8, 8)
p = Plain(); o1 = nn.Sequential(*p.children())(x)
l = Loop(); o2 = l(x)
c = Cond(); o3 = nn.Sequential(*list(c.children())[:-1])(img)
c2 = Cond(bn=False); o4 = nn.Sequential(*list(c2.children())[:-1])(img)
n = Nested(); o5 = nn.Sequential(*list(n.children())[:-1])(img)
o6 = Extractor(n, 4)(img)
o7 = Perceptual(n)(img)
o8 = Freeze(n)(img)
o9 = SelfChildren()(x)
o10 = Count()(x)
convs = nn.Sequential(*[m for m in n.features.children() if isinstance(m, nn.Conv2d)])
o11 = convs(img)
o12 = nn.Sequential(*list(n.features.children())[:3], nn.Flatten())(img)
k = Ckpt(); o13 = nn.Sequential(*k.children())(x)
o14 = nn.Sequential(p.b, p.a)(x)
part = nn.Sequential(n.features, n.avgpool)
o15 = part(img)
