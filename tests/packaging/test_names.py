"""Names in the packages are plain, and a class name stands once."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src"

WORDS = frozenset(
    {
        "told", "said", "asked", "heard", "kept", "found", "spelled", "surely", "plainly", "beside", "thrifty",
        "overheard", "wished", "colour", "reins", "bell", "bells", "crowd", "bench", "relief", "discretion",
        "patience", "journey",
    }
)  # fmt: skip
"""Not used in identifiers: they say nothing to a reader who searches for timeouts, redaction or retries."""

STANDARD = frozenset({"NotFoundError", "FileNotFoundError", "PackageNotFoundError", "ReferenceNotFound"})


def names_in(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
            yield name


def literary(name: str) -> bool:
    return any(part.lower() in WORDS for part in re.split(r"_|(?<=[a-z])(?=[A-Z])", name))


def test_identifiers_are_plain_words() -> None:
    found = {
        f"{path.relative_to(SOURCES)}: {name}"
        for path in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in names_in(node)
        if literary(name) and name not in STANDARD
    }
    assert not found


def test_a_class_name_stands_once() -> None:
    places = defaultdict(list)
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(SOURCES)))
    assert not {name: where for name, where in places.items() if len(where) > 1}
