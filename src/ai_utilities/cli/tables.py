"""Tables in plain text: columns as wide as they need to be, or as a terminal has room for."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from itertools import zip_longest

GAP = 2
"""Spaces between two columns."""

SLIMMEST = 8
"""No column of words is made slimmer than this."""


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Numbers to the right, words to the left; an empty cell is a dash. Long words go on below at a slim terminal."""
    cells = [[cell_text(cell) for cell in row] for row in rows]
    columns = [[name, *(row[place] for row in cells)] for place, name in enumerate(head)]
    widths = fit_widths([max(map(len, column)) for column in columns], columns, terminal_width())
    filled = [align_column(column, width) for column, width in zip(columns, widths, strict=True)]
    lines = [line for row in zip(*filled, strict=True) for line in layout_row(row, widths)]
    heads = len(layout_row([column[0] for column in filled], widths))
    return "\n".join([*lines[:heads], (" " * GAP).join("-" * width for width in widths), *lines[heads:]])


def terminal_width() -> int | None:
    """The width of the terminal; None where a program reads."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def fit_widths(widths: Sequence[int], columns: Sequence[Sequence[str]], most: int | None) -> list[int]:
    """Takes from the widest column of words until all fit, or none can give more."""
    match = list(widths)
    slim = [SLIMMEST if not any(map(is_number, column[1:])) else len_of_words(column) for column in columns]
    while most is not None and sum(match) + GAP * (len(match) - 1) > most:
        spare = [width - least for width, least in zip(match, slim, strict=True)]
        if max(spare) <= 0:
            break
        match[max((width, place) for place, width in enumerate(match) if spare[place] > 0)[1]] -= 1
    return match


def len_of_words(column: Sequence[str]) -> int:
    """Numbers stay whole; the name above them may go on below."""
    return max(len(word) for word in [*column[0].split(), *column[1:]])


def layout_row(row: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """One row, over as many lines as its longest cell takes."""
    padded = [[*cell] for cell in row]
    lines = zip_longest(*padded, fillvalue="")
    return [
        (" " * GAP).join(part.ljust(width) for part, width in zip(line, widths, strict=True)).rstrip() for line in lines
    ]


def cell_text(cell: object) -> str:
    return "-" if cell is None or cell == "" else str(cell)


def align_column(column: Sequence[str], width: int) -> list[list[str]]:
    """The cells as lines of this width; the name of a column of numbers goes with them."""
    numbers = [is_number(cell) for cell in column]
    whole = any(numbers[1:]) and all(n or cell == "-" for n, cell in zip(numbers[1:], column[1:], strict=True))
    return [
        [line.rjust(width) if whole or number else line for line in textwrap.wrap(cell, width) or [""]]
        for cell, number in zip(column, numbers, strict=True)
    ]


def is_number(cell: str) -> bool:
    return cell.strip("<$+%kMG").replace(",", "").replace(".", "").isdigit()
