"""Content parts of vendors with a type: Anthropic, OpenAI, Cohere, Mistral."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .vendor_parts_by_key import (
    fields,
    from_address,
    from_data_or_address,
    generic,
    leftover,
    text_of,
    with_fields,
    with_original,
)

Wire = dict[str, Any]
ANTHROPIC = "anthropic"
SOURCE = fields("type", "media_type", "data", "url", "file_id")
ANTHROPIC_IMAGE = fields("type", source=SOURCE)
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


def read_anthropic_text(part: Mapping[str, Any]) -> Wire | None:
    """Read text with citations in Anthropic's format."""
    cited = part.get("citations")
    if not isinstance(cited, list | tuple) or not cited or not all(is_citation(one) for one in cited):
        return None
    rest = {name: value for name, value in part.items() if name != "citations"}
    return with_fields(rest, {"citations": list(cited)}, ANTHROPIC)


def is_citation(given: Any) -> bool:
    return isinstance(given, Mapping) and "type" in given


def read_image(part: Mapping[str, Any]) -> Wire | None:
    source = part.get("source")
    if not isinstance(source, Mapping):
        return None
    if source.get("type") not in SOURCES:
        return generic("image", part, ANTHROPIC)
    return with_fields({"type": "image", **read_source(source)}, leftover(part, ANTHROPIC_IMAGE), ANTHROPIC)


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
            return generic("document", part, ANTHROPIC)
        return with_original({**about, **plain_text("\n".join(texts))}, part, ANTHROPIC)
    return with_fields({**about, **read_source(source)}, leftover(part, DOCUMENT), ANTHROPIC)


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
        return with_original({**about, "texts": plain, "citations": enabled}, part, ANTHROPIC)
    left = leftover(part, SEARCH_RESULT)
    return with_fields({**about, "texts": texts, "citations": enabled}, left, ANTHROPIC)


def read_tool_use(part: Mapping[str, Any]) -> Wire:
    text = {"type": "tool_call", "id": part.get("id") or "", "name": part.get("name") or ""}
    return with_fields({**text, "arguments": part.get("input") or {}}, leftover(part, TOOL_USE), ANTHROPIC)


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
    return with_fields(text, leftover(part, TOOL_RESULT), ANTHROPIC)


def read_thinking(part: Mapping[str, Any]) -> Wire | None:
    """Read a signed thinking block; None for Mistral's, which is a list."""
    signed = "signature" in part and isinstance(part.get("thinking"), str)
    return generic("thinking", part, ANTHROPIC) if signed else None


def read_tool_reference(part: Mapping[str, Any]) -> Wire | None:
    return generic("tool_reference", part, ANTHROPIC) if "tool_name" in part else None


ANTHROPIC_READERS: dict[str, Callable[[Mapping[str, Any]], Wire | None]] = {
    "text": read_anthropic_text,
    "image": read_image,
    "document": read_document,
    "search_result": read_search_result,
    "tool_use": read_tool_use,
    "tool_result": read_tool_result,
    "thinking": read_thinking,
    "tool_reference": read_tool_reference,
    **{kind: partial(generic, kind, protocol=ANTHROPIC) for kind in OWN_BLOCKS},
}
CHAT, RESPONSES = "openai_chat", "openai_responses"
IMAGE = fields("type", "detail", image_url=fields("url", "detail"))
INPUT_IMAGE = fields("type", "detail", "image_url", "file_id")
AUDIO = fields("type", input_audio=fields("data", "format"))
VIDEO = fields("type", video_url=fields("url"))
FILE = fields("type", file=fields("file_id", "file_data", "filename"))
INPUT_FILE = fields("type", "file_id", "file_data", "file_url", "filename")
OWN_FILE = ("file_data", "file_url", "filename")


def read_text(part: Mapping[str, Any]) -> Wire:
    text = {"type": "text", "text": part.get("text", "")}
    return with_fields(text, leftover(part, fields("type", "text")), RESPONSES)


def read_refusal(part: Mapping[str, Any]) -> Wire | None:
    if "refusal" not in part:
        return None
    text = {"type": "refusal", "text": part["refusal"]}
    return with_fields(text, leftover(part, fields("type", "refusal")), CHAT, RESPONSES)


def read_image_url(part: Mapping[str, Any]) -> Wire:
    text = part["image_url"]
    address = text if isinstance(text, str) else text.get("url")
    detail = part.get("detail") if isinstance(text, str) else text.get("detail")
    content = {**from_address(address, "image"), **({"detail": detail} if detail else {})}
    left = leftover(part, IMAGE if not isinstance(text, str) else fields("type", "detail", "image_url"))
    return with_fields(content, left, CHAT, "cohere")


def read_input_image(part: Mapping[str, Any]) -> Wire:
    detail = {"detail": part["detail"]} if part.get("detail") else {}
    if not isinstance(part.get("image_url"), str) and not part.get("file_id"):
        return read_image_url(part)
    if part.get("file_id"):
        content: Wire = {"type": "image", "file_id": part["file_id"], **detail}
        known = fields("type", "detail", "file_id")
    else:
        content, known = {**from_address(part["image_url"], "image"), **detail}, INPUT_IMAGE
    return with_fields(content, leftover(part, known), RESPONSES)


def read_input_audio(part: Mapping[str, Any]) -> Wire:
    text = part["input_audio"]
    if isinstance(text, str):
        return with_fields(from_data_or_address(text, "audio"), leftover(part, fields("type", "input_audio")), CHAT)
    content = {"type": "audio", "data": text.get("data"), "mime_type": f"audio/{text.get('format', 'wav')}"}
    return with_fields(content, leftover(part, AUDIO), CHAT)


def read_video_url(part: Mapping[str, Any]) -> Wire:
    text = part["video_url"]
    if isinstance(text, str):
        return with_fields(from_address(text, "video"), leftover(part, fields("type", "video_url")), CHAT)
    return with_fields(from_address(text.get("url"), "video"), leftover(part, VIDEO), CHAT)


def read_file(part: Mapping[str, Any]) -> Wire | None:
    """Read a file; None for our own form, which may have an id as well."""
    text = part.get("file")
    if not isinstance(text, Mapping):
        return read_input_file(part) if any(part.get(name) for name in OWN_FILE) else None
    left = leftover(part, FILE)
    if text.get("filename") and not text.get("file_data"):
        left["file"] = {**left.get("file", {}), "filename": text["filename"]}
    return with_fields(one_of(text), left, CHAT)


def read_input_file(part: Mapping[str, Any]) -> Wire:
    left = leftover(part, INPUT_FILE)
    if part.get("filename") and not part.get("file_data"):
        left["filename"] = part["filename"]
    return with_fields(one_of(part), left, RESPONSES)


def one_of(options: Mapping[str, Any]) -> Wire:
    """Create a document from its bytes, URL or id."""
    name = options.get("filename")
    content = from_data_or_address(options.get("file_data") or options.get("file_url"), "file", name)
    return {**content, "file_id": options.get("file_id"), "name": name}


OPENAI_READERS: dict[str, Callable[[Mapping[str, Any]], Wire | None]] = {
    "input_text": read_text,
    "output_text": read_text,
    "refusal": read_refusal,
    "image_url": read_image_url,
    "input_image": read_input_image,
    "input_audio": read_input_audio,
    "video_url": read_video_url,
    "file": read_file,
    "input_file": read_input_file,
}
COHERE = "cohere"
COHERE_TEXTS = ("text", "snippet", "content", "contents", "body")
COHERE_SOURCES = ("url", "source", "link")


def read_cohere_document(part: Mapping[str, Any]) -> Wire | None:
    """Read a document of a tool result or of a search by the user."""
    text = part.get("document")
    if isinstance(text, str):
        return with_original({"type": "search_result", "texts": [text]}, part, COHERE)
    if not isinstance(text, Mapping):
        return None
    data = text.get("data")
    if isinstance(data, str):
        data = {"text": data}
    known = data if isinstance(data, Mapping) else {}
    source = next((str(known[name]) for name in COHERE_SOURCES if known.get(name)), str(text.get("id") or ""))
    texts = [str(known[name]) for name in COHERE_TEXTS if known.get(name)]
    rest = [
        f"{name}: {value}" for name, value in known.items() if name not in (*COHERE_TEXTS, *COHERE_SOURCES, "title")
    ]
    about = {"type": "search_result", "source": source, "title": str(known.get("title") or "")}
    return with_original({**about, "texts": [*texts, *rest]}, part, COHERE)


def read_cohere_thinking(part: Mapping[str, Any]) -> Wire | None:
    return generic("thinking", part, COHERE) if isinstance(part.get("thinking"), str) else None


COHERE_READERS: dict[str, Callable[[Mapping[str, Any]], Wire | None]] = {
    "document": read_cohere_document,
    "thinking": read_cohere_thinking,
}
MISTRAL = "openai_chat"
MISTRAL_DOCUMENT = fields("type", "document_url", "document_name")
MISTRAL_CHUNKS = ("reference", "resource", "resource_link", "tool_file")


def read_document_url(part: Mapping[str, Any]) -> Wire:
    text = part["document_url"]
    if isinstance(text, str):
        content = {**from_address(text, "file"), "name": part.get("document_name")}
        return with_fields(content, leftover(part, MISTRAL_DOCUMENT), MISTRAL)
    content = {**from_address(text.get("url"), "file"), "name": part.get("document_name")}
    left = leftover(part, fields("type", "document_name", document_url=fields("url")))
    return with_fields(content, left, MISTRAL)


def read_mistral_thinking(part: Mapping[str, Any]) -> Wire | None:
    return generic("thinking", part, MISTRAL) if isinstance(part.get("thinking"), list | tuple) else None


def read_mistral_tool_reference(part: Mapping[str, Any]) -> Wire | None:
    return generic("tool_reference", part, MISTRAL) if "tool" in part else None


MISTRAL_READERS: dict[str, Callable[[Mapping[str, Any]], Wire | None]] = {
    "document_url": read_document_url,
    "thinking": read_mistral_thinking,
    "tool_reference": read_mistral_tool_reference,
    **{kind: partial(generic, kind, protocol=MISTRAL) for kind in MISTRAL_CHUNKS},
}
