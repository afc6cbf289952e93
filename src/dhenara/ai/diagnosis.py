"""How calls would reach an address, for programs that look into why they do not."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

from .config.environment import environment
from .runtime.proxy import find_proxy
from .runtime.tls import trust


def proxy_for(address: str) -> str | None:
    """The proxy that stands before this address, without the name and password it may want."""
    parts = urlsplit(address)
    found = find_proxy(parts.scheme, parts.hostname or "", environment())
    if found is None:
        return None
    proxy = urlsplit(found)
    return f"{proxy.scheme}://{proxy.hostname}:{proxy.port or 80}"


def trusted_certificates() -> ssl.SSLContext:
    """What secure connections are verified with."""
    return trust(environment())
