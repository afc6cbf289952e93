"""The stored form of an answer: JSON with a format version."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TypeVar, cast

from pydantic import BaseModel, ValidationError

from dhenara.ai.dataclass import dataclass
from dhenara.ai.types import CallWarning, ChatResponse, Cost, Result

from .key import VERSION
from .policy import CachePolicy

UNKEEPABLE = ("error", "pause")
"""Ends that are not the end of an answer."""

INFINITE = ('"Infinity"', '"-Infinity"', '"NaN"')
"""How numbers that JSON does not have are written."""

OF_ONE_CALL = ("uploaded_content", "cache_unavailable")
"""Warnings about what happened to one call, which the next one with the same answer need not be told."""

A = TypeVar("A", bound=ChatResponse | Result)


@dataclass(frozen=True, slots=True)
class CacheLookup:
    """What one call looks for, and what it is told of its own request, which others with the same key may not be.

    Something that is not sent, such as a setting that the provider does not take, is in no key.
    """

    key: str
    policy: CachePolicy
    warnings: tuple[CallWarning, ...]

    def without_warnings(self, answer: A) -> A:
        """As it is kept for everybody."""
        left = [one for one in answer.warnings if one not in self.warnings and one.code not in OF_ONE_CALL]
        if len(left) == len(answer.warnings):
            return answer
        return cast("A", answer.model_copy(update={"warnings": left}))

    def with_warnings(self, answer: A) -> A:
        """As this call is told."""
        if not self.warnings:
            return answer
        return cast("A", answer.model_copy(update={"warnings": [*self.warnings, *answer.warnings]}))


class CacheEntry(BaseModel):
    """One answer in a cache."""

    format: int
    answer: ChatResponse


def is_cacheable(answer: ChatResponse) -> bool:
    """Whether the answer is complete and worth storing."""
    return bool(
        answer.choices
        and not answer.interrupted
        and not answer.cached
        and all(choice.finish_reason not in UNKEEPABLE for choice in answer.choices)
    )


def write_entry(answer: ChatResponse) -> str | None:
    """The answer as JSON; None where JSON cannot say it, as with a number that is infinite in a tool call."""
    data = answer.model_dump_json()
    if any(word in data for word in INFINITE) and ChatResponse.model_validate_json(data) != answer:
        return None
    return f'{{"format":{VERSION},"answer":{data}}}'


def read_entry(text: str) -> ChatResponse | None:
    """The stored answer; None if it was written by another version or program."""
    try:
        stored = CacheEntry.model_validate_json(text)
    except (ValidationError, json.JSONDecodeError):
        return None
    return mark_as_cached(stored.answer) if stored.format == VERSION and stored.answer.choices else None


def mark_as_cached(answer: ChatResponse) -> ChatResponse:
    """The same answer marked as cached: cost 0, and the original cost as saved."""
    return answer.model_copy(update={"cached": True, "cost": zero_cost(answer.cost)})


def zero_cost(first: Cost | None) -> Cost:
    return Cost(
        amount=Decimal(0),
        currency=first.currency if first else "USD",
        source="cache",
        saved=first.amount if first else None,
    )
