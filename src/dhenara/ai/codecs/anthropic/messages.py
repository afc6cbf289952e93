"""Messages of a request: content blocks in their original form if they came from Claude, converted otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ...types.chat.message import Message, Role
from ...types.config.call import Call
from ...types.content.parts import (
    AudioContent,
    Citation,
    ContainerUploadContent,
    Content,
    ContentItem,
    FileContent,
    GenericContent,
    ImageContent,
    Media,
    ReasoningContent,
    SearchResultContent,
    ServerToolContent,
    TextContent,
    ToolCallContent,
    ToolResultContent,
)
from ...wire.media_types import is_text
from ...wire.text import clean_text
from ..common.foreign_parts import PLACEHOLDER_TEXT, with_vendor_fields
from ..common.media import document_options, is_remote, to_base64
from ..common.plan import PromptPrefix, WarningCollector, drop_foreign_reasoning, is_own_part
from ..common.request import anthropic_cache_control
from ..common.response_fields import Wire
from ..common.tools import legal_id

PROTOCOL = "anthropic"
MARK = "cache_control"
UNMARKABLE = ("thinking", "redacted_thinking")


def write_block(part: ContentItem, role: Role, call: Call, warnings: WarningCollector) -> list[Wire]:
    """Encode a part; nothing if it cannot be sent."""
    if part.type == "text" and not part.extras and not part.cache:
        return write_text(part, call)
    blocks = list(write_plain(part, role, call, warnings))
    if part.extras and len(blocks) == 1:
        blocks = [with_vendor_fields(blocks[0], part, PROTOCOL)]
    mark = part.extras.get(MARK) or (anthropic_cache_control(part.cache) if part.cache else None)
    if mark is not None and blocks and blocks[-1]["type"] not in UNMARKABLE:
        blocks[-1] = {**blocks[-1], MARK: mark}
    return blocks


def write_plain(part: Content, role: Role, call: Call, warnings: WarningCollector) -> Iterator[Wire]:
    match part:
        case TextContent():
            yield from write_text(part, call)
        case ReasoningContent():
            yield from write_reasoning(part, call, warnings)
        case ToolCallContent():
            yield write_call(part, is_own=is_own_part(part, call, PROTOCOL))
        case ToolResultContent():
            yield write_result(part, call, warnings)
        case ServerToolContent() | GenericContent():
            yield from write_own_block(part, call, warnings)
        case Media() | SearchResultContent() | ContainerUploadContent():
            yield from write_shown(part, role, warnings)
        case _:
            if (text := part.get_text()).strip():
                yield {"type": "text", "text": text}


def write_shown(part: Content, role: Role, warnings: WarningCollector) -> Iterator[Wire]:
    """Encode media, search results and uploads."""
    match part:
        case SearchResultContent() if role != "assistant":
            yield write_search_result(part)
        case ContainerUploadContent():
            yield {"type": "container_upload", "file_id": part.file_id}
        case ImageContent() | FileContent() if (
            role != "assistant" and is_remote(part) and not is_fetched_by_provider(part)
        ):
            warnings.fetch(part)
        case ImageContent() | FileContent() if role != "assistant":
            yield write_media(part)
        case Media():
            yield from write_unsupported_media(part, warnings)


def write_text(part: TextContent, call: Call) -> list[Wire]:
    """Encode text. Blank text is rejected by the API, even if Claude wrote it. Citations go back unchanged."""
    if not part.text.strip():
        return []
    block: Wire = {"type": "text", "text": part.text}
    if part.citations and is_own_part(part, call, PROTOCOL):
        block["citations"] = [write_citation(citation) for citation in part.citations]
    return [block]


def write_citation(citation: Citation) -> Wire:
    return dict(citation.extras)


def write_reasoning(part: ReasoningContent, call: Call, warnings: WarningCollector) -> Iterator[Wire]:
    """Encode reasoning. The API rejects unsigned reasoning, so that of other models is dropped."""
    if not is_own_part(part, call, PROTOCOL):
        warnings.dropped("the reasoning of another provider", "it belongs to its origin", part)
    elif part.redacted:
        yield {"type": "redacted_thinking", "data": part.extras.get("data", "")}
    elif part.signature:
        yield {"type": "thinking", "thinking": part.text, "signature": part.signature}
    else:
        warnings.dropped("thinking without a signature", "it would be refused", part)


def write_call(part: ToolCallContent, *, is_own: bool) -> Wire:
    extras = {name: value for name, value in part.extras.items() if name != MARK} if is_own else {}
    return {
        "type": "tool_use",
        "id": legal_id(part.id, "word64"),
        "name": part.name,
        "input": part.arguments,
        **extras,
    }


def write_result(part: ToolResultContent, call: Call, warnings: WarningCollector) -> Wire:
    block: Wire = {"type": "tool_result", "tool_use_id": legal_id(part.call_id, "word64")}
    if part.contents:
        options = [part.get_text()] if part.output is not None else []
        inner: list[Wire] = [{"type": "text", "text": one} for one in options if one]
        for content in part.contents:
            inner.extend(write_block(content, "tool", call, warnings))
        block["content"] = inner
    elif text := part.get_text():
        block["content"] = text
    return {**block, "is_error": True} if part.is_error else block


def write_own_block(part: ServerToolContent | GenericContent, call: Call, warnings: WarningCollector) -> Iterator[Wire]:
    """Send provider-specific blocks back unchanged, and only to their origin."""
    if not is_own_part(part, call, PROTOCOL):
        name = part.name if isinstance(part, ServerToolContent) else part.kind
        warnings.dropped(f"{name!r}, which the provider ran or made itself", "only its origin accepts it", part)
    elif isinstance(part, ServerToolContent):
        yield {**part.data, "input": part.arguments}
    else:
        yield dict(part.data)


def is_user_media(part: Media, is_own: bool) -> bool:
    """Whether the part has to be moved to a user message; assistant messages cannot contain images and documents."""
    return not is_own and isinstance(part, ImageContent | FileContent)


def is_fetched_by_provider(part: ImageContent | FileContent) -> bool:
    """Whether the provider fetches the URL: images and PDFs, over HTTPS only."""
    address = (part.url or "").lower()
    is_pdf = part.mime_type == "application/pdf" or (part.mime_type is None and urlsplit(address).path.endswith(".pdf"))
    return (isinstance(part, ImageContent) or is_pdf) and address.startswith("https://")


def write_media(part: ImageContent | FileContent) -> Wire:
    if isinstance(part, ImageContent):
        return {"type": "image", "source": source(part, "image/png")}
    block: Wire = {"type": "document", "source": document_source(part), **document_options(part)}
    return {**block, "title": part.name} if part.name else block


def write_search_result(part: SearchResultContent) -> Wire:
    content = [{"type": "text", "text": text} for text in part.texts if text.strip()]
    block = {"type": "search_result", "source": part.source, "title": part.title, "content": content}
    return block if part.citations is None else {**block, "citations": {"enabled": part.citations}}


def document_source(part: FileContent) -> Wire:
    """Encode the source of a document: PDFs unchanged, other text formats as plain text."""
    if part.data is not None and is_text(part.mime_type):
        return {"type": "text", "media_type": "text/plain", "data": clean_text(part.data)}
    return source(part, "application/pdf")


def source(part: Media, otherwise: str) -> Wire:
    if part.file_id is not None:
        return {"type": "file", "file_id": part.file_id}
    if part.data is None:
        return {"type": "url", "url": part.url or ""}
    encoded = to_base64(part)
    return {"type": "base64", "media_type": part.mime_type or otherwise, "data": encoded}


def write_unsupported_media(part: Media, warnings: WarningCollector) -> Iterator[Wire]:
    """Encode audio and video: not supported, so the transcript is sent if there is one."""
    words = part.get_text() if isinstance(part, AudioContent) else ""
    kind = getattr(part, "type", "media")
    if words:
        warnings.rewritten(f"a part of kind {kind!r}", "its transcript was sent instead", part)
        yield {"type": "text", "text": words}
    else:
        warnings.dropped(f"a part of kind {kind!r}", "it cannot be sent there", part)


def write_system(call: Call) -> str | list[Wire]:
    """Encode instructions and leading system messages: one text, or blocks if there are cache markers."""
    texts: list[tuple[str, Any]] = [(text, None) for text in call.instructions if text]
    for message in call.messages:
        if message.role != "system":
            break
        texts += [(part.get_text(), cache_control_of(part)) for part in message.contents if part.get_text()]
    if not texts:
        return ""
    if all(mark is None for _, mark in texts):
        return "\n\n".join(text for text, _ in texts)
    return [text_block(text) if mark is None else {**text_block(text), MARK: mark} for text, mark in texts]


def cache_control_of(part: Content) -> Any:
    """Return the part's own cache marker, or the one that its `cache` field stands for."""
    return part.extras.get(MARK) or (anthropic_cache_control(part.cache) if part.cache else None)


def write_messages(call: Call, warnings: WarningCollector, prefix: PromptPrefix | None) -> list[Wire]:
    """Encode the turns. With a prefix, reasoning that belongs to another prefix is dropped."""
    turns: list[Wire] = []
    after_system = False
    for message in call.messages:
        after_system = after_system or message.role != "system"
        if after_system:
            add_turn(turns, message, call, warnings, prefix)
    return turns


def add_turn(
    turns: list[Wire], message: Message, call: Call, warnings: WarningCollector, prefix: PromptPrefix | None
) -> None:
    """Add a message; neighbours with the same role are merged, and tool results come before other content."""
    if message.role == "system":
        warnings.rewritten("a system message in the middle", "it is sent as a user message", message.contents)
    role = "assistant" if message.role == "assistant" else "user"
    if role == "assistant" and not turns:
        warnings.rewritten("the beginning of the conversation", "a user turn was inserted before the first answer")
        turns.append({"role": "user", "content": [text_block(PLACEHOLDER_TEXT)]})
    foreign_reasoning = (
        drop_foreign_reasoning(message, prefix.extend(turns), call, PROTOCOL)
        if prefix is not None and role == "assistant"
        else []
    )
    for part in foreign_reasoning:
        warnings.dropped("thinking", "the conversation before it has changed", part)
    blocks: list[Wire] = []
    for part in message.contents:
        if not foreign_reasoning or not any(part is one for one in foreign_reasoning):
            blocks += write_block(part, message.role, call, warnings)
    if not blocks:
        return
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"].extend(blocks)
    else:
        turns.append({"role": role, "content": blocks})
    if role == "user" and len(turns[-1]["content"]) > 1:
        turns[-1]["content"].sort(key=lambda block: block["type"] != "tool_result")


def text_block(text: str) -> Wire:
    return {"type": "text", "text": text}
