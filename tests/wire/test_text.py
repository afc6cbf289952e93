"""Patterns of names mean what they mean to the standard library."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import example, given, strategies as st

from dhenara.ai.wire.text import matches

NAMES = st.text("ab-", max_size=8)


@given(NAMES, st.lists(st.text("ab-*?[]", max_size=6), min_size=1, max_size=3))
@example("aa", ["a*a*a"])
@example("a", ["a*a"])
@example("a\nb", ["a*b"])
def test_a_name_matches_as_by_fnmatch(name: str, patterns: list[str]) -> None:
    assert matches(name, "|".join(patterns)) == any(fnmatchcase(name, pattern) for pattern in patterns)


@given(NAMES, st.text("ab-*", max_size=6))
def test_stars_alone_match_as_by_fnmatch(name: str, pattern: str) -> None:
    assert matches(name, pattern) == fnmatchcase(name, pattern)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("gpt-5.1-codex-max", True), ("gpt-5-pro", True), ("gpt-5-prose", False), ("gpt-4o", False)],
)
def test_the_patterns_of_providers(name: str, expected: bool) -> None:
    assert matches(name, "*-pro|*-pro-20*|*-codex*") is expected
