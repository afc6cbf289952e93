"""Annotations of the kit: `Any` stands only where a value really has no narrower type."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

KIT = Path(__file__).resolve().parents[2] / "src" / "ai_utilities"

UNTYPED = {
    "exceptions.py",  # JSON, and options and results on their way through the kit
    "operations/ask_options.py",  # runs with an object of any type
    "execution.py",  # calls whose answer is of any type
    "usage/data.py",  # fields of a row by name
    "storage/redis.py",  # replies of a server
    "storage/sqlite_files.py",  # columns of a row
    "storage/write_turns.py",  # steps of threads, each with a result of its own
    "limits/window_state.py",  # arguments of steps, each of a type of its own
    "setup/questions.py",  # what a generator is sent
    "batch/ray_workers.py",  # objects of Ray
    "cli/streams.py",  # attributes of the stream that is wrapped
    "config_models.py",  # an argument of pydantic-settings
}
"""The modules that use `Any`, and for what. Others use the names that these give it."""


def uses_of_any(path: Path) -> Iterator[int]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name) and node.id == "Any":
            yield node.lineno


def test_any_is_used_only_where_it_has_a_reason() -> None:
    files = {path.relative_to(KIT).as_posix(): list(uses_of_any(path)) for path in KIT.rglob("*.py")}
    unexpected = {name: lines for name, lines in files.items() if lines and name not in UNTYPED}
    assert unexpected == {}, "write the type, or a name at the end of exceptions.py"


def test_each_reason_is_needed() -> None:
    used = {path.relative_to(KIT).as_posix() for path in KIT.rglob("*.py") if "Any" in path.read_text(encoding="utf-8")}
    assert UNTYPED - used == set()
