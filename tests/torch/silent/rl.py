# Value heads, policies, autoencoders.
# run: DuelingDQN() x=f32[32,4]
# run: ActorCritic() x=f32[8,4]
# run: ActorCritic() x=f32[4]
# run: DQN() x=f32[32,4,84,84]
# run: Policy() x=f32[5,4]
# run: VAE() x=f32[8,1,28,28]
# run: Siamese() a=f32[4,1,20,20] b=f32[4,1,20,20]
# run: Gaussian() x=f32[6,3]
import torch
import torch.nn as nn
import torch.nn.functional as F
class DuelingDQN(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(4, 32), nn.ReLU())
        self.value = nn.Linear(32, 1)
        self.adv = nn.Linear(32, 3)
    def forward(self, x):
        f = self.f(x)
        v, a = self.value(f), self.adv(f)
        return v + a - a.mean(dim=1, keepdim=True)
class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine = nn.Linear(4, 16)
        self.action = nn.Linear(16, 2)
        self.value = nn.Linear(16, 1)
        self.saved_actions = []
        self.rewards = []
    def forward(self, x):
        x = F.relu(self.affine(x))
        return F.softmax(self.action(x), dim=-1), self.value(x)
class DQN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(4, 32, 8, stride=4), nn.ReLU(), nn.Conv2d(32, 64, 4, stride=2), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.ReLU())
        self.fc = nn.Sequential(nn.Linear(3136, 512), nn.ReLU(), nn.Linear(512, 6))
    def forward(self, x):
        return self.fc(self.conv(x / 255.0).view(x.size(0), -1))
class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(4, 128)
        self.dropout = nn.Dropout(p=0.6)
        self.affine2 = nn.Linear(128, 2)
    def forward(self, x):
        return F.softmax(self.affine2(F.relu(self.dropout(self.affine1(x)))), dim=1)
class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 64)
        self.fc21 = nn.Linear(64, 8)
        self.fc22 = nn.Linear(64, 8)
        self.fc3 = nn.Linear(8, 64)
        self.fc4 = nn.Linear(64, 784)
    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.fc21(h), self.fc22(h)
    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        return mu + torch.randn_like(std) * std
    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))
    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, 784))
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar
class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(1, 4, 3), nn.ReLU(), nn.BatchNorm2d(4))
        self.fc = nn.Sequential(nn.Linear(4 * 20 * 20, 50), nn.ReLU(), nn.Linear(50, 5))
    def forward_once(self, x):
        out = self.cnn(x)
        return self.fc(out.view(out.size()[0], -1))
    def forward(self, a, b):
        return self.forward_once(a), self.forward_once(b)
class Gaussian(nn.Module):
    def __init__(self):
        super().__init__()
        self.mu = nn.Linear(3, 1)
        self.log_std = nn.Parameter(torch.zeros(1))
    def forward(self, x):
        mu = self.mu(x)
        return mu, self.log_std.exp().expand_as(mu)
