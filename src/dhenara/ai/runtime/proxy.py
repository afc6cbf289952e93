"""Which proxy stands between us and a host, by the usual environment variables."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from ..errors import ConfigurationError


def find_proxy(scheme: str, host: str, environment: Mapping[str, str]) -> str | None:
    """The proxy's address, or None to go directly."""
    given = variable(environment, f"{scheme}_proxy") or variable(environment, "all_proxy")
    if not given or stays_direct(host, variable(environment, "no_proxy")):
        return None
    address = given if "://" in given else f"http://{given}"
    if urlsplit(address).scheme != "http":
        kind = urlsplit(address).scheme
        raise ConfigurationError(
            f"the proxy for {scheme} addresses is {kind}://..., but only http:// proxies are spoken to directly."
            " Pass transport=httpx2.HTTPTransport(proxy=...) to the client for any other kind."
        )
    return address


def variable(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name) or environment.get(name.upper()) or ""


def stays_direct(host: str, exceptions: str) -> bool:
    """Loaded for those who have a proxy and exceptions to it."""
    if not exceptions:
        return False
    from .no_proxy import bypassed

    return bypassed(host, exceptions)


def proxy_place(address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    return parts.hostname or "", parts.port or 80


def proxy_headers(address: str) -> dict[str, str]:
    """Proof of identity for the proxy, where its address carries a name and password."""
    parts = urlsplit(address)
    if not parts.username:
        return {}
    secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"proxy-authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}
