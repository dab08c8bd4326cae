# Layers by name, aliases, heads of several kinds, samples in other places.
# run: A() x=f32[2,8]
# run: B() x=f32[2,8]
# run: C() x=f32[2,3,8,8]
# run: D() x=f32[2,8]
# run: E() x=f32[2,8]
# run: G() x=f32[2,3,8,8]
# run: H() x=f32[2,6,8]
# run: I() x=f32[2,1,8,8]
# run: J() x=f32[3,8]
# run: K() x=f32[4,4]
# run: L() x=f32[2,1,16,16]
# run: M() x=f32[2,8]
# run: P() x=f32[2,8]
# run: Q() x=f32[2,6,8]
# run: R() x=f32[4,1,8,8]
# run: S() x=f32[2,2,8]
# run: Enc() x=f32[2,784]
import torch
import torch.nn as nn
import torch.nn.functional as F
class A(nn.Module):
    """Layers by name."""
    def __init__(self):
        super().__init__()
        for i in range(3):
            setattr(self, f'fc{i}', nn.Linear(8, 8))
        self.last = nn.Linear(8, 2)
    def forward(self, x):
        for i in range(2):
            x = getattr(self, f'fc{i}')(x)
        return self.last(x)
class B(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = nn.Linear(8, 8)
        self.alias = self.shared
        self.weight = nn.Parameter(torch.ones(8))
        self.register_parameter('bias', None)
    def forward(self, x):
        return F.layer_norm(self.alias(x), (8,), self.weight, self.bias)
class C(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear(8, 2)
        self.proj = nn.Identity()
        self.drop = nn.Dropout(0.1)
    def forward(self, x):
        y = self.conv(x).permute(0, 2, 3, 1)
        return self.fc(y)
class D(nn.Module):
    def __init__(self):
        super().__init__()
        self.mods = {'net': nn.Linear(8, 8)}
        self.net = self.mods['net']
        self.stack = nn.ModuleList([self.net])
        self.order = [self.net, self.net]
    def forward(self, x):
        for m in self.order:
            x = m(x)
        return x
class E(nn.Module):
    def __init__(self):
        super().__init__()
        blocks = [nn.Linear(8, 8) for _ in range(2)]
        self.blocks = blocks
        self.seq = nn.Sequential(*blocks)
    def forward(self, x):
        return self.seq(x)
class G(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(2), nn.Linear(36, 5))
    def forward(self, x):
        return self.net(x)
class H(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 1)
        self.fc = nn.Linear(8, 3)
    def forward(self, x):
        return F.log_softmax(self.fc(self.enc(x).mean(1)), dim=-1)
class I(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 1, 3, padding=1)
        self.c2 = nn.Conv2d(1, 1, 3, padding=1)
    def forward(self, x):
        return torch.sigmoid(self.c2(F.relu(self.c1(x)) + x))
class J(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(8, 1)
        self.k = nn.Linear(8, 1)
    def forward(self, x):
        e = self.q(x) + self.k(x).t()
        return torch.softmax(F.leaky_relu(e), dim=1) @ x
class K(nn.Module):
    def __init__(self):
        super().__init__()
        self.s = nn.Linear(4, 1)
        self.b = nn.Parameter(torch.zeros(4))
    def forward(self, x):
        return self.s(x) + self.b + x.mean(dim=0)
class L(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU())
        self.up = nn.Upsample(scale_factor=2)
        self.out = nn.Conv2d(4, 3, 3, padding=1)
    def forward(self, x):
        y = self.out(self.up(F.max_pool2d(self.c(x), 2)))
        return y * x
class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.1))
        self.classes = nn.ModuleDict({'a': nn.Linear(32, 2)})
        self.temperature = nn.Parameter(torch.ones(1))
    def forward(self, x):
        return self.classes['a'](self.trunk(x)) / self.temperature
class P(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 4)
        self._init()
    def _init(self):
        self.extra = nn.Linear(4, 4)
        nn.init.zeros_(self.extra.weight)
    def forward(self, x, use_extra=False):
        x = self.fc(x)
        if use_extra:
            x = self.extra(x)
        return x
class Q(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 4, num_layers=2, batch_first=True, bidirectional=True, dropout=0.2)
        self.fc = nn.Linear(8, 1)
    def forward(self, x):
        out, _ = self.lstm(x)
        w = torch.softmax(self.fc(out), dim=1)
        return (out * w).sum(1)
class R(nn.Module):
    def __init__(self):
        super().__init__()
        self.loc = nn.Sequential(nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), nn.ReLU())
        self.fc_loc = nn.Sequential(nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, 6))
    def forward(self, x):
        xs = self.loc(x)
        xs = xs.view(-1, 4 * 3 * 3)
        theta = self.fc_loc(xs)
        return theta.view(-1, 2, 3)
class S(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 4)
    def forward(self, x):
        return self.fc(x.view(-1, 8)).view(x.shape[0], -1).view(-1, 2, 4)
class Enc(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Dropout(0.2), nn.Linear(256, 64), nn.ReLU(), nn.Dropout(0.2))
    def forward(self, x):
        return self.net(x)
