"""Checks the dependency directions of docs/architecture.md by reading every #include.

A folder may include the folders of its row and nothing else of ours; some libraries may be included in one place only.
"""

import re
from typing import Iterator

import tree
from tree import Violation

# Folder -> what its files may include of ours, besides itself. The longest matching folder decides.
ALLOWED = {
    "ir/base": (),
    "ir/scalar": ("ir/base",),
    "ir/graph": ("ir/base", "ir/scalar"),
    "ir/kernel": ("ir/base", "ir/scalar"),
    "runtime": ("lathe/",),
    "compiler/advice": ("ir/base", "ir/scalar", "ir/graph"),
    "compiler/frontend/onnx": ("ir/base", "ir/scalar", "ir/graph", "compiler/frontend/weights", "compiler/advice"),
    "compiler/frontend/torch": ("ir/base", "ir/scalar", "ir/graph", "compiler/frontend/weights", "compiler/interp", "compiler/advice"),
    "compiler/frontend/torch/python": ("ir/base",),
    "compiler/frontend/weights": ("ir/base", "ir/scalar", "ir/graph"),
    # Fusion asks the same question as lowering: what do the contraction kernels take? Both make weights from weights.
    "compiler/passes": ("ir/base", "ir/scalar", "ir/graph", "compiler/interp", "compiler/lower/epilogue.h", "compiler/lower/large_array.h"),
    "compiler/lower": ("ir/", "lathe/"),
    "compiler/codegen": ("ir/base", "ir/scalar", "ir/kernel", "lathe/"),
    "compiler/interp": ("ir/", "lathe/", "compiler/codegen/runtime_symbols.h"),
    "compiler/compare": ("ir/", "compiler/compile.h", "compiler/passes", "lathe/"),
    "compiler/report": ("ir/", "compiler/compile.h", "compiler/profile.h", "compiler/frontend/torch/definition.h", "compiler/codegen", "lathe/"),
    "compiler/tools": ("ir/", "compiler/", "lathe/"),
    "compiler": ("ir/", "compiler/advice", "compiler/frontend", "compiler/passes", "compiler/lower", "compiler/codegen", "compiler/interp", "lathe/"),
}

# Folders that may include anything of ours: they look at the whole from outside.
FREE = ("tests", "bench", "examples")

# Library -> where in ir/, compiler/ and runtime/ its headers may be included.
LIBRARIES = {
    r"llvm(-c)?/": r"compiler/codegen/llvm_[a-z0-9_]+\.(cpp|h)$",
    r"hwy/": r"runtime/(kernels/|include/lathe/simd_highway)",
    r"protozero/": r"compiler/frontend/onnx/",
    r"CLI/": r"compiler/tools/",
    r"(gtest|gmock|benchmark)/": r"$^",
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
OURS = re.compile(r"^(ir|compiler|runtime|tests|bench|examples|lathe)/")


def owner(path: str) -> str | None:
    """The row of ALLOWED that governs a path."""
    rows = [folder for folder in ALLOWED if path.startswith(folder + "/")]
    return max(rows, key=len, default=None)


def check(path: str, text: str) -> Iterator[Violation]:
    free = path.startswith(FREE)
    folder = owner(path)
    if not free and folder is None:
        yield Violation(path, 1, "this folder has no row in tests/arch/layering.py")
        return
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, target = match[1] == '"', match[2]
        if ".." in target.split("/"):
            yield Violation(path, number, f"include `{target}` from the repository root, without `..`")
        if not free:
            for library, places in LIBRARIES.items():
                if re.match(library, target) and not re.match(places, path):
                    yield Violation(path, number, f"`{target}` may not be included here")
        if not OURS.match(target):
            continue
        if not quoted:
            yield Violation(path, number, f'write `#include "{target}"`: ours are quoted')
        if free:
            continue
        allowed = ALLOWED[folder] + (folder + "/",)
        if not target.startswith(allowed):
            yield Violation(path, number, f"{folder} may not include `{target}`")
        elif folder == "compiler" and owner(target) == "compiler/tools":
            yield Violation(path, number, f"the library may not include the program's `{target}`")


if __name__ == "__main__":
    tree.report("layering", tree.cxx_files(), check)
