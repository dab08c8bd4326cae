# Generators and discriminators.
# run: Generator() z=f32[4,100,1,1]
# run: Discriminator() x=f32[4,3,64,64]
# run: MlpG() z=f32[16,100]
# run: MlpD() img=f32[16,1,28,28]
# run: ConvG() z=f32[16,100]
import numpy as np
import torch
import torch.nn as nn
class Generator(nn.Module):
    def __init__(self, nz=100, ngf=16):
        super().__init__()
        self.main = nn.Sequential(nn.ConvTranspose2d(nz, ngf*8, 4, 1, 0, bias=False), nn.BatchNorm2d(ngf*8), nn.ReLU(True),
            nn.ConvTranspose2d(ngf*8, ngf*4, 4, 2, 1, bias=False), nn.BatchNorm2d(ngf*4), nn.ReLU(True),
            nn.ConvTranspose2d(ngf*4, ngf*2, 4, 2, 1, bias=False), nn.BatchNorm2d(ngf*2), nn.ReLU(True),
            nn.ConvTranspose2d(ngf*2, ngf, 4, 2, 1, bias=False), nn.BatchNorm2d(ngf), nn.ReLU(True),
            nn.ConvTranspose2d(ngf, 3, 4, 2, 1, bias=False), nn.Tanh())
    def forward(self, z):
        return self.main(z)
class Discriminator(nn.Module):
    def __init__(self, ndf=16):
        super().__init__()
        self.main = nn.Sequential(nn.Conv2d(3, ndf, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(ndf, ndf*2, 4, 2, 1), nn.BatchNorm2d(ndf*2), nn.LeakyReLU(0.2),
            nn.Conv2d(ndf*2, ndf*4, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(ndf*4, ndf*8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(ndf*8, 1, 4, 1, 0), nn.Sigmoid())
    def forward(self, x):
        return self.main(x).view(-1, 1).squeeze(1)
class MlpG(nn.Module):
    def __init__(self, shape=(1, 28, 28)):
        super().__init__()
        self.shape = shape
        def block(i, o, normalize=True):
            layers = [nn.Linear(i, o)]
            if normalize:
                layers.append(nn.BatchNorm1d(o, 0.8))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            return layers
        self.model = nn.Sequential(*block(100, 128, normalize=False), *block(128, 256), nn.Linear(256, int(np.prod(shape))), nn.Tanh())
    def forward(self, z):
        img = self.model(z)
        return img.view(img.size(0), *self.shape)
class MlpD(nn.Module):
    def __init__(self, shape=(1, 28, 28)):
        super().__init__()
        self.model = nn.Sequential(nn.Linear(int(np.prod(shape)), 512), nn.LeakyReLU(0.2), nn.Dropout(0.4), nn.Linear(512, 1), nn.Sigmoid())
    def forward(self, img):
        return self.model(img.view(img.size(0), -1))
class ConvG(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(100, 128 * 7 * 7)
        self.conv = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(128, 64, 3, padding=1), nn.BatchNorm2d(64, 0.8), nn.ReLU(), nn.Upsample(scale_factor=2), nn.Conv2d(64, 1, 3, padding=1), nn.Tanh())
    def forward(self, z):
        out = self.l1(z).view(-1, 128, 7, 7)
        return self.conv(out)
