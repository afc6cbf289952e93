"""Generated media in the history: moved to the next user message, because assistant messages cannot contain them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..types.call import Call
from ..types.content import Media, TextContent
from ..types.message import Message, Prompt
from .base import Quirks
from .media_support import kind_of, unsupported_reason
from .origin import is_own_part
from .warnings import WarningCollector

Moves = Callable[[Media, bool], bool]
MARKER = "[from the answer above]"
"""Text before the media, so that the model does not take them for the user's own."""


def relay_media(
    call: Call, protocol: str, quirks: Quirks, warnings: WarningCollector, moves: Moves
) -> tuple[Message, ...]:
    """Move media that assistant messages cannot contain to the beginning of the next user message.

    They come after tool results, which must follow their calls. Media in the last message cannot be moved.
    """
    messages = call.messages
    if not any(relayed_parts(message, call, protocol, moves) for message in messages):
        return messages
    turns: list[Message] = []
    waiting: list[Media] = []
    for place, message in enumerate(messages):
        if message.role == "assistant":
            turns += media_messages(waiting)
            taken = relayed_parts(message, call, protocol, moves) if place + 1 < len(messages) else []
            waiting = [part for part in taken if can_relay(part, quirks, warnings)]
            turns.append(without_parts(message, taken))
        elif message.role == "user" and waiting:
            turns.append(message.model_copy(update={"contents": [*mark_relayed(waiting), *message.contents]}))
            waiting = []
        else:
            turns.append(message)
    return (*turns, *media_messages(waiting))


def relayed_parts(message: Message, call: Call, protocol: str, moves: Moves) -> list[Media]:
    """Return the media to move. Audio with a transcript is sent as text."""
    if message.role != "assistant":
        return []
    media = (part for part in message.contents if isinstance(part, Media) and not part.get_text())
    return [part for part in media if moves(part, is_own_part(part, call, protocol))]


def can_relay(part: Media, quirks: Quirks, warnings: WarningCollector) -> bool:
    """Whether the part can be moved; records a warning in both cases."""
    what, kind = f"a part of kind {kind_of(part)!r} in an answer", quirks.media_support.get(kind_of(part))
    if why := unsupported_reason(part, kind):
        warnings.dropped(what, why, part)
        return False
    warnings.rewritten(what, "it is sent in the next user message", part)
    return True


def without_parts(message: Message, gone: Sequence[Media]) -> Message:
    """Return the message without these parts."""
    if not gone:
        return message
    stored = [part for part in message.contents if not any(part is one for one in gone)]
    return message.model_copy(update={"contents": stored})


def media_messages(waiting: Sequence[Media]) -> list[Message]:
    return [Prompt(contents=mark_relayed(waiting))] if waiting else []


def mark_relayed(waiting: Sequence[Media]) -> list[Any]:
    return [TextContent(text=MARKER), *waiting]
