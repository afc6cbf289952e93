"""Messages: the history as turns that alternate, as Claude insists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...types.call import Call
from ...types.content import Content, TextContent
from ...types.message import Message
from ..warnings import Warnings
from .blocks import MARK, write_block

Wire = dict[str, Any]
NOTHING = "."
"""What a turn says that must exist and has nothing to say; empty text is refused."""


def write_messages(call: Call, warnings: Warnings) -> tuple[str | list[Wire], list[Wire]]:
    """The system text, and the turns. System messages before the first turn belong to the former."""
    systems: list[Content] = [TextContent(text=said) for said in call.instructions]
    turns: list[Wire] = []
    for message in call.messages:
        if message.role == "system" and not turns:
            systems.extend(message.contents)
        else:
            add_turn(turns, message, call, warnings)
    if turns and turns[0]["role"] == "assistant":
        warnings.rewritten("the beginning of the conversation", "a user turn was put before the first answer")
        turns.insert(0, {"role": "user", "content": [text(NOTHING)]})
    return write_system(systems), turns


def write_system(parts: Sequence[Content]) -> str | list[Wire]:
    """One text; blocks where a mark says up to where they may be cached."""
    said = [part for part in parts if part.get_text()]
    if not any(MARK in part.extras for part in said):
        return "\n\n".join(part.get_text() for part in said)
    return [{**text(p.get_text()), **({MARK: p.extras[MARK]} if MARK in p.extras else {})} for p in said]


def add_turn(turns: list[Wire], message: Message, call: Call, warnings: Warnings) -> None:
    """Neighbours of one role become one turn; a round's tool results stand before the words beside them."""
    if message.role == "system":
        warnings.rewritten("a system message in the middle", "it is said by the user")
    role = "assistant" if message.role == "assistant" else "user"
    blocks = list(written(message, call, warnings))
    if not blocks:
        return
    if turns and turns[-1]["role"] == role:
        blocks = [*turns.pop()["content"], *blocks]
    if role == "user":
        blocks.sort(key=lambda block: block["type"] != "tool_result")
    turns.append({"role": role, "content": blocks})


def written(message: Message, call: Call, warnings: Warnings) -> Iterable[Wire]:
    for part in message.contents:
        yield from write_block(part, message.role, call, warnings)


def text(said: str) -> Wire:
    return {"type": "text", "text": said}
