"""Feeds what `lathe help` writes for manuals and shells to the programs that read it.

    help.py LATHE

A program that is not installed is left out, unless CI=true.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

LATHE = sys.argv[1]
failures = []


def output(*arguments: str) -> str:
    return subprocess.run([LATHE, *arguments], check=True, capture_output=True, text=True).stdout


def has(program: str) -> bool:
    if shutil.which(program):
        return True
    print(f"{program} is not installed")
    if os.environ.get("CI") == "true":
        failures.append(f"{program} is not installed")
    return False


def accepts(what: str, *command: str, text: str = "") -> None:
    """A command that must succeed and say nothing."""
    result = subprocess.run(command, input=text, capture_output=True, text=True)
    if result.returncode != 0 or result.stderr:
        failures.append(f"{what}: {' '.join(command)}\n{result.stdout}{result.stderr}")


def lint(what: str, page: str) -> None:
    """mandoc's warnings. That there is no date is meant: a page is the same whenever it is built."""
    result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning"], input=page, capture_output=True, text=True)
    warnings = [line for line in result.stdout.splitlines() if "missing date" not in line]
    if warnings:
        failures.append(f"{what}: mandoc: {warnings}")


def expect_equal(what: str, actual: object, expected: object) -> None:
    if actual != expected:
        failures.append(f"{what}: {actual}, expected {expected}")


def check_manuals(names: list[str]) -> None:
    for name in [None, *names]:
        page = output("help", "--format=man", *([name] if name else []))
        what = f"the manual page of {name or 'lathe'}"
        if has("mandoc"):
            lint(what, page)
        if has("groff"):
            accepts(what, "groff", "-man", "-ww", "-z", "-Tutf8", text=page)


def bash_words(script: str, *words: str) -> list[str]:
    """What bash offers for a command line of these words, the last of which is being typed."""
    line = " ".join(f"'{word}'" for word in words)
    program = f'{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _lathe; printf "%s\\n" "${{COMPREPLY[@]}}"'
    result = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True)
    return result.stdout.split()


def check_bash(names: list[str]) -> None:
    script = output("help", "--format=bash")
    accepts("bash", "bash", "-n", text=script)
    expect_equal("commands that begin with ver", bash_words(script, "lathe", "ver"), ["verify"])
    expect_equal("all commands", bash_words(script, "lathe", "")[: len(names)], names)
    expect_equal("an option of run", bash_words(script, "lathe", "run", "--back"), ["--backend"])
    expect_equal("values after a space", bash_words(script, "lathe", "run", "--backend", "inter"), ["interp"])
    expect_equal("values after =", bash_words(script, "lathe", "run", "--backend", "=", "inter"), ["interp"])
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "net.onnx").touch()
        expect_equal("files", bash_words(script, "lathe", "run", f"{folder}/n"), [f"{folder}/net.onnx"])


def check_zsh() -> None:
    accepts("zsh", "zsh", "-n", text=output("help", "--format=zsh"))


def check_fish() -> None:
    script = output("help", "--format=fish")
    accepts("fish", "fish", "--no-execute", text=script)

    def offers(line: str) -> list[str]:
        program = f"{script}\ncomplete -C '{line}'"
        result = subprocess.run(["fish", "--no-config", "-c", program], capture_output=True, text=True, check=True)
        return [offer.split("\t")[0] for offer in result.stdout.splitlines()]

    expect_equal("commands that begin with ver", offers("lathe ver"), ["verify"])
    expect_equal("values", offers("lathe run --backend inter"), ["interp"])
    expect_equal("options", offers("lathe run --backen"), ["--backend"])


def main() -> None:
    names = output("help", "--format=names").split()
    check_manuals(names)
    check_bash(names)
    if has("zsh"):
        check_zsh()
    if has("fish"):
        check_fish()
    for failure in failures:
        print(failure)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
