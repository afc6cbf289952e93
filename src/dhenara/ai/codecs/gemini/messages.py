"""Messages of a request: user and model turns, with the thought signatures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ...types.chat.message import Message
from ...types.config.call import Call
from ...types.content.parts import (
    Content,
    FileContent,
    GenericContent,
    Media,
    ReasoningContent,
    ServerToolContent,
    ToolCallContent,
    ToolResultContent,
)
from ...wire.media_types import is_youtube
from ..common.foreign_parts import PLACEHOLDER_TEXT, with_vendor_fields
from ..common.media import is_remote, to_base64
from ..common.plan import WarningCollector, is_own_part
from ..common.response_fields import Wire
from ..quirks import GeminiQuirks

PROTOCOL = "gemini"
SIGNATURE = "thought_signature"
UNSIGNED = "skip_thought_signature_validator"
"""Value that Google documents for calls that Gemini did not make."""
MIME_OF_KIND = {"image": "image/png", "audio": "audio/wav", "video": "video/mp4", "file": "application/pdf"}
FETCHED_THERE = re.compile(r"https://(((www|m)\.)?youtube\.com|youtu\.be|generativelanguage\.googleapis\.com)/")


def write_messages(call: Call, quirks: GeminiQuirks, warnings: WarningCollector) -> tuple[str, list[Wire]]:
    """Encode system text and turns; neighbours with the same role are merged."""
    systems = list(call.instructions)
    turns: list[Wire] = []
    names = {p.id: p.name for m in call.messages for p in m.contents if isinstance(p, ToolCallContent)}
    for message in call.messages:
        if message.role == "system" and not turns:
            systems.append(message.text)
            continue
        if message.role == "system":
            warnings.rewritten("a system message in the middle", "it is sent as a user message", message.contents)
        role = "model" if message.role == "assistant" else "user"
        parts = list(write_parts(message, call, quirks, names, warnings))
        if not parts:
            continue
        if role == "model" and not turns:
            warnings.rewritten("the beginning of the conversation", "a user turn was inserted before the first answer")
            turns.append({"role": "user", "parts": [{"text": PLACEHOLDER_TEXT}]})
        if turns and turns[-1]["role"] == role:
            turns[-1]["parts"].extend(parts)
        else:
            turns.append({"role": role, "parts": parts})
    return "\n\n".join(filter(None, systems)), turns


def write_parts(
    message: Message, call: Call, quirks: GeminiQuirks, names: dict[str, str], warnings: WarningCollector
) -> Iterator[Wire]:
    """Encode the parts. The first call of a turn needs a signature; calls of other models get a fixed one."""
    signed = False
    for part in message.contents:
        is_own = is_own_part(part, call, PROTOCOL)
        for plain in write_part(part, is_own, quirks, names, warnings):
            written = with_vendor_fields(plain, part, PROTOCOL)
            signature = part.extras.get(SIGNATURE) if is_own else None
            if (
                signature is None
                and "functionCall" in written
                and not signed
                and not (is_own and is_same_model(part, call))
            ):
                signature = UNSIGNED
            signed = signed or "functionCall" in written
            yield {"thoughtSignature": signature, **written} if signature is not None else written


def is_same_model(part: Content, call: Call) -> bool:
    return part.origin is not None and part.origin.model == call.endpoint.ai_model.model_name


def write_part(
    part: Content, is_own: bool, quirks: GeminiQuirks, names: dict[str, str], warnings: WarningCollector
) -> Iterator[Wire]:
    match part:
        case ReasoningContent():
            if is_own:
                yield {"text": part.text, "thought": True}
            else:
                warnings.dropped("the reasoning of another provider", "it belongs to its origin", part)
        case ToolCallContent():
            named = {"id": part.id} if part.id and quirks.call_ids else {}
            yield {"functionCall": {**named, "name": part.name, "args": part.arguments}}
        case ToolResultContent():
            yield write_result(part, quirks, names, warnings)
        case ServerToolContent() | GenericContent():
            if is_own:
                yield dict(part.data)
            else:
                name = part.name if isinstance(part, ServerToolContent) else part.kind
                warnings.dropped(f"{name!r}, which the provider ran or made itself", "only its origin accepts it", part)
        case Media() if is_ours_to_fetch(part, quirks):
            warnings.fetch(part)
        case Media():
            yield write_media(part)
        case _:
            text = part.get_text()
            if text or (is_own and SIGNATURE in part.extras):
                yield {"text": text}


def write_result(
    part: ToolResultContent, quirks: GeminiQuirks, names: dict[str, str], warnings: WarningCollector
) -> Wire:
    """Encode a tool result. Results are objects, so other values are wrapped; images follow separately."""
    output: Any = part.output if part.output is not None else part.get_text()
    response = output if isinstance(output, dict) else {"error" if part.is_error else "result": output}
    # Calls without ids are matched by name and order.
    known = part.call_id in names or part.name not in (None, part.call_id)
    named = {"id": part.call_id} if quirks.call_ids and part.call_id and known else {}
    result: Wire = {**named, "name": part.name or names.get(part.call_id) or part.call_id, "response": response}
    media = []
    for content in part.contents:
        if isinstance(content, Media) and is_ours_to_fetch(content, quirks):
            warnings.fetch(content)
        elif isinstance(content, Media):
            media.append(write_media(content))
    if media:
        result["parts"] = media
    return {"functionResponse": result}


def is_user_media(part: Media, is_own: bool) -> bool:
    """Whether to move the part to a user message; the model needs its own images back in place, with their
    signature.
    """
    return not is_own and part.origin is not None


def is_ours_to_fetch(part: Media, quirks: GeminiQuirks) -> bool:
    """Whether the provider cannot fetch this URL."""
    return is_remote(part) and not quirks.fetches and not FETCHED_THERE.match(part.url or "")


def write_media(part: Media) -> Wire:
    """Encode media: text files as text with their name, bytes inline, everything else as a URL."""
    kind = str(getattr(part, "type", "file"))
    mime = part.mime_type or MIME_OF_KIND.get(kind, "application/octet-stream")
    if part.data is None and part.mime_type is None and is_youtube(part.url or ""):
        return {"fileData": {"fileUri": part.url}}
    if part.data is None:
        return {"fileData": {"fileUri": part.url or part.file_id or "", "mimeType": mime}}
    if isinstance(part, FileContent) and (words := part.to_text()) is not None:
        return {"text": words}
    return {"inlineData": {"mimeType": mime, "data": to_base64(part)}}
