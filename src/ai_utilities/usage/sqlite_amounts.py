"""Exact sums for SQLite, whose own are floating point, and what the sums of rows are grouped by."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation

from ..value_types import JsonObject
from .totals import SPECIAL_TOKENS, unit_of
from .units import EXACT, exact, write_units


class DecimalSum:
    """The exact sum of a column of amounts."""

    def __init__(self) -> None:
        self._sum = Decimal(0)

    def step(self, amount: str | None) -> None:
        if amount is not None:
            self._sum = EXACT.add(self._sum, Decimal(amount))

    def finalize(self) -> str:
        return str(self._sum)


def decimal_add(left: str, right: str) -> str:
    return str(EXACT.add(Decimal(left), Decimal(right)))


def row_place(text: bytes) -> str:
    """Key, operation and unit of a stored row, as a JSON list; those of a damaged row are empty."""
    fields = read_fields(text)
    tokens = sum(count for name in ("prompt_tokens", "completion_tokens") if isinstance(count := fields.get(name), int))
    unit = unit_of(tokens, (name for name, amount in units_in(fields).items() if amount))
    return json.dumps([fields.get("key") or "", fields.get("operation") or "chat" if fields else "", unit])


def row_amounts(text: bytes) -> str:
    """What a stored row adds to the amounts; nothing if it is damaged."""
    fields = read_fields(text)
    counts = {name: number_of(fields, name) for name in SPECIAL_TOKENS if name in fields}
    return write_units({name: amount for name, amount in {**units_in(fields), **counts}.items() if amount})


def read_fields(text: bytes) -> JsonObject:
    """The fields of a stored row; none if it is damaged."""
    try:
        fields = json.loads(text)
    except (ValueError, TypeError):
        return {}
    return fields if isinstance(fields, dict) else {}


def units_in(fields: JsonObject) -> dict[str, Decimal]:
    units = fields.get("units")
    return {name: number_of(units, name) for name in units} if isinstance(units, dict) else {}


def number_of(fields: JsonObject, name: str) -> Decimal:
    """A number of a stored row; 0 if it is none."""
    try:
        return exact(fields.get(name) or 0)
    except InvalidOperation:
        return Decimal(0)
