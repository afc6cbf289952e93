"""Media for Converse: base64 bytes with a short format name, documents with valid names."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

from ...types.content.parts import AudioContent, FileContent, Media
from ..common.warnings import WarningCollector
from ..media.prepare import document_options, is_remote
from .quirks import DOCUMENTS

Wire = dict[str, Any]
NOTHING = "."
DEFAULTS = {"image/": "image/png", "audio/": "audio/wav", "video/": "video/mp4", "": "application/pdf"}
UNSAFE = re.compile(r"[^A-Za-z0-9 \-()\[\]]+")
FORMATS = {
    "jpeg": "jpeg",
    "jpg": "jpeg",
    "plain": "txt",
    "markdown": "md",
    "msword": "doc",
    "quicktime": "mov",
    "audio/mpeg": "mp3",
    "wave": "wav",
    "matroska": "mkv",
    "3gpp": "three_gp",
    "ms-wmv": "wmv",
}


def name_documents(blocks: list[Wire]) -> None:
    """Give documents unique names, and text next to them, which the API requires."""
    documents = [block["document"] for block in blocks if "document" in block]
    names: set[str] = set()
    for number, document in enumerate(documents, 1):
        if document["name"] in names:
            document["name"] = f"{document['name']} {number}"
        names.add(document["name"])
    if documents and not any("text" in block for block in blocks):
        blocks.append({"text": NOTHING})


def write_user_media(part: Media, warnings: WarningCollector) -> Iterator[Wire]:
    words = part.to_text() if isinstance(part, FileContent) and part.mime_type not in DOCUMENTS else None
    if words is not None:
        yield {"text": words}
    elif isinstance(part, AudioContent) and part.transcript:
        yield from write_unsupported_media(part, warnings)
    elif part.data is not None or is_stored(part):
        yield write_media(part)
    elif is_remote(part):
        warnings.fetch(part)
    else:
        yield from write_unsupported_media(part, warnings)


def write_media(part: Media) -> Wire:
    """Bytes as base64, or where AWS stores them, and a short word for their format."""
    mime = part.mime_type or DEFAULTS[part.KIND]
    kind = mime.split("/")[-1].removeprefix("x-")
    stored = {"s3Location": {"uri": part.url}}
    text: Wire = {
        "format": DOCUMENTS.get(mime) or FORMATS.get(mime) or FORMATS.get(kind, kind),
        "source": stored if part.data is None else {"bytes": base64.b64encode(part.data).decode()},
    }
    if isinstance(part, FileContent):
        stem = (part.name or "document").rsplit(".", 1)[0]
        return {"document": {**text, "name": UNSAFE.sub(" ", stem).strip() or "document", **document_options(part)}}
    return {part.KIND.rstrip("/"): text}


def is_user_media(part: Media, home: bool) -> bool:
    """Answers hold words there; pictures, sound, films and documents are for the user to show."""
    shows = not (isinstance(part, AudioContent) and part.transcript)
    return shows and not home and (part.data is not None or is_stored(part) or is_remote(part))


def is_stored(part: Media) -> bool:
    return bool(part.url and part.url.startswith("s3://"))


def write_unsupported_media(
    part: Media, warnings: WarningCollector, why: str = "only bytes can be sent there"
) -> Iterator[Wire]:
    words = part.get_text() if isinstance(part, AudioContent) else ""
    if words:
        warnings.rewritten("sound", "its transcript was sent instead", part)
        yield {"text": words}
    else:
        warnings.dropped(f"a part of kind {getattr(part, 'type', 'media')!r}", why, part)
