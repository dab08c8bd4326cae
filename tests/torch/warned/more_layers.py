# Warnings in other spellings: recurrent states, attention, modules made in forward, names imported alone.
# run: F1() x=f32[4,5,8]
# run: F2() x=f32[4,5,8]
# run: F3() x=f32[4,5,8]
# run: F4() x=f32[4,8]
# run: F5() x=f32[2,3,16,16]
# run: F6() x=f32[1,3,16,16]
# run: F7() x=f32[2,3,16,16]
# run: F8() x=f32[8,4] y=f32[8]
# run: F9() x=f32[2,1,8,8]
# run: F10() x=f32[2,3,8,8]
# run: F11() x=f32[2,8]
# run: F12() x=f32[2,8]
# run: F13() x=f32[2,8]
# run: F14() x=f32[2,8]
# run: F15() x=f32[N,1,28,28]
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.functional import dropout, softmax
class F1(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 3)
    def forward(self, x):
        out, (h, c) = self.lstm(x)
        h = h.squeeze()  # warns: squeeze-may-drop-batch
        return F.softmax(self.fc(out)), h  # warns: softmax-over-batch
class F2(nn.Module):
    def __init__(self):
        super().__init__()
        self.att = nn.MultiheadAttention(8, 2, batch_first=True)
        self.fc = nn.Linear(8, 1)
    def forward(self, x):
        y, _ = self.att(x, x, x)
        return self.fc(y + x).squeeze()  # warns: squeeze-may-drop-batch
class F3(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(8, 6, batch_first=True)
        self.fc = nn.Linear(6, 3)
    def forward(self, x):
        _, h = self.gru(x)
        h = h.squeeze()  # warns: squeeze-may-drop-batch
        return self.fc(h)
class F4(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 4)
    def forward(self, x):
        return dropout(nn.Dropout(0.3)(self.fc(x)), 0.1)  # warns: dropout-always-on
class F5(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(7), nn.Linear(7, 10)])
    def forward(self, x):
        for l in self.layers:
            x = l(x)  # warns: linear-on-feature-map
        return x
class F6(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(2))
        self.fc = nn.Linear(8 * 4 * 4, 10)
    def forward(self, x):
        return self.fc(self.features(x).view(-1, self.fc.in_features))  # warns: batch-folded
class F7(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 3)
    def forward(self, x):
        return softmax(self.conv(x), dim=1)  # warns: softmax-of-one
class F8(nn.Module):
    def __init__(self):
        super().__init__()
        self.v = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))
        self.loss = nn.MSELoss()
    def forward(self, x, y):
        adv = y - self.v(x).detach()  # warns: silent-broadcast
        return torch.abs(torch.sub(self.v(x), y)).mean() + self.loss(self.v(x), y), adv  # warns: silent-broadcast
class Res(nn.Module):
    def __init__(self, c, o):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(c, o, 3, padding=1), nn.ReLU(), nn.Conv2d(o, o, 3, padding=1))
    def forward(self, x):
        return F.relu(x + self.body(x))  # warns: silent-broadcast
class F9(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(Res(1, 6), Res(6, 6))
    def forward(self, x):
        return self.net(x)
class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.fc = nn.Linear(4, 2)
    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(x.mean((2, 3)))
class F10(nn.Module):
    def __init__(self):
        super().__init__()
        base = Backbone()
        self.features = nn.Sequential(*list(base.children())[:-1])  # warns: children-drops-ops
        self.head = nn.Linear(4, 5)
    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))
class F11(nn.Module):
    def __init__(self):
        super().__init__()
        self.groups = [[nn.Linear(8, 8), nn.ReLU()], [nn.Linear(8, 8), nn.ReLU()]]  # warns: unregistered-modules
        self.all = list(nn.Linear(8, 8) for _ in range(2))  # warns: unregistered-modules
    def forward(self, x):
        for g in self.groups:
            for l in g:
                x = l(x)
        for l in self.all:
            x = l(x)
        return x
class F12(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = {k: nn.Linear(8, 2) for k in ('a', 'b')}  # warns: unregistered-modules
        self.more = [nn.Linear(8, 8)]  # warns: unregistered-modules
        self.more += [nn.Linear(8, 8)]
    def forward(self, x):
        for m in self.more:
            x = m(x)
        return self.heads['a'](x)
class F13(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8, 8)
        self.fc2 = nn.Linear(8, 8)  # warns: unused-layer
        self.scale = nn.Parameter(torch.ones(8))  # warns: unused-layer
        self.norm = nn.LayerNorm(8)  # warns: unused-layer
        self.out = nn.Linear(8, 2)
    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc1(x))
        return self.out(x)
class F14(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8, 32)
        self.fc2 = nn.Linear(32, 3)
        self.dropout = nn.Dropout(0.5)  # warns: dropout-at-end
    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = self.fc2(x)
        x = self.dropout(x)
        return x
class F15(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 5, stride=4)
    def forward(self, x):
        return self.conv(x).view(-1, 64)  # warns: batch-folded
