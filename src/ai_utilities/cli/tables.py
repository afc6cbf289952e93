"""Tables in plain text: columns as wide as they need to be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

GAP = 2
"""Spaces between two columns."""


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Numbers to the right, words to the left; an empty cell is a dash."""
    cells = [[shown(cell) for cell in row] for row in rows]
    columns = [[name, *(row[place] for row in cells)] for place, name in enumerate(head)]
    filled = [aligned(column) for column in columns]
    lines = [(" " * GAP).join(line).rstrip() for line in zip(*filled, strict=True)]
    return "\n".join([lines[0], (" " * GAP).join("-" * len(column[0]) for column in filled), *lines[1:]])


def shown(cell: object) -> str:
    return "-" if cell is None or cell == "" else str(cell)


def aligned(column: Sequence[str]) -> list[str]:
    """All as wide as the widest; the name of a column of numbers goes with them."""
    width = max(map(len, column))
    numbers = [is_number(cell) for cell in column]
    if any(numbers[1:]) and all(number or cell == "-" for number, cell in zip(numbers[1:], column[1:], strict=True)):
        return [cell.rjust(width) for cell in column]
    return [cell.rjust(width) if number else cell.ljust(width) for cell, number in zip(column, numbers, strict=True)]


def is_number(cell: str) -> bool:
    return cell.strip("<$+%kMG").replace(",", "").replace(".", "").isdigit()
