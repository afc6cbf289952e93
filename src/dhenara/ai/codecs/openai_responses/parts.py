"""Parts: text, pictures and documents inside a message to the model."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from ...types.content import Content, FileContent, ImageContent, Media
from ..warnings import Warnings

Wire = dict[str, Any]


MARK = "prompt_cache_breakpoint"


def write_parts(contents: Sequence[Content], warnings: Warnings) -> list[Wire]:
    """Each part, with the mark up to which the prompt may be cached where there is one."""
    written = ((part, write_part(part, warnings)) for part in contents)
    return [{**wire, MARK: part.extras[MARK]} if MARK in part.extras else wire for part, wire in written if wire]


def write_part(part: Content, warnings: Warnings) -> Wire | None:
    match part:
        case ImageContent():
            return write_image(part)
        case FileContent():
            return write_file(part)
        case Media():
            warnings.dropped(f"a part of kind {getattr(part, 'type', 'media')!r}", "it cannot be sent there")
            return None
        case _:
            return {"type": "input_text", "text": part.get_text()}


def write_image(part: ImageContent) -> Wire:
    written: Wire = {"type": "input_image", "detail": part.detail or "auto"}
    if part.file_id is not None:
        return {**written, "file_id": part.file_id}
    return {**written, "image_url": part.url or data_url(part, "image/png")}


def write_file(part: FileContent) -> Wire:
    """Text files go as text with their name, all others as files."""
    kind = part.mime_type or ""
    if part.data is not None and (kind.startswith("text/") or kind in ("application/json", "application/xml")):
        named = f"{part.name}:\n" if part.name else ""
        return {"type": "input_text", "text": named + part.data.decode("utf-8", "replace")}
    if part.file_id is not None:
        return {"type": "input_file", "file_id": part.file_id}
    if part.url is not None:
        return {"type": "input_file", "file_url": part.url}
    name = part.name or "document.pdf"
    return {"type": "input_file", "filename": name, "file_data": data_url(part, "application/pdf")}


def data_url(part: Media, otherwise: str) -> str:
    return f"data:{part.mime_type or otherwise};base64,{encoded(part)}"


def encoded(part: Media) -> str:
    return base64.b64encode(part.data or b"").decode()
