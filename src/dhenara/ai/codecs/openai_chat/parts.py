"""Parts of user messages: text, images, audio and documents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...types.content.parts import AudioContent, Content, FileContent, GenericContent, ImageContent, Media, VideoContent
from ...wire.media_types import is_text
from ..common.fields import Wire
from ..common.foreign_parts import with_vendor_fields
from ..common.media import data_url, document_name, is_remote, to_base64
from ..common.request import BREAKPOINT, CONTROL, anthropic_cache_control, breakpoint_of
from ..common.warnings import WarningCollector
from .quirks import PROTOCOL, ChatQuirks


def write_parts(contents: Sequence[Content], quirks: ChatQuirks, warnings: WarningCollector) -> list[Wire]:
    written = ((part, write_part(part, quirks, warnings)) for part in contents)
    return [
        mark_part(with_vendor_fields(wire, part, PROTOCOL), part, quirks, warnings)
        for part, wire in written
        if wire is not None
    ]


def mark_part(wire: Wire, part: Content, quirks: ChatQuirks, warnings: WarningCollector) -> Wire:
    """Add the cache marker to the part, if the dialect supports it."""
    mark = cache_control_of(part, quirks)
    if quirks.cache_mark == "none" and BREAKPOINT in part.extras:
        warnings.unsupported(BREAKPOINT, "this model does not support cache markers")
    return wire if mark is None else {**wire, quirks.cache_mark: mark}


def cache_control_of(part: Content, quirks: ChatQuirks) -> Any:
    """Return the part's own cache marker, or the one that its `cache` field stands for."""
    if quirks.cache_mark == "none" or part.cache is None:
        return part.extras.get(quirks.cache_mark)
    normalized = anthropic_cache_control if quirks.cache_mark == CONTROL else breakpoint_of
    return part.extras.get(quirks.cache_mark) or normalized(part.cache)


def write_part(part: Content, quirks: ChatQuirks, warnings: WarningCollector) -> Wire | None:
    match part:
        case ImageContent() | AudioContent() if is_remote(part) and needs_bytes(part, quirks):
            warnings.fetch(part)
            return None
        case ImageContent() if part.url or part.data is not None:
            return write_image(part, quirks)
        case AudioContent() if quirks.audio_in and part.data is not None:
            return write_audio(part, quirks)
        case VideoContent() if quirks.video_shape == "video_url" and (part.url or part.data is not None):
            return {"type": "video_url", "video_url": {"url": part.url or data_url(part, "video/mp4")}}
        case FileContent():
            return write_file(part, quirks, warnings)
        case Media():
            warnings.dropped(
                f"a part of kind {getattr(part, 'type', 'media')!r}", "it cannot be sent to this provider", part
            )
            return None
        case GenericContent():
            return dict(part.data)
        case _:
            return {"type": "text", "text": part.get_text()}


def user_media_rule(quirks: ChatQuirks) -> Callable[[Media, bool], bool]:
    """Return the rule for moving media: assistant messages support only text; own audio is referenced by its id."""

    def shows(part: Media, home: bool) -> bool:
        if isinstance(part, AudioContent):
            return quirks.audio_in and not home and (part.data is not None or is_remote(part))
        if isinstance(part, VideoContent):
            return quirks.video_shape != "none" and (bool(part.url) or part.data is not None)
        if isinstance(part, FileContent):
            return quirks.document_shape != "none" or part.to_text() is not None
        return isinstance(part, ImageContent) and (bool(part.url) or part.data is not None)

    return shows


def needs_bytes(part: ImageContent | AudioContent, quirks: ChatQuirks) -> bool:
    """Whether the provider needs bytes instead of a URL."""
    return quirks.audio_in if isinstance(part, AudioContent) else not quirks.image_urls


def write_image(part: ImageContent, quirks: ChatQuirks) -> Wire:
    address = part.url or data_url(part, "image/png")
    if quirks.image_shape == "string":
        return {"type": "image_url", "image_url": address}
    return {
        "type": "image_url",
        "image_url": {"url": address, **({"detail": part.detail} if part.detail else {})},
    }


def write_audio(part: AudioContent, quirks: ChatQuirks) -> Wire:
    if quirks.audio_shape == "string":
        return {"type": "input_audio", "input_audio": to_base64(part)}
    kind = (part.mime_type or "audio/wav").split("/")[-1].removeprefix("x-")
    written = {"data": to_base64(part), "format": "mp3" if kind == "mpeg" else kind}
    return {"type": "input_audio", "input_audio": written}


def write_file(part: FileContent, quirks: ChatQuirks, warnings: WarningCollector) -> Wire | None:
    """Encode text files as text with their name, other documents in the dialect's format."""
    if (words := part.to_text()) is not None:
        return {"type": "text", "text": words}
    if quirks.document_shape == "document_url":
        return write_document(part)
    if is_remote(part) and not quirks.remote_documents and (quirks.document_shape != "none" or is_text(part.mime_type)):
        warnings.fetch(part)
        return None
    if quirks.document_shape == "none" or (part.url and not part.data and not quirks.remote_documents):
        warnings.dropped(f"the file {part.name or part.url or ''!r}", "this dialect does not support documents", part)
        return None
    if part.file_id is not None:
        return {"type": "file", "file": {"file_id": part.file_id}}
    encoded = part.url or data_url(part, "application/pdf")
    return {"type": "file", "file": {"filename": document_name(part), "file_data": encoded}}


def write_document(part: FileContent) -> Wire:
    if part.file_id is not None:
        return {"type": "file", "file_id": part.file_id}
    named = {"document_name": part.name} if part.name else {}
    return {"type": "document_url", "document_url": part.url or data_url(part, "application/pdf"), **named}
