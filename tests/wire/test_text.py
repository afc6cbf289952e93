"""Patterns of names mean what they mean to the standard library; similar names are those with few typing errors."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import example, given, strategies as st

from dhenara.ai.wire import text
from dhenara.ai.wire.text import LONG, SHORTEST, matches, similar_names, typing_errors, without_contents
from support.counted_calls import count_calls

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


@given(st.text("ab", max_size=LONG + 3), st.lists(st.text("ab", max_size=LONG + 3), max_size=5))
@example("baabaabb", ["abaabaab", "baabaa"])
@example("abab", ["ababa", "ababab"])
@example("ab", ["ab"])
def test_similar_names_are_those_with_the_fewest_errors_if_these_are_few(given_name: str, names: list[str]) -> None:
    errors = {name: typing_errors(given_name, name) for name in names}
    fewest = min(errors.values(), default=len(given_name))
    expected = tuple(name for name in errors if errors[name] == fewest)
    few = len(given_name) >= SHORTEST and fewest <= (2 if len(given_name) >= LONG else 1)
    assert similar_names(given_name, names) == (expected if few else ())


def test_only_names_of_about_the_same_length_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    monkeypatch.setattr(text, "typing_errors", lambda given, meant: compared.append(meant) or 9)
    similar_names("location", ["locations", "locationsxx", "region", "api_version", "url"])
    similar_names("url", ["urls"])
    assert compared == ["locations", "region"]


def test_what_a_message_repeats_is_taken_out_in_any_writing() -> None:
    content = "Die Größe: „12 Ähren“ – 中文文字测试,中文 e\u0301te\u0301 ½ ² x_y"
    for part in (" die GRÖSSE 12 ä", "hren中文文字测试中文", "文字测试 中文 E\u0301TE\u0301 ½"):
        assert without_contents(f"<{part}>", [content]).strip("<> ") == "[...]"
    assert without_contents("12 other words", [content]) == "12 other words"


def test_the_characters_of_a_long_content_are_not_visited_one_by_one() -> None:
    content = "".join(map(chr, range(32, 127))) * 1_000
    assert count_calls(lambda: without_contents("The request is too large.", [content])).every < 1_000
