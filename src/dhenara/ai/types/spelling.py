"""The spellings of content parts that people carry over from vendors' own documents, read into ours."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from .base import Value

MARKS = ("cache_control", "prompt_cache_breakpoint")


def read_parts(given: Any) -> list[Any]:
    """Strings, paths, bytes, files, content values, and dicts in our own or a vendor's spelling."""
    if isinstance(given, str | bytes | bytearray | memoryview) or not isinstance(given, Sequence):
        return [read_part(given)]
    return [read_part(part) for part in given]


def read_part(part: Any) -> Any:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if not isinstance(part, Mapping):
        return part if isinstance(part, Value) else read_source(part)
    if any(mark in part for mark in MARKS):
        return marked(read_part({key: value for key, value in part.items() if key not in MARKS}), part)
    kind = part.get("type")
    if isinstance(kind, str) and kind in FOREIGN:
        return FOREIGN[kind](part)
    if kind is None:
        return read_untyped(part)
    if kind in ("image", "document") and isinstance(part.get("source"), Mapping):
        return read_anthropic_source(part)
    return dict(part)


def read_source(given: Any) -> Any:
    """Paths, bytes and open files, read now; what is none of these is left for whoever can say why it is wrong."""
    if not (isinstance(given, bytes | bytearray | memoryview | PurePath) or hasattr(given, "read")):
        return given
    from .reading import content_of

    return content_of(given)


def marked(part: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Up to where a prompt may be cached is an extra, for those who know of it."""
    marks = {mark: given[mark] for mark in MARKS if given.get(mark) is not None}
    return {**part, "extras": {**part.get("extras", {}), **marks}} if marks else part


def read_untyped(part: Mapping[str, Any]) -> dict[str, Any]:
    """Google's parts have no type; the key says what they are."""
    if "text" in part:
        return {"type": "text", **part}
    for key in ("inline_data", "inlineData"):
        if isinstance(inline := part.get(key), Mapping):
            mime = inline.get("mime_type") or inline.get("mimeType") or ""
            return media(mime, data=inline.get("data"))
    for key in ("file_data", "fileData"):
        if isinstance(stored := part.get(key), Mapping):
            mime = stored.get("mime_type") or stored.get("mimeType") or ""
            return media(mime, url=stored.get("file_uri") or stored.get("fileUri"))
    return dict(part)


def read_image_url(part: Mapping[str, Any]) -> dict[str, Any]:
    if part.get("file_id"):
        return {"type": "image", "file_id": part["file_id"], "detail": part.get("detail")}
    said = part["image_url"]
    address = said if isinstance(said, str) else said.get("url")
    detail = part.get("detail") if isinstance(said, str) else said.get("detail")
    return {**from_address(address, "image"), **({"detail": detail} if detail else {})}


def read_input_audio(part: Mapping[str, Any]) -> dict[str, Any]:
    said = part["input_audio"]
    return {"type": "audio", "data": said.get("data"), "mime_type": f"audio/{said.get('format', 'wav')}"}


def read_openai_file(part: Mapping[str, Any]) -> dict[str, Any]:
    said = part["file"] if isinstance(part.get("file"), Mapping) else part
    # A file of our own has an id too, and much else that has to stay with it.
    own = ("file_id",) if said is not part or part["type"] != "file" else ()
    if not any(said.get(key) for key in (*own, "file_data", "file_url", "filename")):
        return dict(part)
    found = from_address(said.get("file_data") or said.get("file_url"), "file")
    return {**found, "file_id": said.get("file_id"), "name": said.get("filename")}


def read_document_url(part: Mapping[str, Any]) -> dict[str, Any]:
    said = part["document_url"]
    return from_address(said if isinstance(said, str) else said.get("url"), "file")


def read_anthropic_source(part: Mapping[str, Any]) -> dict[str, Any]:
    source = part["source"]
    kind = "image" if part["type"] == "image" else "file"
    named = {"name": part["title"]} if part.get("title") else {}
    match source.get("type"):
        case "base64":
            return {"type": kind, "data": source.get("data"), "mime_type": source.get("media_type"), **named}
        case "text":
            text = str(source.get("data", ""))
            encoded = base64.b64encode(text.encode()).decode()
            return {"type": kind, "data": encoded, "mime_type": "text/plain", **named}
        case "file":
            return {"type": kind, "file_id": source.get("file_id"), **named}
        case _:
            return {"type": kind, "url": source.get("url"), **named}


def from_address(address: str | None, kind: str) -> dict[str, Any]:
    """A data URL carries its bytes; any other address is left for whoever can fetch it."""
    if address and address.startswith("data:"):
        head, _, data = address[5:].partition(",")
        return {"type": kind, "data": data, "mime_type": head.split(";")[0] or None}
    return {"type": kind, "url": address}


def media(mime_type: str, **where: Any) -> dict[str, Any]:
    kind = mime_type.split("/")[0]
    return {"type": kind if kind in ("image", "audio", "video") else "file", "mime_type": mime_type, **where}


def read_text(part: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": part.get("text", "")}


FOREIGN: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "input_text": read_text,
    "output_text": read_text,
    "image_url": read_image_url,
    "input_image": read_image_url,
    "input_audio": read_input_audio,
    "file": read_openai_file,
    "input_file": read_openai_file,
    "document_url": read_document_url,
}
