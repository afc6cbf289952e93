"""Messages of a request and their parts; those of the assistant with their tool calls and reasoning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeGuard

from ...types.chat.message import Message
from ...types.config.call import Call
from ...types.content.parts import (
    AudioContent,
    Content,
    ContentItem,
    FileContent,
    GenericContent,
    ImageContent,
    Media,
    ReasoningContent,
    RefusalContent,
    ServerToolContent,
    StructuredContent,
    TextContent,
    ToolCallContent,
    ToolResultContent,
    VideoContent,
)
from ...types.content.vendor_parts_by_key import MESSAGE_FIELDS, VENDOR_FIELDS
from ...wire import json
from ...wire.media_types import is_text
from ..common.foreign_parts import PLACEHOLDER_TEXT, with_vendor_fields
from ..common.media import data_url, document_name, is_remote, to_base64
from ..common.plan import WarningCollector, is_own_part
from ..common.request import BREAKPOINT, CONTROL, anthropic_cache_control, breakpoint_of, is_prefilled
from ..common.response_fields import Wire
from ..common.tools import legal_id
from ..quirks import PROTOCOL, ChatQuirks
from .reasoning import replay_reasoning
from .tools import CUSTOM


def write_parts(contents: Sequence[Content], quirks: ChatQuirks, warnings: WarningCollector) -> list[Wire]:
    written = ((part, write_part(part, quirks, warnings)) for part in contents)
    return [
        mark_part(with_vendor_fields(wire, part, PROTOCOL), part, quirks, warnings)
        for part, wire in written
        if wire is not None
    ]


def mark_part(wire: Wire, part: Content, quirks: ChatQuirks, warnings: WarningCollector) -> Wire:
    """Add the cache marker to the part, if the dialect supports it."""
    mark = cache_control_of(part, quirks)
    if quirks.cache_mark == "none" and BREAKPOINT in part.extras:
        warnings.unsupported(BREAKPOINT, "this model does not support cache markers")
    return wire if mark is None else {**wire, quirks.cache_mark: mark}


def cache_control_of(part: Content, quirks: ChatQuirks) -> Any:
    """Return the part's own cache marker, or the one that its `cache` field stands for."""
    if quirks.cache_mark == "none" or part.cache is None:
        return part.extras.get(quirks.cache_mark)
    normalized = anthropic_cache_control if quirks.cache_mark == CONTROL else breakpoint_of
    return part.extras.get(quirks.cache_mark) or normalized(part.cache)


def write_part(part: Content, quirks: ChatQuirks, warnings: WarningCollector) -> Wire | None:
    match part:
        case ImageContent() | AudioContent() if is_remote(part) and needs_bytes(part, quirks):
            warnings.fetch(part)
            return None
        case ImageContent() if part.url or part.data is not None:
            return write_image(part, quirks)
        case AudioContent() if quirks.audio_in and part.data is not None:
            return write_audio(part, quirks)
        case VideoContent() if quirks.video_shape == "video_url" and (part.url or part.data is not None):
            return {"type": "video_url", "video_url": {"url": part.url or data_url(part, "video/mp4")}}
        case FileContent():
            return write_file(part, quirks, warnings)
        case Media():
            warnings.dropped(
                f"a part of kind {getattr(part, 'type', 'media')!r}", "it cannot be sent to this provider", part
            )
            return None
        case GenericContent():
            return dict(part.data)
        case _:
            return {"type": "text", "text": part.get_text()}


def user_media_rule(quirks: ChatQuirks) -> Callable[[Media, bool], bool]:
    """Return the rule for moving media: assistant messages support only text; own audio is referenced by its id."""

    def shows(part: Media, is_own: bool) -> bool:
        if isinstance(part, AudioContent):
            return quirks.audio_in and not is_own and (part.data is not None or is_remote(part))
        if isinstance(part, VideoContent):
            return quirks.video_shape != "none" and (bool(part.url) or part.data is not None)
        if isinstance(part, FileContent):
            return quirks.document_shape != "none" or part.to_text() is not None
        return isinstance(part, ImageContent) and (bool(part.url) or part.data is not None)

    return shows


def needs_bytes(part: ImageContent | AudioContent, quirks: ChatQuirks) -> bool:
    """Whether the provider needs bytes instead of a URL."""
    return quirks.audio_in if isinstance(part, AudioContent) else not quirks.image_urls


def write_image(part: ImageContent, quirks: ChatQuirks) -> Wire:
    address = part.url or data_url(part, "image/png")
    if quirks.image_shape == "string":
        return {"type": "image_url", "image_url": address}
    return {
        "type": "image_url",
        "image_url": {"url": address, **({"detail": part.detail} if part.detail else {})},
    }


def write_audio(part: AudioContent, quirks: ChatQuirks) -> Wire:
    if quirks.audio_shape == "string":
        return {"type": "input_audio", "input_audio": to_base64(part)}
    kind = (part.mime_type or "audio/wav").split("/")[-1].removeprefix("x-")
    written = {"data": to_base64(part), "format": "mp3" if kind == "mpeg" else kind}
    return {"type": "input_audio", "input_audio": written}


def write_file(part: FileContent, quirks: ChatQuirks, warnings: WarningCollector) -> Wire | None:
    """Encode text files as text with their name, other documents in the dialect's format."""
    if (words := part.to_text()) is not None:
        return {"type": "text", "text": words}
    if quirks.document_shape == "document_url":
        return write_document(part)
    if is_remote(part) and not quirks.remote_documents and (quirks.document_shape != "none" or is_text(part.mime_type)):
        warnings.fetch(part)
        return None
    if quirks.document_shape == "none" or (part.url and not part.data and not quirks.remote_documents):
        warnings.dropped(f"the file {part.name or part.url or ''!r}", "this dialect does not support documents", part)
        return None
    if part.file_id is not None:
        return {"type": "file", "file": {"file_id": part.file_id}}
    encoded = part.url or data_url(part, "application/pdf")
    return {"type": "file", "file": {"filename": document_name(part), "file_data": encoded}}


def write_document(part: FileContent) -> Wire:
    if part.file_id is not None:
        return {"type": "file", "file_id": part.file_id}
    named = {"document_name": part.name} if part.name else {}
    return {"type": "document_url", "document_url": part.url or data_url(part, "application/pdf"), **named}


def write_messages(call: Call, quirks: ChatQuirks, warnings: WarningCollector) -> list[Wire]:
    """Encode the instructions first, then every message."""
    written: list[Wire] = []
    systems = list(call.instructions)
    for message in call.messages:
        if message.role == "system" and not quirks.many_systems:
            systems.append(message.text)
        else:
            written += write_message(message, call, quirks, warnings)
    if systems:
        written.insert(0, write_system("\n\n".join(systems), quirks))
    if quirks.prefill in ("prefix", "partial") and is_prefilled(call):
        written[-1][quirks.prefill] = True
    return written if quirks.user_after_tools else list(separate_tool_results(written))


def separate_tool_results(written: list[Wire]) -> Iterator[Wire]:
    """Insert an assistant message wherever a user message follows a tool result."""
    before = None
    for wire in written:
        if before == "tool" and wire["role"] == "user":
            yield {"role": "assistant", "content": PLACEHOLDER_TEXT}
        before = wire["role"]
        yield wire


def write_system(text: str, quirks: ChatQuirks) -> Wire:
    return {"role": quirks.system_role, "content": text}


def write_message(message: Message, call: Call, quirks: ChatQuirks, warnings: WarningCollector) -> Iterable[Wire]:
    match message.role:
        case "user":
            return write_user(message, quirks, warnings)
        case "assistant":
            return write_assistant(message, call, quirks, warnings)
        case "tool":
            return write_results(message.contents, quirks, warnings)
    wire = {"role": quirks.system_role, "content": write_content(message.contents, quirks, warnings)}
    return ({**wire, "name": message.name} if message.name else wire,)


def write_user(message: Message, quirks: ChatQuirks, warnings: WarningCollector) -> Iterable[Wire]:
    """Encode a user message; its tool results come first."""
    rest: Sequence[ContentItem] = message.contents
    results: list[ContentItem] = []
    if len(rest) != 1 or rest[0].type != "text":
        results = [part for part in rest if part.type == "tool_result"]
        rest = [part for part in rest if part.type != "tool_result"] if results else rest
        if results and not rest:
            return write_results(results, quirks, warnings)
    wire: Wire = {"role": "user", "content": write_content(rest, quirks, warnings)}
    if message.name:
        wire["name"] = message.name
    return [*write_results(results, quirks, warnings), wire] if results else (wire,)


def write_content(contents: Sequence[Content], quirks: ChatQuirks, warnings: WarningCollector) -> str | list[Wire]:
    """Encode a single text as a string, everything else as typed parts."""
    if not contents:
        return ""
    if len(contents) == 1 and isinstance(only := contents[0], TextContent) and is_unmarked(only, quirks):
        return only.text
    # An empty list is refused; what could not be sent is in the warnings.
    return write_parts(contents, quirks, warnings) or PLACEHOLDER_TEXT


def is_unmarked(part: Content, quirks: ChatQuirks) -> bool:
    """Whether the part has neither a cache marker that the dialect supports nor vendor fields."""
    extras = part.extras
    if extras and (VENDOR_FIELDS in extras or BREAKPOINT in extras or extras.get(quirks.cache_mark)):
        return False
    return part.cache is None or quirks.cache_mark == "none"


def write_assistant(message: Message, call: Call, quirks: ChatQuirks, warnings: WarningCollector) -> Iterator[Wire]:
    """Encode text, tool calls, and the reasoning that the dialect expects."""
    calls = [part for part in message.contents if isinstance(part, ToolCallContent)]
    wire: Wire = {"role": "assistant"}
    text = "".join(part_text(part, call, warnings) for part in message.contents)
    if text or quirks.empty_content != "omit":
        wire["content"] = text or (None if quirks.empty_content == "null" and calls else "")
    if any(is_own_chunk(part, call) or cache_control_of(part, quirks) for part in message.contents):
        wire["content"] = list(write_chunks(message, call, quirks, warnings))
    if calls:
        wire["tool_calls"] = [write_tool_call(part, call, quirks) for part in calls]
    replay_reasoning(message.contents, wire, call, quirks, warnings)
    received = [part for part in message.contents if isinstance(part, AudioContent)]
    if received and is_own_part(received[0], call, PROTOCOL) and "id" in received[0].extras:
        wire["audio"] = {"id": received[0].extras["id"]}
    for part in message.contents:
        if is_message_fields(part, call):
            wire.update(part.data)
    if wire.get("content") or calls or "audio" in wire or len(wire) > 2:
        yield {**wire, "name": message.name} if message.name else wire


def is_own_chunk(part: Content, call: Call) -> bool:
    """Whether the part is a content chunk in the protocol's own format."""
    own = isinstance(part, GenericContent) and part.origin is None and is_own_part(part, call, PROTOCOL)
    return own and getattr(part, "kind", None) != MESSAGE_FIELDS


def is_message_fields(part: Content, call: Call) -> TypeGuard[GenericContent]:
    """Whether these are fields that the user wrote next to the content of the message."""
    return isinstance(part, GenericContent) and part.kind == MESSAGE_FIELDS and is_own_part(part, call, PROTOCOL)


def write_chunks(message: Message, call: Call, quirks: ChatQuirks, warnings: WarningCollector) -> Iterator[Wire]:
    """Encode the answer as parts, with cache markers and chunks in the protocol's own format."""
    for part in message.contents:
        if isinstance(part, GenericContent) and is_own_chunk(part, call):
            yield dict(part.data)
        elif text := part_text(part, call, warnings):
            yield mark_part({"type": "text", "text": text}, part, quirks, warnings)


def part_text(part: Content, call: Call, warnings: WarningCollector) -> str:
    """Return the text of a part of an answer."""
    match part:
        case TextContent() | StructuredContent() | RefusalContent():
            return part.text
        case ReasoningContent() | ToolCallContent():
            return ""
        case GenericContent() if is_own_chunk(part, call) or is_message_fields(part, call):
            return ""
        case AudioContent():
            return "" if is_own_part(part, call, PROTOCOL) else part.get_text()
        case ServerToolContent():
            if not is_own_part(part, call, PROTOCOL):
                warnings.dropped(f"the provider's own tool {part.name!r}", "only its origin accepts it", part)
            return ""
        case _:
            kind = getattr(part, "type", "part")
            warnings.dropped(f"a part of kind {kind!r} in an answer", "assistant messages support only text", part)
            return ""


def write_tool_call(part: ToolCallContent, call: Call, quirks: ChatQuirks) -> Wire:
    """Encode a tool call; the original argument text is sent back unchanged so that prompt caches match."""
    text = part.arguments_json
    if part.extras.get("type") == CUSTOM and is_own_part(part, call, PROTOCOL):
        custom = {"name": part.name, "input": part.text_input}
        return {"id": legal_id(part.id, quirks.tool_id), "type": CUSTOM, CUSTOM: custom}
    if text is None:
        text = json.dumps(part.arguments).decode()
    wire = {
        "id": legal_id(part.id, quirks.tool_id),
        "type": "function",
        "function": {"name": part.name, "arguments": text or "{}"},
        **({"extra_content": part.extras["extra_content"]} if "extra_content" in part.extras else {}),
    }
    return with_vendor_fields(wire, part, PROTOCOL)


def write_results(contents: Sequence[ContentItem], quirks: ChatQuirks, warnings: WarningCollector) -> Iterator[Wire]:
    """Encode each result as a message. Images follow in a user message after all results."""
    results = [part for part in contents if isinstance(part, ToolResultContent)]
    for result in results:
        yield {
            "role": "tool",
            "tool_call_id": legal_id(result.call_id, quirks.tool_id),
            "content": result_content(result, quirks, warnings),
        }
    if quirks.parts_in_tool_results:
        return
    media = [part for result in results for part in result.contents if not isinstance(part, TextContent)]
    if media:
        warnings.rewritten("media in a tool result", "it follows in a user message", results)
        if shown := write_parts(media, quirks, warnings):
            yield {"role": "user", "content": shown}


def result_content(result: ToolResultContent, quirks: ChatQuirks, warnings: WarningCollector) -> Any:
    """Return text, or parts if the provider supports them or there is a cache marker."""
    mark = cache_control_of(result, quirks)
    texts = [part for part in result.contents if isinstance(part, TextContent)]
    if mark is not None or any(cache_control_of(part, quirks) for part in texts):
        shown = result.contents if quirks.parts_in_tool_results else texts
        lead = [{"type": "text", "text": result.get_text()}] if result.output is not None or not shown else []
        parts = [*lead, *write_parts(shown, quirks, warnings)]
        return parts if mark is None else [*parts[:-1], {**parts[-1], quirks.cache_mark: mark}]
    if result.contents and quirks.parts_in_tool_results:
        return write_content(result.contents, quirks, warnings)
    return result.get_text()
