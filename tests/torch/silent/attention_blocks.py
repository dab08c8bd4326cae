# Squeeze-and-excitation and its kind: gates multiply, masks have one channel, a Linear along frequencies.
# run: SEBlock(16) x=f32[2,16,8,8]
# run: SEBlock(16) x=f32[1,16,8,8]
# run: CBAM(16) x=f32[2,16,8,8]
# run: ECA() x=f32[2,16,8,8]
# run: NonLocal(16) x=f32[2,16,4,4]
# run: Shuffle(16, 4) x=f32[2,16,4,4]
# run: GC(16) x=f32[2,16,4,4]
# run: CoordAtt(16) x=f32[2,16,8,8]
# run: SimAM() x=f32[2,16,8,8]
# run: TDF(8) x=f32[2,4,6,8]
import torch
import torch.nn as nn
import torch.nn.functional as F
class SEBlock(nn.Module):
    def __init__(self, c, r=4):
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(nn.Linear(c, c // r, bias=False), nn.ReLU(inplace=True), nn.Linear(c // r, c, bias=False), nn.Sigmoid())
    def forward(self, x):
        b, c, _, _ = x.size()
        y = self.avg_pool(x).view(b, c)
        y = self.fc(y).view(b, c, 1, 1)
        return x * y.expand_as(x)
class CBAM(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.mlp = nn.Sequential(nn.Flatten(), nn.Linear(c, c // 4), nn.ReLU(), nn.Linear(c // 4, c))
        self.spatial = nn.Conv2d(2, 1, 7, padding=3)
    def forward(self, x):
        a = self.mlp(F.adaptive_avg_pool2d(x, 1)) + self.mlp(F.adaptive_max_pool2d(x, 1))
        x = x * torch.sigmoid(a).unsqueeze(2).unsqueeze(3).expand_as(x)
        s = torch.cat((torch.max(x, 1)[0].unsqueeze(1), torch.mean(x, 1).unsqueeze(1)), dim=1)
        return x * torch.sigmoid(self.spatial(s))
class ECA(nn.Module):
    def __init__(self, k=3):
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.conv = nn.Conv1d(1, 1, k, padding=(k - 1) // 2, bias=False)
    def forward(self, x):
        y = self.avg_pool(x)
        y = self.conv(y.squeeze(-1).transpose(-1, -2)).transpose(-1, -2).unsqueeze(-1)
        return x * torch.sigmoid(y).expand_as(x)
class NonLocal(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.g = nn.Conv2d(c, c // 2, 1)
        self.theta = nn.Conv2d(c, c // 2, 1)
        self.phi = nn.Conv2d(c, c // 2, 1)
        self.W = nn.Conv2d(c // 2, c, 1)
        self.gamma = nn.Parameter(torch.zeros(1))
    def forward(self, x):
        b = x.size(0)
        g = self.g(x).view(b, -1, x.size(2) * x.size(3)).permute(0, 2, 1)
        t = self.theta(x).view(b, -1, x.size(2) * x.size(3)).permute(0, 2, 1)
        p = self.phi(x).view(b, -1, x.size(2) * x.size(3))
        f = F.softmax(torch.matmul(t, p), dim=-1)
        y = torch.matmul(f, g).permute(0, 2, 1).contiguous().view(b, -1, *x.size()[2:])
        return self.gamma * self.W(y) + x
class Shuffle(nn.Module):
    def __init__(self, c, groups):
        super().__init__()
        self.groups = groups
        self.gn = nn.GroupNorm(c // (2 * groups), c // (2 * groups))
        self.cweight = nn.Parameter(torch.zeros(1, c // (2 * groups), 1, 1))
        self.cbias = nn.Parameter(torch.ones(1, c // (2 * groups), 1, 1))
        self.conv = nn.Conv2d(c, c, 1)
    def forward(self, x):
        b, c, h, w = x.shape
        x = self.conv(x)
        x = x.reshape(b * self.groups, -1, h, w)
        a, d = x.chunk(2, dim=1)
        a = a * torch.sigmoid(self.cweight * F.adaptive_avg_pool2d(a, 1) + self.cbias)
        d = d * torch.sigmoid(self.gn(d))
        out = torch.cat([a, d], dim=1).contiguous().view(b, -1, h, w)
        out = out.reshape(b, 2, -1, h, w).permute(0, 2, 1, 3, 4)
        return out.reshape(b, -1, h, w)
class GC(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv_mask = nn.Conv2d(c, 1, 1)
        self.softmax = nn.Softmax(dim=2)
        self.add = nn.Sequential(nn.Conv2d(c, c // 4, 1), nn.LayerNorm([c // 4, 1, 1]), nn.ReLU(), nn.Conv2d(c // 4, c, 1))
    def forward(self, x):
        b, c, h, w = x.size()
        i = x.view(b, c, h * w).unsqueeze(1)
        m = self.softmax(self.conv_mask(x).view(b, 1, h * w)).unsqueeze(-1)
        context = torch.matmul(i, m).view(b, c, 1, 1)
        return x + self.add(context)
class CoordAtt(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.h = nn.AdaptiveAvgPool2d((None, 1))
        self.w = nn.AdaptiveAvgPool2d((1, None))
        self.conv = nn.Conv2d(c, 8, 1)
        self.ch = nn.Conv2d(8, c, 1)
        self.cw = nn.Conv2d(8, c, 1)
    def forward(self, x):
        n, c, h, w = x.size()
        xh = self.h(x)
        xw = self.w(x).permute(0, 1, 3, 2)
        y = F.hardswish(self.conv(torch.cat([xh, xw], dim=2)))
        xh, xw = torch.split(y, [h, w], dim=2)
        return x * self.ch(xh).sigmoid() * self.cw(xw.permute(0, 1, 3, 2)).sigmoid()
class SimAM(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(16, 16, 1)
    def forward(self, x):
        x = self.conv(x)
        n = x.shape[2] * x.shape[3] - 1
        d = (x - x.mean(dim=[2, 3], keepdim=True)).pow(2)
        return x * torch.sigmoid(d / (4 * (d.sum(dim=[2, 3], keepdim=True) / n + 1e-4)) + 0.5)
class TDF(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.tdf = nn.Sequential(nn.Linear(f, f // 2), nn.BatchNorm2d(4), nn.ReLU(), nn.Linear(f // 2, f), nn.BatchNorm2d(4), nn.ReLU())
    def forward(self, x):
        x = self.conv(x)
        return x + self.tdf(x)
