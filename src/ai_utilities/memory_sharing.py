"""Saves memory in large result lists by sharing equal field sets between answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .results import AskResult

if TYPE_CHECKING:
    from dhenara.ai.types import AIModelCallResponse

SHARED: dict[frozenset[str], set[str]] = {}
"""Shared `model_fields_set` values. Each answer would have its own copies, nearly half of its size."""


def share_field_sets(result: AskResult) -> AskResult:
    """Replaces the field sets in a result by shared ones. The objects are frozen, so the sets do not change."""
    if result.response is not None:
        for value in iter_values(result.response):
            fields = value.__pydantic_fields_set__
            object.__setattr__(value, "__pydantic_fields_set__", SHARED.setdefault(frozenset(fields), fields))
    return result


def iter_values(response: AIModelCallResponse) -> Iterator[Any]:
    """All pydantic objects of an answer."""
    yield response
    yield from response.attempts
    answer = response.chat_response
    if answer is None:
        return
    yield answer
    if answer.usage is not None:
        yield answer.usage
    if (cost := answer.__dict__.get("cost")) is not None:  # not read by attribute, because that would compute it
        yield cost
    for choice in answer.choices:
        yield choice
        yield from choice.contents
