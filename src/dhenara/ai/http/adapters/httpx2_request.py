"""Requests as httpx2's pools take them: which pool and proxy they use, their headers and body, and their response."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import httpcore2

from ...errors import ConfigurationError
from ..protocol.message import AttemptTimeouts, BodyPieces, Head, HttpRequest
from ..proxy import PORTS, Proxy, bracketed, find_proxy
from ..response import ResponseCheck
from ..transport import encode_head
from .httpx2_limits import Use

KINDS = tuple(PORTS)
LONGEST_IDLE = 55.0
SENT_AT_ONCE = 65_536
"""Largest body that is sent without looking for a response meanwhile; it fits into the buffers of the system."""
P = TypeVar("P")
Trust = Callable[[], ssl.SSLContext]


class ProxyRoute:
    """Where one request goes, and through which proxy."""

    def __init__(self, request: HttpRequest, environment: Mapping[str, str]) -> None:
        encode_head(request, "/", {})  # rejects header injection
        parts = urlsplit(request.url)
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        self.secure = parts.scheme == "https"
        self.proxy = find_proxy(parts.scheme, host, environment, port, KINDS)
        self.own_pool = request.no_replay or request.address is not None
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self.name = host
        # A proxy resolves names itself; a checked address is passed on instead.
        server_address = request.address if request.address is not None and self.proxy is not None else host
        self.url = httpcore2.URL(scheme=parts.scheme, host=server_address, port=parts.port, target=path)
        named = bracketed(host) if port == PORTS[parts.scheme] else f"{bracketed(host)}:{port}"
        self.headers = [*headers_of(request, named)]

    def use(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Use:
        return Use(
            timeouts,
            request.address,
            self.name,
            proxied=self.proxy is not None,
            tunnels=self.proxy is not None and self.secure,
            check=ResponseCheck(request.method, request.limits),
            uploads=body_size(request) > SENT_AT_ONCE,
        )

    def request(self, request: HttpRequest) -> httpcore2.Request:
        body = request.body if isinstance(request.body, bytes) else RequestBody(request.body)
        return httpcore2.Request(request.method, self.url, headers=self.headers, content=body)


def headers_of(request: HttpRequest, host: str) -> Iterator[tuple[bytes, bytes]]:
    if "host" not in request.headers:
        yield b"host", host.encode("latin-1")
    for name, value in request.headers.items():
        yield name.encode("latin-1"), value.encode("latin-1")
    size = body_size(request)
    if size or request.method in ("POST", "PUT", "PATCH"):
        yield b"content-length", str(size).encode()


def body_size(request: HttpRequest) -> int:
    return len(request.body) if isinstance(request.body, bytes) else request.body.size


class RequestBody:
    """A request body in pieces, for sync and async."""

    def __init__(self, pieces: BodyPieces) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


class Pools(Generic[P]):
    """The pools of one transport: one for each proxy, and for http and https, so that http needs no TLS context."""

    def __init__(self, create: Callable[[ProxyRoute], P]) -> None:
        self._create = create
        self._pools: dict[tuple[Proxy | None, bool], P] = {}

    def get(self, route: ProxyRoute) -> P:
        """Return the pool of this route, or a new one if its request needs a connection of its own."""
        if route.own_pool:
            return self._create(route)
        key = (route.proxy, route.secure)
        if key not in self._pools:
            self._pools.setdefault(key, self._create(route))
        return self._pools[key]

    def take_all(self) -> list[P]:
        """Remove and return all pools."""
        pools, self._pools = self._pools, {}
        return list(pools.values())


def head_of(response: httpcore2.Response) -> Head:
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    phrase = response.extensions.get("reason_phrase", b"")
    return Head(response.status, headers, phrase.decode("latin-1"))


def secrets_of(route: ProxyRoute) -> tuple[str, ...]:
    """Return credentials sent to the proxy, which the response may repeat."""
    return route.proxy.secrets() if route.proxy is not None and not route.secure else ()


def context_for(route: ProxyRoute, trust: Trust) -> ssl.SSLContext | None:
    return trust() if route.secure else None


def proxy_of(proxy: Proxy | None, trust: Trust) -> httpcore2.Proxy | None:
    if proxy is None:
        return None
    if proxy.scheme.startswith("socks"):
        require_socks()
    auth = (proxy.username.encode(), proxy.password.encode()) if proxy.username or proxy.password else None
    return httpcore2.Proxy(proxy.url, auth, ssl_context=trust() if proxy.scheme == "https" else None)


def require_socks() -> None:
    if find_spec("socksio") is None:
        raise ConfigurationError(
            "a SOCKS proxy needs the package socksio, which is not installed. "
            "Install it with: python -m pip install 'httpx2[socks]'"
        )
