"""A script with two mistakes: both are found, each where it was made."""
import torch
import torch.nn as nn

net = nn.Sequential(
    nn.Conv2d(3, 8, kernel_size=3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Linear(8 * 15 * 15, 10),
)
images = torch.randn(4, 3, 32, 32)
scores = net(images)

features = nn.Sequential(*list(net.children())[:3])
maps = features(images)
pooled = maps.mean(dim=(2, 3))
head = nn.Linear(16, 10)
logits = head(pooled)
