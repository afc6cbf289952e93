"""Prints results and tables."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from ..results import AskResult
from .exit_codes import print_note


def to_json(result: AskResult) -> dict[str, Any]:
    """The result as JSON."""
    usage = result.usage
    return {
        "text": result.text,
        "provider": result.provider,
        "model": result.model,
        "finish_reason": result.finish_reason,
        "usage": {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.total_tokens,
        },
        "cost": None if result.cost is None else str(result.cost),
        "cached": result.cached,
        "duration_s": result.duration_s,
        "warnings": [warning.message for warning in result.warnings],
    }


def show_warnings(result: AskResult) -> None:
    for warning in result.warnings:
        print_note(f"warning: {warning.message}")


def show_usage(result: AskResult) -> None:
    """Prints provider, model, tokens, cost and duration in one line."""
    usage = result.usage
    took = f", {result.duration_s:.1f} s" if result.duration_s is not None else ""
    print_note(
        f"[{result.provider} {result.model}: {usage.prompt_tokens} + {usage.completion_tokens} tokens, "
        f"{format_cost(result.cost)}{took}{', cached' if result.cached else ''}]"
    )


def format_cost(cost: Decimal | None) -> str:
    """The cost in dollars; `cost unknown` for None."""
    if cost is None:
        return "cost unknown"
    return f"${cost:.2f}" if cost >= 1 else f"${cost.normalize():f}"


GAP = 2
"""Spaces between two columns."""

MIN_WIDTH = 8
"""Minimum width of text columns."""


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table: numbers right-aligned, text left-aligned, a dash for empty cells. Long text is wrapped on a terminal."""
    cells = [[cell_text(cell) for cell in row] for row in rows]
    columns = [[name, *(row[place] for row in cells)] for place, name in enumerate(head)]
    widths = fit_widths([max(map(len, column)) for column in columns], columns, terminal_width())
    filled = [align_column(column, width) for column, width in zip(columns, widths, strict=True)]
    lines = [line for row in zip(*filled, strict=True) for line in layout_row(row, widths)]
    heads = len(layout_row([column[0] for column in filled], widths))
    return "\n".join([*lines[:heads], (" " * GAP).join("-" * width for width in widths), *lines[heads:]])


def terminal_width() -> int | None:
    """The width of the terminal; None if output is not a terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def fit_widths(widths: Sequence[int], columns: Sequence[Sequence[str]], most: int | None) -> list[int]:
    """Narrows the widest text columns until the table fits, or none can be narrowed further."""
    fitted = list(widths)
    minimum = [MIN_WIDTH if not any(map(is_number, column[1:])) else len_of_words(column) for column in columns]
    while most is not None and sum(fitted) + GAP * (len(fitted) - 1) > most:
        spare = [width - least for width, least in zip(fitted, minimum, strict=True)]
        if max(spare) <= 0:
            break
        fitted[max((width, place) for place, width in enumerate(fitted) if spare[place] > 0)[1]] -= 1
    return fitted


def len_of_words(column: Sequence[str]) -> int:
    """The minimum width of a number column: numbers are not wrapped, the heading may be."""
    return max(len(word) for word in [*column[0].split(), *column[1:]])


def layout_row(row: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """One row, with as many lines as its tallest cell."""
    padded = [[*cell] for cell in row]
    lines = zip_longest(*padded, fillvalue="")
    return [
        (" " * GAP).join(part.ljust(width) for part, width in zip(line, widths, strict=True)).rstrip() for line in lines
    ]


def cell_text(cell: object) -> str:
    return "-" if cell is None or cell == "" else str(cell)


def align_column(column: Sequence[str], width: int) -> list[list[str]]:
    """The cells wrapped to this width; the heading of a number column is right-aligned too."""
    numbers = [is_number(cell) for cell in column]
    whole = any(numbers[1:]) and all(n or cell == "-" for n, cell in zip(numbers[1:], column[1:], strict=True))
    return [
        [line.rjust(width) if whole or number else line for line in textwrap.wrap(cell, width) or [""]]
        for cell, number in zip(column, numbers, strict=True)
    ]


def is_number(cell: str) -> bool:
    return cell.strip("<$+%kMG").replace(",", "").replace(".", "").isdigit()
