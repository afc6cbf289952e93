"""Tables fit the terminal, and lose nothing by it."""

from __future__ import annotations

from collections import Counter

import pytest

from ai_utilities.cli.output import table

HEAD = ("model", "tokens in", "address")
ROWS = [("a-model", "1,234,567", "https://an.example.com/with/a/long/path"), ("other", 5, "")]


def test_programs_get_whole_lines() -> None:
    assert "https://an.example.com/with/a/long/path" in table(HEAD, ROWS)


@pytest.mark.parametrize("width", [100, 60, 40, 32])
def test_people_get_what_fits(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = table(HEAD, ROWS)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    drawn = table(HEAD, ROWS)
    assert max(map(len, drawn.splitlines())) <= width
    assert "1,234,567" in drawn
    assert written(drawn) == written(whole)


def written(drawn: str) -> Counter[str]:
    """Every character, rules and gaps left out."""
    return Counter(drawn.replace("-", "").replace(" ", "").replace("\n", ""))
