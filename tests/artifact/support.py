"""What the tests of artefacts share: the programs that they call, the networks that they compile, arrays of floats.

Each test file is a program of Python's unittest:

    hosts.py --lathe PROGRAM --runtime liblathe_runtime.a --cmake CMAKE --work FOLDER [-v] [Class.test ..]

Where what a test needs is not installed it is skipped, and fails when CI=true. A file whose tests are all skipped ends
with status 77.
"""

import argparse
import array
import ast
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOSTS = pathlib.Path(__file__).resolve().parent / "hosts"
DIGITS = ROOT / "examples/digits/digits.onnx"
INCLUDE = ROOT / "runtime/include"
SKIPPED = 77
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")
C_FLAGS = ("-std=c11", "-O2", *WARNINGS)
CXX_FLAGS = ("-std=c++20", "-O2", "-fno-exceptions", "-fno-rtti", "-Wshadow", "-Wconversion", *WARNINGS)

IMAGES = 16  # in examples/digits/inputs.npy
TOLERANCE = 1e-5  # of probabilities that PyTorch computed

MLP_10_5_1 = """\
graph @mlp(%x: f32[1, 10]) -> (f32[1, 1]) {{
  %hidden_weight = constant dense<[{hidden}]> : f32[5, 10]
  %hidden_turned = transpose %hidden_weight {{permutation = [1, 0]}} : f32[10, 5]
  %hidden_bias = constant dense<[0.5, -0.25, 0.125, 0.0, 1.0]> : f32[5]
  %products = matmul %x, %hidden_turned : f32[1, 5]
  %sums = add %products, %hidden_bias : f32[1, 5]
  %active = relu %sums : f32[1, 5]
  %weight = constant dense<[1.0, -2.0, 0.5, 4.0, -1.0]> : f32[5, 1]
  %y = matmul %active, %weight : f32[1, 1]
  return %y : f32[1, 1]
}}
"""


class Settings:
    """Where things are; filled by main()."""

    lathe = ""
    runtime = ""
    cross_runtime = ""
    cmake = ""
    work = pathlib.Path()


def in_ci() -> bool:
    return os.environ.get("CI") == "true"


def require(*programs: str) -> None:
    """Skips the test where a program is missing; a failure in CI."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        skip(f"not found: {', '.join(missing)}")


def skip(why: str) -> None:
    if in_ci():
        raise AssertionError(f"must be testable in CI: {why}")
    raise unittest.SkipTest(why)


def c_compilers() -> list[str]:
    return [program for program in ("gcc", "clang-19") if shutil.which(program)] or ["cc"]


def cxx_compilers() -> list[str]:
    return [program for program in ("g++", "clang++-19") if shutil.which(program)] or ["c++"]


def mlp_weights() -> list[list[float]]:
    """Exact in binary: rows of the 5 x 10 matrix of MLP_10_5_1."""
    return [[((row * 7 + column * 3) % 11 - 5) / 8 for column in range(10)] for row in range(5)]


def mlp_text() -> str:
    return MLP_10_5_1.format(hidden=", ".join(str(value) for row in mlp_weights() for value in row))


def mlp_expected(x: list[float]) -> float:
    """What the network computes, exactly: its numbers are small dyadic fractions."""
    bias = [0.5, -0.25, 0.125, 0.0, 1.0]
    hidden = [max(0.0, sum(a * b for a, b in zip(row, x)) + shift) for row, shift in zip(mlp_weights(), bias)]
    return sum(a * b for a, b in zip(hidden, [1.0, -2.0, 0.5, 4.0, -1.0]))


def read_npy(path: pathlib.Path) -> tuple[tuple[int, ...], bytes]:
    """Shape and bytes of an array of float32."""
    content = path.read_bytes()
    assert content[:6] == b"\x93NUMPY" and content[6] == 1, path
    end = 10 + int.from_bytes(content[8:10], "little")
    header = ast.literal_eval(content[10:end].decode())
    assert header["descr"] == "<f4" and not header["fortran_order"], header
    return header["shape"], content[end:]


def floats(data: bytes) -> array.array:
    values = array.array("f")
    values.frombytes(data)
    return values


def digits_images() -> bytes:
    shape, data = read_npy(ROOT / "examples/digits/inputs.npy")
    assert shape == (IMAGES, 1, 8, 8), shape
    return data


def digits_expected() -> array.array:
    return floats(read_npy(ROOT / "examples/digits/expected.npy")[1])


class ArtifactTest(unittest.TestCase):
    """A test with a folder of its own, in which artefacts and hosts are made."""

    longMessage = True
    maxDiff = None

    def setUp(self):
        Settings.work.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix="artifact-", dir=Settings.work)
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def call(self, *command, status: int = 0, stdin: bytes = b"", env: dict = {}, **options):
        """Runs a program and checks how it ends; stdout is bytes, stderr is text."""
        words = [str(word) for word in command]
        result = subprocess.run(words, input=stdin, capture_output=True, env={**os.environ, **env}, **options)
        result.stderr = result.stderr.decode(errors="replace")
        if result.returncode != status:
            self.fail(f"status {result.returncode}, not {status}: {' '.join(words)}\n{result.stdout[:2000]}\n{result.stderr[:4000]}")
        return result

    def text(self, *command, **options) -> str:
        return self.call(*command, **options).stdout.decode()

    def lathe(self, *arguments, **options):
        return self.call(Settings.lathe, *arguments, **options)

    def compile_digits(self, name: str, *arguments, **options) -> pathlib.Path:
        """`lathe compile` of the digits network to folder/name."""
        self.lathe("compile", DIGITS, "-o", self.folder / name, *arguments, **options)
        return self.folder / name

    def compile_mlp(self, name: str, *arguments, **options) -> pathlib.Path:
        source = self.folder / "mlp.lathe"
        source.write_text(mlp_text())
        self.lathe("compile", source, "-o", self.folder / name, *arguments, **options)
        return self.folder / name

    def build(self, compiler: str, host: str, *words, include=None, runtime=None) -> pathlib.Path:
        """Compiles a host of the folder hosts with strict warnings and links it with `words` and the runtime."""
        flags = C_FLAGS if host.endswith(".c") else CXX_FLAGS
        program = self.folder / f"{host}.{compiler}".replace("/", "_")
        self.call(compiler, *flags, f"-I{INCLUDE}", f"-I{include or self.folder}", HOSTS / host, *words,
                  runtime or Settings.runtime, "-lm", "-o", program)  # fmt: skip
        return program

    def assert_digits(self, output: bytes, what: str = "") -> None:
        got = floats(output)
        expected = digits_expected()
        self.assertEqual(len(got), len(expected), what)
        worst = max(abs(a - b) for a, b in zip(got, expected))
        self.assertLessEqual(worst, TOLERANCE, what)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("lathe", "runtime", "cmake", "work"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--cross-runtime", default="")
    arguments, rest = parser.parse_known_args()
    Settings.lathe = str(pathlib.Path(arguments.lathe).resolve())
    Settings.runtime = str(pathlib.Path(arguments.runtime).resolve())
    Settings.cross_runtime = arguments.cross_runtime
    Settings.cmake = arguments.cmake
    Settings.work = pathlib.Path(arguments.work).resolve()
    program = unittest.main(argv=[sys.argv[0], *rest], exit=False)
    result = program.result
    if result.wasSuccessful() and len(result.skipped) == result.testsRun:
        sys.exit(SKIPPED)
    sys.exit(0 if result.wasSuccessful() else 1)
