"""Recognises digits with a shared library: main.py LIBRARY IMAGES.npy EXPECTED.npy"""

import sys

import numpy

from lathe_model import Model

library, images_path, expected_path = sys.argv[1:]
model = Model(library)
for kind, ports in (("takes", model.inputs), ("gives", model.outputs)):
    for port in ports:
        axes = ", ".join(axis.text.decode() for axis in port.axes[: port.rank])
        print(f"{kind} {port.name.decode()}: [{axes}]")

images = numpy.load(images_path)
(probabilities,) = model(images)
print("digits:", *probabilities.argmax(axis=1))
worst = abs(probabilities - numpy.load(expected_path)).max()
print(f"largest difference from PyTorch: {worst:.1e}")
sys.exit(0 if worst < 1e-5 else 1)
