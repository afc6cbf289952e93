"""Messages: turns that alternate and begin with the user, with no blank text in them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ...types.call import Call
from ...types.content import (
    AudioContent,
    Content,
    FileContent,
    GenericContent,
    ImageContent,
    Media,
    ReasoningContent,
    ServerToolContent,
    TextContent,
    ToolCallContent,
    ToolResultContent,
    VideoContent,
)
from ...types.message import Message
from ..origin import at_home
from ..toolids import legal_id
from ..warnings import Warnings

PROTOCOL = "converse"
Wire = dict[str, Any]
NOTHING = "."
POINT = "cache_point"
UNSAFE = re.compile(r"[^A-Za-z0-9 \-()\[\]]+")
OF_DOCUMENTS = ("citations", "context")
"""What a document may carry beside its bytes, as its extras."""

DEFAULTS = {"image": "image/png", "video": "video/mp4", "file": "application/pdf"}
FORMATS = {"jpeg": "jpeg", "jpg": "jpeg", "plain": "txt", "markdown": "md", "msword": "doc", "quicktime": "mov"}


def write_messages(call: Call, warnings: Warnings) -> tuple[list[Wire], list[Wire]]:
    """The system's blocks, and the turns."""
    systems: list[Content] = [TextContent(text=said) for said in call.instructions]
    turns: list[Wire] = []
    for message in call.messages:
        if message.role == "system" and not turns:
            systems.extend(message.contents)
            continue
        if message.role == "system":
            warnings.rewritten("a system message in the middle", "it is said by the user")
        add_turn(turns, message, call, warnings)
    if turns and turns[0]["role"] == "assistant":
        warnings.rewritten("the beginning of the conversation", "a user turn was put before the first answer")
        turns.insert(0, {"role": "user", "content": [{"text": NOTHING}]})
    for turn in turns:
        name_documents(turn["content"])
    return write_system(systems, call, warnings), turns


def write_system(parts: Sequence[Content], call: Call, warnings: Warnings) -> list[Wire]:
    """One text; blocks where a point says up to where they may be cached."""
    said = [part for part in parts if part.get_text()]
    if any(POINT in part.extras for part in said):
        return [block for part in said for block in write_block(part, call, warnings)]
    words = "\n\n".join(part.get_text() for part in said)
    return [{"text": words}] if words else []


def add_turn(turns: list[Wire], message: Message, call: Call, warnings: Warnings) -> None:
    """Neighbours of one role become one turn; results stand first in theirs."""
    role = "assistant" if message.role == "assistant" else "user"
    blocks = [block for part in message.contents for block in write_block(part, call, warnings)]
    if not blocks:
        return
    if turns and turns[-1]["role"] == role:
        blocks = [*turns.pop()["content"], *blocks]
    if role == "user":
        blocks.sort(key=lambda block: "toolResult" not in block)
    turns.append({"role": role, "content": blocks})


def name_documents(blocks: list[Wire]) -> None:
    """Documents need words beside them, and names that differ."""
    documents = [block["document"] for block in blocks if "document" in block]
    names: set[str] = set()
    for number, document in enumerate(documents, 1):
        if document["name"] in names:
            document["name"] = f"{document['name']} {number}"
        names.add(document["name"])
    if documents and not any("text" in block for block in blocks):
        blocks.append({"text": NOTHING})


def write_block(part: Content, call: Call, warnings: Warnings) -> Iterator[Wire]:
    home = at_home(part, call, PROTOCOL)
    match part:
        case ReasoningContent():
            yield from write_thought(part, home, warnings)
        case ToolCallContent():
            yield {"toolUse": {"toolUseId": legal_id(part.id, "word64"), "name": part.name, "input": part.arguments}}
        case ToolResultContent():
            yield write_result(part, call, warnings)
        case ServerToolContent() | GenericContent():
            if home:
                yield dict(part.data)
            else:
                name = part.name if isinstance(part, ServerToolContent) else part.kind
                warnings.dropped(f"{name!r}, which the provider ran or made itself", "only its origin knows it")
        case ImageContent() | VideoContent() | FileContent() if part.data is not None or is_stored(part):
            yield write_media(part)
        case Media():
            yield from write_unheard(part, warnings)
        case _:
            if (words := part.get_text()).strip():
                yield {"text": words}
    if POINT in part.extras:
        yield {"cachePoint": part.extras[POINT]}


def write_thought(part: ReasoningContent, home: bool, warnings: Warnings) -> Iterator[Wire]:
    if not home:
        warnings.dropped("the reasoning of another provider", "it belongs to its origin")
    elif part.redacted:
        yield {"reasoningContent": {"redactedContent": part.extras.get("data", "")}}
    else:
        signed = {"signature": part.signature} if part.signature else {}
        yield {"reasoningContent": {"reasoningText": {"text": part.text, **signed}}}


def write_result(part: ToolResultContent, call: Call, warnings: Warnings) -> Wire:
    content: list[Wire] = []
    if isinstance(part.output, dict):
        content.append({"json": part.output})
    elif part.output is not None and part.get_text().strip():
        content.append({"text": part.get_text()})
    for inner in part.contents:
        content.extend(write_block(inner, call, warnings))
    said: Wire = {"toolUseId": legal_id(part.call_id, "word64"), "content": content or [{"text": NOTHING}]}
    return {"toolResult": {**said, "status": "error"} if part.is_error else said}


def write_media(part: ImageContent | VideoContent | FileContent) -> Wire:
    """Bytes as base64, or where AWS stores them, and a short word for their format."""
    kind = (part.mime_type or DEFAULTS[part.type]).split("/")[-1].removeprefix("x-")
    stored = {"s3Location": {"uri": part.url}}
    said: Wire = {
        "format": FORMATS.get(kind, kind),
        "source": stored if part.data is None else {"bytes": base64.b64encode(part.data).decode()},
    }
    if isinstance(part, FileContent):
        stem = (part.name or "document").rsplit(".", 1)[0]
        more = {name: part.extras[name] for name in OF_DOCUMENTS if name in part.extras}
        return {"document": {**said, "name": UNSAFE.sub(" ", stem).strip() or "document", **more}}
    return {part.type: said}


def is_stored(part: Media) -> bool:
    return bool(part.url and part.url.startswith("s3://"))


def write_unheard(part: Media, warnings: Warnings) -> Iterator[Wire]:
    words = part.get_text() if isinstance(part, AudioContent) else ""
    if words:
        warnings.rewritten("sound", "its transcript was sent instead")
        yield {"text": words}
    else:
        warnings.dropped(f"a part of kind {getattr(part, 'type', 'media')!r}", "only bytes can be sent there")
