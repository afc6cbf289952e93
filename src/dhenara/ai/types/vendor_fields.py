"""Fields of vendors' parts that we have no place for: kept beside the part, for its own protocol.

A part that a user writes in a vendor's form is read into ours. What our form has no field for stands in
`extras["vendor_fields"]`, under the protocol that knows it, at the place where it stood. The codec of that protocol
writes it back into the part; every other codec warns that it is left out. A part that is only approximately ours stands
whole in `extras["vendor_part"]`, and its own protocol gets it unchanged.
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
"""Names of fields that are understood, each with None, or with what is understood inside of it."""


def fields(*names: str, **inside: Known) -> Known:
    """The fields that a reader understands; of `inside` ones, the fields in them."""
    return {**dict.fromkeys(names), **inside}


def leftover(given: Mapping[str, Any], known: Known) -> Wire:
    """The fields that are not understood, with their places. None and empty values say nothing."""
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
    """The part with fields that only these protocols know."""
    if not left:
        return part
    stored = {**part.get("extras", {}).get(VENDOR_FIELDS, {}), **dict.fromkeys(protocols, left)}
    return {**part, "extras": {**part.get("extras", {}), VENDOR_FIELDS: stored}}


def with_original(part: Wire, given: Mapping[str, Any], protocol: str) -> Wire:
    """The part with the one that it was read from, which its own protocol gets unchanged."""
    return {**part, "extras": {**part.get("extras", {}), VENDOR_PART: {protocol: dict(given)}}}


def generic(kind: str, given: Mapping[str, Any], protocol: str) -> Wire:
    """A part that only its protocol knows."""
    return {"type": "generic", "kind": kind, "data": dict(given), "protocol": protocol}


def without(given: Mapping[str, Any], names: Iterable[str]) -> Wire:
    return {name: value for name, value in given.items() if name not in names}
