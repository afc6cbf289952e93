"""Buckets of a reconciliation: one day, model and key, as the ledger and as the provider counted it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

Status = Literal["equal", "different", "unknown", "only here", "only there"]
"""`unknown`: the cost cannot be compared, because a cost of the ledger is unknown; everything else is equal."""

DATED = re.compile(r"[-@]20\d{2}-?\d{2}-?\d{2}$")
OLD_CLAUDE = re.compile(r"^claude-(\d+)-(\d+)-([a-z]+)$")
ZERO = Decimal(0)


def model_key(name: str) -> str:
    """A name that both sides have for a model.

    Exports have dated names (`gpt-5-mini-2025-08-07`) or names for people (`Claude Haiku 4.5`), and ledgers the names
    that were called.
    """
    plain = DATED.sub("", re.sub(r"[ .]+", "-", name.strip().lower()) if " " in name else name.strip().lower())
    plain = plain.replace(".", "-") if plain.startswith("claude") else plain
    old = OLD_CLAUDE.match(plain)
    return f"claude-{old[3]}-{old[1]}-{old[2]}" if old else plain


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """What a bucket counts.

    Attributes:
        day: The day in UTC.
        model: The model; empty if the export is not grouped by model.
        key: The API key; empty if keys are not compared.
        batch: `batch` or `standard`; empty if the export does not say.
    """

    day: str
    model: str = ""
    key: str = ""
    batch: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.day, self.model, self.key, self.batch) if part)


@dataclass(slots=True)
class Side:
    """What one side counted in a bucket.

    Attributes:
        amounts: Amounts by name.
        rows: The number of rows, or of rows of the export.
        uncertain: Rows of the ledger whose usage may be higher: they broke off, or are not finished.
        unknown_costs: Rows of the ledger without a known cost.
    """

    amounts: dict[str, Decimal] = field(default_factory=dict)
    rows: int = 0
    uncertain: int = 0
    unknown_costs: int = 0

    def add(self, amounts: Mapping[str, Decimal], rows: int = 1) -> None:
        """Adds amounts."""
        self.rows += rows
        for name, amount in amounts.items():
            self.amounts[name] = self.amounts.get(name, ZERO) + amount

    @property
    def used(self) -> bool:
        """Whether any amount is above 0."""
        return any(self.amounts.values()) or self.unknown_costs > 0


@dataclass(frozen=True, slots=True)
class ReconciledBucket:
    """One day, model and key, as both sides counted it.

    Attributes:
        place: What the bucket counts.
        status: Whether both sides are equal.
        ours: The amounts in the ledger, by name.
        theirs: The amounts in the export, by name.
        differences: The export less the ledger, for amounts that differ by more than the tolerance.
        uncertain: Rows of the ledger that broke off or are not finished.
        unknown_costs: Rows of the ledger without a known cost.
        explanation: What may be the reason, in plain words; empty if both sides are equal.
    """

    place: Place
    status: Status
    ours: Mapping[str, Decimal]
    theirs: Mapping[str, Decimal]
    differences: Mapping[str, Decimal]
    uncertain: int = 0
    unknown_costs: int = 0
    explanation: str = ""


def compare(place: Place, ours: Side, theirs: Side, names: frozenset[str], tolerance: Decimal) -> ReconciledBucket:
    """Compares both sides of a bucket.

    Args:
        place: What the bucket counts.
        ours: What the ledger has.
        theirs: What the export has.
        names: The amounts that the export counts.
        tolerance: By how much the cost may differ, in US dollars.
    """
    mine = {name: ours.amounts.get(name, ZERO) for name in sorted(names)}
    other = {name: theirs.amounts.get(name, ZERO) for name in sorted(names)}
    # Exports have whole seconds of each request.
    allowed = {"cost": tolerance, "seconds": theirs.amounts.get("requests", ZERO)}
    differences = {
        name: other[name] - mine[name] for name in names if abs(other[name] - mine[name]) > allowed.get(name, ZERO)
    }
    # A cost that is higher there may be the cost that is unknown here.
    hidden = "cost" in names and ours.unknown_costs > 0 and differences.get("cost", ZERO) >= 0
    if hidden:
        differences.pop("cost", None)
    status: Status = "different" if differences else "unknown" if hidden else "equal"
    if not ours.used and theirs.used:
        status = "only there"
    elif ours.used and not theirs.used and (differences or hidden):
        status = "only here"
    counts = (ours.uncertain, ours.unknown_costs if "cost" in names else 0)
    return ReconciledBucket(place, status, mine, other, dict(sorted(differences.items())), *counts)
