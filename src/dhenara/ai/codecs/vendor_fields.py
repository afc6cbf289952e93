"""Vendor fields: what users write in a vendor's own form goes back into the part, for that vendor's protocol.

For other protocols `codecs/foreign_parts.py` warns of these fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..types.part import Content
from ..types.vendor_fields import VENDOR_FIELDS, VENDOR_PART

Wire = dict[str, Any]


def with_vendor_fields(wire: Wire, part: Content, protocol: str) -> Wire:
    """The written part with the fields that this protocol alone knows.

    Args:
        wire: The part as the codec has written it.
        part: The part that was written.
        protocol: The name of the codec's protocol.

    Returns:
        The same `wire` where the part has no such fields; the user's own part where it was kept whole.
    """
    if not part.extras:
        return wire
    original = part.extras.get(VENDOR_PART)
    if original is not None and protocol in original:
        return dict(original[protocol])
    fields = part.extras.get(VENDOR_FIELDS)
    return wire if fields is None or protocol not in fields else merged(wire, fields[protocol])


def has_own_form(part: Content, protocol: str) -> bool:
    """Whether the part has fields of this protocol, so that plain text cannot stand for it."""
    return any(protocol in part.extras.get(name, ()) for name in (VENDOR_FIELDS, VENDOR_PART))


def merged(wire: Mapping[str, Any], fields: Mapping[str, Any]) -> Wire:
    """Deep: what the user wrote counts. An address that the codec wrote as text becomes an object that has it."""
    match = dict(wire)
    for name, value in fields.items():
        there = match.get(name)
        if isinstance(there, str) and isinstance(value, Mapping):
            there = {"url": there}
        match[name] = merged(there, value) if isinstance(there, Mapping) and isinstance(value, Mapping) else value
    return match


def leaves(fields: Mapping[str, Any], before: str = "") -> list[str]:
    """The names of the fields, such as `image_url.min_pixels`."""
    match: list[str] = []
    for name, value in fields.items():
        match += leaves(value, f"{before}{name}.") if isinstance(value, Mapping) and value else [f"{before}{name}"]
    return match
