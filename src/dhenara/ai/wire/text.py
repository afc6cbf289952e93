"""Text helpers: bytes of unknown encoding as text, and names matched against patterns."""

from __future__ import annotations

from fnmatch import fnmatchcase

MARKS = (("utf-8-sig", b"\xef\xbb\xbf"), ("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff"))


def clean_text(data: bytes) -> str:
    """What a person would read. Bytes that are no UTF-8 are read as Windows-1252, which has a letter for each."""
    encoding = next((name for name, mark in MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


RARE = ("?", "[")


def matches(name: str, patterns: str) -> bool:
    """Whether the whole name is like one of them. Compiling each to a regex would take longer than a call's request."""
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
        match = name.find(part, at, end)
        if match < 0:
            return False
        at = match + len(part)
    return True
