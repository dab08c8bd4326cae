"""Full assembly of the parts to form the complete network"""

from .unet_parts import *


class UNet(nn.Module):
    def __init__(self, n_channels, n_classes, bilinear=False, base=64):
        super(UNet, self).__init__()
        self.n_channels = n_channels
        self.n_classes = n_classes
        self.bilinear = bilinear

        self.inc = (DoubleConv(n_channels, base))
        self.down1 = (Down(base, 2 * base))
        self.down2 = (Down(2 * base, 4 * base))
        self.down3 = (Down(4 * base, 8 * base))
        factor = 2 if bilinear else 1
        self.down4 = (Down(8 * base, 16 * base // factor))
        self.up1 = (Up(16 * base, 8 * base // factor, bilinear))
        self.up2 = (Up(8 * base, 4 * base // factor, bilinear))
        self.up3 = (Up(4 * base, 2 * base // factor, bilinear))
        self.up4 = (Up(2 * base, base, bilinear))
        self.outc = (OutConv(base, n_classes))

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        x4 = self.down3(x3)
        x5 = self.down4(x4)
        x = self.up1(x5, x4)
        x = self.up2(x, x3)
        x = self.up3(x, x2)
        x = self.up4(x, x1)
        logits = self.outc(x)
        return logits

    def use_checkpointing(self):
        self.inc = torch.utils.checkpoint(self.inc)
