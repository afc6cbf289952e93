"""Messages: the history as alternating turns, as the API requires."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import Any

from ...types.call import Call
from ...types.content import Content, TextContent
from ...types.message import Message
from ..cache_control import anthropic_cache_control
from ..prefix import PromptPrefix, drop_foreign_reasoning
from ..warnings import WarningCollector
from .blocks import MARK, PROTOCOL, write_block

Wire = dict[str, Any]
NOTHING = "."
"""Placeholder for a required turn without content; the API rejects empty text."""


def write_system(call: Call) -> str | list[Wire]:
    """Encode instructions and leading system messages: one text, or blocks if there are cache markers."""
    leading = takewhile(lambda message: message.role == "system", call.messages)
    parts = [*(TextContent(text=options) for options in call.instructions), *(p for m in leading for p in m.contents)]
    options = [(part.get_text(), cache_control_of(part)) for part in parts if part.get_text()]
    if all(mark is None for _, mark in options):
        return "\n\n".join(words for words, _ in options)
    return [text(words) if mark is None else {**text(words), MARK: mark} for words, mark in options]


def cache_control_of(part: Content) -> Any:
    """Return the part's own cache marker, or the one that its `cache` field stands for."""
    return part.extras.get(MARK) or (anthropic_cache_control(part.cache) if part.cache else None)


def write_messages(call: Call, warnings: WarningCollector, prefix: PromptPrefix | None) -> list[Wire]:
    """Encode the turns. With a prefix, reasoning that belongs to another prefix is dropped."""
    turns: list[Wire] = []
    spoken = False
    for message in call.messages:
        spoken = spoken or message.role != "system"
        if spoken:
            add_turn(turns, message, call, warnings, prefix)
    return turns


def add_turn(
    turns: list[Wire], message: Message, call: Call, warnings: WarningCollector, prefix: PromptPrefix | None
) -> None:
    """Add a message; neighbours with the same role are merged, and tool results come before other content."""
    if message.role == "system":
        warnings.rewritten("a system message in the middle", "it is sent as a user message", message.contents)
    role = "assistant" if message.role == "assistant" else "user"
    if role == "assistant" and not turns:
        warnings.rewritten("the beginning of the conversation", "a user turn was inserted before the first answer")
        turns.append({"role": "user", "content": [text(NOTHING)]})
    moved = (
        drop_foreign_reasoning(message, prefix.extend(turns), call, PROTOCOL)
        if prefix is not None and role == "assistant"
        else []
    )
    for part in moved:
        warnings.dropped("thinking", "the conversation before it has changed", part)
    blocks = list(write_message(message, call, warnings, moved))
    if not blocks:
        return
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"].extend(blocks)
    else:
        turns.append({"role": role, "content": blocks})
    if role == "user":
        turns[-1]["content"].sort(key=lambda block: block["type"] != "tool_result")


def write_message(message: Message, call: Call, warnings: WarningCollector, moved: list[Content]) -> Iterable[Wire]:
    for part in message.contents:
        if not any(part is one for one in moved):
            yield from write_block(part, message.role, call, warnings)


def text(options: str) -> Wire:
    return {"type": "text", "text": options}
