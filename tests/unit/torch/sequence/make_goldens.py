"""Writes goldens/CASE.txt for every cases/CASE.py with PyTorch (1.13 or newer) and einops.

Each line is `name shape elements...`, for every top-level name that starts with `out_`. Before a module is called its
parameters are filled as the test's ParameterSource does: element i of n is ((37 * i + 11 * n) % 101 - 50) / 100.
"""

import pathlib

import torch

FOLDER = pathlib.Path(__file__).resolve().parent


def fill(module: torch.nn.Module) -> None:
    for parameter in module.parameters():
        count = parameter.numel()
        numbers = ((37 * torch.arange(count, dtype=torch.int64) + 11 * count) % 101 - 50).double() / 100
        parameter.data.copy_(numbers.reshape(parameter.shape))


def main() -> None:
    call = torch.nn.Module.__call__

    def filled_call(self, *args, **kwargs):
        fill(self)
        return call(self, *args, **kwargs)

    torch.nn.Module.__call__ = filled_call
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
