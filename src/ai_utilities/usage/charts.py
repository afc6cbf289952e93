"""Charts as SVG text, for a page that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape

from dhenara.ai.dataclass import dataclass

WIDTH, HEIGHT = 760, 220
LEFT, RIGHT, TOP, BOTTOM = 64, 8, 12, 28
TICKS = 4
LABEL = 76
"""Room that a label under a column needs."""

Tell = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class ChartSeries:
    """One colour of a chart; `kind` is the name of its colour in the page's style."""

    name: str
    kind: str
    amounts: Sequence[float]


def render_columns(title: str, labels: Sequence[str], series: Sequence[ChartSeries], tell: Tell) -> str:
    """A column for each label, the series standing on each other."""
    top = round_up(max((sum(parts) for parts in zip(*(one.amounts for one in series), strict=True)), default=0))
    drawn = [*render_axis(top, tell), *render_labels(labels), *render_stacks(labels, series, top, tell)]
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title, quote=True)}">'
        + "".join(drawn)
        + "</svg>"
    )


def render_axis(top: float, tell: Tell) -> Iterator[str]:
    """Lines across, each with its amount."""
    for tick in range(TICKS + 1):
        y = amount_position(top * tick / TICKS, top)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tell(top * tick / TICKS)}</text>'


def render_labels(labels: Sequence[str]) -> Iterator[str]:
    """As many labels as there is room for."""
    every = max(1, math.ceil(len(labels) * LABEL / (WIDTH - LEFT - RIGHT)))
    for number, label in enumerate(labels):
        if number % every == 0:
            x = column_position(number, len(labels)) + column_pitch(len(labels)) / 2
            yield f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(label)}</text>'


def render_stacks(labels: Sequence[str], series: Sequence[ChartSeries], top: float, tell: Tell) -> Iterator[str]:
    gap = column_pitch(len(labels)) * 0.15
    wide = min(column_pitch(len(labels)) - 2 * gap, 48)
    for number, label in enumerate(labels):
        x = column_position(number, len(labels)) + (column_pitch(len(labels)) - wide) / 2
        floor = 0.0
        for one in series:
            amount = one.amounts[number]
            if amount:
                y, height = (
                    amount_position(floor + amount, top),
                    amount_position(floor, top) - amount_position(floor + amount, top),
                )
                text = escape(f"{label}: {one.name} {tell(amount)}")
                yield (
                    f'<rect class="{one.kind}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{height:.1f}">'
                    f"<title>{text}</title></rect>"
                )
            floor += amount


def column_pitch(count: int) -> float:
    """From one column to the next."""
    return (WIDTH - LEFT - RIGHT) / max(1, count)


def column_position(number: int, count: int) -> float:
    return LEFT + number * column_pitch(count)


def amount_position(amount: float, top: float) -> float:
    """How far down an amount is drawn."""
    return HEIGHT - BOTTOM - (amount / top if top else 0) * (HEIGHT - TOP - BOTTOM)


def round_up(most: float) -> float:
    """A round number that is not below this one, so that four ticks of it are round too."""
    if most <= 0:
        return 0.0
    power: float = 10 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if step * power >= most)


def percent_of_largest(amounts: Mapping[str, float]) -> dict[str, float]:
    """Of the largest, in percent."""
    most = max(amounts.values(), default=0) or 1
    return {name: 100 * amount / most for name, amount in amounts.items()}
