"""Messages and tools of requests in the format of Cohere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...types.chat.message import Message
from ...types.config.call import Call
from ...types.content.parts import (
    Content,
    FileContent,
    GenericContent,
    ImageContent,
    Media,
    ReasoningContent,
    SearchResultContent,
    TextContent,
    ToolCallContent,
    ToolResultContent,
)
from ...types.content.vendor_parts_by_key import MESSAGE_FIELDS, VENDOR_PART
from ...types.tools.tool_definition import ToolDefinition
from ...wire import json
from ...wire.media_types import is_text
from ..common.caller_tools import split_tools
from ..common.foreign_parts import PLACEHOLDER_TEXT, drop_empty, with_vendor_fields
from ..common.media import is_remote, to_base64
from ..common.plan import WarningCollector, is_own_part
from ..common.response_fields import Wire
from ..common.tools import extra_fields, select_tools, tool_schema, write_raw
from ..quirks import CohereQuirks

PROTOCOL = "cohere"
ADDRESSES = ("http://", "https://")


def is_document(part: Content) -> bool:
    """Whether the part is a search result or a text file that answers may cite."""
    if isinstance(part, FileContent):
        return part.citations is not None and part.to_text() is not None
    return isinstance(part, SearchResultContent)


def write_documents(call: Call) -> Wire:
    """Encode all documents of user messages; citations are turned off if none of them may be cited."""
    parts = [part for message in call.messages if message.role == "user" for part in message.contents]
    documents = [part for part in parts if is_document(part)]
    if not documents:
        return {}
    written: Wire = {"documents": list(with_unique_ids(map(write_document, documents)))}
    if all(getattr(part, "citations", None) is False for part in documents):
        written["citation_options"] = {"mode": "OFF"}
    return written


def with_unique_ids(documents: Iterable[Any]) -> Iterator[Any]:
    """Give the documents unique ids, because citations refer to them by id."""
    seen: set[str] = set()
    for number, document in enumerate(documents, 1):
        if not isinstance(document, dict):
            yield document
            continue
        known = str(document.get("id") or f"doc_{number}")
        unique = known if known not in seen else f"{known}_{number}"
        seen.add(unique)
        yield {**document, "id": unique}


def write_document(part: Content) -> Any:
    """Encode a document, in the user's own form if it was written for Cohere."""
    original = part.extras.get(VENDOR_PART, {}).get(PROTOCOL)
    if original is not None:
        return original["document"]
    if isinstance(part, SearchResultContent):
        about = {"url" if part.source.startswith(ADDRESSES) else "source": part.source} if part.source else {}
        data = {**({"title": part.title} if part.title else {}), **about, "snippet": part.text}
        return {**({"id": part.source} if part.source else {}), "data": data}
    name = getattr(part, "name", None)
    words = part.to_text() if isinstance(part, FileContent) else None
    return {**({"id": name} if name else {}), "data": {**({"title": name} if name else {}), "snippet": words or ""}}


def write_messages(call: Call, warnings: WarningCollector) -> list[Wire]:
    """Encode the instructions first, then every message."""
    lead = [{"role": "system", "content": "\n\n".join(call.instructions)}] if call.instructions else []
    messages = drop_empty(call.messages, has_content)
    return [*lead, *(wire for message in messages for wire in write_message(message, call, warnings))]


def has_content(message: Message) -> bool:
    """Whether a message has content besides documents, which are sent separately."""
    return message.role != "user" or not all(is_document(part) for part in message.contents)


def write_message(message: Message, call: Call, warnings: WarningCollector) -> Iterator[Wire]:
    match message.role:
        case "system":
            yield {"role": "system", "content": message.text}
        case "user":
            yield from write_results(message.contents, warnings)
            options = [part for part in message.contents if not isinstance(part, ToolResultContent)]
            if options:
                yield {"role": "user", "content": write_parts(options, warnings)}
        case "assistant":
            yield from write_answer(message, call, warnings)
        case "tool":
            yield from write_results(message.contents, warnings)


def write_answer(message: Message, call: Call, warnings: WarningCollector) -> Iterator[Wire]:
    """Encode an assistant message: text and tool calls."""
    blocks: list[Wire] = []
    for part in message.contents:
        blocks.extend(write_answer_part(part, call, warnings))
    calls = [part for part in message.contents if isinstance(part, ToolCallContent)]
    if not blocks and not calls:
        return
    wire: Wire = {"role": "assistant"}
    if blocks:
        wire["content"] = blocks
    if calls:
        wire["tool_calls"] = [write_call(part) for part in calls]
    for part in message.contents:
        if isinstance(part, GenericContent) and part.kind == MESSAGE_FIELDS and is_own_part(part, call, PROTOCOL):
            wire.update(part.data)
    yield wire


def write_answer_part(part: Content, call: Call, warnings: WarningCollector) -> Iterator[Wire]:
    match part:
        case ReasoningContent():
            if is_own_part(part, call, PROTOCOL) and part.text:
                yield {"type": "thinking", "thinking": part.text}
            elif not is_own_part(part, call, PROTOCOL):
                warnings.dropped("the reasoning of another provider", "it belongs to its origin", part)
        case ToolCallContent():
            return
        case GenericContent() if part.kind == MESSAGE_FIELDS:
            return
        case GenericContent() if is_own_part(part, call, PROTOCOL):
            yield dict(part.data)
        case _:
            if words := part.get_text():
                yield {"type": "text", "text": words}
            elif not isinstance(part, TextContent):
                warnings.dropped(
                    f"a part of kind {getattr(part, 'type', 'part')!r}", "assistant messages support only text", part
                )


def write_call(part: ToolCallContent) -> Wire:
    text = part.arguments_json
    arguments = json.dumps(part.arguments).decode() if text is None else text or "{}"
    return {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": arguments}}


def write_results(contents: Sequence[Content], warnings: WarningCollector) -> Iterator[Wire]:
    for part in contents:
        if isinstance(part, ToolResultContent):
            if any(isinstance(inner, Media) for inner in part.contents):
                warnings.rewritten(
                    "a tool result", "its images and files are left out: tool results support only text", part
                )
            yield {"role": "tool", "tool_call_id": part.call_id, "content": write_output(part)}


def write_output(part: ToolResultContent) -> str | list[Wire]:
    """Encode a tool result: text, or a list of documents if it contains some."""
    search_results = [inner for inner in part.contents if isinstance(inner, SearchResultContent)]
    if not search_results:
        return part.get_text()
    words = [part.get_text()] if part.output is not None else []
    words += [inner.get_text() for inner in part.contents if isinstance(inner, TextContent)]
    texts = [{"type": "text", "text": text} for text in words if text]
    return [*texts, *({"type": "document", "document": write_document(one)} for one in search_results)]


def is_user_media(part: Media, is_own: bool) -> bool:
    """Whether the part has to be moved to a user message; assistant messages support only text."""
    if isinstance(part, ImageContent):
        return bool(part.url) or part.data is not None
    return isinstance(part, FileContent) and part.to_text() is not None


def write_parts(contents: Sequence[Content], warnings: WarningCollector) -> str | list[Wire]:
    """Encode a user message; documents are sent outside of the messages."""
    options = [part for part in contents if not is_document(part)]
    if contents and not options:
        return PLACEHOLDER_TEXT
    if len(options) == 1 and isinstance(options[0], TextContent):
        return options[0].text
    parts = [with_vendor_fields(wire, part, PROTOCOL) for part in options for wire in write_part(part, warnings)]
    return parts or PLACEHOLDER_TEXT


def write_part(part: Content, warnings: WarningCollector) -> Iterator[Wire]:
    match part:
        case ImageContent() if part.url or part.data is not None:
            encoded = to_base64(part)
            address = part.url or f"data:{part.mime_type or 'image/png'};base64,{encoded}"
            yield {
                "type": "image_url",
                "image_url": {"url": address, **({"detail": part.detail} if part.detail else {})},
            }
        case FileContent() if is_remote(part) and is_text(part.mime_type):
            warnings.fetch(part)
        case FileContent() if (words := part.to_text()) is not None:
            yield {"type": "text", "text": words}
        case Media():
            warnings.dropped(
                f"a part of kind {getattr(part, 'type', 'media')!r}", "it cannot be sent to this provider", part
            )
        case _:
            yield {"type": "text", "text": part.get_text()}


def write_tools(call: Call, quirks: CohereQuirks, warnings: WarningCollector) -> Wire:
    """Encode the tools. Only "required" and "none" are supported; named tools are chosen by sending no others."""
    config = call.config
    choice = config.tool_choice
    shown = select_tools(config.tools, choice, warnings, one_by_name=False)
    own, _ = split_tools(shown, call, "cohere", warnings)
    tools = [write_tool(tool, quirks, warnings) for tool in own] + write_raw(shown, warnings)
    if not tools:
        return {}
    written: Wire = {"tools": tools}
    if choice is not None and choice.mode != "auto":
        written["tool_choice"] = choice.mode.upper()
    if any(tool.strict for tool in own):
        written["strict_tools"] = True
    return written


def write_tool(tool: ToolDefinition, quirks: CohereQuirks, warnings: WarningCollector) -> Wire:
    schema, _ = tool_schema(tool, quirks, warnings)
    function: Wire = {"name": tool.name, "parameters": schema}
    if tool.description is not None:
        function["description"] = tool.description
    return {**extra_fields(tool, quirks, warnings), "type": "function", "function": function}
