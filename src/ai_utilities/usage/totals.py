"""Sums of usage rows (`Totals`), in all or by groups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC
from decimal import Decimal

from dhenara.ai.integration import ShortRepr, Shown

from .data import UsageData
from .units import add_units, format_units

PARTIAL = ("interrupted", "cancelled")
"""Outcomes whose real usage and cost may be higher than reported."""

OPEN = ("open", "abandoned")
"""Outcomes of requests that are not finished."""


@dataclass(frozen=True, slots=True, repr=False)
class Totals(ShortRepr):
    """Sums of usage rows.

    Attributes:
        requests: The number of rows.
        failed: Rows of failed requests.
        cached: Rows of cached answers.
        prompt_tokens: Input tokens of answers that were not cached.
        completion_tokens: Output tokens of answers that were not cached.
        saved_tokens: Tokens of cached answers.
        cost: The sum of known costs.
        saved_cost: The sum of known costs that caches saved.
        unknown_costs: Rows without a known cost.
        partial_costs: Rows that may have cost more than their known cost.
        interrupted: Rows of answers that broke off or were stopped early.
        open: Requests that are not finished.
        abandoned: Those of them whose process has ended.
        units: Sums of other units than tokens of answers that were not cached, such as `images` and `seconds`.
    """

    requests: int = 0
    failed: int = 0
    cached: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    saved_tokens: int = 0
    cost: Decimal = Decimal(0)
    saved_cost: Decimal = Decimal(0)
    unknown_costs: int = 0
    partial_costs: int = 0
    interrupted: int = 0
    open: int = 0
    abandoned: int = 0
    units: dict[str, float] = field(default_factory=dict, hash=False)

    @property
    def total_tokens(self) -> int:
        """All tokens of answers that were not cached."""
        return self.prompt_tokens + self.completion_tokens

    def _shown(self) -> Shown:
        return ((known.name, value) for known in fields(self) if (value := getattr(self, known.name)))

    @property
    def is_exact(self) -> bool:
        """Whether `cost` is the complete cost."""
        return not (self.unknown_costs or self.partial_costs)

    def __str__(self) -> str:
        used = "".join(f", {part}" for part in format_units(self.units))
        text = f"{self.requests} requests, {self.total_tokens} tokens{used}, ${self.cost:f}"
        inexact = [f"{self.unknown_costs} of unknown cost"] if self.unknown_costs else []
        inexact += [f"{self.partial_costs} that may have cost more"] if self.partial_costs else []
        return f"{text} (and {', '.join(inexact)})" if inexact else text

    def __add__(self, other: Totals) -> Totals:
        """The sums of both."""
        counts = {name: getattr(self, name) + getattr(other, name) for name in COUNTS}
        return Totals(**counts, units=add_units(self.units, other.units))

    def plus(self, row: UsageData) -> Totals:
        """The totals with one more row."""
        known = row.cost is not None
        return replace(
            self,
            requests=self.requests + 1,
            failed=self.failed + (row.outcome == "failed"),
            cached=self.cached + row.cached,
            prompt_tokens=self.prompt_tokens + (0 if row.cached else row.prompt_tokens),
            completion_tokens=self.completion_tokens + (0 if row.cached else row.completion_tokens),
            saved_tokens=self.saved_tokens + (row.total_tokens if row.cached else 0),
            cost=self.cost + (row.cost or 0),
            saved_cost=self.saved_cost + (row.saved_cost or 0),
            unknown_costs=self.unknown_costs + (not known),
            partial_costs=self.partial_costs + (known and row.outcome in PARTIAL),
            interrupted=self.interrupted + (row.outcome in PARTIAL),
            open=self.open + (row.outcome in OPEN),
            abandoned=self.abandoned + (row.outcome == "abandoned"),
            units=add_units(self.units, row.units) if row.units and not row.cached else self.units,
        )


COUNTS = tuple(known.name for known in fields(Totals) if known.name != "units")
"""Names of the sums that are numbers."""


def sum_by(rows: Iterable[UsageData], by: str | None) -> dict[str, Totals]:
    """Sums rows.

    Args:
        rows: The rows.
        by: `day`, `model`, `provider`, `outcome` or `tag:<name>`; None for one total under "".

    Returns:
        Totals by the value of `by`, sorted.
    """
    sums: dict[str, Totals] = {}
    for row in rows:
        group = group_of(row, by)
        sums[group] = sums.get(group, Totals()).plus(row)
    return dict(sorted(sums.items()))


def group_of(row: UsageData, by: str | None) -> str:
    """The group of a row; empty if it has no such value."""
    if by is None:
        return ""
    if by == "day":
        return row.started_at.astimezone(UTC).strftime("%Y-%m-%d") if row.started_at else ""
    if by.startswith("tag:"):
        return row.tags.get(by.removeprefix("tag:"), "")
    return str(getattr(row, by) or "")
