"""Checks that the generated documents are what the program prints now; LATHE_BLESS=1 writes them.

    docs_fresh.py LATHE_PROGRAM

generated_docs.txt has a line for each: the document, a colon, the arguments of `lathe` whose standard output it holds. In a
document with the lines `<!-- lathe: ARGUMENTS -->` and `<!-- end -->` the text between them is generated too: a code block of
the command and what it prints. `<!-- lathe writes FILE: ARGUMENTS -o OUT -->` shows a file that the command leaves beside OUT.
What needs LLVM stays as it is where the program was built without.
"""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import tree

TABLE = pathlib.Path(__file__).with_name("generated_docs.txt")
EMBEDDED = re.compile(r"(<!-- lathe: ([^\n]+?) -->\n).*?(<!-- end -->)", re.DOTALL)
WRITTEN = re.compile(r"(<!-- lathe writes (\S+): ([^\n]+?) -o (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


class NeedsLlvm(Exception):
    """The command makes or runs machine code, and the program was built without LLVM."""


def whole_documents(table: str) -> list[tuple[str, str]]:
    """Rows (document, arguments) of generated_docs.txt."""
    rows = []
    for line in table.splitlines():
        if line.strip() and not line.startswith("#"):
            path, _, arguments = line.partition(":")
            rows.append((path.strip(), arguments.strip()))
    return rows


def expand(text: str, run) -> str:
    """The document with every embedded command's block as `run(arguments)` gives it, and every file as it writes it."""

    def file(match: re.Match) -> str:
        with tempfile.TemporaryDirectory() as folder:
            run(f"{match[3]} -o {folder}/{match[4]}")
            content = pathlib.Path(folder, match[2]).read_text()
        language = {".h": "c", ".hpp": "cpp", ".cpp": "cpp"}.get(pathlib.Path(match[2]).suffix, "text")
        return f"{match[1]}```{language}\n{content.rstrip()}\n```\n{match[5]}"

    def block(match: re.Match) -> str:
        return f"{match[1]}```text\n$ lathe {match[2]}\n{run(match[2]).rstrip()}\n```\n{match[3]}"

    def where_possible(replacement):
        def replaced(match: re.Match) -> str:
            try:
                return replacement(match)
            except NeedsLlvm:
                return match[0]

        return replaced

    return EMBEDDED.sub(where_possible(block), WRITTEN.sub(where_possible(file), text))


def main() -> int:
    program = str(pathlib.Path(sys.argv[1]).resolve())

    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout

    def run(arguments: str) -> str:
        # The interpreter's last digits are others than those of machine code.
        if "LLVM" not in version and arguments.startswith("run ") and "--backend" not in arguments:
            raise NeedsLlvm
        # A diagnostic is shown in documents as well, so a status of 1 is fine; nothing else is.
        result = subprocess.run([program, *shlex.split(arguments)], capture_output=True, text=True, cwd=tree.ROOT)
        if result.returncode == 3 and "without LLVM" in result.stderr:
            raise NeedsLlvm
        if result.returncode not in (0, 1):
            sys.exit(f"lathe {arguments}: exit status {result.returncode}\n{result.stderr}")
        return result.stdout + (result.stderr if result.returncode == 1 and not result.stdout else "")

    documents = {path: run(arguments) for path, arguments in whole_documents(TABLE.read_text())}
    places = [*tree.files(("docs", "examples"), (".md",)), *(["README.md"] if (tree.ROOT / "README.md").exists() else [])]
    for path in places:
        text = tree.read(path)
        if path not in documents and (EMBEDDED.search(text) or WRITTEN.search(text)):
            documents[path] = expand(text, run)

    stale = [path for path, text in documents.items() if not (tree.ROOT / path).exists() or tree.read(path) != text]
    for path in stale:
        if os.environ.get("LATHE_BLESS") == "1":
            (tree.ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (tree.ROOT / path).write_text(documents[path])
            print(f"{path}: written")
        else:
            print(f"{path}: not what the program prints now; LATHE_BLESS=1 ctest --test-dir build -R arch.docs_fresh writes it")
    print(f"docs fresh: {len(documents)} generated documents, {len(stale)} stale")
    return 0 if os.environ.get("LATHE_BLESS") == "1" or not stale else 1


if __name__ == "__main__":
    sys.exit(main())
