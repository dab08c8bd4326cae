"""Runs `lathe verify` over the ONNX project's tests and judges what it reports.

    verify_suite.py LATHE_PROGRAM BACKEND [--like OTHER] [--every N]

Good is: a status for every test folder, no `fail`, no `error`, at least a quarter that passes, and all those that are
named in passing.BACKEND.txt, the tests that passed when it was last written. The rest may be unsupported, and is counted
by what is missing. With --like the back end must pass what OTHER passes; with --every only each Nth test is run.
With LATHE_BLESS=1 the file is written anew. Ends with status 77 (skipped) where the shared data is
not there, with 1 in CI.
"""

import argparse
import collections
import os
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
LEAST_SHARE = 0.25
TOP = 10  # so many missing things are named


def read_baseline(backend: str) -> set[str]:
    path = FOLDER / f"passing.{backend}.txt"
    if not path.exists():
        return set()
    return {line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")}


def write_baseline(backend: str, names: set[str]) -> None:
    lines = ["# Tests that pass; written by verify_suite.py with LATHE_BLESS=1.", *sorted(names)]
    (FOLDER / f"passing.{backend}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("backend")
    parser.add_argument("--like")
    parser.add_argument("--every", type=int, default=1)
    arguments = parser.parse_args()
    program, backend = arguments.program, arguments.backend
    baseline = arguments.like or backend
    folder = pathlib.Path(os.environ.get("LATHE_SHARED") or FOLDER.parents[2] / "shared") / "onnx-conformance"
    if not folder.is_dir():
        print(f"needs shared test data `onnx-conformance`, which is not in {folder.parent}")
        return 1 if os.environ.get("CI") == "true" else SKIPPED

    tests = sorted(path.parent for path in folder.rglob("model.onnx"))[:: arguments.every]
    folders = [str(folder)] if arguments.every == 1 else [str(path) for path in tests]
    command = [program, "verify", *folders, "--format=tsv", f"--backend={backend}"]
    result = subprocess.run(command, capture_output=True, text=True, errors="replace")
    statuses: dict[str, dict[str, str]] = collections.defaultdict(dict)
    for line in result.stdout.splitlines():
        name, status, detail = (line.split("\t", 2) + ["", ""])[:3]
        statuses[status][name] = detail
    reported = {name for rows in statuses.values() for name in rows}
    expected = {path.name for path in tests}
    passing = set(statuses["pass"])

    defects = [f"{name}: {status}: {detail}" for status in ("fail", "error") for name, detail in statuses[status].items()]
    defects += [f"{name}: no status" for name in sorted(expected - reported)]
    defects += [f"unknown status `{status}`" for status in statuses.keys() - {"pass", "unsupported", "fail", "error"}]
    if result.returncode not in (0, 3, 4):
        defects.append(f"exit status {result.returncode}: {result.stderr[-500:]}")
    if len(passing) < LEAST_SHARE * len(expected):
        defects.append(f"{len(passing)} of {len(expected)} pass, fewer than {LEAST_SHARE:.0%}")
    if os.environ.get("LATHE_BLESS") == "1" and arguments.like is None and arguments.every == 1:
        write_baseline(baseline, passing)
    lost = (read_baseline(baseline) - passing) & expected
    defects += [f"{name}: passed before, now: {statuses['unsupported'].get(name, 'it does not')}" for name in sorted(lost)]

    for reason, count in collections.Counter(statuses["unsupported"].values()).most_common(TOP):
        print(f"{count:5} unsupported: {reason}")
    for defect in defects:
        print(defect)
    counts = ", ".join(f"{len(statuses[status])} {status}" for status in ("pass", "fail", "unsupported", "error"))
    print(f"{backend}: {counts} of {len(expected)}; {len(passing - read_baseline(baseline))} more pass than are written down")
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main())
