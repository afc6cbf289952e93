"""Token counts of requests: as the provider reports them, or estimated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...types.chat.delta import Delta, ResultDelta
from ...types.chat.message import Message
from ...types.config.call import Call
from ...types.content.parts import Media
from ...types.operations.result import TokenCountResponse
from ...types.tools.definitions import ToolDefinition
from ...wire import json
from ..common.fields import count


def count_reader(field: str) -> Callable[[Any, Any], Iterator[Delta]]:
    """Return a reader for a count in this field of the response."""

    def read(quirks: Any, body: Any) -> Iterator[Delta]:
        counted = count(body, field)
        if counted is None:
            raise ValueError(f"expected a token count, but the field {field} is missing")
        yield ResultDelta(TokenCountResponse(input_tokens=counted))

    return read


LETTERS_PER_TOKEN = 4
TOKENS_PER_TURN = 4
TOKENS_PER_PICTURE = 800
"""Providers count images by size, from a few hundred to 2,000 tokens."""


def estimate_tokens(call: Call) -> int:
    """Estimate the input tokens; within a third of the real count for most languages and models, rather too high."""
    words = sum(tokens(text) for text in call_texts(call))
    pictures = sum(isinstance(part, Media) for message in call.messages for part in message.contents)
    return words + TOKENS_PER_TURN * (len(call.messages) + len(call.instructions)) + TOKENS_PER_PICTURE * pictures


def tokens(text: str) -> int:
    """Estimate a text: four Latin letters per token, one character per token for most other scripts."""
    plain = len(text) if text.isascii() else sum(letter < "\u0250" for letter in text)
    return -(-plain // LETTERS_PER_TOKEN) + len(text) - plain


def call_texts(call: Call) -> Iterator[str]:
    yield from call.instructions
    for message in call.messages:
        yield from message_texts(message)
    for tool in call.config.tools:
        if isinstance(tool, ToolDefinition):
            yield json.dumps(tool.model_dump(exclude_none=True)).decode()


def message_texts(message: Message) -> Iterator[str]:
    """Return all content of a message that becomes tokens; content that is not text as its JSON."""
    for part in message.contents:
        text = part.get_text()
        if text:
            yield text
        elif not isinstance(part, Media):
            yield json.dumps(part.model_dump(exclude_none=True, exclude={"origin", "extras", "type"})).decode()
