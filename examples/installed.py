"""Installs the build into a temporary folder and builds and runs the examples with nothing but that.

    installed.py --cmake CMAKE --build FOLDER --work FOLDER

Copies of the examples are built, with the installed program, package and pkg-config file in their environment. numpy comes
from an environment below --work, which is made once; without a network the Python example is left out, unless CI=true.
"""

import argparse
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

EXAMPLES = pathlib.Path(__file__).resolve().parent
DIGITS = EXAMPLES / "digits"


class Failure(Exception):
    pass


def run(*command, stdin: bytes = b"", **options) -> str:
    words = [str(word) for word in command]
    result = subprocess.run(words, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    output = result.stdout.decode(errors="replace")
    if result.returncode != 0:
        raise Failure(f"status {result.returncode}: {' '.join(words)}\n{output}")
    return output


def expect(output: str, wanted: str) -> None:
    if wanted not in output:
        raise Failure(f"`{wanted}` is not in what was printed:\n{output}")


def images() -> bytes:
    """The pixels of inputs.npy."""
    content = (DIGITS / "inputs.npy").read_bytes()
    return content[10 + struct.unpack("<H", content[8:10])[0] :]


def labels() -> list[int]:
    content = (DIGITS / "expected.npy").read_bytes()
    values = struct.unpack("<160f", content[10 + struct.unpack("<H", content[8:10])[0] :])
    return [max(range(10), key=lambda j, i=i: values[i * 10 + j]) for i in range(16)]


class Examples:
    def __init__(self, cmake: str, prefix: pathlib.Path, folder: pathlib.Path, work: pathlib.Path):
        self.cmake = cmake
        self.prefix = prefix
        self.folder = folder
        self.work = work
        libraries = next(prefix.rglob("lathe-runtime.pc")).parent
        self.environment = {**os.environ, "PATH": f"{prefix}/bin:{os.environ['PATH']}", "PKG_CONFIG_PATH": str(libraries)}

    def run(self, *command, **options) -> str:
        return run(*command, env=self.environment, **options)

    def make(self, folder: pathlib.Path, *words: str) -> None:
        """With warnings as errors: in the environment, so that the Makefile adds to it."""
        flags = "-O2 -Wall -Wextra -Werror"
        run("make", *words, cwd=folder, env={**self.environment, "CFLAGS": f"-std=c11 -Wpedantic {flags}", "CXXFLAGS": flags})

    def build(self, name: str) -> pathlib.Path:
        """Configures and builds a CMake project."""
        build = self.folder / name / "build"
        self.run(self.cmake, "-G", "Ninja", "-S", self.folder / name, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}",
                 "-DCMAKE_BUILD_TYPE=Release")  # fmt: skip
        self.run(self.cmake, "--build", build)
        return build

    def c_object(self) -> None:
        folder = self.folder / "c_object"
        self.make(folder)
        expect(self.run(folder / "classify", stdin=(folder / "seven.txt").read_bytes()), "7 (")

    def cpp_source(self) -> None:
        folder = self.folder / "cpp_source"
        for compiler in ("g++", "clang++-19"):
            for simd in ("vector-extension", "highway"):
                if shutil.which(compiler) is None:
                    continue
                self.make(folder, "clean")
                self.make(folder, f"CXX={compiler}", f"SIMD={simd}")
                expect(self.run(folder / "classify", stdin=(self.folder / "c_object/seven.txt").read_bytes()), "7 (")

    def cmake_consumer(self) -> None:
        build = self.build("cmake_consumer")
        (build / "images.f32").write_bytes(images())
        found = [int(line) for line in self.run(build / "classify", build / "images.f32").split()]
        if found != labels():
            raise Failure(f"other digits: {found}")

    def server(self) -> None:
        expect(self.run(self.build("server") / "server", "50"), "2 clients, 100 requests served")

    def host_onnx(self) -> None:
        expect(self.run(self.build("host_onnx") / "host_onnx", DIGITS / "digits.onnx"), "4 threads ran it 400 times")

    def python_ctypes(self) -> None:
        python = numpy_environment(self.work / "numpy")
        if python is None:
            print("python_ctypes: left out, there is no numpy and none can be installed")
            return
        folder = self.folder / "python_ctypes"
        for words in ((), ("--weights=file",), ("--dim", "N=16")):
            self.run("lathe", "compile", DIGITS / "digits.onnx", "-o", "libdigits.so", *words, cwd=folder)
            output = self.run(python, "-B", "main.py", "./libdigits.so", DIGITS / "inputs.npy", DIGITS / "expected.npy", cwd=folder)
            expect(output, "digits: " + " ".join(map(str, labels())))


def numpy_environment(folder: pathlib.Path):
    """A Python with numpy; nothing when there can be none."""
    python = folder / "bin/python"
    has_numpy = [python, "-c", "import numpy"]
    if python.exists() and subprocess.run(has_numpy, capture_output=True).returncode == 0:
        return python
    try:
        run(sys.executable, "-m", "venv", folder)
        run(folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "numpy")
    except Failure as failure:
        if os.environ.get("CI") == "true":
            raise
        print(failure)
        return None
    return python


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("cmake", "build", "work"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("only", nargs="*", help="examples")
    arguments = parser.parse_args()
    work = pathlib.Path(arguments.work).resolve()
    work.mkdir(parents=True, exist_ok=True)
    failures = 0
    with tempfile.TemporaryDirectory(dir=work) as temporary:
        folder = pathlib.Path(temporary)
        prefix = folder / "prefix"
        for component in ("runtime", "program", "compiler"):
            run(arguments.cmake, "--install", arguments.build, "--prefix", prefix, "--component", component)
        names = arguments.only or ["c_object", "cpp_source", "cmake_consumer", "server", "python_ctypes", "host_onnx"]
        for name in (*names, "digits", "c_object"):
            shutil.copytree(EXAMPLES / name, folder / name, dirs_exist_ok=True)
        examples = Examples(arguments.cmake, prefix, folder, work)
        for name in names:
            try:
                getattr(examples, name)()
                print(f"{name}: fine", flush=True)
            except Failure as failure:
                failures += 1
                print(f"{name}: {failure}", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
