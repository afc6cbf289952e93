"""Tests pass on a slow and busy machine: they wait for events, and no time that they measure has to be short."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import waiting
from support.waiting import try_longer_limits

TESTS = Path(__file__).parents[1]
SHORTEST = 30.0
"""Seconds that a machine which is five times slower and busy may need for anything."""

MEASURED = re.compile(r"(monotonic|perf_counter|time)\(\) - |\b(taken|elapsed)\b|\.at - |\bat\[\d+\] - ")
"""A time that a test has measured."""

ENDING = {"move_on_after", "fail_after", "wait_for", "timeout"}
"""What ends the work of a test by its own clock."""

ENDS_ON_PURPOSE = {
    "client/test_client.py": {"left"},  # the stream stalls
    "conformance/rows_cancelling.py": {"own_limit", "asyncio_limit"},  # the limit itself is looked at
    "embedded/test_transport.py": {"on_asyncio", "on_trio"},  # three thousand tokens take longer
}
"""Functions whose work never ends by itself, and may be ended before it has got anywhere."""


def short_limits(text: str, allowed: set[str] | None = None) -> list[str]:
    """The assertions that something was quick, and the limits that end something soon."""
    return [
        ast.unparse(node)
        for name, node in nodes_in_functions(ast.parse(text))
        if name not in (allowed or set()) and (expects_speed(node) or ends_soon(node))
    ]


def nodes_in_functions(tree: ast.AST, function: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Every node with the name of the function that it is in."""
    for node in ast.iter_child_nodes(tree):
        inner = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else function
        yield inner, node
        yield from nodes_in_functions(node, inner)


def expects_speed(node: ast.AST) -> bool:
    """Whether a measured time has to be below a number of seconds."""
    if not isinstance(node, ast.Compare) or not isinstance(node.ops[-1], ast.Lt | ast.LtE):
        return False
    limit = number(node.comparators[-1])
    return limit is not None and limit < SHORTEST and MEASURED.search(ast.unparse(node.left)) is not None


def ends_soon(node: ast.AST) -> bool:
    """Whether this is a call that ends work after so few seconds."""
    if not isinstance(node, ast.Call) or not node.args:
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    limit = number(node.args[-1])
    return called in ENDING and limit is not None and limit < SHORTEST


def number(node: ast.AST) -> float | None:
    return float(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, int | float) else None


def test_no_test_asserts_that_something_was_quick_or_ends_it_soon() -> None:
    actual = {}
    for path in sorted(TESTS.rglob("*.py")):
        name = path.relative_to(TESTS).as_posix()
        if not name.startswith(("fuzz/", "soak/")) and path != Path(__file__):
            actual[name] = short_limits(path.read_text(encoding="utf-8"), ENDS_ON_PURPOSE.get(name))
    assert {name: limits for name, limits in actual.items() if limits} == {}


@pytest.mark.parametrize(
    "line",
    [
        "time.monotonic() - began < 0.9",
        "taken < 2",
        "at[2] - at[0] < 0.5",
        "fail_after(20)",
        "asyncio.wait_for(work(), 0.2)",
    ],
)
def test_such_a_limit_is_detected(line: str) -> None:
    assert short_limits(f"def test():\n    assert {line}") == [line]
    assert short_limits(f"def test():\n    assert {line}", {"test"}) == []


SUPPRESSED = re.compile(r"suppress_health_check=(\[[^\]]*\]|list\(HealthCheck\))")
"""Health checks of hypothesis that a test leaves out instead of those of the profile."""


def test_no_test_fails_because_its_examples_are_made_slowly() -> None:
    actual = {
        path.name: [one for one in SUPPRESSED.findall(text) if "too_slow" not in one and "list(" not in one]
        for path in sorted(TESTS.rglob("*.py"))
        if "suppress_health_check" in (text := path.read_text(encoding="utf-8"))
    }
    assert actual
    assert {name: checks for name, checks in actual.items() if checks} == {}


def test_a_longer_limit_is_tried_when_the_first_was_too_short() -> None:
    tried: list[float] = []

    def attempt(seconds: float) -> str | None:
        tried.append(seconds)
        return "done" if seconds > 1 else None

    assert try_longer_limits(attempt, 0.25) == "done"
    assert tried == [0.25, 2.5]
    with pytest.raises(AssertionError, match="within 50 s"):
        try_longer_limits(lambda seconds: None, 0.5)


def test_a_test_may_take_minutes_before_it_counts_as_hanging() -> None:
    settings = tomllib.loads((TESTS.parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["tool"]["pytest"]["ini_options"]["timeout"] >= 300
    assert waiting.HANGS >= 60
