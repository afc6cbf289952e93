"""Texts and names: decoding of unknown encodings, patterns of names, and names that were mistyped."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

MARKS = (("utf-8-sig", b"\xef\xbb\xbf"), ("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff"))


def clean_text(data: bytes) -> str:
    """Decode text of unknown encoding; bytes that are not UTF-8 are decoded as Windows-1252. Line ends become LF."""
    encoding = next((name for name, mark in MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


RARE = ("?", "[")


def matches(name: str, patterns: str) -> bool:
    """Return whether the name matches one of the patterns, such as `gpt-5*|*-codex*`; without a regex, for speed."""
    return any(is_like(name, pattern) for pattern in patterns.split("|"))


def is_like(name: str, pattern: str) -> bool:
    if any(sign in pattern for sign in RARE):
        return fnmatchcase(name, pattern)
    first, *others = pattern.split("*")
    if not others:
        return name == pattern
    *middle, last = others
    at, end = len(first), len(name) - len(last)
    if at > end or not name.startswith(first) or not name.endswith(last):
        return False
    for part in middle:
        position = name.find(part, at, end)
        if position < 0:
            return False
        at = position + len(part)
    return True


SHORTEST, LONG = 4, 8
"""A wrong name of at least 4 letters may differ from the right one by one typing error, of 8 letters by two."""


def similar_names(given: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that a misspelt one probably means: those with the fewest typing errors, if these are few."""
    errors = {name: typing_errors(given, name) for name in names}
    fewest = min(errors.values(), default=len(given))
    if len(given) < SHORTEST or fewest > (2 if len(given) >= LONG else 1):
        return ()
    return tuple(name for name in errors if errors[name] == fewest)


def typing_errors(given: str, meant: str) -> int:
    """Return how many letters were left out, added, replaced or swapped with the next (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(meant) + 1))
    for at, letter in enumerate(given, 1):
        earlier, before, row = before, row, [at]
        for place, wanted in enumerate(meant, 1):
            row.append(min(before[place] + 1, row[-1] + 1, before[place - 1] + (letter != wanted)))
            if at > 1 and place > 1 and letter == meant[place - 2] and given[at - 2] == wanted:
                row[-1] = min(row[-1], earlier[place - 2] + 1)
    return row[-1]
