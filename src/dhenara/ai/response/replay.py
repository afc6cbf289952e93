"""Replay: a response converted back to deltas, so that building them again gives an equal response."""

from __future__ import annotations

from collections.abc import Iterator

from ..types.chat.delta import (
    CitationDelta,
    ContentDelta,
    Delta,
    FinishDelta,
    LogprobsDelta,
    PartDelta,
    ReasoningDelta,
    RefusalDelta,
    ResponseStart,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
    WarningDelta,
)
from ..types.chat.response import ChatResponse, ChatResponseChoice
from ..types.content.parts import ContentItem, ReasoningContent, RefusalContent, TextContent, ToolCallContent
from ..wire import json


def to_deltas(response: ChatResponse) -> Iterator[Delta]:
    """Return the deltas of a response, in an order that a stream could have."""
    yield ResponseStart(response.id, response.model, dict(response.extras) or None)
    for choice in response.choices:
        yield from choice_deltas(choice)
    if response.usage is not None:
        yield UsageDelta(response.usage)
    for warning in response.warnings:
        yield WarningDelta(warning)
    if not response.interrupted:
        yield StreamEnd()


def choice_deltas(choice: ChatResponseChoice) -> Iterator[Delta]:
    for part, content in enumerate(choice.contents):
        yield from part_deltas(part, choice.index, content)
    if choice.logprobs is not None:
        yield LogprobsDelta(list(choice.logprobs), choice.index)
    if choice.finish_reason is not None:
        yield FinishDelta(
            choice.finish_reason,
            choice.raw_finish_reason,
            choice.stop_sequence,
            choice.finish_message,
            choice.index,
        )


def part_deltas(part: int, choice: int, content: ContentItem) -> Iterator[PartDelta]:
    extras = dict(content.extras) or None
    match content:
        case TextContent():
            yield TextDelta(part, content.text, choice, extras)
            for citation in content.citations:
                yield CitationDelta(part, citation, choice)
        case ReasoningContent():
            yield ReasoningDelta(
                part,
                content.text,
                content.raw_text,
                content.signature,
                content.redacted,
                choice,
                extras,
            )
        case RefusalContent():
            yield RefusalDelta(part, content.text, choice, extras)
        case ToolCallContent():
            text = content.arguments_text
            verbatim = text is not None
            normalized = text if text is not None else json.dumps(content.arguments).decode()
            yield ToolCallDelta(part, content.id, content.name, normalized, verbatim, choice, extras)
        case _:
            yield ContentDelta(part, content, choice)
