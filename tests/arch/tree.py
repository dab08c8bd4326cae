"""What the architecture tests share: which files are ours, and how a violation is reported.

The scripts of this folder need Python's standard library only. Each offers check functions on (path, text) that
self_test.py also feeds with wrong text, so that every rule is known to bite.
"""

import pathlib
import sys
from typing import Callable, Iterable, Iterator, NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("ir", "compiler", "runtime", "tests", "bench", "examples")
CXX_SUFFIXES = (".h", ".cpp", ".c", ".inc", ".def")
CODE_SUFFIXES = CXX_SUFFIXES + (".py", ".cmake", ".sh")


class Violation(NamedTuple):
    path: str  # relative to the root
    line: int  # from 1
    message: str


def files(folders: Iterable[str], suffixes: tuple[str, ...] = ()) -> Iterator[str]:
    """Paths relative to the root of the files below `folders`, sorted; all of them when no suffix is given."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and (not suffixes or path.name.endswith(suffixes)):
                yield path.relative_to(ROOT).as_posix()


def cxx_files() -> list[str]:
    """All C and C++ files of the project."""
    return list(files(CODE_FOLDERS, CXX_SUFFIXES))


def code_files() -> list[str]:
    """All files that people write as code: C++, CMake, Python, shell."""
    build_files = [path for path in files(CODE_FOLDERS) if path.endswith("/CMakeLists.txt")]
    return list(files((*CODE_FOLDERS, "cmake"), CODE_SUFFIXES)) + build_files + ["CMakeLists.txt", "dev", ".ci/run"]


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def report(name: str, paths: Iterable[str], check: Callable[[str, str], Iterable[Violation]]) -> None:
    """Runs `check` on every path, prints what it finds, and ends the program: status 1 when there is anything."""
    count = 0
    violations = []
    for path in paths:
        count += 1
        violations += check(path, read(path))
    for violation in violations:
        print(f"{violation.path}:{violation.line}: {violation.message}")
    print(f"{name}: {count} files, {len(violations)} violations")
    if count == 0:
        print(f"{name}: no file was looked at")
    sys.exit(1 if violations or count == 0 else 0)
