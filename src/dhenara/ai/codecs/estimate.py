"""How many tokens a call may have, by the length of what it says: for those that nobody counts."""

from __future__ import annotations

from collections.abc import Iterator

from ..types.call import Call
from ..types.content import Media
from ..types.message import Message
from ..types.tools import ToolDefinition
from ..wire import json

LETTERS_PER_TOKEN = 4
TOKENS_PER_TURN = 4
TOKENS_PER_PICTURE = 800
"""Hosts count pictures by their size, from some hundred tokens to two thousand."""


def estimate_tokens(call: Call) -> int:
    """Within a third of the truth for most languages and models; too high rather than too low."""
    words = sum(tokens(text) for text in call_texts(call))
    pictures = sum(isinstance(part, Media) for message in call.messages for part in message.contents)
    return words + TOKENS_PER_TURN * (len(call.messages) + len(call.instructions)) + TOKENS_PER_PICTURE * pictures


def tokens(text: str) -> int:
    """Four letters make a token in the Latin script; in others, most signs are one each."""
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
    """Everything in a turn that becomes tokens, what is not text as the JSON that it travels in."""
    for part in message.contents:
        text = part.get_text()
        if text:
            yield text
        elif not isinstance(part, Media):
            yield json.dumps(part.model_dump(exclude_none=True, exclude={"origin", "extras", "type"})).decode()
