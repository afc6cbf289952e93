"""`UsageData`: tokens, cost and duration of one request; the row of trackers, ledgers and results."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

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
