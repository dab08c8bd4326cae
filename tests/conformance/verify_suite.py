"""Runs `lathe verify` over the ONNX project's tests and judges what it reports.

    verify_suite.py LATHE_PROGRAM BACKEND MINIMUM

Good is: a status for every test folder, no `fail`, no `error`, at least MINIMUM that pass. The rest may be unsupported,
and is counted by what is missing. Ends with status 77 (skipped) where the shared data is not there, with 1 in CI.
"""

import collections
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77
TOP = 10  # so many missing things are named


def main() -> int:
    program, backend, minimum = sys.argv[1], sys.argv[2], int(sys.argv[3])
    folder = pathlib.Path(os.environ.get("LATHE_SHARED") or ROOT.parent / "shared") / "onnx-conformance"
    if not folder.is_dir():
        print(f"needs shared test data `onnx-conformance`, which is not in {folder.parent}")
        return 1 if os.environ.get("CI") == "true" else SKIPPED

    result = subprocess.run(
        [program, "verify", str(folder), "--format=tsv", f"--backend={backend}"], capture_output=True, text=True, errors="replace"
    )
    statuses: dict[str, list[tuple[str, str]]] = collections.defaultdict(list)
    for line in result.stdout.splitlines():
        name, status, detail = (line.split("\t", 2) + ["", ""])[:3]
        statuses[status].append((name, detail))
    reported = {name for rows in statuses.values() for name, _ in rows}
    expected = {path.parent.name for path in folder.rglob("model.onnx")}

    defects = [f"{name}: {status}: {detail}" for status in ("fail", "error") for name, detail in statuses[status]]
    defects += [f"{name}: no status" for name in sorted(expected - reported)]
    defects += [f"unknown status `{status}`" for status in statuses.keys() - {"pass", "unsupported", "fail", "error"}]
    if result.returncode not in (0, 3, 4):
        defects.append(f"exit status {result.returncode}: {result.stderr[-500:]}")
    if len(statuses["pass"]) < minimum:
        defects.append(f"{len(statuses['pass'])} pass, at least {minimum} have to")
    for reason, count in collections.Counter(detail for _, detail in statuses["unsupported"]).most_common(TOP):
        print(f"{count:5} unsupported: {reason}")
    for defect in defects:
        print(defect)
    counts = ", ".join(f"{len(statuses[status])} {status}" for status in ("pass", "fail", "unsupported", "error"))
    print(f"{backend}: {counts} of {len(expected)}")
    return 1 if defects else 0


if __name__ == "__main__":
    sys.exit(main())
