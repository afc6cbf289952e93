"""Staying: a file id means something only to the provider that gave it."""

from __future__ import annotations

from typing import Any

from ..types.call import Call
from ..types.content import Content, Media, TextContent, ToolResultContent
from ..types.message import Message
from .warnings import WarningCollector

NOTHING = "."
"""What a turn says of which nothing is left; empty ones are refused."""


def replace_foreign_files(call: Call, warnings: WarningCollector) -> tuple[Message, ...]:
    """The messages without the ids of other providers: the bytes or the address go instead, where they are known."""
    provider = str(call.endpoint.api.provider)
    return tuple(replace_in_message(message, provider, warnings) for message in call.messages)


def replace_in_message(message: Message, provider: str, warnings: WarningCollector) -> Message:
    contents = replace_in_contents(message.contents, provider, warnings)
    if contents is message.contents:
        return message
    return message.model_copy(update={"contents": contents or [TextContent(text=NOTHING)]})


def replace_in_contents(contents: Any, provider: str, warnings: WarningCollector) -> Any:
    """The same list, where nothing in it changes."""
    made = [(part, replace_in_part(part, provider, warnings)) for part in contents]
    if all(new is old for old, new in made):
        return contents
    return [new for _, new in made if new is not None]


def replace_in_part(part: Content, provider: str, warnings: WarningCollector) -> Content | None:
    if isinstance(part, ToolResultContent) and part.contents:
        inner = replace_in_contents(part.contents, provider, warnings)
        if inner is part.contents:
            return part
        left = {"contents": inner} if inner or part.output is not None else {"contents": [], "output": NOTHING}
        return part.model_copy(update=left)
    return part if not isinstance(part, Media) or part.file_id is None else resolve_file(part, provider, warnings)


def resolve_file(part: Media, provider: str, warnings: WarningCollector) -> Media | None:
    """The part by its id where that is known, else by what else is known of it; None where that is nothing."""
    where = file_owner(part)
    if where in (None, provider):
        alone = part if part.data is None and part.url is None else without(part, "data", "url")
        return warnings.replace_part(alone, part)
    if part.data is None and part.url is None:
        what = f"the file {part.name or part.file_id!r}"
        warnings.dropped(what, f"it was uploaded to {where}, and only its id is known; upload it here as well", part)
        return None
    match = without(part, "file_id")
    how = "its bytes are sent" if part.data is not None else "its address is sent"
    warnings.mark_relayed(part, f"{how}, for its id is known to {where} alone")
    return warnings.replace_part(match, part)


def file_owner(part: Media) -> str | None:
    """Who has the file; nobody knows of an id that stands alone."""
    if part.stored_at is not None:
        return part.stored_at
    return part.origin.provider if part.origin is not None else None


def without(part: Media, *names: str) -> Media:
    return part.model_copy(update=dict.fromkeys(names))
