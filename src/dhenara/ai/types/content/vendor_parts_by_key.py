"""Parts in the formats of vendors, converted to our types: what all share, and parts with one key.

A part that a user passes in a vendor's format is converted to our types. Fields that our type does not have are stored
in `extras["vendor_fields"]`, under their protocol and with their path. The codec of that protocol writes them back;
every other codec warns that they are dropped. A part that is converted only approximately is stored completely in
`extras["vendor_part"]`; its own protocol gets it unchanged.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from ...wire.media_types import from_name, is_youtube

VENDOR_FIELDS = "vendor_fields"
VENDOR_PART = "vendor_part"
MESSAGE_FIELDS = "message_fields"
"""The kind of a generic part that stands for fields of a whole message."""

Wire = dict[str, Any]
Known = Mapping[str, Any]
"""Names of known fields; the value is None, or the known fields inside of it."""


def fields(*names: str, **inside: Known) -> Known:
    """Return the known fields of a reader, including nested ones."""
    return {**dict.fromkeys(names), **inside}


def leftover(given: Mapping[str, Any], known: Known) -> Wire:
    """Return the unknown fields with their paths. None and empty values are ignored."""
    left: Wire = {}
    for name, value in given.items():
        if name not in known:
            if value not in (None, {}, []):
                left[name] = value
            continue
        inside = known[name]
        if inside is not None and isinstance(value, Mapping) and (more := leftover(value, inside)):
            left[name] = more
    return left


def with_fields(part: Wire, left: Wire, *protocols: str) -> Wire:
    """Store fields that only these protocols have in the part."""
    if not left:
        return part
    stored = {**part.get("extras", {}).get(VENDOR_FIELDS, {}), **dict.fromkeys(protocols, left)}
    return {**part, "extras": {**part.get("extras", {}), VENDOR_FIELDS: stored}}


def with_original(part: Wire, given: Mapping[str, Any], protocol: str) -> Wire:
    """Store the original form of the part for its own protocol."""
    return {**part, "extras": {**part.get("extras", {}), VENDOR_PART: {protocol: dict(given)}}}


def generic(kind: str, given: Mapping[str, Any], protocol: str) -> Wire:
    """Create a part that only its protocol has."""
    return {"type": "generic", "kind": kind, "data": dict(given), "protocol": protocol}


def without(given: Mapping[str, Any], names: Iterable[str]) -> Wire:
    return {name: value for name, value in given.items() if name not in names}


SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|data:", re.ASCII)
KINDS = ("image", "audio", "video")


def from_address(address: str | None, kind: str) -> Wire:
    """Read the address of media: the bytes of a data URL, or any other URL."""
    if address and address.startswith("data:"):
        head, _, data = address[5:].partition(",")
        return {"type": kind, "data": data, "mime_type": head.split(";")[0] or None}
    return {"type": kind, "url": address}


def from_data_or_address(text: str | None, kind: str, name: str | None = None) -> Wire:
    """Read an address as `from_address` does, or base64 text."""
    if not text or SCHEME.match(text):
        return from_address(text, kind)
    return {"type": kind, "data": text, "mime_type": from_name(name) if name else None}


def media(mime_type: str | None, url: str | None = None, **where: Any) -> Wire:
    """Create a media part of the class that matches the media type or, without one, the URL."""
    guessed = mime_type or (from_name(url.split("?", 1)[0].split("#", 1)[0]) if url else None)
    kind = (guessed or "").split("/")[0]
    if not mime_type and url and is_youtube(url):
        kind = "video"
    content: Wire = {"type": kind if kind in KINDS else "file", "mime_type": mime_type or None, **where}
    return {**content, "url": url} if url else content


def text_of(content: Any) -> list[str] | None:
    """Return the texts of a list of plain text blocks; None if it contains other blocks."""
    if isinstance(content, str):
        return [content]
    if not isinstance(content, list | tuple):
        return None
    plain = [block for block in content if isinstance(block, Mapping) and is_plain_text(block)]
    return [block["text"] for block in plain] if len(plain) == len(content) else None


def is_plain_text(block: Mapping[str, Any]) -> bool:
    rest = {name: value for name, value in block.items() if name not in ("type", "text") and value is not None}
    return isinstance(block.get("text"), str) and block.get("type", "text") == "text" and not rest


GEMINI = "gemini"
FREE = ("args", "response", "partMetadata")
"""Fields that contain keys of the user, which are not converted."""

UNDERSCORE = re.compile(r"_([a-z0-9])")
INLINE = fields(inlineData=fields("mimeType", "data"))
STORED = fields(fileData=fields("mimeType", "fileUri"))
CALL = fields(functionCall=fields("id", "name", "args"))
RESPONSE = fields(functionResponse=fields("id", "name", "response"))
OWN_PARTS = ("executableCode", "codeExecutionResult", "toolCall", "toolResponse", "audioTranscription")
"""Parts that have no counterpart in other formats."""


def read_gemini(given: Mapping[str, Any]) -> Wire | None:
    """Read a part; None if it is not in the format of Gemini."""
    part = camel_case(given)
    if isinstance(inline := part.get("inlineData"), Mapping):
        return with_fields(media(inline.get("mimeType"), data=inline.get("data")), leftover(part, INLINE), GEMINI)
    if isinstance(stored := part.get("fileData"), Mapping):
        content = media(stored.get("mimeType"), stored.get("fileUri"))
        return with_fields(content, leftover(part, STORED), GEMINI)
    if isinstance(call := part.get("functionCall"), Mapping):
        text = {"type": "tool_call", "id": call.get("id") or "", "name": call.get("name") or ""}
        return with_fields({**text, "arguments": call.get("args") or {}}, leftover(part, CALL), GEMINI)
    if isinstance(result := part.get("functionResponse"), Mapping):
        text = {"type": "tool_result", "call_id": result.get("id") or "", "name": result.get("name")}
        return with_fields({**text, "output": result.get("response") or {}}, leftover(part, RESPONSE), GEMINI)
    own = next((name for name in OWN_PARTS if name in part), None)
    if own is not None:
        return generic(own, part, GEMINI)
    if part.get("thought"):
        return generic("thought", part, GEMINI)
    if isinstance(part.get("text"), str):
        known = fields("text", "thought", "cache", "origin", "extras", "citations")
        return with_fields({"type": "text", **plain(part)}, leftover(part, known), GEMINI)
    return None


def plain(part: Mapping[str, Any]) -> Wire:
    """Return the fields that our own text parts have."""
    return {name: part[name] for name in ("text", "cache", "origin", "extras", "citations") if name in part}


def camel_case(given: Any) -> Any:
    """Return a copy with keys in camelCase, except for keys of the user."""
    if isinstance(given, list | tuple):
        return [camel_case(one) for one in given]
    if isinstance(given, bytes | bytearray | memoryview):
        return b64encode(bytes(given)).decode()
    if not isinstance(given, Mapping):
        return given
    renamed = ((UNDERSCORE.sub(lambda match: match[1].upper(), str(name)), value) for name, value in given.items())
    return {name: value if name in FREE else camel_case(value) for name, value in renamed}


CONVERSE = "converse"
SOURCE = fields("bytes", s3Location=fields("uri"))
MEDIA = fields("format", source=SOURCE)
DOCUMENT = fields("format", "context", source=SOURCE, citations=fields("enabled"))
SEARCH_RESULT = fields("source", "title", "content", citations=fields("enabled"))
TOOL_USE = fields("toolUseId", "name", "input")
TOOL_RESULT = fields("toolUseId", "content", "status")
OFFICE = "application/vnd.openxmlformats-officedocument."
MIME_TYPES = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
    "doc": "application/msword",
    "docx": f"{OFFICE}wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": f"{OFFICE}spreadsheetml.sheet",
}
OWN_BLOCKS = (
    "audio",
    "guardContent",
    "cachePoint",
    "reasoningContent",
    "citationsContent",
    "toolAddition",
    "toolRemoval",
)
"""Blocks that have no counterpart in other formats."""


def read_bedrock(part: Mapping[str, Any]) -> Wire | None:
    """Read a block; None if it is not in the format of Converse."""
    for kind, reader in BEDROCK_READERS.items():
        if isinstance(part.get(kind), Mapping):
            content = reader(kind, part[kind])
            return content if content is not None else generic(kind, in_base64(part), CONVERSE)
    own = next((name for name in OWN_BLOCKS if name in part), None)
    return None if own is None else generic(own, in_base64(part), CONVERSE)


def read_media(kind: str, options: Mapping[str, Any]) -> Wire | None:
    where = read_source(options.get("source"))
    if where is None:
        return None
    content: Wire = {"type": kind, "mime_type": f"{kind}/{options.get('format')}", **where}
    return with_fields(content, inside(kind, leftover(options, MEDIA)), CONVERSE)


def read_document(kind: str, options: Mapping[str, Any]) -> Wire | None:
    where = read_source(options.get("source"))
    if where is None:
        return None
    cited = options.get("citations")
    content = {
        "type": "file",
        "mime_type": MIME_TYPES.get(str(options.get("format"))),
        "name": options.get("name"),
        "context": options.get("context"),
        "citations": cited.get("enabled") if isinstance(cited, Mapping) else None,
        **where,
    }
    return with_fields(content, inside(kind, leftover(options, DOCUMENT)), CONVERSE)


def read_source(source: Any) -> Wire | None:
    """Read bytes or a URL in S3; None for other sources, such as text."""
    if not isinstance(source, Mapping):
        return None
    if source.get("bytes") is not None:
        return {"data": in_base64(source["bytes"])}
    stored = source.get("s3Location")
    return {"url": stored.get("uri")} if isinstance(stored, Mapping) else None


def read_search_result(kind: str, options: Mapping[str, Any]) -> Wire | None:
    texts, cited = text_of(options.get("content")), options.get("citations")
    if texts is None:
        return None
    content = {
        "type": "search_result",
        "source": options.get("source") or "",
        "title": options.get("title") or "",
        "texts": texts,
        "citations": cited.get("enabled") if isinstance(cited, Mapping) else None,
    }
    return with_fields(content, inside(kind, leftover(options, SEARCH_RESULT)), CONVERSE)


def read_tool_use(kind: str, options: Mapping[str, Any]) -> Wire | None:
    if options.get("type"):
        return None
    tool_call = {"type": "tool_call", "id": options.get("toolUseId") or "", "name": options.get("name") or ""}
    left = leftover(options, TOOL_USE)
    return with_fields({**tool_call, "arguments": options.get("input") or {}}, inside(kind, left), CONVERSE)


def read_tool_result(kind: str, options: Mapping[str, Any]) -> Wire | None:
    if options.get("type"):
        return None
    content = options.get("content") or []
    tool_result: Wire = {"type": "tool_result", "call_id": options.get("toolUseId") or ""}
    tool_result["is_error"] = options.get("status") == "error"
    if len(content) == 1 and "json" in content[0]:
        tool_result["output"] = content[0]["json"]
    else:
        tool_result["contents"] = [generic("json", one, CONVERSE) if "json" in one else one for one in content]
    left = leftover(options, TOOL_RESULT)
    if options.get("status") == "success":
        left["status"] = "success"
    return with_fields(tool_result, inside(kind, left), CONVERSE)


def inside(kind: str, left: Wire) -> Wire:
    return {kind: left} if left else {}


def in_base64(given: Any) -> Any:
    """Return a copy in which bytes are base64 text."""
    if isinstance(given, bytes | bytearray | memoryview):
        return b64encode(bytes(given)).decode()
    if isinstance(given, Mapping):
        return {str(name): in_base64(value) for name, value in given.items()}
    return [in_base64(one) for one in given] if isinstance(given, list | tuple) else given


BEDROCK_READERS = {
    "image": read_media,
    "video": read_media,
    "document": read_document,
    "searchResult": read_search_result,
    "toolUse": read_tool_use,
    "toolResult": read_tool_result,
}
