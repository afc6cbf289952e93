"""Truncates a history to a token limit by dropping its oldest rounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..types.chat.message import Message
from ..types.chat.report import CallWarning
from ..types.config.call import AIModelCallConfig
from ..types.content.media import FileContent, Media
from ..types.content.parts import Content, ReasoningContent, ServerToolContent, ToolCallContent, ToolResultContent
from ..wire import json

BYTES_A_TOKEN = 4
TOKENS_A_MESSAGE = 4
# Tokens of an image of usual size; a rough guess for documents and videos.
TOKENS_OF_MEDIA = 1_600


def truncate_history(
    messages: tuple[Message, ...], instructions: Sequence[str], config: AIModelCallConfig
) -> tuple[tuple[Message, ...], tuple[CallWarning, ...]]:
    """Return the history within `context_policy.max_input_tokens`; the last round and system messages always stay."""
    most = config.context_policy.max_input_tokens if config.context_policy else None
    if most is None:
        return messages, ()
    lead, rounds = rounds_of(messages)
    fixed = sum(map(estimate_words, instructions)) + sum(
        estimate_words(json.dumps(tool).decode()) for tool in config.tools
    )
    sizes = [sum(map(size, one)) for one in rounds]
    total = fixed + sum(map(size, lead)) + sum(sizes)
    left_out = 0
    while total > most and left_out < len(rounds) - 1:
        total -= sizes[left_out]
        left_out += 1
    if not left_out and total <= most:
        return messages, ()
    stored = (*lead, *(message for one in rounds[left_out:] for message in one))
    return stored, (
        CallWarning(code="dropped_content", message=describe_truncation(left_out, len(rounds), total, most)),
    )


def describe_truncation(left_out: int, rounds: int, total: int, most: int) -> str:
    text = f"the oldest {left_out} of {rounds} rounds were dropped: context_policy allows {most} input tokens"
    return text if total <= most else f"{text}, but the rest still has about {total}"


def rounds_of(messages: Sequence[Message]) -> tuple[list[Message], list[list[Message]]]:
    """Return the leading system messages, and each user message with everything up to the next one."""
    lead: list[Message] = []
    rounds: list[list[Message]] = []
    for message in messages:
        if message.role == "system" and not rounds:
            lead.append(message)
        elif not rounds or starts_round(message):
            rounds.append([message])
        else:
            rounds[-1].append(message)
    return lead, rounds


def starts_round(message: Message) -> bool:
    """Return whether a round begins here; tool results belong to the round of their calls."""
    return message.role == "user" and not any(isinstance(part, ToolResultContent) for part in message.contents)


def size(message: Message) -> int:
    return TOKENS_A_MESSAGE + sum(tokens(part) for part in message.contents)


def tokens(part: Content) -> int:
    match part:
        case FileContent() if (text := part.to_text()) is not None:
            return estimate_words(text)
        case Media():
            return TOKENS_OF_MEDIA
        case ToolCallContent() | ServerToolContent():
            return estimate_words(part.name) + estimate_words(json.dumps(part.arguments).decode())
        case ToolResultContent():
            return estimate_words(part.get_text()) + sum(tokens(inner) for inner in media_of(part))
        case ReasoningContent():
            return estimate_words(part.get_text()) + estimate_words(part.signature or "")
        case _:
            return estimate_words(part.get_text())


def media_of(part: ToolResultContent) -> Iterator[Media]:
    return (inner for inner in part.contents if isinstance(inner, Media))


def estimate_words(text: str) -> int:
    return -(-len(text.encode()) // BYTES_A_TOKEN)
