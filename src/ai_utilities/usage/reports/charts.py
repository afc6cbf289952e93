"""Column charts of usage as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeVar

T = TypeVar("T")

WIDTH, HEIGHT = 760, 220
LEFT, RIGHT, TOP, BOTTOM = 64, 8, 12, 28
TICKS = 4
LABEL = 76
"""Width of a label under a column."""

Format = Callable[[float], str]
"""Writes an amount as text."""


@dataclass(frozen=True, slots=True)
class ChartSeries:
    """One series of a chart.

    Attributes:
        name: Its name in the legend.
        kind: The name of its color in the style of the page.
        amounts: One amount for each column.
    """

    name: str
    kind: str
    amounts: Sequence[float]


def render_columns(title: str, labels: Sequence[str], series: Sequence[ChartSeries], to_text: Format) -> str:
    """A chart with a column for each label, in which the series are stacked.

    Args:
        title: Its title, for screen readers.
        labels: The labels of the columns.
        series: The series.
        to_text: Writes an amount as text.

    Returns:
        The SVG element.
    """
    top = round_up(max((sum(parts) for parts in zip(*(stacked.amounts for stacked in series), strict=True)), default=0))
    elements = [
        *render_axis(top, to_text),
        *render_labels(labels),
        *render_stacks(labels, series, top, to_text),
    ]
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title, quote=True)}">'
        + "".join(elements)
        + "</svg>"
    )


def render_axis(top: float, to_text: Format) -> Iterator[str]:
    """Horizontal lines, each with its amount."""
    for tick in range(TICKS + 1):
        amount = top * tick / TICKS
        y = amount_position(amount, top)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{to_text(amount)}</text>'


def render_labels(labels: Sequence[str]) -> Iterator[str]:
    """As many labels as fit."""
    every = max(1, math.ceil(len(labels) * LABEL / (WIDTH - LEFT - RIGHT)))
    for number, label in enumerate(labels):
        if number % every == 0:
            x = column_position(number, len(labels)) + column_pitch(len(labels)) / 2
            yield f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(label)}</text>'


def render_stacks(labels: Sequence[str], series: Sequence[ChartSeries], top: float, to_text: Format) -> Iterator[str]:
    """The columns."""
    gap = column_pitch(len(labels)) * 0.15
    width = min(column_pitch(len(labels)) - 2 * gap, 48)
    for number, label in enumerate(labels):
        x = column_position(number, len(labels)) + (column_pitch(len(labels)) - width) / 2
        floor = 0.0
        for stacked in series:
            amount = stacked.amounts[number]
            if amount:
                y, height = (
                    amount_position(floor + amount, top),
                    amount_position(floor, top) - amount_position(floor + amount, top),
                )
                text = escape(f"{label}: {stacked.name} {to_text(amount)}")
                yield (
                    f'<rect class="{stacked.kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}">'
                    f"<title>{text}</title></rect>"
                )
            floor += amount


def column_pitch(count: int) -> float:
    """The distance from one column to the next."""
    return (WIDTH - LEFT - RIGHT) / max(1, count)


def column_position(number: int, count: int) -> float:
    """The x coordinate of a column."""
    return LEFT + number * column_pitch(count)


def amount_position(amount: float, top: float) -> float:
    """The y coordinate of an amount."""
    return HEIGHT - BOTTOM - (amount / top if top else 0) * (HEIGHT - TOP - BOTTOM)


def round_up(most: float) -> float:
    """A round number that is not below this one, and whose quarters are round too."""
    if most <= 0:
        return 0.0
    power: float = 10 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if step * power >= most)


def percent_of_largest(amounts: Mapping[T, float]) -> dict[T, float]:
    """Each amount in percent of the largest."""
    most = max(amounts.values(), default=0) or 1
    return {name: 100 * amount / most for name, amount in amounts.items()}


def format_count(amount: float) -> str:
    """A short number: 1,200 is 1.2k."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if amount >= size:
            return f"{amount / size:.3g}{letter}"
    return f"{amount:g}"
