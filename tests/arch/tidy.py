"""Runs clang-tidy with the list of .clang-tidy over ir/, compiler/ and runtime/, as compiled in a build folder.

    tidy.py CLANG_TIDY BUILD_FOLDER STAMP_FOLDER [path prefix ..]

Most of clang-tidy's time goes into the headers that a file includes, so files with the same flags are looked at in
groups, as one translation unit that includes them all. Files of a group have no name in common; a group that does not
compile nevertheless is halved. A file that was clean is not looked at again until it, a header of ours that it includes,
its flags or the list change: a stamp named for the hash of all these stays in STAMP_FOLDER.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time
from typing import Iterable, NamedTuple

import tree

FOLDERS = ("ir/", "compiler/", "runtime/")
INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
# The longest group: beyond it the rest of a group's time is its own text, and the last group to end is waited for.
GROUP_FILES = 16
# What files of a group may clash with: the names of their unnamed namespaces, be they of functions, types or values.
UNNAMED = re.compile(r"^namespace \{$(.*?)^\}  // namespace$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"^[A-Za-z_](?:[^\n;={}(]|<[^\n]*?>)*?(?<!::)\b([A-Za-z_]\w*)(?: final)?\s*(?=[;={(\[]|:\s)", re.MULTILINE)
DEFINE = re.compile(r"^\s*#\s*define\b", re.MULTILINE)


class Job(NamedTuple):
    """A file to look at."""

    path: pathlib.Path
    flags: tuple[str, ...]
    stamp: pathlib.Path


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


def flags_of(command: str) -> tuple[str, ...]:
    """A compiler's arguments without the compiler, and without the file that it reads and the one that it writes."""
    arguments = shlex.split(command)[1:]
    kept = []
    index = 0
    while index < len(arguments):
        if arguments[index] in ("-o", "-c"):
            index += 2
        else:
            kept.append(arguments[index])
            index += 1
    return tuple(kept)


def unnamed_names(text: str) -> set[str]:
    """Names that a file declares in unnamed namespaces."""
    return {name for section in UNNAMED.findall(text) for name in NAME.findall(section)}


def grouped(files: Iterable[tuple[str, str]], size: int = GROUP_FILES) -> list[list[str]]:
    """Splits (path, text) into groups without a common name. A file with macros is a group of its own."""
    groups: list[tuple[list[str], set[str]]] = []
    open_groups: list[tuple[list[str], set[str]]] = []
    for path, text in files:
        names = unnamed_names(text)
        if DEFINE.search(text):
            groups.append(([path], names))
            continue
        for members, taken in open_groups:
            if len(members) < size and names.isdisjoint(taken):
                members.append(path)
                taken |= names
                break
        else:
            open_groups.append(([path], set(names)))
    return [members for members, _ in groups + open_groups]


def look(program: str, jobs: list[Job]) -> tuple[list[Job], str]:
    """Looks at files as one translation unit. The files that are clean, and what is to be said of the others."""
    with tempfile.NamedTemporaryFile("w", suffix=".cpp", prefix="tidy-") as unit:
        source = str(jobs[0].path)
        options = []
        if len(jobs) > 1:
            unit.write("".join(f'#include "{job.path}"\n' for job in jobs))
            unit.flush()
            source = unit.name
            # Findings in the files that the unit includes count as those in headers do.
            options = [f"--header-filter={tree.ROOT}/(ir|compiler|runtime)/.*", f"--config-file={tree.ROOT}/.clang-tidy"]
        result = subprocess.run(
            [program, "--quiet", *options, source, "--", *jobs[0].flags],
            capture_output=True,
            text=True,
            errors="replace",
            cwd=tree.ROOT,
        )
    if result.returncode == 0:
        return jobs, ""
    if len(jobs) == 1:
        # Standard error only counts suppressed warnings, unless clang-tidy itself came to grief.
        return [], result.stdout or result.stderr
    # A local name may be that of a constant in another file of the group: alone it shadows nothing.
    if any(f"[clang-diagnostic-{kind}]" in result.stdout for kind in ("error", "shadow")) or not result.stdout:
        half = len(jobs) // 2
        clean, output = look(program, jobs[:half])
        more_clean, more_output = look(program, jobs[half:])
        return clean + more_clean, output + more_output
    return [], result.stdout


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
                jobs.append(Job(path, flags_of(entry["command"]), stamps / stamp_name(path, entry["command"], version)))
    fresh = {job.path: job for job in jobs if not job.stamp.exists()}

    groups = []
    for flags in sorted({job.flags for job in fresh.values()}):
        files = [(path, path.read_text(encoding="utf-8")) for path, job in fresh.items() if job.flags == flags]
        groups += [[fresh[path] for path in members] for members in grouped(files)]
    # The long ones first, so that all processors have work to the end.
    groups.sort(key=len, reverse=True)

    def run(group: list[Job]) -> tuple[list[Job], float, list[Job], str]:
        start = time.monotonic()
        clean, output = look(program, group)
        for job in clean:
            job.stamp.touch()
        return group, time.monotonic() - start, clean, output

    failures = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for group, seconds, clean, output in pool.map(run, groups):
            names = " ".join(job.path.relative_to(tree.ROOT).as_posix() for job in group)
            print(f"{len(clean)} of {len(group)} clean ({seconds:.1f} s): {names}", flush=True)
            if output:
                failures += len(group) - len(clean)
                print(output.replace(f"{tree.ROOT}/", ""), flush=True)
    print(
        f"tidy: {len(jobs)} files, {len(jobs) - len(fresh)} unchanged since they were clean, the others in {len(groups)} groups, "
        f"{failures} in groups with defects"
    )
    return 1 if failures or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
