"""Checks what can be seen in one file at a time: length, opening comment, words that do not belong in the tree."""

import re
from typing import Iterator

import tree
from tree import Violation

MAX_LINES = 600

# The folders whose sources are the product.
PRODUCT = r"(ir|compiler|runtime)/"

# (where, what, why). Applied to lines of code with string literals and comments still in them.
FORBIDDEN = (
    (r"", r"\b(TODO|FIXME|XXX|HACK)\b", "unfinished work belongs in an issue, not in the tree"),
    (r"", r"(?<![\w.])/(work|home|root|Users)/", "a path of somebody's machine"),
    (PRODUCT + r".*\.(h|cpp)$", r"\bthrow\s+[A-Za-z_:]", "no exceptions in our code: return a Result"),
    (PRODUCT + r".*\.h$", r"^\s*using namespace\b", "no using-directive in a header"),
    (r"ir/.*\.(h|cpp)$", r"\b(std::shared_ptr<(?!const )|dynamic_cast|virtual)\b", "the IR is made of values: no virtual hierarchies, no shared graphs"),
    (r"(?!runtime/).*\.h$", r"^#\s*ifndef\s+\w+_H_?\s*$", "headers use #pragma once"),
)

COMMENT_STARTS = ("//", "/*", "#", '"""')

# These files speak about the forbidden words themselves.
EXEMPT = ("tests/arch/house_rules.py", "tests/arch/self_test.py")


def check_length(path: str, text: str) -> Iterator[Violation]:
    lines = text.count("\n")
    if lines > MAX_LINES:
        yield Violation(path, lines, f"{lines} lines, at most {MAX_LINES}: split by family")


# Inputs of tests, whose lines are counted or compared.
TEST_INPUTS = re.compile(r"tests/unit/torch/\w+/(cases|programs)/")


def check_opening(path: str, text: str) -> Iterator[Violation]:
    if TEST_INPUTS.match(path):
        return
    first = text.removeprefix("#!/usr/bin/env bash\n").removeprefix("#!/usr/bin/env python3\n").lstrip()
    if first.startswith(("#pragma", "#include")) or not first.startswith(COMMENT_STARTS):
        yield Violation(path, 1, "a file opens with a comment that says what it is for")


def check_words(path: str, text: str) -> Iterator[Violation]:
    if path in EXEMPT:
        return
    rules = [(re.compile(what), why) for where, what, why in FORBIDDEN if re.match(where, path)]
    for number, line in enumerate(text.splitlines(), 1):
        for what, why in rules:
            match = what.search(line)
            if match:
                yield Violation(path, number, f"`{match[0].strip()}`: {why}")


def check(path: str, text: str) -> Iterator[Violation]:
    yield from check_words(path, text)
    if path.startswith("docs/") or path.endswith(".md"):
        return
    yield from check_length(path, text)
    yield from check_opening(path, text)


if __name__ == "__main__":
    documents = list(tree.files(("docs",), (".md",))) + ["README.md"]
    tree.report("house rules", tree.code_files() + [path for path in documents if (tree.ROOT / path).exists()], check)
