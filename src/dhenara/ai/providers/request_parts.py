"""Configured headers, some names of which are rejected, and encoded bodies with their content headers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..codecs.base import EncodedRequest
from ..errors import ConfigurationError
from ..http.protocol.message import BodyPieces, Multipart
from ..wire import json
from ..wire.secrets import MASK, secret_headers

FIXES = {
    "host": "it follows from the base URL; set config['base_url'] to the server that is meant",
    "content-length": "it follows from the body",
    "transfer-encoding": "it follows from the body",
    "content-encoding": "bodies are sent as they are",
    "proxy-authorization": "put the name and password into the proxy's URL",
    **dict.fromkeys(
        ("connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade", "expect", "http2-settings"),
        "the connection is managed by the transport",
    ),
}
"""Headers that control routing, framing or the connection (RFC 9112, 9110 section 7.6.1)."""

NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def given_headers(headers: Mapping[str, str], where: str) -> dict[str, str]:
    """Return the headers with lower-case names and secret values.

    Raises:
        ConfigurationError: A name that must not be configured, such as `Host`, or a value that a dump had masked.
    """
    given = secret_headers({name.lower(): value for name, value in headers.items()})
    for name, value in given.items():
        if name in FIXES:
            raise ConfigurationError(f"{where} must not set {name!r}: {FIXES[name]}. Leave the header out.")
        if not NAME.fullmatch(name):
            raise ConfigurationError(f"{where}: {name!r} is not the name of a header. Use letters, digits and dashes.")
        if value == MASK:
            raise ConfigurationError(f"{where}: the value of {name!r} was masked when it was saved. Set it again.")
    return given


OPENED = {"accept-encoding": "gzip, deflate"}
JSON = {"content-type": "application/json", **OPENED}
BARE = ("GET", "DELETE", "HEAD")


def encode_body(encoded: EncodedRequest) -> tuple[Mapping[str, str], bytes | BodyPieces]:
    """Encode the body as JSON, or the payload; nothing if the method has no body."""
    payload = encoded.payload
    if payload is None:
        return (OPENED, b"") if encoded.method in BARE else (JSON, json.dumps(encoded.body))
    if isinstance(payload, Multipart):
        return {"content-type": payload.content_type, **OPENED}, payload
    return OPENED, payload
