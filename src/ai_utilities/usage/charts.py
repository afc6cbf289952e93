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
class Series:
    """One colour of a chart; `kind` is the name of its colour in the page's style."""

    name: str
    kind: str
    amounts: Sequence[float]


def columns(title: str, labels: Sequence[str], series: Sequence[Series], tell: Tell) -> str:
    """A column for each label, the series standing on each other."""
    top = nice(max((sum(parts) for parts in zip(*(one.amounts for one in series), strict=True)), default=0))
    drawn = [*axis(top, tell), *under(labels), *stacks(labels, series, top, tell)]
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title, quote=True)}">'
        + "".join(drawn)
        + "</svg>"
    )


def axis(top: float, tell: Tell) -> Iterator[str]:
    """Lines across, each with its amount."""
    for tick in range(TICKS + 1):
        y = level(top * tick / TICKS, top)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tell(top * tick / TICKS)}</text>'


def under(labels: Sequence[str]) -> Iterator[str]:
    """As many labels as there is room for."""
    every = max(1, math.ceil(len(labels) * LABEL / (WIDTH - LEFT - RIGHT)))
    for number, label in enumerate(labels):
        if number % every == 0:
            x = place(number, len(labels)) + pitch(len(labels)) / 2
            yield f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(label)}</text>'


def stacks(labels: Sequence[str], series: Sequence[Series], top: float, tell: Tell) -> Iterator[str]:
    gap = pitch(len(labels)) * 0.15
    wide = min(pitch(len(labels)) - 2 * gap, 48)
    for number, label in enumerate(labels):
        x = place(number, len(labels)) + (pitch(len(labels)) - wide) / 2
        floor = 0.0
        for one in series:
            amount = one.amounts[number]
            if amount:
                y, height = level(floor + amount, top), level(floor, top) - level(floor + amount, top)
                said = escape(f"{label}: {one.name} {tell(amount)}")
                yield (
                    f'<rect class="{one.kind}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{height:.1f}">'
                    f"<title>{said}</title></rect>"
                )
            floor += amount


def pitch(count: int) -> float:
    """From one column to the next."""
    return (WIDTH - LEFT - RIGHT) / max(1, count)


def place(number: int, count: int) -> float:
    return LEFT + number * pitch(count)


def level(amount: float, top: float) -> float:
    """How far down an amount is drawn."""
    return HEIGHT - BOTTOM - (amount / top if top else 0) * (HEIGHT - TOP - BOTTOM)


def nice(most: float) -> float:
    """A round number that is not below this one, so that four ticks of it are round too."""
    if most <= 0:
        return 0.0
    power: float = 10 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if step * power >= most)


def shares(amounts: Mapping[str, float]) -> dict[str, float]:
    """Of the largest, in percent."""
    most = max(amounts.values(), default=0) or 1
    return {name: 100 * amount / most for name, amount in amounts.items()}
