"""The page about extras names exactly what the distribution declares."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TEXT = (ROOT / "docs" / "extras.md").read_text(encoding="utf-8")


def names(requirements: list[str]) -> list[str]:
    return [re.split(r"[<>=;~! ]", requirement, maxsplit=1)[0] for requirement in requirements]


def test_every_extra_has_a_row_with_what_it_brings() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| ([^|]+) \|", TEXT, re.MULTILINE)
    declared = {extra: names(actual) for extra, actual in PROJECT["optional-dependencies"].items()}
    assert {extra: brought.strip().split(", ") for extra, brought in rows} == declared


def test_the_core_is_what_it_says() -> None:
    core = TEXT.partition("Everything else")[0]
    assert all(name in core for name in names(PROJECT["dependencies"]))
