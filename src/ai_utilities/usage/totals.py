"""Totals: sums of usage rows, with counts of unknown values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC
from decimal import Decimal

from dhenara.ai.dataclass import dataclass, replace

from .data import UsageData

PARTIAL = ("interrupted", "cancelled")
"""Outcomes whose real usage and cost may be higher than reported."""

OPEN = ("open", "abandoned")
"""Outcomes of requests that are not finished."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of usage rows.

    `cost` is the sum of known costs: `unknown_costs` rows have no cost, `partial_costs` rows may have cost more. Tokens
    of cached answers are in `saved_tokens`. `interrupted` counts calls that broke or were closed early, `open` requests
    that are not finished, `abandoned` those of them whose process has ended.
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

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    @property
    def is_exact(self) -> bool:
        """Whether `cost` is the complete cost."""
        return not (self.unknown_costs or self.partial_costs)

    def __str__(self) -> str:
        text = f"{self.requests} requests, {self.total_tokens} tokens, ${self.cost:f}"
        unsure = [f"{self.unknown_costs} of unknown cost"] if self.unknown_costs else []
        unsure += [f"{self.partial_costs} that may have cost more"] if self.partial_costs else []
        return f"{text} (and {', '.join(unsure)})" if unsure else text

    def __add__(self, other: Totals) -> Totals:
        """Both together."""
        return Totals(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

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
        )


def sum_by(rows: Iterable[UsageData], by: str | None) -> dict[str, Totals]:
    """Totals by day, model, provider, outcome or `tag:name`; under "" without grouping."""
    match: dict[str, Totals] = {}
    for row in rows:
        group = group_of(row, by)
        match[group] = match.get(group, Totals()).plus(row)
    return dict(sorted(match.items()))


def group_of(row: UsageData, by: str | None) -> str:
    if by is None:
        return ""
    if by == "day":
        return row.started_at.astimezone(UTC).strftime("%Y-%m-%d") if row.started_at else ""
    if by.startswith("tag:"):
        return row.tags.get(by.removeprefix("tag:"), "")
    return str(getattr(row, by) or "")
