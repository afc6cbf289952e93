"""Contents: the history as turns of user and model, with every signature in its place."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from ...types.call import Call
from ...types.content import (
    Content,
    FileContent,
    GenericContent,
    Media,
    ReasoningContent,
    ServerToolContent,
    ToolCallContent,
    ToolResultContent,
)
from ...types.message import Message
from ..origin import at_home
from ..warnings import Warnings
from .quirks import GeminiQuirks

PROTOCOL = "gemini"
SIGNATURE = "thought_signature"
UNSIGNED = "skip_thought_signature_validator"
"""What the documents say to send for calls that no Gemini names."""
MIME_OF_KIND = {"image": "image/png", "audio": "audio/wav", "video": "video/mp4", "file": "application/pdf"}
Wire = dict[str, Any]


def write_contents(call: Call, quirks: GeminiQuirks, warnings: Warnings) -> tuple[str, list[Wire]]:
    """The system text, and the turns; neighbours of one role become one turn."""
    systems = list(call.instructions)
    turns: list[Wire] = []
    names = {p.id: p.name for m in call.messages for p in m.contents if isinstance(p, ToolCallContent)}
    for message in call.messages:
        if message.role == "system" and not turns:
            systems.append(message.text)
            continue
        if message.role == "system":
            warnings.rewritten("a system message in the middle", "it is said by the user")
        role = "model" if message.role == "assistant" else "user"
        parts = list(write_parts(message, call, quirks, names, warnings))
        if not parts:
            continue
        if turns and turns[-1]["role"] == role:
            turns[-1]["parts"].extend(parts)
        else:
            turns.append({"role": role, "parts": parts})
    return "\n\n".join(filter(None, systems)), turns


def write_parts(
    message: Message, call: Call, quirks: GeminiQuirks, names: dict[str, str], warnings: Warnings
) -> Iterator[Wire]:
    """The first call of a turn must be signed; a stranger's gets the sign for that."""
    signed = False
    for part in message.contents:
        home = at_home(part, call, PROTOCOL)
        for written in write_part(part, home, quirks, names, warnings):
            signature = part.extras.get(SIGNATURE) if home else None
            if signature is None and "functionCall" in written and not signed and not home:
                signature = UNSIGNED
            signed = signed or "functionCall" in written
            yield {**written, "thoughtSignature": signature} if signature is not None else written


def write_part(
    part: Content, home: bool, quirks: GeminiQuirks, names: dict[str, str], warnings: Warnings
) -> Iterator[Wire]:
    match part:
        case ReasoningContent():
            if home:
                yield {"text": part.text, "thought": True}
            else:
                warnings.dropped("the reasoning of another provider", "it belongs to its origin")
        case ToolCallContent():
            named = {"id": part.id} if part.id and quirks.call_ids else {}
            yield {"functionCall": {**named, "name": part.name, "args": part.arguments}}
        case ToolResultContent():
            yield write_result(part, quirks, names, warnings)
        case ServerToolContent() | GenericContent():
            if home:
                yield dict(part.data)
            else:
                name = part.name if isinstance(part, ServerToolContent) else part.kind
                warnings.dropped(f"{name!r}, which the provider ran or names itself", "only its origin knows it")
        case Media():
            yield write_media(part)
        case _:
            text = part.get_text()
            if text or (home and SIGNATURE in part.extras):
                yield {"text": text}


def write_result(part: ToolResultContent, quirks: GeminiQuirks, names: dict[str, str], warnings: Warnings) -> Wire:
    """Results are objects there; anything else is wrapped. Pictures stand beside them."""
    output: Any = part.output if part.output is not None else part.get_text()
    response = output if isinstance(output, dict) else {"error" if part.is_error else "result": output}
    # Calls without ids are matched by name and order.
    named = {"id": part.call_id} if quirks.call_ids and names.get(part.call_id) and part.call_id else {}
    said: Wire = {**named, "name": part.name or names.get(part.call_id) or part.call_id, "response": response}
    media = [write_media(content) for content in part.contents if isinstance(content, Media)]
    if media:
        said["parts"] = media
    return {"functionResponse": said}


def write_media(part: Media) -> Wire:
    """Text files go as text with their name, bytes inline, everything else by its address."""
    kind = str(getattr(part, "type", "file"))
    mime = part.mime_type or MIME_OF_KIND.get(kind, "application/octet-stream")
    if part.data is None:
        return {"fileData": {"fileUri": part.url or part.file_id or "", "mimeType": mime}}
    if isinstance(part, FileContent) and (mime.startswith("text/") or mime == "application/json"):
        named = f"{part.name}:\n" if part.name else ""
        return {"text": named + part.data.decode("utf-8", "replace")}
    return {"inlineData": {"mimeType": mime, "data": base64.b64encode(part.data).decode()}}
