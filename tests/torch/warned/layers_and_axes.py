# Linear on maps, norms on one sample, softmax, squeeze, dropout.
# run: LinMap() x=f32[2,3,16,16]
# run: LinMap2() x=f32[2,3,16,16]
# run: LinMap3() x=f32[2,3,8,16,16]
# run: BN() x=f32[3,10,12]
# run: BN2() x=f32[3,40]
# run: SM() x=f32[5,8]
# run: SM2() x=f32[5,7,8]
# run: SM3() x=f32[5,7,8]
# run: SM4() x=f32[5,7,8]
# run: Sq() x=f32[5,7,8]
# run: Sq2() x=f32[5,8]
# run: Sq3() x=f32[1,3,8,8]
# run: Drop() x=f32[5,8]
# run: Sdpa() x=f32[5,7,8]
import torch
import torch.nn as nn
import torch.nn.functional as F
class LinMap(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(7, 10)
    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        return self.fc(x)  # warns: linear-on-feature-map
class LinMap2(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.GELU(), nn.Dropout(0.1), nn.Linear(14, 10), nn.ReLU(), nn.Linear(10, 2))  # warns: linear-on-feature-map
    def forward(self, x):
        return F.log_softmax(self.net(x), dim=1)
class LinMap3(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv3d(3, 8, 3),
            nn.AvgPool3d(2),
            nn.Linear(7, 2),  # warns: linear-on-feature-map
        )
    def forward(self, x):
        return self.net(x)
class BN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.bn = nn.BatchNorm1d(8)
    def forward(self, x):
        return self.bn(F.relu(self.conv(x)))  # warns: batch-axis-by-coincidence
class BN2(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(3, 6, 3)
        self.bn = nn.BatchNorm1d(38)
    def forward(self, x):
        return self.bn(self.conv(x))  # warns: batch-axis-by-coincidence
class SM(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 1), nn.Softmax(dim=1))  # warns: softmax-of-one
    def forward(self, x):
        return self.net(x)
class SM2(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(8, 1)
    def forward(self, x):
        w = F.softmax(self.score(x), dim=-1)  # warns: softmax-of-one
        return (w * x).sum(1)
class SM3(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Linear(8, 4)
    def forward(self, x):
        return F.softmax(self.score(x))  # warns: softmax-over-batch
class SM4(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(8, 4), nn.Softmax())  # warns: softmax-over-batch
    def forward(self, x):
        return self.net(x)
class Sq(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 1)
    def forward(self, x):
        return torch.sigmoid(self.fc(x)).squeeze()  # warns: squeeze-may-drop-batch
class Sq2(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 1)
    def forward(self, x):
        return torch.squeeze(self.fc(x))  # warns: squeeze-may-drop-batch
class Sq3(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3)
        self.fc = nn.Linear(6, 2)
    def forward(self, x):
        x = F.adaptive_avg_pool2d(self.conv(x), 1).squeeze()  # warns: squeeze-may-drop-batch
        return self.fc(x)
class Drop(nn.Module):
    def __init__(self, p=0.2):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.p = p
    def forward(self, x):
        x = F.dropout(self.fc(x), p=self.p)  # warns: dropout-always-on
        return nn.functional.dropout(x)  # warns: dropout-always-on
class Sdpa(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(8, 24)
        self.dropout = 0.1
    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        return F.scaled_dot_product_attention(q, k, v, dropout_p=self.dropout)  # warns: dropout-always-on
