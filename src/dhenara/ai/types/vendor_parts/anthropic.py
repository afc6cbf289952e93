"""Content blocks in the format of Anthropic."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .common import fields, generic, leftover, text_of, with_fields, with_original

Wire = dict[str, Any]
PROTOCOL = "anthropic"
SOURCE = fields("type", "media_type", "data", "url", "file_id")
IMAGE = fields("type", source=SOURCE)
DOCUMENT = fields("type", "title", "context", source=SOURCE, citations=fields("enabled"))
SEARCH_RESULT = fields("type", "source", "title", "content", citations=fields("enabled"))
TOOL_USE = fields("type", "id", "name", "input")
TOOL_RESULT = fields("type", "tool_use_id", "content", "is_error")
SOURCES = ("base64", "url", "file", "text")
OWN_BLOCKS = (
    "server_tool_use",
    "web_search_tool_result",
    "web_fetch_tool_result",
    "code_execution_tool_result",
    "bash_code_execution_tool_result",
    "text_editor_code_execution_tool_result",
    "tool_search_tool_result",
    "advisor_tool_result",
    "mcp_tool_use",
    "mcp_tool_result",
    "mcp_tool_listing",
    "compaction",
    "tool_addition",
    "tool_removal",
    "fallback",
    "browser_state",
    "redacted_thinking",
)
"""Blocks that have no counterpart in other formats."""


def read_text(part: Mapping[str, Any]) -> Wire | None:
    """Read text with citations in Anthropic's format."""
    cited = part.get("citations")
    if not isinstance(cited, list | tuple) or not cited or not all(is_citation(one) for one in cited):
        return None
    rest = {name: value for name, value in part.items() if name != "citations"}
    return with_fields(rest, {"citations": list(cited)}, PROTOCOL)


def is_citation(given: Any) -> bool:
    return isinstance(given, Mapping) and "type" in given


def read_image(part: Mapping[str, Any]) -> Wire | None:
    source = part.get("source")
    if not isinstance(source, Mapping):
        return None
    if source.get("type") not in SOURCES:
        return generic("image", part, PROTOCOL)
    return with_fields({"type": "image", **read_source(source)}, leftover(part, IMAGE), PROTOCOL)


def read_document(part: Mapping[str, Any]) -> Wire | None:
    source = part.get("source")
    if not isinstance(source, Mapping):
        return None
    about: Wire = {"type": "file", "context": part.get("context")}
    if part.get("title"):
        about["name"] = part["title"]
    cited = part.get("citations")
    if isinstance(cited, Mapping):
        about["citations"] = cited.get("enabled")
    if source.get("type") not in SOURCES:
        texts = text_of(source.get("content"))
        if texts is None:
            return generic("document", part, PROTOCOL)
        return with_original({**about, **plain_text("\n".join(texts))}, part, PROTOCOL)
    return with_fields({**about, **read_source(source)}, leftover(part, DOCUMENT), PROTOCOL)


def read_source(source: Mapping[str, Any]) -> Wire:
    match source.get("type"):
        case "base64":
            return {"data": source.get("data"), "mime_type": source.get("media_type")}
        case "text":
            return plain_text(str(source.get("data", "")))
        case "file":
            return {"file_id": source.get("file_id")}
    return {"url": source.get("url")}


def plain_text(text: str) -> Wire:
    return {"data": base64.b64encode(text.encode()).decode(), "mime_type": "text/plain"}


def read_search_result(part: Mapping[str, Any]) -> Wire | None:
    """Read a search result; None for our own form, which has `texts` instead of `content`."""
    if "content" not in part:
        return None
    cited, texts = part.get("citations"), text_of(part["content"])
    enabled = cited.get("enabled") if isinstance(cited, Mapping) else None
    about = {"type": "search_result", "source": part.get("source") or "", "title": part.get("title") or ""}
    if texts is None:
        blocks = [one for one in part["content"] if isinstance(one, Mapping)]
        plain = [one["text"] for one in blocks if isinstance(one.get("text"), str)]
        return with_original({**about, "texts": plain, "citations": enabled}, part, PROTOCOL)
    left = leftover(part, SEARCH_RESULT)
    return with_fields({**about, "texts": texts, "citations": enabled}, left, PROTOCOL)


def read_tool_use(part: Mapping[str, Any]) -> Wire:
    text = {"type": "tool_call", "id": part.get("id") or "", "name": part.get("name") or ""}
    return with_fields({**text, "arguments": part.get("input") or {}}, leftover(part, TOOL_USE), PROTOCOL)


def read_tool_result(part: Mapping[str, Any]) -> Wire | None:
    """Read a tool result; its parts stay as they are. None for our own form, which has a `call_id`."""
    if "tool_use_id" not in part:
        return None
    content = part.get("content")
    text: Wire = {"type": "tool_result", "call_id": part["tool_use_id"], "is_error": bool(part.get("is_error"))}
    if isinstance(content, str) or content is None:
        text["output"] = content
    else:
        text["contents"] = content
    return with_fields(text, leftover(part, TOOL_RESULT), PROTOCOL)


def read_thinking(part: Mapping[str, Any]) -> Wire | None:
    """Read a signed thinking block; None for Mistral's, which is a list."""
    signed = "signature" in part and isinstance(part.get("thinking"), str)
    return generic("thinking", part, PROTOCOL) if signed else None


def read_tool_reference(part: Mapping[str, Any]) -> Wire | None:
    return generic("tool_reference", part, PROTOCOL) if "tool_name" in part else None


ANTHROPIC_READERS: dict[str, Callable[[Mapping[str, Any]], Wire | None]] = {
    "text": read_text,
    "image": read_image,
    "document": read_document,
    "search_result": read_search_result,
    "tool_use": read_tool_use,
    "tool_result": read_tool_result,
    "thinking": read_thinking,
    "tool_reference": read_tool_reference,
    **{kind: partial(generic, kind, protocol=PROTOCOL) for kind in OWN_BLOCKS},
}
