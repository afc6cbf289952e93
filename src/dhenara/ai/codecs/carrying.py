"""Carrying: pictures and sounds that one model has made, shown to another by the user, as answers cannot hold them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..types.call import Call
from ..types.content import Media, TextContent
from ..types.message import Message, Prompt
from .accepted import kind_of, obstacle
from .base import Quirks
from .origin import at_home
from .warnings import Warnings

Moves = Callable[[Media, bool], bool]
MARKER = "[from the answer above]"
"""What stands before them, so that nobody takes them for the user's own."""


def carried(call: Call, protocol: str, quirks: Quirks, warnings: Warnings, moves: Moves) -> tuple[Message, ...]:
    """The same turns; what an answer cannot hold stands at the beginning of what the user says next.

    Results belong to their calls, so it stands after them. Behind an answer that nobody has replied to yet, nothing
    can be put.
    """
    messages = call.messages
    if not any(moved(message, call, protocol, moves) for message in messages):
        return messages
    turns: list[Message] = []
    waiting: list[Media] = []
    for place, message in enumerate(messages):
        if message.role == "assistant":
            turns += shown(waiting)
            taken = moved(message, call, protocol, moves) if place + 1 < len(messages) else []
            waiting = [part for part in taken if goes(part, quirks, warnings)]
            turns.append(left(message, taken))
        elif message.role == "user" and waiting:
            turns.append(message.model_copy(update={"contents": [*marked(waiting), *message.contents]}))
            waiting = []
        else:
            turns.append(message)
    return (*turns, *shown(waiting))


def moved(message: Message, call: Call, protocol: str, moves: Moves) -> list[Media]:
    """What the user has to show. Sound whose words are known is told in words."""
    if message.role != "assistant":
        return []
    media = (part for part in message.contents if isinstance(part, Media) and not part.get_text())
    return [part for part in media if moves(part, at_home(part, call, protocol))]


def goes(part: Media, quirks: Quirks, warnings: Warnings) -> bool:
    """Whether it can be shown there; either way it is said what becomes of it."""
    what, kind = f"a part of kind {kind_of(part)!r} in an answer", quirks.accepted.get(kind_of(part))
    if why := obstacle(part, kind):
        warnings.dropped(what, why, part)
        return False
    warnings.rewritten(what, "the user shows it after the answer", part)
    return True


def left(message: Message, gone: Sequence[Media]) -> Message:
    """The answer without them."""
    if not gone:
        return message
    kept = [part for part in message.contents if not any(part is one for one in gone)]
    return message.model_copy(update={"contents": kept})


def shown(waiting: Sequence[Media]) -> list[Message]:
    return [Prompt(contents=marked(waiting))] if waiting else []


def marked(waiting: Sequence[Media]) -> list[Any]:
    return [TextContent(text=MARKER), *waiting]
