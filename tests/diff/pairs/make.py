"""Makes the binary files of this folder and checks the verdicts of diff_pairs_test.cpp with PyTorch 1.13 (and onnx).

    python3 make.py          writes exported.onnx, exported.pth, weights.a.npz and weights.b.npz, prints the differences
"""

import numpy as np
import torch

import epsilon
import exported
import flatten
import folded
import functional
import lists
import lost
import mode
import order
import sequential
import shared
import weights


def numpy_state(model):
    return {key: value.numpy() for key, value in model.state_dict().items()}


def report(name, a, b, x):
    with torch.no_grad():
        print(f"{name:12} max abs difference {(a(x) - b(x)).abs().max().item():.3g}")


def copy_in_order(a, b):
    with torch.no_grad():
        for source, target in zip(a.parameters(), b.parameters()):
            target.copy_(source)


def trained(model):
    """Statistics and scales as after some training."""
    for layer in model.modules():
        if isinstance(layer, (torch.nn.BatchNorm2d, torch.nn.BatchNorm1d)):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.2, 2)
            torch.nn.init.uniform_(layer.weight, 0.5, 1.5)
            torch.nn.init.normal_(layer.bias)
    return model.eval()


torch.manual_seed(0)
net = trained(exported.Net())
image = torch.randn(1, 1, 8, 8)
torch.onnx.export(net, image, "exported.onnx", input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "N"}, "y": {0: "N"}})
torch.save(net.state_dict(), "exported.pth")

state = numpy_state(weights.Net())
np.savez("weights.a.npz", **state)
state["fc2.weight"] = state["fc2.weight"].copy()
state["fc2.weight"][2, 5] += 0.01
np.savez("weights.b.npz", **state)

copy_in_order(sequential.net, sequential.seq)
report("sequential", sequential.net, sequential.seq, sequential.x)

plain, registered = lists.PlainList(), lists.Registered()
for source, target in zip([*plain.layers, plain.head], [*registered.blocks, registered.head]):
    target.load_state_dict(source.state_dict())
report("lists", plain, registered, torch.randn(4, 8))

one, other = functional.Functional().eval(), functional.Modules().eval()
copy_in_order(one, other)
report("functional", one, other, torch.randn(4, 10))

one, other = trained(folded.Plain()), folded.Folded().eval()
other.load_state_dict(one.state_dict())
report("folded", one, other, torch.randn(2, 3, 8, 8))

one, other = shared.Shared(), shared.Repeated()
other.first.load_state_dict(one.block.state_dict())
other.second.load_state_dict(one.block.state_dict())
other.out.load_state_dict(one.out.state_dict())
report("shared", one, other, torch.randn(4, 6))

report("order", order.net, order.rebuilt, order.x)
report("lost", lost.net, lost.copy, lost.x)

one, other = trained(epsilon.Net(1e-5)), epsilon.Net(1e-3).eval()
other.load_state_dict(one.state_dict())
report("epsilon", one, other, torch.randn(4, 6))

one = mode.Dropping().eval()
other = mode.Dropping().train()
other.load_state_dict(one.state_dict())
report("mode", one, other, torch.randn(4, 6))

one, other = weights.Net(), weights.Net()
one.load_state_dict({k: torch.from_numpy(v) for k, v in np.load("weights.a.npz").items()})
other.load_state_dict({k: torch.from_numpy(v) for k, v in np.load("weights.b.npz").items()})
report("weights", one, other, torch.randn(4, 6))

one, other = flatten.Net(), flatten.Transposed()
other.load_state_dict(one.state_dict())
report("flatten", one, other, torch.randn(2, 1, 8, 8))
