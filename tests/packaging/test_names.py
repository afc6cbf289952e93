"""Names in the packages and in the tests are plain, and a class name stands once."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src"

WORDS = frozenset(
    {
        "told", "said", "asked", "heard", "kept", "found", "spelled", "surely", "plainly", "beside", "thrifty",
        "overheard", "wished", "colour", "reins", "bell", "bells", "crowd", "bench", "relief", "discretion",
        "patience", "journey",
    }
)  # fmt: skip
"""Not used in identifiers: they say nothing to a reader who searches for timeouts, redaction or retries."""

CLASS = re.compile(r"^ *class (\w+)[(:\[]", re.MULTILINE)
STANDARD = frozenset({"NotFoundError", "FileNotFoundError", "PackageNotFoundError", "ReferenceNotFound"})


def names_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name


def is_literary(name: str) -> bool:
    return any(part.lower() in WORDS for part in re.split(r"_|(?<=[a-z])(?=[A-Z])", name))


@pytest.mark.parametrize("folder", ["src", "tests"])
def test_identifiers_are_plain_words(folder: str) -> None:
    violations = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / folder).rglob("*.py")
        for name in {path.stem, *names_in(ast.parse(path.read_text(encoding="utf-8")))}
        if is_literary(name) and name not in STANDARD
    }
    assert not violations


def test_a_class_name_stands_once() -> None:
    places = defaultdict(list)
    for path in SOURCES.rglob("*.py"):
        for name in CLASS.findall(path.read_text(encoding="utf-8")):
            places[name].append(str(path.relative_to(SOURCES)))
    assert not {name: where for name, where in places.items() if len(where) > 1}
