"""Vendor fields: fields that users pass in a vendor's format are written back for the protocol of that vendor.

For other protocols `codecs/foreign_parts.py` warns about these fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...types.content.base import Content
from ...types.vendor_parts.common import VENDOR_FIELDS, VENDOR_PART

Wire = dict[str, Any]


def with_vendor_fields(wire: Wire, part: Content, protocol: str) -> Wire:
    """Add the fields that only this protocol knows to an encoded part.

    Args:
        wire: The part as the codec encoded it.
        part: The original part.
        protocol: Name of the codec's protocol.

    Returns:
        The same `wire` if the part has no such fields; the user's own part if it was stored completely.
    """
    if not part.extras:
        return wire
    original = part.extras.get(VENDOR_PART)
    if original is not None and protocol in original:
        return dict(original[protocol])
    fields = part.extras.get(VENDOR_FIELDS)
    return wire if fields is None or protocol not in fields else merged(wire, fields[protocol])


def has_own_form(part: Content, protocol: str) -> bool:
    """Whether the part has fields of this protocol, so that it cannot be shortened to plain text."""
    return any(protocol in part.extras.get(name, ()) for name in (VENDOR_FIELDS, VENDOR_PART))


def merged(wire: Mapping[str, Any], fields: Mapping[str, Any]) -> Wire:
    """Merge recursively; the user's values win. A URL that the codec encoded as a string becomes an object."""
    match = dict(wire)
    for name, value in fields.items():
        there = match.get(name)
        if isinstance(there, str) and isinstance(value, Mapping):
            there = {"url": there}
        match[name] = merged(there, value) if isinstance(there, Mapping) and isinstance(value, Mapping) else value
    return match


def leaves(fields: Mapping[str, Any], before: str = "") -> list[str]:
    """Return the dotted names of the fields, such as `image_url.min_pixels`."""
    match: list[str] = []
    for name, value in fields.items():
        match += leaves(value, f"{before}{name}.") if isinstance(value, Mapping) and value else [f"{before}{name}"]
    return match
