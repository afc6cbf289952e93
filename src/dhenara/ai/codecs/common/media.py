"""Preparation of media before a request is encoded, and media that have to move to a user turn."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ...types.chat.message import Message, Prompt
from ...types.chat.structured import OutputMode
from ...types.config.call import Call
from ...types.content.media import FileContent
from ...types.content.parts import Content, Media, TextContent, ToolResultContent
from ...types.content.vendor_parts_by_key import VENDOR_FIELDS
from ..base import Quirks
from .caller_tools import load_tools
from .foreign_parts import PLACEHOLDER_TEXT, convert_foreign_parts
from .media_support import MediaLimitCheck, kind_of, unsupported_reason, with_media_types
from .plan import WarningCollector, is_own_part
from .tools import apply_output_mode, output_mode

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
    pending: list[Media] = []
    for place, message in enumerate(messages):
        if message.role == "assistant":
            turns += media_messages(pending)
            taken = relayed_parts(message, call, protocol, moves) if place + 1 < len(messages) else []
            pending = [part for part in taken if can_relay(part, quirks, warnings)]
            turns.append(without_parts(message, taken))
        elif message.role == "user" and pending:
            turns.append(message.model_copy(update={"contents": [*mark_relayed(pending), *message.contents]}))
            pending = []
        else:
            turns.append(message)
    return (*turns, *media_messages(pending))


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


def without_parts(message: Message, removed: Sequence[Media]) -> Message:
    """Return the message without these parts."""
    if not removed:
        return message
    remaining = [part for part in message.contents if not any(part is one for one in removed)]
    return message.model_copy(update={"contents": remaining})


def media_messages(pending: Sequence[Media]) -> list[Message]:
    return [Prompt(contents=mark_relayed(pending))] if pending else []


def mark_relayed(pending: Sequence[Media]) -> list[Any]:
    return [TextContent(text=MARKER), *pending]


def replace_foreign_files(call: Call, warnings: WarningCollector) -> tuple[Message, ...]:
    """Replace file ids of other providers by the bytes or the URL, if known."""
    provider = str(call.endpoint.api.provider)
    return tuple(replace_in_message(message, provider, warnings) for message in call.messages)


def replace_in_message(message: Message, provider: str, warnings: WarningCollector) -> Message:
    contents = replace_in_contents(message.contents, provider, warnings)
    if contents is message.contents:
        return message
    return message.model_copy(update={"contents": contents or [TextContent(text=PLACEHOLDER_TEXT)]})


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
        left = {"contents": inner} if inner or part.output is not None else {"contents": [], "output": PLACEHOLDER_TEXT}
        return part.model_copy(update=left)
    return part if not isinstance(part, Media) or part.file_id is None else resolve_file(part, provider, warnings)


def resolve_file(part: Media, provider: str, warnings: WarningCollector) -> Media | None:
    """Return the part with its id if it belongs to the provider, else with data or URL; None if neither is known."""
    owner = file_owner(part)
    if owner in (None, provider):
        with_id_only = part if part.data is None and part.url is None else without_fields(part, "data", "url")
        return warnings.replace_part(with_id_only, part)
    if part.data is None and part.url is None:
        what = f"the file {part.name or part.file_id!r}"
        warnings.dropped(what, f"it was uploaded to {owner}, and only its id is known. Upload it here as well", part)
        return None
    without_id = without_fields(part, "file_id")
    how = "its bytes are sent" if part.data is not None else "its URL is sent"
    warnings.mark_relayed(part, f"{how}, because its id is valid only at {owner}")
    return warnings.replace_part(without_id, part)


def file_owner(part: Media) -> str | None:
    """Return the provider of the file; None if unknown."""
    if part.stored_at is not None:
        return part.stored_at
    return part.origin.provider if part.origin is not None else None


def without_fields(part: Media, *names: str) -> Media:
    return part.model_copy(update=dict.fromkeys(names))


MEDIA = frozenset(("image", "audio", "video", "file", "search_result", "container_upload", "generic"))
"""Kinds of parts that not every provider supports, or not in every form."""


PLAIN = frozenset(("text", "structured_output", "reasoning", "refusal"))
"""Kinds of parts that need no preparation."""


def is_plain(call: Call) -> bool:
    """Whether the call has no tools, and only text without vendor fields and cache markers; nearly every call."""
    if call.config.tools:
        return False
    for message in call.messages:
        if message.name:
            return False
        for part in message.contents:
            if part.type not in PLAIN or part.extras or part.cache:
                return False
    return True


def prepare_call(
    call: Call, quirks: Quirks, protocol: str, warnings: WarningCollector, moves: Moves
) -> tuple[Call, OutputMode | None, bool]:
    """Return the call as it can be written: its declared tools, what its structured output needs, and its media.

    Args:
        call: The call.
        quirks: Its dialect.
        protocol: Its protocol.
        warnings: Collects what is changed or left out.
        moves: Decides whether a part of an assistant message has to be moved to a user message.

    Returns:
        The call, the mode of its structured output, and whether it was plain text.
    """
    is_text = is_plain(call)
    if not is_text:
        call = load_tools(call, protocol, warnings)
    mode: OutputMode | None = None
    if call.config.structured_output is not None:
        mode, call = output_mode(call, quirks), apply_output_mode(call, quirks, warnings)
    if not is_text:
        call = prepare_media(call, quirks, protocol, warnings, moves)
    return call, mode, is_text


def prepare_media(call: Call, quirks: Quirks, protocol: str, warnings: WarningCollector, moves: Moves) -> Call:
    """Convert all media to a form that the provider supports; raises if one would be rejected.

    `moves` decides whether a part of an assistant message has to be moved to a user message.
    """
    if not has_media(call):
        return call
    call = replace(call, messages=with_media_types(call.messages, warnings))
    call = replace(call, messages=convert_foreign_parts(call, protocol, warnings))
    remaining = replace(call, messages=replace_foreign_files(call, warnings))
    call = replace(remaining, messages=relay_media(remaining, protocol, quirks, warnings, moves))
    MediaLimitCheck(quirks, str(call.endpoint.api.provider), warnings).check(call)
    return call


def has_media(call: Call) -> bool:
    """Whether the call contains media or other parts that not all providers support.

    Runs for every call, so it compares type names, which is faster than `isinstance`.
    """
    for message in call.messages:
        if message.name:
            return True
        for part in message.contents:
            if part.type in MEDIA or (part.extras and VENDOR_FIELDS in part.extras):
                return True
            if part.type == "tool_result" and any(one.type in MEDIA or one.extras for one in part.contents):
                return True
    return False


def is_remote(part: Media) -> bool:
    """Whether the part has to be downloaded over HTTP."""
    return part.data is None and part.file_id is None and (part.url or "").lower().startswith(("http://", "https://"))


OFFICE = "application/vnd.openxmlformats-officedocument."
ENDINGS = {
    "application/pdf": "pdf",
    f"{OFFICE}wordprocessingml.document": "docx",
    f"{OFFICE}spreadsheetml.sheet": "xlsx",
    f"{OFFICE}presentationml.presentation": "pptx",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/rtf": "rtf",
    "application/zip": "zip",
    None: "pdf",
}
OPTIONS = ("citations", "context")


def document_options(part: FileContent) -> dict[str, Any]:
    """Encode `citations` and `context` as Anthropic and Bedrock expect; `extras` may contain them too."""
    written = {name: part.extras[name] for name in OPTIONS if name in part.extras}
    if part.citations is not None:
        written["citations"] = {"enabled": part.citations}
    if part.context is not None:
        written["context"] = part.context
    return written


def document_name(part: FileContent) -> str:
    """Return the name of a document, or one with the ending of its media type."""
    return part.name or f"document.{ENDINGS.get(part.mime_type, 'bin')}"


def data_url(part: Media, otherwise: str) -> str:
    """Return the bytes of a part as a data URL; `otherwise` is the media type of a part without one."""
    return f"data:{part.mime_type or otherwise};base64,{to_base64(part)}"


def to_base64(part: Media) -> str:
    return base64.b64encode(part.data or b"").decode()
