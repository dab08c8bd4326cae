"""Trains the digits example and writes its files; README.md tells what they are.

Data: the 1797 images of handwritten digits, 8x8 pixels with values 0..16, that scikit-learn ships. Every fifth image is
held out for the test. Training is plain numpy (im2col and Adam) from a fixed seed; the expected outputs come from ONNX Runtime.

    python3 -m venv build/venv && build/venv/bin/pip install -r examples/digits/requirements.txt
    build/venv/bin/python examples/digits/train.py
"""

import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits

FOLDER = pathlib.Path(__file__).resolve().parent
EPOCHS = 40
BATCH = 32
LEARNING_RATE = 2e-3
EXAMPLES = 16  # images stored in inputs.npy


def unfold(images):
    """[N,C,H,W] -> [N,H,W,C*9]: the 3x3 neighbourhood of each pixel, zeros outside the image."""
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    count, channels, height, width = images.shape
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(count, height, width, channels * 9)


def fold(columns, channels):
    """The adjoint of unfold: adds each neighbourhood's gradient back to the pixels it was read from."""
    count, height, width, _ = columns.shape
    parts = columns.reshape(count, height, width, channels, 3, 3)
    padded = np.zeros((count, channels, height + 2, width + 2), columns.dtype)
    for row in range(3):
        for column in range(3):
            padded[:, :, row : row + height, column : column + width] += parts[..., row, column].transpose(0, 3, 1, 2)
    return padded[:, :, 1:-1, 1:-1]


def initial_parameters(random):
    def he(*shape):
        fan_in = int(np.prod(shape[1:]))
        return random.normal(0.0, np.sqrt(2.0 / fan_in), shape).astype(np.float32)

    return {
        "conv1.weight": he(8, 1, 3, 3),
        "conv1.bias": np.zeros(8, np.float32),
        "conv2.weight": he(16, 8, 3, 3),
        "conv2.bias": np.zeros(16, np.float32),
        "classifier.weight": he(10, 256),
        "classifier.bias": np.zeros(10, np.float32),
    }


def forward(parameters, images):
    """Class probabilities, and what backward() needs."""
    count = len(images)
    columns1 = unfold(images)
    conv1 = columns1 @ parameters["conv1.weight"].reshape(8, 9).T + parameters["conv1.bias"]
    relu1 = np.maximum(conv1, 0)  # [N,8,8,8], channels last
    blocks = relu1.reshape(count, 4, 2, 4, 2, 8)
    pooled = blocks.max(axis=(2, 4)).transpose(0, 3, 1, 2)  # [N,8,4,4]
    columns2 = unfold(pooled)
    conv2 = columns2 @ parameters["conv2.weight"].reshape(16, 72).T + parameters["conv2.bias"]
    flat = np.maximum(conv2, 0).transpose(0, 3, 1, 2).reshape(count, 256)
    logits = flat @ parameters["classifier.weight"].T + parameters["classifier.bias"]
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities, (columns1, conv1, blocks, pooled, columns2, conv2, flat)


def backward(parameters, probabilities, labels, saved):
    """Gradients of the mean cross entropy."""
    columns1, conv1, blocks, pooled, columns2, conv2, flat = saved
    count = len(labels)
    logits = probabilities.copy()
    logits[np.arange(count), labels] -= 1
    logits /= count
    gradient = (logits @ parameters["classifier.weight"]).reshape(count, 16, 4, 4).transpose(0, 2, 3, 1) * (conv2 > 0)
    to_pooled = fold(gradient @ parameters["conv2.weight"].reshape(16, 72), 8).transpose(0, 2, 3, 1)
    winners = blocks == pooled.transpose(0, 2, 3, 1)[:, :, None, :, None, :]
    to_conv1 = (winners * to_pooled[:, :, None, :, None, :]).reshape(conv1.shape) * (conv1 > 0)
    return {
        "conv1.weight": np.einsum("nhwo,nhwi->oi", to_conv1, columns1).reshape(8, 1, 3, 3),
        "conv1.bias": to_conv1.sum(axis=(0, 1, 2)),
        "conv2.weight": np.einsum("nhwo,nhwi->oi", gradient, columns2).reshape(16, 8, 3, 3),
        "conv2.bias": gradient.sum(axis=(0, 1, 2)),
        "classifier.weight": logits.T @ flat,
        "classifier.bias": logits.sum(axis=0),
    }


def train(images, labels, random):
    parameters = initial_parameters(random)
    first = {name: np.zeros_like(value) for name, value in parameters.items()}
    second = {name: np.zeros_like(value) for name, value in parameters.items()}
    step = 0
    for _ in range(EPOCHS):
        order = random.permutation(len(images))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            probabilities, saved = forward(parameters, images[chosen])
            step += 1
            for name, gradient in backward(parameters, probabilities, labels[chosen], saved).items():
                first[name] = 0.9 * first[name] + 0.1 * gradient
                second[name] = 0.999 * second[name] + 0.001 * gradient**2
                mean, variance = first[name] / (1 - 0.9**step), second[name] / (1 - 0.999**step)
                parameters[name] -= (LEARNING_RATE * mean / (np.sqrt(variance) + 1e-8)).astype(np.float32)
    return parameters


def to_onnx(parameters):
    """The network as ONNX: any batch size N, one named node per layer."""
    nodes = [
        helper.make_node("Conv", ["image", "conv1.weight", "conv1.bias"], ["conv1_out"], "conv1", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["conv1_out"], ["relu1_out"], "relu1"),
        helper.make_node("MaxPool", ["relu1_out"], ["pool_out"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["pool_out", "conv2.weight", "conv2.bias"], ["conv2_out"], "conv2", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["conv2_out"], ["relu2_out"], "relu2"),
        helper.make_node("Flatten", ["relu2_out"], ["flat"], "flatten", axis=1),
        helper.make_node("Gemm", ["flat", "classifier.weight", "classifier.bias"], ["logits"], "classifier", transB=1),
        helper.make_node("Softmax", ["logits"], ["probabilities"], "softmax", axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 8, 8])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 10])],
        [numpy_helper.from_array(value, name) for name, value in parameters.items()],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="examples/digits/train.py"
    )


def main():
    random = np.random.default_rng(1)
    digits = load_digits()
    images = (digits.images / 16.0).astype(np.float32)[:, None]  # [1797,1,8,8], values 0..1
    labels = digits.target
    held_out = np.arange(len(images)) % 5 == 4
    parameters = train(images[~held_out], labels[~held_out], random)

    model = to_onnx(parameters)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, FOLDER / "digits.onnx")

    # The mistake: the classifier was sized for 200 features, but the flattened image has 16 * 4 * 4 = 256.
    broken = dict(parameters)
    broken["classifier.weight"] = parameters["classifier.weight"][:, :200].copy()
    onnx.save(to_onnx(broken), FOLDER / "digits_broken.onnx")

    session = onnxruntime.InferenceSession(FOLDER / "digits.onnx", providers=["CPUExecutionProvider"])
    all_probabilities = session.run(None, {"image": images[held_out]})[0]
    accuracy = (all_probabilities.argmax(axis=1) == labels[held_out]).mean()
    inputs = images[held_out][:EXAMPLES]
    np.save(FOLDER / "inputs.npy", inputs)
    np.save(FOLDER / "labels.npy", labels[held_out][:EXAMPLES].astype(np.int64))
    np.save(FOLDER / "expected.npy", session.run(None, {"image": inputs})[0])

    count = sum(value.size for value in parameters.values())
    print(f"{count} parameters; {held_out.sum()} test images, {100 * accuracy:.1f} % right")
    print(f"numpy {np.__version__}, onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")
    print(f"numpy and ONNX Runtime differ by {np.abs(forward(parameters, inputs)[0] - all_probabilities[:EXAMPLES]).max():.1e}")


if __name__ == "__main__":
    main()
