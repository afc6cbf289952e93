"""URLs of requests, taken apart; a URL that no request can be sent to is one typed error."""

from __future__ import annotations

import re
from dataclasses import field
from functools import lru_cache
from urllib.parse import quote, urljoin, urlsplit

from ..dataclass import dataclass

PORTS = {"http": 80, "https": 443}
UNSAFE = re.compile(r"[^!-~]")
"""Anything but printable ASCII: it cannot stand in a request line (RFC 9112 section 3) and is percent-encoded."""
SAFE = "".join(map(chr, range(0x21, 0x7F)))
HOST = re.compile(r"[^\s/?#@\\\x00-\x20\x7f]+")


class InvalidUrl(ValueError):
    """No request can be sent to this URL."""


@dataclass(frozen=True, slots=True)
class Url:
    """`target` is the path and query as they stand in the request line."""

    scheme: str
    host: str
    port: int
    target: str = field(repr=False)


@lru_cache(maxsize=128)
def parse_url(url: str) -> Url:
    """Takes an http or https URL apart.

    Raises:
        InvalidUrl: for another scheme, no host, a port that is no port, or brackets that do not match.
    """
    try:
        parts = urlsplit(url)
        host, port, scheme = parts.hostname or "", parts.port, parts.scheme
        if host and not host.isascii():
            host = host.encode("idna").decode("ascii")
    except ValueError as error:  # UnicodeError is one
        raise InvalidUrl(f"not a valid URL: {shown(url)}: {error}") from error
    if scheme not in PORTS:
        raise InvalidUrl(f"not an http or https URL: {shown(url)}")
    if not HOST.fullmatch(host):
        raise InvalidUrl(f"a URL without a host, or with one that is not valid: {shown(url)}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if UNSAFE.search(target):
        target = quote(target, safe=SAFE)
    return Url(scheme, host, PORTS[scheme] if port is None else port, target)


def resolve_redirect(url: str, location: str) -> str:
    """The URL that a redirect leads to.

    Raises:
        InvalidUrl: when `location` is not a valid reference to an http or https URL.
    """
    try:
        match = urljoin(url, location)
    except ValueError as error:
        raise InvalidUrl(f"redirects to something that is not a valid URL: {shown(location)}: {error}") from error
    parse_url(match)
    return match


def shown(url: str) -> str:
    """The start of the URL without its query, which may hold secrets."""
    return repr(url.partition("?")[0][:80])
