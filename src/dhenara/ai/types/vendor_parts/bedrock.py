"""Blocks as Bedrock's Converse writes them: without a type, one key each; bytes as bytes or in base64."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from ..vendor_fields import fields, generic, leftover, with_fields
from .addresses import text_of

Wire = dict[str, Any]
PROTOCOL = "converse"
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
"""Blocks that mean something to Converse alone."""


def read(part: Mapping[str, Any]) -> Wire | None:
    """The block in our form; None for one that is not Converse's."""
    for kind, reader in READERS.items():
        if isinstance(part.get(kind), Mapping):
            found = reader(kind, part[kind])
            return found if found is not None else generic(kind, in_base64(part), PROTOCOL)
    own = next((name for name in OWN_BLOCKS if name in part), None)
    return None if own is None else generic(own, in_base64(part), PROTOCOL)


def read_media(kind: str, said: Mapping[str, Any]) -> Wire | None:
    where = read_source(said.get("source"))
    if where is None:
        return None
    found: Wire = {"type": kind, "mime_type": f"{kind}/{said.get('format')}", **where}
    return with_fields(found, inside(kind, leftover(said, MEDIA)), PROTOCOL)


def read_document(kind: str, said: Mapping[str, Any]) -> Wire | None:
    where = read_source(said.get("source"))
    if where is None:
        return None
    cited = said.get("citations")
    found = {
        "type": "file",
        "mime_type": MIME_TYPES.get(str(said.get("format"))),
        "name": said.get("name"),
        "context": said.get("context"),
        "citations": cited.get("enabled") if isinstance(cited, Mapping) else None,
        **where,
    }
    return with_fields(found, inside(kind, leftover(said, DOCUMENT)), PROTOCOL)


def read_source(source: Any) -> Wire | None:
    """Bytes or an address in S3; None for what has another form, such as text."""
    if not isinstance(source, Mapping):
        return None
    if source.get("bytes") is not None:
        return {"data": in_base64(source["bytes"])}
    stored = source.get("s3Location")
    return {"url": stored.get("uri")} if isinstance(stored, Mapping) else None


def read_search_result(kind: str, said: Mapping[str, Any]) -> Wire | None:
    texts, cited = text_of(said.get("content")), said.get("citations")
    if texts is None:
        return None
    found = {
        "type": "search_result",
        "source": said.get("source") or "",
        "title": said.get("title") or "",
        "texts": texts,
        "citations": cited.get("enabled") if isinstance(cited, Mapping) else None,
    }
    return with_fields(found, inside(kind, leftover(said, SEARCH_RESULT)), PROTOCOL)


def read_tool_use(kind: str, said: Mapping[str, Any]) -> Wire | None:
    if said.get("type"):
        return None
    found = {"type": "tool_call", "id": said.get("toolUseId") or "", "name": said.get("name") or ""}
    left = leftover(said, TOOL_USE)
    return with_fields({**found, "arguments": said.get("input") or {}}, inside(kind, left), PROTOCOL)


def read_tool_result(kind: str, said: Mapping[str, Any]) -> Wire | None:
    if said.get("type"):
        return None
    from ..spelling import read_parts

    content = said.get("content") or []
    found: Wire = {"type": "tool_result", "call_id": said.get("toolUseId") or ""}
    found["is_error"] = said.get("status") == "error"
    if len(content) == 1 and "json" in content[0]:
        found["output"] = content[0]["json"]
    else:
        found["contents"] = [generic("json", one, PROTOCOL) if "json" in one else read_parts(one)[0] for one in content]
    left = leftover(said, TOOL_RESULT)
    if said.get("status") == "success":
        left["status"] = "success"
    return with_fields(found, inside(kind, left), PROTOCOL)


def inside(kind: str, left: Wire) -> Wire:
    return {kind: left} if left else {}


def in_base64(given: Any) -> Any:
    """The same with bytes as JSON has them."""
    if isinstance(given, bytes | bytearray | memoryview):
        return b64encode(bytes(given)).decode()
    if isinstance(given, Mapping):
        return {str(name): in_base64(value) for name, value in given.items()}
    return [in_base64(one) for one in given] if isinstance(given, list | tuple) else given


READERS = {
    "image": read_media,
    "video": read_media,
    "document": read_document,
    "searchResult": read_search_result,
    "toolUse": read_tool_use,
    "toolResult": read_tool_result,
}
