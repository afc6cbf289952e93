"""Unknown fields, addresses and bytes in content parts of vendors; see `types/vendor_parts/__init__.py`."""

from __future__ import annotations

import re
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
