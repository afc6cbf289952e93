"""Messages of a request as items; those of the same protocol go back unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeGuard

from ...types.chat.message import Message
from ...types.config.call import Call
from ...types.content.parts import (
    AudioContent,
    Content,
    FileContent,
    GenericContent,
    ImageContent,
    Media,
    ReasoningContent,
    ServerToolContent,
    StructuredContent,
    TextContent,
    ToolCallContent,
    ToolResultContent,
)
from ...types.content.vendor_parts_by_key import VENDOR_PART
from ...types.tools.provider_tools import CodeExecution
from ...wire import json
from ...wire.media_types import is_text
from ..common.foreign_parts import has_own_form, with_vendor_fields
from ..common.media import data_url, document_name, is_remote, to_base64
from ..common.plan import WarningCollector, is_own_part
from ..common.request import BREAKPOINT, breakpoint_of
from ..common.response_fields import Wire
from ..common.tools import legal_id
from ..quirks import ResponsesQuirks
from .tools import CUSTOM, FUNCTION, kinds_of_calls, write_output

PROTOCOL = "openai_responses"


def write_parts(contents: Sequence[Content], warnings: WarningCollector, *, marks: bool = False) -> list[Wire]:
    """Encode the parts. `marks`: whether the model supports cache markers; others cache automatically."""
    written: list[Wire] = []
    for part in contents:
        wire = write_part(part, warnings)
        if wire is not None and (part.extras or part.cache):
            wire = mark_part(with_vendor_fields(wire, part, PROTOCOL), part, marks=marks)
        if wire is not None:
            written.append(wire)
    return written


def mark_part(wire: Wire, part: Content, *, marks: bool) -> Wire:
    """Add the part's own cache marker, or the one that its `cache` field stands for."""
    mark = part.extras.get(BREAKPOINT) or (breakpoint_of(part.cache) if marks and part.cache else None)
    return wire if mark is None else {**wire, BREAKPOINT: mark}


def write_part(part: Content, warnings: WarningCollector) -> Wire | None:
    match part:
        case TextContent():
            return text(part.text)
        case ImageContent():
            return write_image(part)
        case FileContent() if is_remote(part) and is_text(part.mime_type):
            warnings.fetch(part)
            return None
        case FileContent():
            return write_file(part)
        case Media():
            warnings.dropped(
                f"a part of kind {getattr(part, 'type', 'media')!r}", "it cannot be sent to this provider", part
            )
            return None
        case GenericContent():
            return dict(part.data)
        case _:
            return text(part.get_text())


def is_user_media(part: Media, is_own: bool) -> bool:
    """Whether the part has to be moved to a user message; own images are sent inside their item."""
    return not is_own and isinstance(part, ImageContent | FileContent)


def write_image(part: ImageContent) -> Wire:
    written: Wire = {"type": "input_image", "detail": part.detail or "auto"}
    if part.file_id is not None:
        return {**written, "file_id": part.file_id}
    return {**written, "image_url": part.url or data_url(part, "image/png")}


def write_file(part: FileContent) -> Wire:
    """Encode text files as text with their name, all others as files."""
    if (words := part.to_text()) is not None:
        return {"type": "input_text", "text": words}
    if part.file_id is not None:
        return {"type": "input_file", "file_id": part.file_id}
    if part.url is not None:
        return {"type": "input_file", "file_url": part.url}
    return {"type": "input_file", "filename": document_name(part), "file_data": data_url(part, "application/pdf")}


def write_messages(call: Call, quirks: ResponsesQuirks, warnings: WarningCollector) -> list[Wire]:
    """Encode every message in order as one flat list."""
    kinds = kinds_of_calls(call, PROTOCOL)
    items: list[Wire] = []
    for message in call.messages:
        items += write_message(message, call, quirks, warnings, kinds)
    callers = {item["call_id"]: item["caller"] for item in items if item.get("caller") and is_call(item)}
    return [with_caller(item, callers) for item in items] if callers else items


def with_caller(item: Wire, callers: Mapping[str, Wire]) -> Wire:
    """Add to a result what made its call, so that it reaches the code of the provider that did."""
    is_result = item.get("type") == f"{FUNCTION}_output" and item.get("call_id") in callers
    return {**item, "caller": callers[item["call_id"]]} if is_result else item


def write_message(
    message: Message, call: Call, quirks: ResponsesQuirks, warnings: WarningCollector, kinds: Mapping[str, str]
) -> Iterable[Wire]:
    match message.role:
        case "system":
            return [{"type": "message", "role": "developer", "content": [text(message.text)]}]
        case "user":
            return write_user(message, warnings, kinds, marks=quirks.cache_marks)
        case "assistant":
            items = write_answer(message.contents, call, warnings)
            return sorted(items, key=is_call) if quirks.calls_last else items
        case "tool":
            return write_results(message.contents, warnings, kinds, marks=quirks.cache_marks)


def is_call(item: Wire) -> bool:
    return item.get("type") == "function_call"


def text(options: str) -> Wire:
    return {"type": "input_text", "text": options}


OWN_ITEMS = frozenset(("tool_result", "generic"))
"""Kinds of parts that are items by themselves, beside the user's message."""


def write_user(
    message: Message, warnings: WarningCollector, kinds: Mapping[str, str], *, marks: bool
) -> Iterator[Wire]:
    """Encode tool results, then the user's content; items in the protocol's own format keep their position."""
    if message.contents and OWN_ITEMS.isdisjoint([part.type for part in message.contents]):
        yield {"type": "message", "role": "user", "content": write_parts(message.contents, warnings, marks=marks)}
        return
    yield from write_results(message.contents, warnings, kinds, marks=marks)
    rest = (part for part in message.contents if not isinstance(part, ToolResultContent))
    for is_item, parts in groupby(rest, lambda part: isinstance(part, GenericContent)):
        if is_item:
            yield from (dict(part.data) for part in parts if isinstance(part, GenericContent))
        else:
            yield {"type": "message", "role": "user", "content": write_parts(list(parts), warnings, marks=marks)}


def write_answer(contents: Sequence[Content], call: Call, warnings: WarningCollector) -> Iterator[Wire]:
    """Encode an answer; own items go back unchanged, reasoning with its following item, texts of one message
    together.
    """
    lost = [part for at, part in enumerate(contents) if is_unsendable_reasoning(part, contents[at + 1 :], call)]
    for part in lost:
        warnings.dropped("reasoning that is not encrypted, or without a following item", "it would be refused", part)
    moves = any(is_in_other_container(part, call) for part in contents)
    if moves:
        own = [part for part in contents if isinstance(part, ReasoningContent) and is_own_part(part, call, PROTOCOL)]
        for part in own:
            warnings.dropped("reasoning about code in another container", "the code is left out", part)
        lost += own
    open_message: Wire | None = None
    for at, part in enumerate(contents):
        if part in lost:
            continue
        if is_message_part(part, call) and not (lost or moves):
            open_message = append_text(open_message, part)
            following = contents[at + 1] if at + 1 < len(contents) else None
            if not is_same_message(part, following):
                yield open_message
                open_message = None
        elif is_own_part(part, call, PROTOCOL):
            yield from write_without_id(part, warnings) if lost or moves else write_own(part, contents)
        else:
            yield from write_foreign(part, warnings)


def is_in_other_container(part: Content, call: Call) -> bool:
    """Whether code ran in another container than that of the call. It may have expired, and is refused then."""
    known = part.data.get("container_id") if isinstance(part, ServerToolContent) else None
    named = [tool.container for tool in call.config.tools if isinstance(tool, CodeExecution) and tool.container]
    return known is not None and bool(named) and known not in named


def is_message_part(part: Content, call: Call) -> TypeGuard[TextContent | StructuredContent]:
    """Whether the part is text of an own message item."""
    text = isinstance(part, TextContent | StructuredContent)
    return text and is_own_part(part, call, PROTOCOL) and "item" in part.extras


def is_unsendable_reasoning(part: Content, following: Sequence[Content], call: Call) -> bool:
    """Whether this reasoning cannot be sent back: it must be encrypted or stored, and an item must follow."""
    if not isinstance(part, ReasoningContent) or not is_own_part(part, call, PROTOCOL):
        return False
    item = part.extras.get("item", {})
    known_there = item.get("encrypted_content") or part.extras.get("stored") or item.get("content")
    return not known_there or all(isinstance(later, ReasoningContent) for later in following)


def write_without_id(part: Content, warnings: WarningCollector) -> Iterator[Wire]:
    """Encode the part as that of another provider: without its reasoning, an item is rejected under its id."""
    if isinstance(part, ToolCallContent):
        yield {name: value for name, value in write_own_call(part).items() if name != "id"}
    else:
        yield from write_foreign(part, warnings)


def is_same_message(part: Content, following: Content | None) -> bool:
    item = part.extras["item"]
    return (
        isinstance(following, TextContent | StructuredContent) and "id" in item and following.extras.get("item") == item
    )


def append_text(message: Wire | None, part: TextContent | StructuredContent) -> Wire:
    content = {"type": "output_text", "text": part.text, "annotations": part.extras.get("annotations", [])}
    begun = message or {"type": "message", "role": "assistant", **part.extras["item"], "content": []}
    begun["content"].append(content)
    return begun


def write_own(part: Content, contents: Sequence[Content]) -> Iterator[Wire]:
    """Encode provider-specific items. Reasoning that was interrupted has no item and is dropped."""
    match part:
        case ReasoningContent():
            if "item" in part.extras:
                yield dict(part.extras["item"])
        case ToolCallContent():
            yield write_own_call(part)
        case ServerToolContent() | GenericContent():
            yield {**part.data, **write_generated_image(part, contents)}
        case ImageContent():
            return  # it is sent inside of the item that generated it
        case _:
            yield from write_assistant_text(part)


def write_own_call(part: ToolCallContent) -> Wire:
    about = part.extras.get("item", {})
    if "tool_type" in part.extras:
        return dict(about)
    if about.get("type") != "custom_tool_call":
        return {**write_function_call(part), **about}
    return {"call_id": part.id, "name": part.name, "input": part.arguments_text or "", **about}


def write_generated_image(part: Content, contents: Sequence[Content]) -> Wire:
    """Encode the image of an image generation item, which is stored as a separate part."""
    data = part.data if isinstance(part, ServerToolContent) else {}
    if data.get("type") != "image_generation_call":
        return {}
    pictures = (p for p in contents if isinstance(p, ImageContent) and p.extras.get("id") == data.get("id"))
    return next(({"result": to_base64(picture)} for picture in pictures), {})


def write_foreign(part: Content, warnings: WarningCollector) -> Iterator[Wire]:
    match part:
        case ToolCallContent():
            yield write_function_call(part)
        case ReasoningContent():
            warnings.dropped("the reasoning of another provider", "it belongs to its origin", part)
        case ServerToolContent() | GenericContent():
            name = part.name if isinstance(part, ServerToolContent) else part.kind
            warnings.dropped(f"{name!r}, which the provider ran or made itself", "only its origin accepts it", part)
        case _ if not isinstance(part, AudioContent) and not part.get_text():
            if not isinstance(part, TextContent):
                warnings.dropped(
                    f"a part of kind {getattr(part, 'type', 'part')!r}", "assistant messages support only text", part
                )
        case _:
            yield from write_assistant_text(part)


def write_assistant_text(part: Content) -> Iterator[Wire]:
    if words := part.get_text():
        if VENDOR_PART in part.extras and PROTOCOL in part.extras[VENDOR_PART]:
            yield dict(part.extras[VENDOR_PART][PROTOCOL])
            return
        content: Any = words
        if has_own_form(part, PROTOCOL):
            content = [with_vendor_fields({"type": "output_text", "text": words}, part, PROTOCOL)]
        yield {"role": "assistant", "content": content}


def write_function_call(part: ToolCallContent) -> Wire:
    arguments = part.arguments_json
    if arguments is None:
        arguments = json.dumps(part.arguments).decode()
    wire = {
        "type": "function_call",
        "call_id": legal_id(part.id, "long"),
        "name": part.name,
        "arguments": arguments or "{}",
    }
    return with_vendor_fields(wire, part, PROTOCOL)


def write_results(
    contents: Sequence[Content], warnings: WarningCollector, kinds: Mapping[str, str], *, marks: bool = False
) -> Iterator[Wire]:
    for part in contents:
        if not isinstance(part, ToolResultContent):
            continue
        kind = kinds.get(part.call_id)
        if kind is not None and not (kind == CUSTOM and part.contents):
            yield write_output(kind, part, warnings)
        else:
            output: Any = part.get_text()
            if part.contents:
                lead = [text(output)] if part.output is not None and output else []
                output = [*lead, *write_parts(part.contents, warnings, marks=marks)]
            elif mark := part.extras.get(BREAKPOINT) or (breakpoint_of(part.cache) if marks and part.cache else None):
                output = [{**text(output), BREAKPOINT: mark}]
            called = FUNCTION if kind is None else kind
            wire = {"type": f"{called}_output", "call_id": legal_id(part.call_id, "long"), "output": output}
            yield with_vendor_fields(wire, part, PROTOCOL)
