#!/usr/bin/env python3
"""Write what PyTorch computes behind the programs of cases/*.txt: python3 make_cases.py

A file is blocks between blank lines. The first block stands in front of every other one; each program assigns `r`, and
its last line, `=> ...`, is written by this script. The expectations that are here come from PyTorch 1.13.0.
"""
import pathlib
import sys
import warnings

import torch

warnings.simplefilter("ignore")


def number(value):
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return str(value)
    return f"{value:.9g}"


def text(value):
    if isinstance(value, torch.Tensor):
        flat = value.detach().reshape(-1).tolist()
        shape = "(" + ", ".join(map(str, value.shape)) + (",)" if value.dim() == 1 else ")")
        return f"{str(value.dtype)[6:]} {shape} [{', '.join(map(number, flat))}]"
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(map(text, value)) + ")"
    return str(value)


def main():
    failed = False
    for path in sorted((pathlib.Path(__file__).parent / "cases").glob("*.txt")):
        blocks = [block for block in path.read_text().split("\n\n") if block.strip()]
        programs = []
        for block in blocks:
            programs.append("\n".join(line for line in block.strip("\n").split("\n") if not line.startswith("=> ")))
        out = [programs[0]]
        for program in programs[1:]:
            scope = {}
            try:
                exec(programs[0] + "\n" + program, scope)
                out.append(f"{program}\n=> {text(scope['r'])}")
            except Exception as error:  # a program that PyTorch refuses is a mistake in the file
                print(f"{path.name}: {program!r}: {error}")
                failed = True
                out.append(program)
        path.write_text("\n\n".join(out) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
