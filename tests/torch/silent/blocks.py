# Small models in the styles people use.
# run: Pos(8,16) x=f32[2,8,16]
# run: LearnedGate(16) x=f32[16,16]
# run: FM() x=i64[8,3]
# run: MultiScale() x=f32[2,3,32,32]
# run: Inception() x=f32[2,3,32,32]
# run: SqueezeT() x=f32[4,1,16]
# run: Conv1dNet() x=f32[2,1,32]
# run: Stoch() x=f32[3,8]
# run: MCDrop() x=f32[3,8]
# run: Highway() x=f32[3,8]
# run: RNNCellLoop() x=f32[4,5,3]
# run: Caps() x=f32[2,1,28,28]
# run: PatchMerging() x=f32[2,64,8]
# run: PixShuf() x=f32[1,1,8,8]
# run: WGAN() x=f32[4,1,28,28]
# run: RelPos() x=f32[5,2,8]
# run: Backward() x=f32[2,8]
# run: Wrapper() x=f32[2,3,8,8]
# run: nn.Sequential(nn.Linear(8,4),nn.Dropout(0.1)) x=f32[2,8]
# run: nn.Sequential(nn.Conv2d(3,8,3),nn.ReLU(),nn.AdaptiveAvgPool2d(1),nn.Flatten(),nn.Linear(8,2)) x=f32[2,3,8,8]
# run: Noisy() x=f32[2,8]
# run: Ens() x=f32[2,8]
# run: CrossAtt() q=f32[2,1,8] kv=f32[2,5,8]
# run: Decode() x=i64[1,1]
# run: Gray() x=f32[2,1,8,8]
# run: DepthwiseSep() x=f32[2,1,8,8]
# run: Freq() x=f32[2,1,10,12]
# run: KeyPoint() x=f32[2,3,8,8]
# run: Lazy() x=f32[2,3,8,8]
# run: Tied() x=i64[2,4]
# run: Optional() x=f32[2,8]
# run: SubHead() x=f32[2,8]
# run: GraphConv() x=f32[6,8] adj=f32[6,6]
# run: Time() x=f32[4,3,8,8] t=f32[4]
# run: Energy() x=f32[4,3]
# run: Cosine() x=f32[4,8]
import math
import torch
import torch.nn as nn
import torch.nn.functional as F
class Pos(nn.Module):
    def __init__(self, T, d):
        super().__init__()
        self.pos = nn.Parameter(torch.zeros(1, T, d))
    def forward(self, x):
        return x + self.pos
class LearnedGate(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.g = nn.Linear(d, 1)
        self.w = nn.Parameter(torch.ones(d))
    def forward(self, x):
        return torch.sigmoid(self.g(x)) * self.w + x
class FM(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Embedding(50, 1)
        self.emb = nn.Embedding(50, 4)
        self.bias = nn.Parameter(torch.zeros(1))
    def forward(self, x):
        e = self.emb(x)
        s = e.sum(dim=1) ** 2 - (e ** 2).sum(dim=1)
        y = self.lin(x).sum(dim=1) + self.bias + 0.5 * s.sum(dim=1, keepdim=True)
        return torch.sigmoid(y.squeeze(1))
class MultiScale(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 4, 3, padding=1)
        self.lat = nn.ModuleList([nn.Conv2d(4, 6, 1) for _ in range(3)])
        self.unused_levels = nn.ModuleList([nn.Conv2d(6, 6, 1) for _ in range(3)])
    def forward(self, x):
        f = [self.c(x)]
        for _ in range(2):
            f.append(F.max_pool2d(f[-1], 2))
        o = [l(i) for l, i in zip(self.lat, f)]
        for i in range(2, 0, -1):
            o[i - 1] = o[i - 1] + F.interpolate(o[i], scale_factor=2, mode='nearest')
        return [self.unused_levels[i](p) for i, p in enumerate(o)]
class Inception(nn.Module):
    def __init__(self):
        super().__init__()
        self.b1 = nn.Conv2d(3, 4, 1)
        self.b2 = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Conv2d(4, 6, 3, padding=1))
        self.AuxLogits = nn.Linear(10, 3)
        self.aux = False
    def forward(self, x):
        y = torch.cat([self.b1(x), self.b2(x)], 1)
        if self.training and self.aux:
            return self.AuxLogits(y.mean((2, 3)))
        return y.mean(3).mean(2)
class SqueezeT(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(16, 4)
    def forward(self, x):
        return self.lin(x.squeeze(1))
class Conv1dNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Conv1d(1, 4, 3, padding=1), nn.BatchNorm1d(4), nn.ReLU(), nn.AvgPool1d(2), nn.Linear(16, 4))
    def forward(self, x):
        return self.net(x)
class Stoch(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 4)
        self.p = 0.3
    def forward(self, x):
        return F.dropout(self.fc(F.dropout(x, self.p, self.training)), p=0.5, training=self.training)
class MCDrop(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 4)
    def forward(self, x):
        return F.dropout(self.fc(x), p=0.5, training=True)
class Highway(nn.Module):
    def __init__(self):
        super().__init__()
        self.t = nn.Linear(8, 8)
        self.h = nn.Linear(8, 8)
    def forward(self, x):
        t = torch.sigmoid(self.t(x))
        return t * F.relu(self.h(x)) + (1 - t) * x
class RNNCellLoop(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(3, 6)
        self.out = nn.Linear(6, 1)
    def forward(self, x):
        h = torch.zeros(x.size(0), 6)
        ys = []
        for t in range(x.size(1)):
            h = self.cell(x[:, t], h)
            ys.append(self.out(h))
        return torch.stack(ys, 1).squeeze(-1)
class Caps(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 9)
        self.prim = nn.Conv2d(16, 32, 9, stride=2)
        self.W = nn.Parameter(0.01 * torch.randn(1, 144, 3, 4, 8))
    def squash(self, s):
        n = (s ** 2).sum(-1, keepdim=True)
        return n / (1 + n) * s / torch.sqrt(n + 1e-8)
    def forward(self, x):
        u = self.prim(F.relu(self.conv(x)))
        u = u.view(x.size(0), 144, 8)
        u = self.squash(u)
        u = u[:, :, None, :, None]
        uhat = torch.matmul(self.W, u).squeeze(-1)
        b = torch.zeros(x.size(0), 144, 3, 1)
        for _ in range(2):
            c = F.softmax(b, dim=2)
            v = self.squash((c * uhat).sum(1, keepdim=True))
            b = b + (uhat * v).sum(-1, keepdim=True)
        return v.squeeze(1)
class PatchMerging(nn.Module):
    def __init__(self):
        super().__init__()
        self.red = nn.Linear(32, 16, bias=False)
    def forward(self, x):
        B, L, C = x.shape
        x = x.view(B, 8, 8, C)
        x = torch.cat([x[:, 0::2, 0::2, :], x[:, 1::2, 0::2, :], x[:, 0::2, 1::2, :], x[:, 1::2, 1::2, :]], -1)
        return self.red(x.view(B, -1, 4 * C))
class PixShuf(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(1, 4, 3, padding=1)
        self.s = nn.PixelShuffle(2)
    def forward(self, x):
        return self.s(self.c(x)) + F.interpolate(x, scale_factor=2)
class WGAN(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Conv2d(1, 8, 5, 2), nn.ReLU(), nn.Conv2d(8, 16, 5, 2), nn.ReLU())
        self.out = nn.Linear(16 * 4 * 4, 1)
    def forward(self, x):
        return self.out(self.f(x).view(-1, 16 * 4 * 4)).view(-1)
class RelPos(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(8, 8)
    def rel_shift(self, x):
        pad = torch.zeros((x.size(0), 1, *x.size()[2:]))
        xp = torch.cat([pad, x], dim=1)
        xp = xp.view(x.size(1) + 1, x.size(0), *x.size()[2:])
        return xp[1:].view_as(x)
    def forward(self, x):
        q = self.q(x)
        s = torch.einsum('ibd,jbd->ijb', q, x)
        return self.rel_shift(s)
class Backward(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(8, 4), nn.ReLU())
        self.dec = nn.Linear(4, 8)
        self.history = []
        self.cache = {}
        self.hooks = (None, 1)
    def encode(self, x):
        return self.enc(x)
    def decode(self, z):
        return self.dec(z)
    def forward(self, x):
        return self.encode(x)
class Net2(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.classifier = nn.Linear(4, 2)
    def features(self, x):
        return self.conv(x)
    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))
class Wrapper(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = Net2()
        self.head = nn.Linear(4, 5)
    def forward(self, x):
        return self.head(self.net.features(x).mean((2, 3)))
class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(4, 8))
        self.s = nn.Parameter(torch.randn(4, 8))
    def forward(self, x):
        if self.training:
            return F.linear(x, self.w + self.s * torch.randn(4, 8))
        return F.linear(x, self.w)
class Ens(nn.Module):
    def __init__(self):
        super().__init__()
        self.models = nn.ModuleList([nn.Linear(8, 2) for _ in range(3)])
        self.weights = [0.2, 0.3, 0.5]
    def forward(self, x):
        return sum(w * m(x) for w, m in zip(self.weights, self.models))
class CrossAtt(nn.Module):
    def __init__(self):
        super().__init__()
        self.att = nn.MultiheadAttention(8, 2, batch_first=True)
    def forward(self, q, kv):
        return q + self.att(q, kv, kv)[0]
class Decode(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(9, 8)
        self.q = nn.Linear(8, 8)
        self.k = nn.Linear(8, 8)
    def forward(self, x):
        e = self.emb(x)
        a = torch.softmax(self.q(e) @ self.k(e).transpose(1, 2), dim=-1)
        return a @ e
class Gray(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(1, 4, 3, padding=1)
        self.att = nn.Conv2d(4, 1, 1)
    def forward(self, x):
        f = self.c(x)
        return f * torch.sigmoid(self.att(f)) * x
class DepthwiseSep(nn.Module):
    def __init__(self):
        super().__init__()
        self.dw = nn.Conv2d(1, 1, 3, padding=1, groups=1)
        self.pw = nn.Conv2d(1, 1, 1)
    def forward(self, x):
        return x + self.pw(F.relu(self.dw(x)))
class Freq(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(1, 4, 3, padding=1)
        self.rnn = nn.GRU(4 * 12, 8, batch_first=True)
        self.fc = nn.Linear(8, 3)
    def forward(self, x):
        y = self.c(x)
        b, c, t, f = y.shape
        y = y.permute(0, 2, 1, 3).reshape(b, t, c * f)
        return self.fc(self.rnn(y)[0])
class KeyPoint(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 5, 1)
    def forward(self, x):
        h = self.c(x)
        n, k, hh, w = h.shape
        p = F.softmax(h.view(n * k, -1), dim=1).view(n, k, hh, w)
        xs = (p.sum(2) * torch.arange(w, dtype=torch.float32)).sum(-1)
        ys = (p.sum(3) * torch.arange(hh, dtype=torch.float32)).sum(-1)
        return torch.stack([xs, ys], -1)
class Lazy(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.LazyConv2d(4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2))
    def forward(self, x):
        return self.net(x)
class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(9, 8)
        self.out = nn.Linear(8, 9)
        self.out.weight = self.emb.weight
    def forward(self, x):
        return self.out(self.emb(x))
class Optional(nn.Module):
    def __init__(self, use=False):
        super().__init__()
        self.use = use
        self.a = nn.Linear(8, 8)
        self.b = nn.Linear(8, 8)
    def forward(self, x):
        x = self.a(x)
        return self.b(x) if self.use else x
class BaseM(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(8, 8)
        self.head = nn.Linear(8, 2)
    def forward(self, x):
        return self.head(self.body(x))
class SubHead(BaseM):
    def forward(self, x):
        return self.body(x)
class GraphConv(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(8, 4))
        self.a = nn.Linear(8, 1)
    def forward(self, x, adj):
        h = x @ self.w
        e = torch.softmax(torch.cat([h, h], 1) @ self.a.weight.t() , dim=0)
        deg = adj.sum(1, keepdim=True)
        return F.relu(adj @ h / deg) * e
class Time(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 8, 3, padding=1)
        self.t = nn.Sequential(nn.Linear(16, 8), nn.SiLU(), nn.Linear(8, 8))
    def forward(self, x, t):
        half = 8
        f = torch.exp(-math.log(10000) * torch.arange(half) / (half - 1))
        a = t[:, None] * f[None, :]
        e = torch.cat([a.sin(), a.cos()], -1)
        return self.c(x) + self.t(e)[:, :, None, None]
class Energy(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Parameter(torch.randn(5, 3))
    def forward(self, x):
        d = (x ** 2).sum(1, keepdim=True) + (self.c ** 2).sum(1) - 2 * x @ self.c.t()
        q = 1.0 / (1.0 + d)
        return (q.t() / q.sum(1)).t()
class Cosine(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(8, 8)
    def forward(self, x):
        z = F.normalize(self.l(x), dim=1)
        s = z @ z.t() / 0.1
        m = torch.eye(4, dtype=torch.bool)
        return s.masked_fill(m, -1e9).softmax(-1)
