"""Checks what the runtime's archive promises to the programs that it ends in, by looking at its objects.

Every external symbol begins with `lathe_`, nothing runs before `main` or at the end, and nothing is asked of anybody but
libc and libm.

    runtime_symbols.py ARCHIVE NM READELF C_COMPILER
"""

import re
import subprocess
import sys
from typing import Iterator

PREFIX = "lathe_"

# Code that runs without being called, and data that every thread gets.
FORBIDDEN_SECTIONS = re.compile(r"\.(init_array|fini_array|preinit_array|ctors|dtors|init|fini|tdata|tbss)\b")


def symbols(nm_text: str) -> Iterator[tuple[str, str, str]]:
    """(object, name, kind) of every line of `nm -g -P`; the kind is nm's letter."""
    member = ""
    for line in nm_text.splitlines():
        fields = line.split()
        if len(fields) == 1 and line.endswith(":"):
            member = line.rstrip(":")
        elif len(fields) >= 2 and len(fields[1]) == 1:
            yield member, fields[0], fields[1]


def check_symbols(nm_text: str, libraries: set[str]) -> Iterator[str]:
    """`libraries` are the names that libc and libm define."""
    defined = {name for _, name, kind in symbols(nm_text) if kind not in "Uwv"}
    for member, name, kind in symbols(nm_text):
        if kind in "Uwv":
            # The linker makes this one.
            if name not in defined and name not in libraries and name != "_GLOBAL_OFFSET_TABLE_":
                yield f"{member}: needs `{name}`, which neither libc nor libm has"
        elif not name.startswith(PREFIX):
            yield f"{member}: the external symbol `{name}` does not begin with `{PREFIX}`"


def check_sections(readelf_text: str) -> Iterator[str]:
    for line in readelf_text.splitlines():
        match = FORBIDDEN_SECTIONS.search(line)
        if match:
            yield f"section `{match[0]}`: {line.strip()}"


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def library_symbols(nm: str, compiler: str) -> set[str]:
    names = set()
    for library in ("libc.so.6", "libm.so.6"):
        path = output(compiler, f"-print-file-name={library}").strip()
        # `memcpy@@GLIBC_2.14`
        names |= {name.split("@")[0] for _, name, _ in symbols(output(nm, "-D", "-P", "--defined-only", path))}
    return names


def main() -> None:
    archive, nm, readelf, compiler = sys.argv[1:]
    nm_text = output(nm, "-g", "-P", archive)
    violations = [*check_symbols(nm_text, library_symbols(nm, compiler)), *check_sections(output(readelf, "-SW", archive))]
    for violation in violations:
        print(violation)
    count = sum(1 for _ in symbols(nm_text))
    print(f"runtime symbols: {count} symbols, {len(violations)} violations")
    sys.exit(1 if violations or count == 0 else 0)


if __name__ == "__main__":
    main()
