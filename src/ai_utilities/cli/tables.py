"""Tables in plain text: columns as wide as they need to be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Numbers to the right, words to the left; an empty cell is a dash."""
    cells = [list(map(str, head)), *([shown(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = ["  ".join(aligned(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def shown(cell: object) -> str:
    return "-" if cell is None or cell == "" else str(cell)


def aligned(cell: str, width: int) -> str:
    number = cell.lstrip("$").replace(",", "").replace(".", "").removesuffix("%")
    return cell.rjust(width) if number.isdigit() else cell.ljust(width)
