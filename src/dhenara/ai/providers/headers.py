"""Configured headers: rejected names, and values as secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import ConfigurationError
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
