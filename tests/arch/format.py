"""Checks that clang-format would change nothing; `./dev format` mends it.

    format.py CLANG_FORMAT [--fix]
"""

import os
import subprocess
import sys

import tree

BATCH = 40


def main() -> int:
    program, fix = sys.argv[1], "--fix" in sys.argv[2:]
    paths = tree.cxx_files()
    paths = [path for path in paths if not path.endswith(".def")]
    mode = ["-i"] if fix else ["--dry-run", "-Werror"]
    failed = False
    running: list[subprocess.Popen] = []
    for start in range(0, len(paths), BATCH):
        if len(running) == (os.cpu_count() or 1):
            failed |= running.pop(0).wait() != 0
        running.append(subprocess.Popen([program, "--style=file", *mode, *paths[start : start + BATCH]], cwd=tree.ROOT))
    for process in running:
        failed |= process.wait() != 0
    print(f"format: {len(paths)} files {'formatted' if fix else 'checked'}")
    if failed and not fix:
        print("format: run ./dev format")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
