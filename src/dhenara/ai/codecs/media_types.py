"""Missing media types: guessed from the bytes, or from how the name or the address ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from ..types.content import ToolResultContent
from ..types.media import Media
from ..types.message import Message
from ..wire.mime_sniffing import from_name, sniff
from .media_support import UNKNOWN
from .warnings import WarningCollector

M = TypeVar("M", bound=Media)


def with_media_types(messages: Sequence[Message], warnings: WarningCollector) -> tuple[Message, ...]:
    """The messages with a media type on everything for which it can be guessed.

    Args:
        messages: The turns in order.
        warnings: Knows afterwards which part stands for which.

    Returns:
        The same messages where nothing is missing.
    """
    return tuple(typed_message(message, warnings) for message in messages)


def typed_message(message: Message, warnings: WarningCollector) -> Message:
    contents = typed_parts(message.contents, warnings)
    return message if contents is message.contents else message.model_copy(update={"contents": contents})


def typed_parts(parts: Sequence[Any], warnings: WarningCollector) -> Sequence[Any]:
    made = [typed_part(part, warnings) for part in parts]
    return parts if all(new is old for new, old in zip(made, parts, strict=True)) else made


def typed_part(part: Any, warnings: WarningCollector) -> Any:
    if isinstance(part, ToolResultContent) and part.contents:
        inner = typed_parts(part.contents, warnings)
        return part if inner is part.contents else part.model_copy(update={"contents": inner})
    return warnings.replace_part(with_media_type(part), part) if isinstance(part, Media) else part


def with_media_type(part: M) -> M:
    """The part with its media type, if it has none and one of its kind can be guessed."""
    if part.mime_type is not None:
        return part
    guessed = from_name(address_name(part.url)) if part.data is None and part.url else None
    if part.data is not None:
        guessed = sniff(part.data, part.name)
    if guessed in UNKNOWN or not str(guessed).startswith(part.KIND):
        return part
    return part.model_copy(update={"mime_type": guessed})


def address_name(url: str) -> str:
    return url.split("?", 1)[0].split("#", 1)[0]
