"""Amounts of other units than tokens (images, seconds, pages, ...): checked, added exactly, and as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Context, Decimal
from typing import Annotated

from pydantic import Field, StringConstraints

UnitName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
"""The name of a unit, such as `images`: stores use it as a part of their keys."""

Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Units = dict[UnitName, Amount]

NO_UNITS = "{}"
EXACT = Context(prec=100)

NOUNS = {
    "code_sessions": ("code session", "code sessions"),
    "annotated_pages": ("annotated page", "annotated pages"),
    "container_hours": ("container hour", "container hours"),
    "social_searches": ("social search", "social searches"),
    "storage_searches": ("storage search", "storage searches"),
    "video_seconds": ("second of video", "seconds of video"),
    "web_searches": ("web search", "web searches"),
    "searches": ("search", "searches"),
}
"""Units whose noun is not their name, in singular and plural."""


def add_units(left: Mapping[str, float], right: Mapping[str, float]) -> dict[str, float]:
    """Adds amounts by unit; decimal fractions are added exactly.

    Args:
        left: Amounts by unit.
        right: Amounts by unit.
    """
    sums = {name: exact(left.get(name, 0)) + exact(right.get(name, 0)) for name in dict.fromkeys((*left, *right))}
    return {name: float(amount) for name, amount in sums.items() if amount}


def exact(amount: float | str) -> Decimal:
    """The amount as a decimal number, as it is written."""
    return Decimal(str(amount))


def format_units(units: Mapping[str, float]) -> Iterator[str]:
    """Yields each amount with its unit, such as `2 images`.

    Args:
        units: Amounts by unit.
    """
    for name, amount in units.items():
        one, many = NOUNS.get(name, (name.removesuffix("s"), name))
        yield f"{amount:,.10g} {one if amount == 1 else many}".replace("_", " ")


class UnitsSum:
    """An exact sum of amounts by unit for SQLite, from JSON and to JSON."""

    def __init__(self) -> None:
        self._sums: dict[str, Decimal] = {}

    def step(self, units: str | None) -> None:
        for name, amount in read_units(units).items():
            self._sums[name] = EXACT.add(self._sums.get(name, Decimal(0)), amount)

    def finalize(self) -> str:
        return write_units(self._sums)


def units_add(left: str, right: str) -> str:
    """Adds two stored texts of amounts by unit."""
    if right == NO_UNITS:
        return left
    total = UnitsSum()
    total.step(left)
    total.step(right)
    return total.finalize()


def read_units(text: str | None) -> dict[str, Decimal]:
    """Reads stored amounts; none if they are damaged."""
    if not text or text == NO_UNITS:
        return {}
    try:
        units: object = json.loads(text)
        return {name: exact(amount) for name, amount in units.items()} if isinstance(units, dict) else {}
    except (ValueError, ArithmeticError):
        return {}


def write_units(units: Mapping[str, Decimal]) -> str:
    """The text in which amounts are stored."""
    return json.dumps({name: str(amount) for name, amount in units.items() if amount}) if units else NO_UNITS
