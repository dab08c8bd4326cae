"""Writes goldens/CASE.txt for every cases/CASE.py with PyTorch (1.13 or newer).

Each line is `name shape elements...`, for every top-level name that starts with `out_`. Before a layer of torch.nn is
called its parameters and buffers are filled as the test's ParameterSource does: element i of n is r = ((37 * i + 11 *
n) % 101 - 50) / 100, or 1 + r where the layer itself puts ones.
"""

import pathlib
import warnings

import torch

FOLDER = pathlib.Path(__file__).resolve().parent
filled: dict = {}


def fill(module: torch.nn.Module) -> None:
    for owner in module.modules():
        if not type(owner).__module__.startswith("torch.nn") or isinstance(owner, torch.nn.ParameterList):
            continue
        for name, tensor in [*owner._parameters.items(), *owner._buffers.items()]:
            if tensor is None or torch.nn.parameter.is_lazy(tensor) or not tensor.dtype.is_floating_point:
                continue
            if id(tensor) in filled:
                continue
            given = isinstance(owner, torch.nn.Embedding) and not tensor.requires_grad
            filled[id(tensor)] = tensor
            if given:
                continue
            ones = bool((tensor == 1).all())
            count = tensor.numel()
            numbers = ((37 * torch.arange(count, dtype=torch.int64) + 11 * count) % 101 - 50).double() / 100
            tensor.data.copy_(numbers.reshape(tensor.shape) + (1 if ones else 0))


def main() -> None:
    warnings.simplefilter("ignore")
    call = torch.nn.Module.__call__
    weight_norm = torch.nn.utils.weight_norm

    def filled_call(self, *args, **kwargs):
        if hasattr(self, "_infer_parameters"):
            self._infer_parameters(self, args)
        fill(self)
        return call(self, *args, **kwargs)

    def filled_weight_norm(module, *args, **kwargs):
        fill(module)
        normed = weight_norm(module, *args, **kwargs)
        # The length is computed from the direction, as in the test.
        filled[id(normed.weight_g)] = normed.weight_g
        filled[id(normed.weight_v)] = normed.weight_v
        return normed

    torch.nn.Module.__call__ = filled_call
    torch.nn.utils.weight_norm = filled_weight_norm
    (FOLDER / "goldens").mkdir(exist_ok=True)
    for case in sorted((FOLDER / "cases").glob("*.py")):
        names: dict = {"__name__": "__main__"}
        exec(compile(case.read_text(encoding="utf-8"), str(case), "exec"), names)
        lines = []
        for name, value in names.items():
            if not name.startswith("out_"):
                continue
            shape = "x".join(str(size) for size in value.shape) or "scalar"
            elements = " ".join(f"{number:.8g}" for number in value.detach().double().reshape(-1).tolist())
            lines.append(f"{name} {shape} {elements}")
        (FOLDER / "goldens" / f"{case.stem}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
