"""Parts of messages: text, images and documents."""

from __future__ import annotations

from collections.abc import Sequence

from ...types.content.parts import Content, FileContent, GenericContent, ImageContent, Media
from ...wire.media_types import is_text
from ..common.fields import Wire
from ..common.foreign_parts import with_vendor_fields
from ..common.media import data_url, document_name, is_remote
from ..common.request import BREAKPOINT, breakpoint_of
from ..common.warnings import WarningCollector

PROTOCOL = "openai_responses"


def write_parts(contents: Sequence[Content], warnings: WarningCollector, *, marks: bool = False) -> list[Wire]:
    """Encode the parts. `marks`: whether the model supports cache markers; others cache automatically."""
    written = ((part, write_part(part, warnings)) for part in contents)
    return [
        mark_part(with_vendor_fields(wire, part, PROTOCOL), part, marks=marks)
        for part, wire in written
        if wire is not None
    ]


def mark_part(wire: Wire, part: Content, *, marks: bool) -> Wire:
    """Add the part's own cache marker, or the one that its `cache` field stands for."""
    mark = part.extras.get(BREAKPOINT) or (breakpoint_of(part.cache) if marks and part.cache else None)
    return wire if mark is None else {**wire, BREAKPOINT: mark}


def write_part(part: Content, warnings: WarningCollector) -> Wire | None:
    match part:
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
            return {"type": "input_text", "text": part.get_text()}


def is_user_media(part: Media, home: bool) -> bool:
    """Whether the part has to be moved to a user message; own images are sent inside their item."""
    return not home and isinstance(part, ImageContent | FileContent)


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
