"""Short `repr` of public objects, and how notebooks and rich show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

LONGEST = 200
"""Maximum length of a repr, in characters."""

LONGEST_VALUE = 60
"""Maximum length of one value in it."""

Field = tuple[str | None, object]
"""Name and value; a value without name stands first, as a positional argument."""


def short_repr(name: str, fields: Iterable[Field]) -> str:
    """Return `Name(value, field=value)` of at most `LONGEST` characters. None and empty values are left out."""
    shown = [short_value(value) if key is None else f"{key}={short_value(value)}" for key, value in present(fields)]
    return shorten(f"{name}({', '.join(shown)}", LONGEST - 1) + ")"


def present(fields: Iterable[Field]) -> Iterator[Field]:
    return ((key, value) for key, value in fields if value is not None and value != "" and value != [])


def short_value(value: object) -> str:
    if isinstance(value, str):  # not repr of the whole, which may be a book
        return repr(shorten(str(value), LONGEST_VALUE)) if not isinstance(value, Words) else str(value)
    return shorten(repr(value), LONGEST_VALUE)


class Words(str):
    """Text that a repr shows without quotes, such as `12 + 5 tokens`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def shorten(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


class Displayed:
    """Objects with a short repr. Subclasses return in `_shown` what it contains, and in `_markdown` their content."""

    __slots__ = ()

    def _shown(self) -> Iterable[Field]:
        """Name and value of what a repr shows."""
        return ()

    def _markdown(self) -> str:
        """The object in a notebook."""
        return f"`{self!r}`"

    def __repr__(self) -> str:
        return short_repr(type(self).__name__, self._shown())

    def _repr_markdown_(self) -> str:
        return self._markdown()

    def __rich_repr__(self) -> Iterator[Any]:
        for key, value in present(self._shown()):
            yield value if key is None else (key, value)


def markdown_table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
