"""Runs clang-tidy with the list of .clang-tidy over ir/, compiler/ and runtime/, as compiled in a build folder.

    tidy.py CLANG_TIDY BUILD_FOLDER STAMP_FOLDER [path prefix ..]

A file that was clean is not looked at again until it, a header of ours that it includes, its flags or the list change:
a stamp named for the hash of all these stays in STAMP_FOLDER.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import tree

FOLDERS = ("ir/", "compiler/", "runtime/")
INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def headers(path: pathlib.Path, seen: dict[pathlib.Path, bytes]) -> None:
    """Adds to `seen` the file and every file of ours it includes, with their contents."""
    pending = [path]
    while pending:
        current = pending.pop()
        if current in seen:
            continue
        seen[current] = current.read_bytes()
        for name in INCLUDE.findall(seen[current]):
            for root in (tree.ROOT, tree.ROOT / "runtime/include", current.parent):
                candidate = root / name.decode()
                if candidate.is_file():
                    pending.append(candidate)
                    break


def stamp_name(path: pathlib.Path, command: str, version: bytes) -> str:
    contents: dict[pathlib.Path, bytes] = {}
    headers(path, contents)
    digest = hashlib.sha256(version + (tree.ROOT / ".clang-tidy").read_bytes() + command.encode())
    for part in sorted(contents):
        digest.update(part.relative_to(tree.ROOT).as_posix().encode() + b"\0" + contents[part] + b"\0")
    return digest.hexdigest()[:40]


def main() -> int:
    program, build, stamps = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    prefixes = tuple(sys.argv[4:]) or FOLDERS
    stamps.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([program, "--version"], capture_output=True, check=True).stdout
    jobs = []
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if path.is_relative_to(tree.ROOT) and path.suffix == ".cpp":
            if path.relative_to(tree.ROOT).as_posix().startswith(prefixes):
                jobs.append((path, stamps / stamp_name(path, entry["command"], version)))
    fresh = [job for job in jobs if not job[1].exists()]

    def run(job: tuple[pathlib.Path, pathlib.Path]) -> tuple[pathlib.Path, float, str]:
        path, stamp = job
        start = time.monotonic()
        result = subprocess.run(
            [program, "--quiet", "-p", str(build), str(path)], capture_output=True, text=True, errors="replace", cwd=tree.ROOT
        )
        if result.returncode == 0:
            stamp.touch()
        # Standard error only counts suppressed warnings, unless clang-tidy itself came to grief.
        output = "" if result.returncode == 0 else result.stdout or result.stderr
        return path, time.monotonic() - start, output

    failures = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for path, seconds, output in pool.map(run, fresh):
            print(f"{path.relative_to(tree.ROOT).as_posix()}: {'defects' if output else 'clean'} ({seconds:.1f} s)", flush=True)
            if output:
                failures += 1
                print(output.replace(f"{tree.ROOT}/", ""), flush=True)
    print(f"tidy: {len(jobs)} files, {len(jobs) - len(fresh)} unchanged since they were clean, {failures} with defects")
    return 1 if failures or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
