"""Request bodies, as bytes or in pieces, with their content headers."""

from __future__ import annotations

from collections.abc import Mapping

from ..codecs.base import EncodedRequest
from ..wire import json
from ..wire.http import BodyPieces

OPENED = {"accept-encoding": "gzip, deflate"}
JSON = {"content-type": "application/json", **OPENED}
BARE = ("GET", "DELETE", "HEAD")


def encode_body(encoded: EncodedRequest) -> tuple[Mapping[str, str], bytes | BodyPieces]:
    """Encode the body as JSON, or the payload; nothing if the method has no body."""
    payload = encoded.payload
    if payload is None:
        return (OPENED, b"") if encoded.method in BARE else (JSON, json.dumps(encoded.body))
    from ..wire.multipart import Multipart

    if isinstance(payload, Multipart):
        return {"content-type": payload.content_type, **OPENED}, payload
    return OPENED, payload
