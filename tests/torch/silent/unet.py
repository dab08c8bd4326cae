# U-Nets with one channel, gates and global shortcuts.
# run: UNet(1, 1) x=f32[1,1,32,32]
# run: UNet(3, 2) x=f32[2,3,32,32]
# run: AttentionUNet() x=f32[2,1,16,16]
# run: Denoise() x=f32[2,1,16,16]
import torch
import torch.nn as nn
import torch.nn.functional as F
class DoubleConv(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.double_conv = nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True), nn.Conv2d(o, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))
    def forward(self, x):
        return self.double_conv(x)
class Up(nn.Module):
    def __init__(self, i, o, bilinear=True):
        super().__init__()
        if bilinear:
            self.up = nn.Upsample(scale_factor=2, mode='bilinear', align_corners=True)
        else:
            self.up = nn.ConvTranspose2d(i // 2, i // 2, 2, stride=2)
        self.conv = DoubleConv(i, o)
    def forward(self, x1, x2):
        x1 = self.up(x1)
        dy = x2.size()[2] - x1.size()[2]
        dx = x2.size()[3] - x1.size()[3]
        x1 = F.pad(x1, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
        return self.conv(torch.cat([x2, x1], dim=1))
class UNet(nn.Module):
    def __init__(self, ci, co):
        super().__init__()
        self.inc = DoubleConv(ci, 8)
        self.down1 = nn.Sequential(nn.MaxPool2d(2), DoubleConv(8, 16))
        self.down2 = nn.Sequential(nn.MaxPool2d(2), DoubleConv(16, 16))
        self.up1 = Up(32, 8)
        self.up2 = Up(16, 8)
        self.outc = nn.Conv2d(8, co, 1)
    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        x = self.up1(x3, x2)
        x = self.up2(x, x1)
        return self.outc(x)
class Gate(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.wg = nn.Conv2d(c, c, 1)
        self.wx = nn.Conv2d(c, c, 1)
        self.psi = nn.Sequential(nn.Conv2d(c, 1, 1), nn.BatchNorm2d(1), nn.Sigmoid())
    def forward(self, g, x):
        p = self.psi(F.relu(self.wg(g) + self.wx(x)))
        return x * p
class AttentionUNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(1, 8, 3, padding=1)
        self.g = Gate(8)
        self.out = nn.Conv2d(8, 1, 1)
    def forward(self, x):
        y = torch.relu(self.a(x))
        y = self.g(y, y)
        return torch.sigmoid(self.out(y)) + x
class Denoise(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1))
    def forward(self, x):
        return x - self.body(x)
