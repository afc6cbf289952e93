"""Fields of vendor formats that our types do not have, kept for their own protocol.

A part that a user passes in a vendor's format is converted to our types. Fields that our type does not have are stored
in `extras["vendor_fields"]`, under their protocol and with their path. The codec of that protocol writes them back;
every other codec warns that they are dropped. A part that is converted only approximately is stored completely in
`extras["vendor_part"]`; its own protocol gets it unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

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
    """Store fields that only these protocols know in the part."""
    if not left:
        return part
    stored = {**part.get("extras", {}).get(VENDOR_FIELDS, {}), **dict.fromkeys(protocols, left)}
    return {**part, "extras": {**part.get("extras", {}), VENDOR_FIELDS: stored}}


def with_original(part: Wire, given: Mapping[str, Any], protocol: str) -> Wire:
    """Store the original form of the part for its own protocol."""
    return {**part, "extras": {**part.get("extras", {}), VENDOR_PART: {protocol: dict(given)}}}


def generic(kind: str, given: Mapping[str, Any], protocol: str) -> Wire:
    """Create a part that only its protocol knows."""
    return {"type": "generic", "kind": kind, "data": dict(given), "protocol": protocol}


def without(given: Mapping[str, Any], names: Iterable[str]) -> Wire:
    return {name: value for name, value in given.items() if name not in names}
