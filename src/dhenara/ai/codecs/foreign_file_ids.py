"""Replacement of file ids that belong to other providers."""

from __future__ import annotations

from typing import Any

from ..types.call import Call
from ..types.content import Content, Media, TextContent, ToolResultContent
from ..types.message import Message
from .warnings import WarningCollector

NOTHING = "."
"""Placeholder for a message whose content was removed, because empty messages are rejected."""


def replace_foreign_files(call: Call, warnings: WarningCollector) -> tuple[Message, ...]:
    """Replace file ids of other providers by the bytes or the URL, if known."""
    provider = str(call.endpoint.api.provider)
    return tuple(replace_in_message(message, provider, warnings) for message in call.messages)


def replace_in_message(message: Message, provider: str, warnings: WarningCollector) -> Message:
    contents = replace_in_contents(message.contents, provider, warnings)
    if contents is message.contents:
        return message
    return message.model_copy(update={"contents": contents or [TextContent(text=NOTHING)]})


def replace_in_contents(contents: Any, provider: str, warnings: WarningCollector) -> Any:
    """Replace file ids; return the same list if nothing changes."""
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
    """Return the part with its id if it belongs to the provider, else with data or URL; None if neither is known."""
    where = file_owner(part)
    if where in (None, provider):
        alone = part if part.data is None and part.url is None else without(part, "data", "url")
        return warnings.replace_part(alone, part)
    if part.data is None and part.url is None:
        what = f"the file {part.name or part.file_id!r}"
        warnings.dropped(what, f"it was uploaded to {where}, and only its id is known. Upload it here as well", part)
        return None
    match = without(part, "file_id")
    how = "its bytes are sent" if part.data is not None else "its URL is sent"
    warnings.mark_relayed(part, f"{how}, because its id is valid only at {where}")
    return warnings.replace_part(match, part)


def file_owner(part: Media) -> str | None:
    """Return the provider of the file; None if unknown."""
    if part.stored_at is not None:
        return part.stored_at
    return part.origin.provider if part.origin is not None else None


def without(part: Media, *names: str) -> Media:
    return part.model_copy(update=dict.fromkeys(names))
