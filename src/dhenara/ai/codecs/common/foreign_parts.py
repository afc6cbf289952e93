"""Parts of other protocols: converted or dropped with a warning; fields of the own vendor are written back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from ...types.chat.message import Message
from ...types.config.call import Call
from ...types.content.media import Content
from ...types.content.parts import (
    ContainerUploadContent,
    FileContent,
    GenericContent,
    Media,
    SearchResultContent,
    ServerToolContent,
    TextContent,
    ToolCallContent,
    ToolResultContent,
)
from ...types.content.vendor_parts_by_key import MESSAGE_FIELDS, VENDOR_FIELDS, VENDOR_PART
from .plan import WarningCollector, is_own_part
from .response_fields import Wire


def with_vendor_fields(wire: Wire, part: Content, protocol: str) -> Wire:
    """Add the fields that only this protocol has to an encoded part.

    Args:
        wire: The part as the codec encoded it.
        part: The original part.
        protocol: Name of the codec's protocol.

    Returns:
        The same `wire` if the part has no such fields; the user's own part if it was stored completely.
    """
    if not part.extras:
        return wire
    original = part.extras.get(VENDOR_PART)
    if original is not None and protocol in original:
        return dict(original[protocol])
    fields = part.extras.get(VENDOR_FIELDS)
    return wire if fields is None or protocol not in fields else merge_fields(wire, fields[protocol])


def has_own_form(part: Content, protocol: str) -> bool:
    """Whether the part has fields of this protocol, so that it cannot be shortened to plain text."""
    return any(protocol in part.extras.get(name, ()) for name in (VENDOR_FIELDS, VENDOR_PART))


def merge_fields(wire: Mapping[str, Any], fields: Mapping[str, Any]) -> Wire:
    """Merge recursively; the user's values win. A URL that the codec encoded as a string becomes an object."""
    merged = dict(wire)
    for name, value in fields.items():
        there = merged.get(name)
        if isinstance(there, str) and isinstance(value, Mapping):
            there = {"url": there}
        merged[name] = (
            merge_fields(there, value) if isinstance(there, Mapping) and isinstance(value, Mapping) else value
        )
    return merged


def field_names(fields: Mapping[str, Any], before: str = "") -> list[str]:
    """Return the dotted names of the fields, such as `image_url.min_pixels`."""
    names: list[str] = []
    for name, value in fields.items():
        names += field_names(value, f"{before}{name}.") if isinstance(value, Mapping) and value else [f"{before}{name}"]
    return names


def drop_empty(messages: Iterable[Message], has_content: Callable[[Message], bool]) -> list[Message]:
    """Drop messages without content, as long as another message of the same role is next to them.

    Args:
        messages: The messages in order.
        has_content: Whether something of a message is left.

    Returns:
        The messages; of neighbours that are all empty, the first.
    """
    messages_left: list[Message] = []
    for _, group in groupby(messages, key=lambda message: message.role):
        turn = list(group)
        messages_left += [message for message in turn if has_content(message)] or turn[:1]
    return messages_left


CITING = ("anthropic", "converse", "cohere")
"""Protocols that support search results and cited documents."""

CONTEXTUAL = ("anthropic", "converse")
KINDS = frozenset(("search_result", "container_upload", "generic"))
PLACEHOLDER_TEXT = "."
"""Text of a message or a required turn without content, because providers reject empty messages."""


def convert_foreign_parts(call: Call, protocol: str, warnings: WarningCollector) -> tuple[Message, ...]:
    """Convert the messages: search results to text if unsupported, parts of other protocols removed."""
    read = [convert_message(message, call, protocol, warnings) for message in call.messages]
    pairs = zip(read, call.messages, strict=True)
    emptied = {id(message) for message, given in pairs if given.contents and not message.contents}
    if not emptied:
        return tuple(read)
    # Messages that were empty before stay as they are: what follows must not change how they are written.
    left = drop_empty(read, lambda message: id(message) not in emptied)
    return tuple(with_placeholder(message) if id(message) in emptied else message for message in left)


def with_placeholder(message: Message) -> Message:
    """Return an emptied message with a placeholder, because providers reject empty ones."""
    return message.model_copy(update={"contents": [TextContent(text=PLACEHOLDER_TEXT)]})


def convert_message(message: Message, call: Call, protocol: str, warnings: WarningCollector) -> Message:
    if message.name and protocol != "openai_chat":
        warnings.unsupported("the name of a message")
    made = convert_parts(message.contents, message.role, call, protocol, warnings)
    if made is message.contents:
        return message
    return message.model_copy(update={"contents": made})


def convert_parts(
    contents: Sequence[Any], role: str, call: Call, protocol: str, warnings: WarningCollector
) -> Sequence[Any]:
    """Convert the parts; return the same sequence if nothing changes."""
    made = [(part, convert_part(part, role, call, protocol, warnings)) for part in contents]
    if all(new is old for old, new in made):
        return contents
    return [new for _, new in made if new is not None]


def convert_part(part: Content, role: str, call: Call, protocol: str, warnings: WarningCollector) -> Content | None:
    """Return the part, its replacement, or None if it is removed."""
    if part.extras:
        check_fields(part, protocol, warnings)
    match part:
        case Media() | GenericContent() if role == "system" and not in_system(part, protocol):
            warnings.dropped(
                f"a part of kind {getattr(part, 'type', 'media')!r} in a system message",
                "system messages support only text",
                part,
            )
            return None
        case FileContent():
            check_document(part, protocol, warnings)
        case SearchResultContent() if protocol not in CITING or role not in ("user", "tool"):
            warnings.rewritten("a search result", "it is sent as text without citations", part)
            return TextContent(text=part.get_text(), cache=part.cache)
        case ContainerUploadContent() if protocol != "anthropic":
            warnings.dropped(f"the file {part.file_id!r}", "it was uploaded to a container of Anthropic", part)
            return None
        case GenericContent() if (role != "assistant" or part.origin is None) and not is_own_part(part, call, protocol):
            whose = f"its protocol is {part.protocol}" if part.protocol else "its protocol is unknown. Set protocol="
            is_fields = part.kind == MESSAGE_FIELDS
            what = f"{', '.join(part.data)} of a message" if is_fields else f"a part of kind {part.kind!r}"
            warnings.dropped(what, whose, part)
            return None
        case ToolResultContent() if part.contents:
            inner = convert_parts(part.contents, "tool", call, protocol, warnings)
            if inner is part.contents:
                return part
            left = (
                {"contents": inner}
                if inner or part.output is not None
                else {"contents": [], "output": PLACEHOLDER_TEXT}
            )
            return part.model_copy(update=left)
    return part


def in_system(part: Content, protocol: str) -> bool:
    """Whether this part may be in a system message; most protocols support only text there."""
    if protocol == "openai_chat":
        return True
    return isinstance(part, GenericContent) and protocol == part.protocol == "converse"


def check_fields(part: Content, protocol: str, warnings: WarningCollector) -> None:
    """Warn about fields that belong to other protocols."""
    known = part.extras.get(VENDOR_FIELDS)
    if known and protocol not in known:
        owner, fields = next(iter(known.items()))
        warnings.left_out(part, sorted(field_names(fields)), owner)
    original = part.extras.get(VENDOR_PART)
    if original and protocol not in original and isinstance(part, SearchResultContent):
        owner, wire = next(iter(original.items()))
        if fields := unread_content(wire.get("content")):
            warnings.left_out(part, fields, owner)


def unread_content(content: Any) -> list[str]:
    """Return what a list of content blocks has besides plain text: kinds of other blocks, and fields of text blocks."""
    blocks = [block for block in content if isinstance(block, Mapping)] if isinstance(content, list | tuple) else []
    texts = [block for block in blocks if isinstance(block.get("text"), str)]
    others = {str(block.get("type") or next(iter(block), "")) for block in blocks if block not in texts}
    fields = {name for block in texts for name, value in block.items() if value is not None} - {"type", "text"}
    return [f"content.{name}" for name in sorted(others | fields)]


def check_document(part: FileContent, protocol: str, warnings: WarningCollector) -> None:
    """Warn about `citations` and `context` of documents if they are unsupported."""
    if part.citations and protocol not in CITING:
        warnings.left_out(part, ["citations"], "Anthropic, Bedrock and Cohere")
    if part.context and protocol not in CONTEXTUAL:
        warnings.left_out(part, ["context"], "Anthropic and Bedrock")


def is_failed_search(part: Content) -> bool:
    """Whether the part is the result of a provider's search that failed."""
    data = part.data if isinstance(part, GenericContent | ServerToolContent) else {}
    return "error_code" in data or "error_code" in (data.get("content") or ())


def without_namespace(part: ToolCallContent) -> ToolCallContent:
    item = {name: value for name, value in part.extras["item"].items() if name != "namespace"}
    return part.model_copy(update={"extras": {**part.extras, "item": item}})
