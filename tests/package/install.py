"""Installs the build into a temporary folder and uses it from there, as somebody else's projects do.

    install.py --cmake CMAKE --build FOLDER --version 0.1.0 --c-compiler CC --cxx-compiler CXX [--without-llvm]

Without LLVM the program makes no machine code, so no model is compiled in a consumer's build.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

# What each component must bring, below the prefix; lib may have a folder of the machine.
WANTED = {
    "runtime": (
        "include/lathe/kernels.h",
        "include/lathe/model.h",
        "include/lathe/runtime.h",
        "include/lathe/session.h",
        "include/lathe/simd.h",
        "include/lathe/simd/vector.h",
        "lib/cmake/Lathe/LatheAddModel.cmake",
        "lib/cmake/Lathe/LatheConfig.cmake",
        "lib/cmake/Lathe/LatheConfigVersion.cmake",
        "lib/cmake/Lathe/LatheRuntimeTargets.cmake",
        "lib/liblathe_runtime.a",
        "lib/pkgconfig/lathe-runtime.pc",
        "share/doc/Lathe/LICENSE",
    ),
    "program": (
        "bin/lathe",
        "lib/cmake/Lathe/LatheProgramTargets.cmake",
        "share/bash-completion/completions/lathe",
        "share/fish/vendor_completions.d/lathe.fish",
        "share/man/man1/lathe.1",
        "share/man/man1/lathe-run.1",
        "share/zsh/site-functions/_lathe",
    ),
    "compiler": (
        "include/lathe-compiler/compiler/compile.h",
        "include/lathe-compiler/ir/graph/graph.h",
        "include/lathe-compiler/runtime/arena.h",
        "lib/cmake/Lathe/LatheCompilerTargets.cmake",
        "lib/lathe/liblathe_compiler.a",
    ),
}

# Nobody outside needs these.
UNWANTED = ("include/lathe-compiler/compiler/tools", "include/lathe-compiler/runtime/kernels", "lib/lathe/liblathe_tools.a")


def run(*command: object, **options: object) -> str:
    """Runs a command and returns what it printed; all of that is shown, and the test ends, when it fails."""
    words = [str(word) for word in command]
    result = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if result.returncode != 0:
        print(" ".join(words), result.stdout, sep="\n")
        sys.exit(f"install.py: status {result.returncode}")
    return result.stdout


def check_files(prefix: pathlib.Path, component: str) -> None:
    for name in WANTED[component]:
        if not (prefix / name).is_file():
            sys.exit(f"component {component} does not install {name}; there is:\n" + "\n".join(map(str, prefix.rglob("*"))))
    for name in UNWANTED:
        if (prefix / name).exists():
            sys.exit(f"component {component} installs {name}")


def no_trace_of(folder: pathlib.Path, prefix: pathlib.Path) -> None:
    """The CMake and pkg-config files may not name the folder that was built in."""
    for path in [*prefix.rglob("*.cmake"), *prefix.rglob("*.pc")]:
        if str(folder) in path.read_text():
            sys.exit(f"{path.relative_to(prefix)} names the build folder {folder}")


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("cmake", "build", "version", "c-compiler", "cxx-compiler"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--without-llvm", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        prefix = folder / "prefix"
        source = folder / "source"
        shutil.copytree(HERE / "consumer", source)
        consumers = 0

        def consume(name: str, *parameters: object) -> pathlib.Path:
            """Configures, builds and runs the consumer of that name; returns its build folder."""
            nonlocal consumers
            consumers += 1
            build = folder / f"consumer{consumers}"
            run(arguments.cmake, "-G", "Ninja", "-S", source, "-B", build, f"-DCONSUMER={name}",
                f"-DWANTED_VERSION={arguments.version}", f"-DCMAKE_PREFIX_PATH={prefix}",
                f"-DCMAKE_C_COMPILER={arguments.c_compiler}", f"-DCMAKE_CXX_COMPILER={arguments.cxx_compiler}",
                "-DCMAKE_BUILD_TYPE=Release")  # fmt: skip
            run(arguments.cmake, "--build", build)
            run(build / "consumer", *parameters)
            print(f"consumer of the {name}: fine")
            return build

        def install(component: str) -> None:
            run(arguments.cmake, "--install", arguments.build, "--prefix", prefix, "--component", component)
            check_files(prefix, component)

        install("runtime")
        consume("runtime")
        if shutil.which("pkg-config"):
            environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}
            flags = run("pkg-config", "--cflags", "--libs", "lathe-runtime", env=environment).split()
            if run("pkg-config", "--modversion", "lathe-runtime", env=environment).strip() != arguments.version:
                sys.exit("pkg-config knows another version")
            run(arguments.c_compiler, HERE / "consumer/runtime.c", *flags, "-o", folder / "by-pkg-config")
            run(folder / "by-pkg-config")
            print("consumer by pkg-config: fine")
        install("program")
        if f"lathe {arguments.version}\n" not in run(prefix / "bin/lathe", "--version"):
            sys.exit("the program has another version")
        if not arguments.without_llvm:
            build = consume("model")
            # A model that changes is compiled again: the program then says that the result is another one.
            text = (source / "double.lathe").read_text()
            (source / "double.lathe").write_text(text.replace("add %x, %x", "mul %x, %x"))
            run(arguments.cmake, "--build", build)
            if subprocess.run([build / "consumer"]).returncode != 2:
                sys.exit("a model that changed was not compiled again")
        install("compiler")
        consume("compiler", HERE / "consumer/double.lathe")
        # The folder can be moved.
        no_trace_of(pathlib.Path(arguments.build), prefix)
        moved = prefix.rename(folder / "moved")
        prefix = moved
        consume("runtime")


if __name__ == "__main__":
    main()
