"""Usage rows (`UsageData`), their tags and their sums (`Totals`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dhenara.ai.errors import DhenaraError
from dhenara.ai.types import Cost, Usage

Outcome = Literal["answered", "failed", "cached", "cancelled", "interrupted", "open", "abandoned"]
"""`open`: sent, outcome not known yet; `abandoned`: outcome will stay unknown, because the process has ended."""

BATCH = "batch"
"""The operation of answers out of batches: each has one row, however many read it at the same time."""

BUCKETS = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "input_audio_tokens",
    "input_image_tokens",
    "output_tokens",
    "reasoning_tokens",
    "output_audio_tokens",
    "output_image_tokens",
)
"""Disjoint token counts: every token is in exactly one. The first six are input, the others output."""

READ = BUCKETS[:6]
MADE = BUCKETS[6:]


class UsageData(BaseModel):
    """Usage of one request.

    Give either the totals or the disjoint counts; the others are computed. `cost` is None if unknown, never 0, and
    `cost_reason` says why. A cached answer has `cached=True`, cost 0, and the original cost in `saved_cost`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)
    total_tokens: int = Field(default=0, ge=0)

    input_tokens: int = Field(default=0, ge=0)
    cache_read_tokens: int = Field(default=0, ge=0)
    cache_write_tokens: int = Field(default=0, ge=0)
    cache_write_1h_tokens: int = Field(default=0, ge=0)
    input_audio_tokens: int = Field(default=0, ge=0)
    input_image_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    reasoning_tokens: int = Field(default=0, ge=0)
    output_audio_tokens: int = Field(default=0, ge=0)
    output_image_tokens: int = Field(default=0, ge=0)

    cost: Decimal | None = None
    currency: str = "USD"
    cost_source: str | None = None
    priced_as: str | None = None
    cost_reason: str | None = None
    saved_cost: Decimal | None = None

    provider: str | None = None
    model: str | None = None
    operation: str = "chat"
    request_id: str | None = None
    row_id: str | None = None
    """The id under which the row was opened before its request."""

    outcome: Outcome = "answered"
    cached: bool = False
    attempt: int = Field(default=1, ge=1)
    error: str | None = None

    started_at: datetime | None = None
    duration_s: float | None = Field(default=None, ge=0)
    first_token_s: float | None = Field(default=None, ge=0)
    tags: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _agree(cls, given: Any) -> Any:
        return reconcile(given) if isinstance(given, Mapping) else given

    @classmethod
    def of(cls, usage: Usage | None, cost: Cost | None = None, **facts: Any) -> Self:
        """The row for an answer's usage and cost; `facts` are further fields."""
        text = {name: getattr(usage, name) for name in BUCKETS} if usage is not None else {}
        return cls.model_validate({**text, **cost_fields(usage, cost), **facts})


def reconcile(given: Mapping[str, Any]) -> dict[str, Any]:
    """Computes totals from the disjoint counts, or plain counts from totals; a given total is kept."""
    text = dict(given)
    if any(text.get(name) for name in BUCKETS):
        text.setdefault("prompt_tokens", sum(text.get(name) or 0 for name in READ))
        text.setdefault("completion_tokens", sum(text.get(name) or 0 for name in MADE))
    else:
        text["input_tokens"] = text.get("prompt_tokens") or 0
        text["output_tokens"] = text.get("completion_tokens") or 0
    text.setdefault("total_tokens", (text.get("prompt_tokens") or 0) + (text.get("completion_tokens") or 0))
    return text


def cost_fields(usage: Usage | None, cost: Cost | None) -> dict[str, Any]:
    """What is known of the money."""
    if cost is None:
        return {"cost_reason": "the provider reported no usage" if usage is None else "no price is known"}
    return {
        "cost": cost.amount,
        "currency": cost.currency,
        "cost_source": cost.source,
        "priced_as": cost.priced_as,
        "cost_reason": cost.reason,
    }


NONE: Mapping[str, str] = MappingProxyType({})
_tags: ContextVar[Mapping[str, str]] = ContextVar("ai_utilities.tags", default=NONE)


@contextmanager
def tagged(**tags: str) -> Iterator[None]:
    """Adds tags to all calls of this thread or task within a `with` block, besides those of outer blocks."""
    token = _tags.set({**_tags.get(), **{name: str(value) for name, value in tags.items()}})
    try:
        yield
    finally:
        _tags.reset(token)


def tags_now() -> dict[str, str]:
    """The tags of the current call."""
    return dict(_tags.get())


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


class PartialWriteError(DhenaraError):
    """A ledger failed in the middle. Raised by its `add`, only `rows` are told again: those that it has not got."""

    def __init__(self, rows: Sequence[UsageData]) -> None:
        super().__init__(f"{len(rows)} rows of usage were not written down")
        self.rows = list(rows)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.rows,))
