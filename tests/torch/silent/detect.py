# Heads of detectors, quantisers, point clouds, segments of videos, parts for training only.
# run: YOLOHead() x=f32[2,8,4,4]
# run: SSDHead() x=f32[2,8,4,4]
# run: VQ() x=f32[2,8,4,4]
# run: PointNet() x=f32[4,3,50]
# run: TSN() x=f32[8,3,16,16]
# run: C3D() x=f32[2,3,4,16,16]
# run: R2() x=f32[2,5,3,16,16]
# run: Aux() x=f32[2,3,16,16]
# run: PixelNorm() x=f32[3,8]
# run: Teacher() x=f32[3,8]
# run: Experts() x=f32[5,8]
# run: MultiTask() x=f32[5,8]
import torch
import torch.nn as nn
import torch.nn.functional as F
class YOLOHead(nn.Module):
    def __init__(self, a=3, nc=2):
        super().__init__()
        self.a, self.nc = a, nc
        self.conv = nn.Conv2d(8, a * (5 + nc), 1)
    def forward(self, x):
        b, _, h, w = x.shape
        y = self.conv(x).view(b, self.a, 5 + self.nc, h, w).permute(0, 1, 3, 4, 2).contiguous()
        y = y.sigmoid()
        return y.view(b, -1, 5 + self.nc)
class SSDHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.loc = nn.Conv2d(8, 4 * 4, 3, padding=1)
        self.conf = nn.Conv2d(8, 4 * 3, 3, padding=1)
    def forward(self, x):
        l = self.loc(x).permute(0, 2, 3, 1).contiguous()
        c = self.conf(x).permute(0, 2, 3, 1).contiguous()
        return l.view(l.size(0), -1, 4), F.softmax(c.view(-1, 3), dim=-1)
class VQ(nn.Module):
    def __init__(self):
        super().__init__()
        self.pre = nn.Conv2d(8, 6, 1)
        self.emb = nn.Embedding(10, 6)
    def forward(self, x):
        z = self.pre(x).permute(0, 2, 3, 1).contiguous()
        flat = z.view(-1, 6)
        d = torch.sum(flat ** 2, dim=1, keepdim=True) + torch.sum(self.emb.weight ** 2, dim=1) - 2 * torch.matmul(flat, self.emb.weight.t())
        idx = torch.argmin(d, dim=1).unsqueeze(1)
        enc = torch.zeros(idx.shape[0], 10)
        enc.scatter_(1, idx, 1)
        q = torch.matmul(enc, self.emb.weight).view(z.shape)
        return q.permute(0, 3, 1, 2).contiguous()
class PointNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv1d(3, 8, 1)
        self.c2 = nn.Conv1d(8, 32, 1)
        self.fc = nn.Linear(32, 9)
        self.out = nn.Linear(32, 4)
    def forward(self, x):
        b = x.size(0)
        y = F.relu(self.c2(F.relu(self.c1(x))))
        y = torch.max(y, 2, keepdim=True)[0].view(-1, 32)
        t = self.fc(y) + torch.eye(3).view(1, 9).repeat(b, 1)
        t = t.view(-1, 3, 3)
        x = torch.bmm(x.transpose(2, 1), t).transpose(2, 1)
        y = F.relu(self.c2(F.relu(self.c1(x))))
        return F.log_softmax(self.out(torch.max(y, 2)[0]), dim=1)
class TSN(nn.Module):
    def __init__(self, segments=4):
        super().__init__()
        self.segments = segments
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear(8, 5)
    def forward(self, x):
        y = F.adaptive_avg_pool2d(self.conv(x), 1).flatten(1)
        y = self.fc(y)
        y = y.view((-1, self.segments) + y.size()[1:])
        return y.mean(dim=1, keepdim=True).squeeze(1)
class C3D(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv3d(3, 4, 3, padding=1)
        self.pool = nn.MaxPool3d((1, 2, 2))
        self.fc = nn.Linear(4 * 4 * 8 * 8, 3)
    def forward(self, x):
        return self.fc(self.pool(self.conv(x)).view(-1, 4 * 4 * 8 * 8))
class R2(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn = nn.Conv2d(3, 8, 3, stride=4)
        self.lstm = nn.LSTM(8, 8, batch_first=True)
    def forward(self, x):
        b, t, c, h, w = x.size()
        y = self.cnn(x.view(b * t, c, h, w)).mean(dim=(2, 3)).view(b, t, -1)
        return self.lstm(y)[0][:, -1, :]
class Aux(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(3, 8, 3)
        self.head = nn.Linear(8, 3)
        self.aux_head = nn.Linear(8, 3)
        self.mask_token = nn.Parameter(torch.zeros(8))
    def forward(self, x):
        y = self.body(x).mean(dim=(2, 3))
        if self.training:
            return self.head(y), self.aux_head(y)
        return self.head(y)
    def masked(self, x):
        return x + self.mask_token
class PixelNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(4)])
        self.scale = nn.Parameter(torch.ones(8))
    def forward(self, x):
        for l in self.layers[:2]:
            x = l(x)
        return x / torch.sqrt(torch.mean(x ** 2, dim=1, keepdim=True) + 1e-8) * self.scale
class Teacher(nn.Module):
    def __init__(self):
        super().__init__()
        teacher = nn.Linear(8, 8)
        self.teacher = [teacher]
        self.student = nn.Linear(8, 8)
        self.layers = [self.student]
    def forward(self, x):
        return self.student(x) - self.teacher[0](x)
class Experts(nn.Module):
    def __init__(self):
        super().__init__()
        layers = []
        for i in range(3):
            layers.append(nn.Linear(8, 8))
        self.names = ['a', 'b']
        self.experts = nn.ModuleList(layers)
        self.gate = nn.Linear(8, 3)
        self.acts = [nn.ReLU(), nn.Tanh()]
        self.fns = {'relu': F.relu}
    def forward(self, x):
        w = F.softmax(self.gate(x), dim=-1)
        y = torch.stack([e(x) for e in self.experts], dim=1)
        return self.acts[0]((w.unsqueeze(-1) * y).sum(dim=1))
class MultiTask(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.2))
        self.heads = nn.ModuleDict({'a': nn.Linear(16, 2), 'b': nn.Linear(16, 3)})
        for i in range(2):
            setattr(self, f'extra{i}', nn.Linear(16, 2))
    def forward(self, x, task='a'):
        h = self.shared(x)
        return self.heads[task](h), getattr(self, 'extra0')(h)
