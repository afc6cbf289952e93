"""Texts: decoding of unknown encodings, patterns of names, mistyped names, and messages without what they quote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

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
    most = 2 if len(given) >= LONG else 1
    if len(given) < SHORTEST:
        return ()
    # A name that is longer or shorter by more letters than that has more errors: it is not worth a table.
    errors = {name: typing_errors(given, name) for name in names if abs(len(name) - len(given)) <= most}
    fewest = min(errors.values(), default=most + 1)
    return tuple(name for name in errors if errors[name] == fewest) if fewest <= most else ()


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


MOST_STORED = 200
"""Characters of a stored text."""

MOST_READ = 2_000
"""Characters of a message that are looked at."""

REPEATED_RUN = 10
"""Letters and digits in a row that a message and a request have in common, at which they count as repeated."""

SHORTEST_CONTENT = 4
"""Letters and digits of a text that is short as a whole."""

LABELS = frozenset({"role", "type", "model", "id", "name", "stream"})
"""Fields of a request that say what something is; error messages name them rightly."""

CUT = "[...]"
# As text: `re` compiles these, and keeps them, for the first error.
QUOTED = r"""(["'`“‘«])(?=.{25})[^"'`”’»]{25,}(?:["'`”’»]|$)"""
UNBROKEN = r"\S{60,}"
CUTS = r"(?:\[\.\.\.\][\W_]*){2,}"


def without_contents(message: str, contents: Iterable[str] = (), most: int = MOST_STORED) -> str:
    """The message without what it repeats of these texts, long quotes and encoded data.

    Args:
        message: What a provider said, which may quote the prompt.
        contents: Texts of the request.
        most: The length of the result in characters.

    Returns:
        The message with `[...]` in place of what was taken out.
    """
    text = message[:MOST_READ]
    repeated = [False] * len(text)
    letters = [(place, letter) for place, char in enumerate(text) for letter in char.casefold() if letter.isalnum()]
    plain = "".join(letter for _, letter in letters)
    for content in contents:
        mark(repeated, letters, plain, content.casefold().translate(LettersAndDigits()))
    text = "".join(cut_marked(text, repeated))
    text = re.sub(CUTS, f"{CUT} ", re.sub(UNBROKEN, CUT, re.sub(QUOTED, CUT, text))).strip()
    return text if len(text) <= most else f"{text[: most - 3]}..."


class LettersAndDigits(dict[int, int | None]):
    """A table for `str.translate`, which leaves out everything else; it looks once at each character there is."""

    def __missing__(self, code: int) -> int | None:
        retained = self[code] = code if chr(code).isalnum() else None
        return retained


def mark(repeated: list[bool], letters: Sequence[tuple[int, str]], plain: str, content: str) -> None:
    """Marks the characters of a message that are in this content, too."""
    run = min(REPEATED_RUN, len(content))
    if run < SHORTEST_CONTENT:
        return
    for at in range(len(plain) - run + 1):
        if plain[at : at + run] in content:
            for place in range(letters[at][0], letters[at + run - 1][0] + 1):
                repeated[place] = True


def cut_marked(text: str, repeated: Sequence[bool]) -> Iterator[str]:
    for place, char in enumerate(text):
        if not repeated[place]:
            yield char
        elif place == 0 or not repeated[place - 1]:
            yield CUT


def texts_in(value: Any) -> Iterator[str]:
    """Every text of a JSON value; neither names of fields nor labels are contents."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, entry in value.items():
            if name not in LABELS:
                yield from texts_in(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from texts_in(entry)
