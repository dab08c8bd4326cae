"""Builds the runtime alone, installs it, looks at what is installed, links a C program with it, and runs its checks.

    alone.py --build FOLDER --cmake CMAKE --host-check PROGRAM [--machine aarch64-linux-gnu]

With --machine the runtime is built by cmake/MACHINE.cmake for another machine and its programs run under qemu; the bits
of every kernel must be those that the host's program prints. Ends with 77 (skipped) where the cross tools are missing,
unless CI=true.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77


def run(*command: object, **options: object) -> subprocess.CompletedProcess:
    """Runs a command; what it printed is shown, and the test ends, when it fails."""
    words = [str(word) for word in command]
    result = subprocess.run(words, capture_output=True, text=True, **options)
    if result.returncode != 0:
        print(" ".join(words), result.stdout, result.stderr, sep="\n")
        sys.exit(f"alone.py: status {result.returncode}")
    return result


def require_tools(names: list[str]) -> None:
    missing = [name for name in names if shutil.which(name) is None]
    if not missing:
        return
    print(f"needed for this test and not found: {', '.join(missing)}")
    sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)


def bits(text: str) -> list[str]:
    """The lines of check.cpp that name a case and its bits."""
    return [line for line in text.splitlines() if ": " in line]


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("build", "cmake", "host-check"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--machine", default="")
    arguments = parser.parse_args()
    prefix = f"{arguments.machine}-" if arguments.machine else ""
    compiler = f"{prefix}gcc" if prefix else "cc"
    emulator = []
    flags = []
    if arguments.machine:
        qemu = f"qemu-{arguments.machine.split('-')[0]}"
        require_tools([compiler, f"{prefix}g++", qemu])
        emulator = [qemu, "-L", f"/usr/{arguments.machine}"]
        flags = [f"-DCMAKE_TOOLCHAIN_FILE={ROOT}/cmake/{arguments.machine}.cmake"]
    require_tools([compiler, "ninja"])

    environment = {**os.environ, "CCACHE_NOHASHDIR": "true", "CCACHE_BASEDIR": str(ROOT)}
    run(arguments.cmake, "-S", ROOT, "-B", arguments.build, "-G", "Ninja", "-DLATHE_RUNTIME_ONLY=ON", "-DLATHE_TESTS=ON",
        "-DLATHE_WERROR=ON", *flags, env=environment)  # fmt: skip
    run(arguments.cmake, "--build", arguments.build, env=environment)
    archive = pathlib.Path(arguments.build) / "runtime/liblathe_runtime.a"
    run(sys.executable, "-B", ROOT / "tests/arch/runtime_symbols.py", archive, f"{prefix}nm", f"{prefix}readelf", compiler)

    check = pathlib.Path(arguments.build) / "bin/lathe_runtime_check"
    ours = run(*emulator, check).stdout
    theirs = run(arguments.host_check).stdout
    # SSE4 rounds product and sum separately.
    if "target SSE4" not in theirs and bits(ours) != bits(theirs):
        sys.exit(f"the bits differ.\nhere:\n{ours}\non the host:\n{theirs}")
    print(ours)

    with tempfile.TemporaryDirectory() as folder:
        installed = pathlib.Path(folder) / "prefix"
        run(arguments.cmake, "--install", arguments.build, "--prefix", installed)
        files = sorted(path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file())
        print("\n".join(files))
        for wanted in ("include/lathe/kernels.h", "include/lathe/model.h", "include/lathe/runtime.h", "include/lathe/session.h", "include/lathe/simd.h"):
            if wanted not in files:
                sys.exit(f"not installed: {wanted}")
        library = next(installed.rglob("liblathe_runtime.a"))
        host = pathlib.Path(folder) / "host"
        run(compiler, "-std=c11", "-Wall", "-Werror", f"-I{installed}/include", ROOT / "tests/unit/runtime/c_host.c", library, "-pthread", "-o", host)
        run(*emulator, host)


if __name__ == "__main__":
    main()
