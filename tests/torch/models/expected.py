"""Makes expected.json: what PyTorch computes for model sources of this repository. Needs torch (1.13) and einops.

    python3 tests/torch/models/expected.py > tests/torch/models/expected.json

Weights and inputs follow a rule that the test carries out as well, so that none of them is stored: element i of the
tensor NAME is c + a * t(NAME, i), with t in [-1, 1) from splitmix64 seeded with the FNV-1a 64 hash of the name.
Of every output 16 elements, evenly spaced, are stored.
"""
import importlib
import json
import math
import pathlib
import sys

import numpy as np
import torch

sys.argv = sys.argv[:1]  # dcgan.py parses the command line
ROOT = pathlib.Path(__file__).resolve().parents[3]
for folder in ("examples/pytorch", "tests/torch/models"):
    sys.path.insert(0, str(ROOT / folder))

CASES = [
    ("examples/pytorch/resnet.py", "ResNet(Bottleneck, [1, 2, 1, 1], num_classes=10, width=8)", [("f32", (2, 3, 64, 64))]),
    ("examples/pytorch/resnet.py", "ResNet(BasicBlock, [1, 1, 1, 1], num_classes=10, width=8)", [("f32", (1, 3, 32, 32))]),
    ("tests/torch/models/mobilenet_v2.py", "MobileNetV2(num_classes=10, width_mult=0.25)", [("f32", (1, 3, 64, 64))]),
    ("tests/torch/models/densenet.py", "DenseNet(8, (2, 3, 2), 16, num_classes=10)", [("f32", (1, 3, 64, 64))]),
    ("examples/pytorch/unet/unet_model.py", "UNet(3, 2, bilinear=True, base=8)", [("f32", (1, 3, 32, 48))]),
    ("examples/pytorch/unet/unet_model.py", "UNet(1, 3, base=8)", [("f32", (1, 1, 37, 45))]),
    ("examples/pytorch/vae.py", "VAE()", [("f32", (2, 3, 32, 32))]),
    ("examples/pytorch/vae.py", "WithLoss(VAE(latent_dim=8))", [("f32", (2, 3, 32, 32))]),
    ("tests/torch/models/dcgan.py", "pair", [("f32", (2, 100, 1, 1))]),
    ("tests/torch/models/pix2pix.py", "define_G()", [("f32", (1, 3, 128, 128))]),
    ("tests/torch/models/pix2pix.py", "define_G(norm='instance', num_downs=6)", [("f32", (1, 3, 128, 128))]),
    ("tests/torch/models/vit_einops.py", "small()", [("f32", (2, 3, 32, 32))]),
    ("tests/torch/models/vit_einops.py", "small(pool='mean', channels=1)", [("f32", (1, 1, 32, 32))]),
    ("tests/torch/models/vit.py", "vit_micro()", [("f32", (2, 3, 32, 32))]),
    ("examples/pytorch/gpt.py", "GPT(GPTConfig())", [("i64", (2, 9), 96)]),
    ("examples/pytorch/gpt.py", "GPT(GPTConfig(bias=False, n_layer=1))", [("i64", (2, 9), 96), ("i64", (2, 9), 96)]),
    ("tests/torch/models/lstm_tagger.py", "model", [("i64", (2, 7), 40)]),
    ("tests/torch/models/gru_state.py", "CharRNN()", [("i64", (3,), 32), ("f32", (2, 3, 24))]),
    ("tests/torch/models/gru_state.py", "Unrolled()", [("f32", (2, 3, 6))]),
    ("tests/torch/models/seq2seq.py", "Seq2SeqTransformer()", [("i64", (7, 2), 50), ("i64", (6, 2), 60)]),
    ("tests/torch/models/inception.py", "InceptionNet()", [("f32", (1, 3, 33, 33))]),
    ("tests/torch/models/senet.py", "SENet()", [("f32", (2, 3, 16, 16))]),
    ("tests/torch/models/resnet3d.py", "resnet10()", [("f32", (1, 3, 16, 32, 32))]),
    ("tests/torch/models/resnet3d.py", "resnet10(shortcut_type='A')", [("f32", (1, 3, 16, 32, 32))]),
]

MASK = (1 << 64) - 1
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def hash_of(name):
    value = 0xcbf29ce484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001b3 & MASK
    return value


def numbers(name, count):
    """t(name, i) for i below count."""
    with np.errstate(over='ignore'):
        state = np.uint64(hash_of(name)) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9e3779b97f4a7c15)
        z = state
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) / 2.0 ** 52 - 1.0


def filled(name, shape, c, a):
    count = int(np.prod(shape, dtype=np.int64))
    return torch.from_numpy((c + a * numbers(name, count)).astype(np.float32).reshape(shape))


def weight(name, tensor):
    if tensor.dtype == torch.int64:
        return torch.zeros_like(tensor)
    last = name.split('.')[-1]
    if last == 'running_var' or (last == 'weight' and tensor.dim() == 1):
        return filled(name, tensor.shape, 1.0, 0.25)
    if tensor.dim() <= 1:
        return filled(name, tensor.shape, 0.0, 0.1)
    return filled(name, tensor.shape, 0.0, math.sqrt(3.0 / (tensor.numel() // tensor.shape[0])))


def make_input(name, spec):
    if spec[0] == 'i64':
        t = numbers(name, int(np.prod(spec[1])))
        return torch.from_numpy(np.floor((t + 1) / 2 * spec[2]).astype(np.int64).reshape(spec[1]))
    return filled(name, spec[1], 0.0, 1.0)


def flatten(result):
    if isinstance(result, torch.Tensor):
        return [result]
    if isinstance(result, dict):
        return [t for value in result.values() for t in flatten(value)]
    if isinstance(result, (list, tuple)):
        return [t for value in result for t in flatten(value)]
    return []


def main():
    sys.stdout = sys.stderr  # what the models print
    cases = []
    for file, entry, inputs in CASES:
        name = file.removeprefix("examples/pytorch/").removeprefix("tests/torch/models/").removesuffix(".py")
        module = importlib.import_module(name.replace("/", "."))
        model = eval(entry, vars(module)).eval()
        state = model.state_dict()
        shared = {}
        constructed = {name for name, _ in model.named_buffers() if name.split('.')[-1] not in STATISTICS}
        for name, tensor in state.items():  # tied tensors take the values of their first name
            if name in constructed:  # masks and tables keep the values that the model computes
                continue
            key = tensor.data_ptr() if tensor.numel() else name
            shared.setdefault((key, tuple(tensor.shape)), name)
            tensor.copy_(weight(shared[(key, tuple(tensor.shape))], tensor))
        draws = []

        def randn_like(like):
            draws.append(1)
            return filled('random.%d' % (len(draws) - 1), like.shape, 0.0, 1.0)

        torch.randn_like = randn_like
        with torch.no_grad():
            outputs = flatten(model(*[make_input('input.%d' % i, spec) for i, spec in enumerate(inputs)]))
        rows = []
        for output in outputs:
            flat = output.double().flatten()
            step = max(1, flat.numel() // 16)
            rows.append({"shape": list(output.shape), "elements": [float(x) for x in flat[::step][:16]]})
        cases.append({
            "file": file, "entry": entry,
            "inputs": [{"element": spec[0], "shape": list(spec[1]), "below": spec[2] if len(spec) > 2 else 0}
                       for spec in inputs],
            "random": len(draws),
            "parameters": sum(p.numel() for p in model.parameters()),
            "outputs": rows})
    lines = ",\n".join(json.dumps(case) for case in cases)
    sys.stdout = sys.__stdout__
    print("[\n" + lines + "\n]")


if __name__ == '__main__':
    main()
