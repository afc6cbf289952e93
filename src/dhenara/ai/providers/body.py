"""Bodies: what a request carries, as bytes or in pieces, and the headers that say what it is."""

from __future__ import annotations

from collections.abc import Mapping

from ..codecs.base import Outgoing
from ..wire import json
from ..wire.http import Pieces

OPENED = {"accept-encoding": "gzip, deflate"}
JSON = {"content-type": "application/json", **OPENED}
BARE = ("GET", "DELETE", "HEAD")


def written(outgoing: Outgoing) -> tuple[Mapping[str, str], bytes | Pieces]:
    """JSON, unless there is a payload; nothing where the method has no body."""
    payload = outgoing.payload
    if payload is None:
        return (OPENED, b"") if outgoing.method in BARE else (JSON, json.dumps(outgoing.body))
    from ..wire.multipart import Multipart

    if isinstance(payload, Multipart):
        return {"content-type": payload.content_type, **OPENED}, payload
    return OPENED, payload
