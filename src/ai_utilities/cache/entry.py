"""Cache keys, and the stored form of answers: JSON with a format version."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from dhenara.ai import Exchange, LearnedConstraint, Stream, types
from dhenara.ai.types import Call, CallWarning, ChatResponse, Cost, Result

from .policy import CachePolicy

VERSION = 2
"""Version of entries and keys; entries of older versions are not read."""


async def cache_key(namespace: str, exchange: Exchange, *, share_accounts: bool = False) -> str:
    """The key under which the answer to this request is stored.

    Args:
        namespace: A name without a colon, before everything else.
        exchange: The call and the request that it becomes.
        share_accounts: Whether calls with other credentials may use the same entry.

    Returns:
        `namespace:version-hash`. It contains no secret.
    """
    return f"{namespace}:v{VERSION}-{await exchange.key(share_accounts=share_accounts)}"


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
    constraints: tuple[LearnedConstraint, ...] = ()
    """What was learned and is applied to the request."""

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
    return answer.model_copy(update={"cached": True}).with_cost(zero_cost(answer.cost))


def zero_cost(first: Cost | None) -> Cost:
    return Cost(
        amount=Decimal(0),
        currency=first.currency if first else "USD",
        source="cache",
        saved=first.amount if first else None,
    )


KINDS = (
    "ImageResponse",
    "ModerationResponse",
    "OcrResponse",
    "RerankResponse",
    "SpeechResponse",
    "TokenCountResponse",
    "TranscriptionResponse",
)
Answer = ChatResponse | Result


def write_cached(call: Call, stream: Stream, lookup: CacheLookup) -> str | None:
    """The stored form of a finished answer; None if it is not worth storing."""
    if not stream.complete:
        return None
    answer, result = stream.partial(), stream.result()
    if result is not None:
        return None if answer.cached else write_result(lookup.without_warnings(result))
    worth = is_cacheable(answer) and (call.operation == "chat" or bool(answer.images()))
    return write_entry(lookup.without_warnings(answer)) if worth else None


def read_cached(call: Call, text: str) -> Answer | None:
    """The stored answer."""
    if call.operation == "chat":
        return read_entry(text)
    try:
        data = from_json(text)
    except ValueError:
        return None
    if not isinstance(data, dict):
        return None
    return read_result(data) if "kind" in data else read_entry(text)


def write_result(result: Result) -> str | None:
    kind = type(result).__name__
    if kind not in KINDS:
        return None
    return f'{{"format":{VERSION},"kind":{json.dumps(kind)},"answer":{result.model_dump_json()}}}'


def read_result(data: dict[str, Any]) -> Result | None:
    kind = data["kind"]
    if kind not in KINDS or data.get("format") != VERSION:
        return None
    model: type[Result] = getattr(types, kind)
    try:
        stored = model.model_validate_json(to_json(data.get("answer")))
    except ValidationError:
        return None
    return stored.model_copy().with_cost(zero_cost(stored.cost))
