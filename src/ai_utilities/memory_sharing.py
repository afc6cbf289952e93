"""Thrift: what thousands of results hold alike, they hold together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .results import AskResult

if TYPE_CHECKING:
    from dhenara.ai.types import AIModelCallResponse

SHARED: dict[frozenset[str], set[str]] = {}
"""The names of the fields that were set, of which every value keeps a set of its own: nearly half of an answer."""


def share_field_sets(result: AskResult) -> AskResult:
    """The same result in less room. What shares here is frozen, so nothing of it changes."""
    if result.response is not None:
        for value in iter_values(result.response):
            fields = value.__pydantic_fields_set__
            object.__setattr__(value, "__pydantic_fields_set__", SHARED.setdefault(frozenset(fields), fields))
    return result


def iter_values(response: AIModelCallResponse) -> Iterator[Any]:
    """What every answer is made of."""
    yield response
    yield from response.attempts
    answer = response.chat_response
    if answer is None:
        return
    yield answer
    if answer.usage is not None:
        yield answer.usage
    if (cost := answer.__dict__.get("cost")) is not None:  # not asked for, so that it is not worked out for this
        yield cost
    for choice in answer.choices:
        yield choice
        yield from choice.contents
