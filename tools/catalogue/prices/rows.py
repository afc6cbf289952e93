"""What a price list says about one model at one host: rows of rates, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal
from typing import Any, NamedTuple

MILLION = Decimal(1_000_000)
Rates = dict[str, Decimal]
Options = tuple[tuple[str, str], ...]
Times = tuple[tuple[tuple[int, ...], tuple[str, ...]], ...]

PER_MILLION = (
    *("input", "cache_read", "cache_write", "cache_write_1h", "cache_write_12h", "input_audio", "cache_read_audio"),
    *("input_image", "cache_read_image", "input_video", "output", "reasoning", "output_audio", "output_image"),
    *("output_video", "citations", "characters"),
)
"""Units whose rates are per million; all others are per one. This is also their order in the files."""
MEASURED = ("seconds", "images", "characters", "pages", "video_seconds")
"""Units that measure what tokens may count too."""
FEES = (
    *("web_searches", "social_searches", "storage_searches", "maps_searches"),
    *("code_sessions", "container_hours", "requests"),
)
"""Units that are paid on top of tokens, in each tier alike."""
FREE = {"input": Decimal(0), "output": Decimal(0)}
"""Variants of models at OpenRouter whose names end in `:free` cost nothing."""
DATED = re.compile(r"[-@](20\d\d-?\d\d-?\d\d)$")


class Slot(NamedTuple):
    """When a row applies, apart from its dates."""

    tier: str = ""
    region: str = ""
    above: int = 0
    options: Options = ()
    times: Times = ()


@dataclass(slots=True)
class Row:
    """Rates of one slot between two dates.

    Attributes:
        estimates: Rates that stand for the answer's tokens as long as they are not known.
        added: Source to the units of this row that it gave.
        differs: What other sources say instead.
    """

    slot: Slot
    rates: Rates
    source: str = ""
    since: str = ""
    until: str = ""
    estimates: Rates = field(default_factory=dict)
    added: dict[str, list[str]] = field(default_factory=dict)
    differs: list[dict[str, Any]] = field(default_factory=list)

    def at(self, date: str) -> bool:
        return self.since <= date and (not self.until or date < self.until)

    def written(self) -> dict[str, Any]:
        """Return the row as it stands in the file."""
        slot = self.slot
        times = [{"days": list(days), "hours": list(hours)} for days, hours in slot.times]
        row = {
            "source": self.source,
            "tier": slot.tier,
            "region": slot.region,
            "above": slot.above,
            "options": {name: [value] for name, value in slot.options},
            "times": times,
            "from": self.since,
            "until": self.until,
            "rates": written_rates(self.rates),
            "estimates": written_rates(self.estimates),
            "added": self.added,
            "differs": self.differs,
        }
        return {key: value for key, value in row.items() if value or key == "rates"}


@dataclass(slots=True)
class Offer:
    """What one source says about a model: rows, or why it has no price."""

    rows: list[Row] = field(default_factory=list)
    unknown: str = ""


Book = dict[str, dict[str, Offer]]
"""Host to model to what a source says."""


def add_rows(book: Book, host: str, model: str, rows: Iterable[Row]) -> list[Row]:
    """Add rows to a model; a slot that is there already stays as it is.

    Returns:
        The rows of such slots with other rates.
    """
    rows = list(rows)
    if not rows:
        return []
    offer = book.setdefault(host, {}).setdefault(model, Offer())
    taken = {(row.slot, row.since): row.rates for row in offer.rows}
    offer.rows += [row for row in rows if (row.slot, row.since) not in taken]
    return [row for row in rows if taken.get((row.slot, row.since), row.rates) != row.rates]


def scaled(row: Row, factor: Decimal, **slot: Any) -> Row:
    """Return a row with other rates of tokens and another slot; fees stay."""
    rates = {unit: rate * factor if unit in PER_MILLION else rate for unit, rate in row.rates.items()}
    return replace(row, slot=row.slot._replace(**slot), rates=rates, estimates={})


def plain(rate: Decimal) -> str:
    """Write a rate with 12 digits at most, without an exponent and without zeros at its end."""
    return f"{Context(prec=12).plus(rate).normalize():f}"


ORDER = {unit: place for place, unit in enumerate(PER_MILLION)}


def written_rates(rates: Mapping[str, Decimal]) -> dict[str, str]:
    return {unit: plain(rates[unit]) for unit in sorted(rates, key=lambda unit: (ORDER.get(unit, 99), unit))}


def undated(model: str) -> str:
    return DATED.sub("", model)
