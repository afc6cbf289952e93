"""Patterns of names, as `gpt-5*|*-codex*`: a star stands for anything, a bar between two says that either will do."""

from __future__ import annotations

RARE = ("?", "[")


def matches(name: str, patterns: str) -> bool:
    """Whether the whole name is like one of them. Compiling each to a regex would take longer than a call's request."""
    return any(is_like(name, pattern) for pattern in patterns.split("|"))


def is_like(name: str, pattern: str) -> bool:
    if any(sign in pattern for sign in RARE):
        from fnmatch import fnmatchcase

        return fnmatchcase(name, pattern)
    first, *others = pattern.split("*")
    if not others:
        return name == pattern
    *middle, last = others
    at, end = len(first), len(name) - len(last)
    if at > end or not name.startswith(first) or not name.endswith(last):
        return False
    for part in middle:
        match = name.find(part, at, end)
        if match < 0:
            return False
        at = match + len(part)
    return True
