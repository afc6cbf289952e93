"""Transports of httpx2 (HTTP/2, SOCKS, mocks), and requests and responses of its connection pools."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any, Generic, TypeVar, cast
from urllib.parse import urlsplit

import anyio
import httpcore2
import httpx2

from ..errors import ConfigurationError
from .httpx2_limits import Use
from .protocol.message import (
    AttemptTimeouts,
    BodyPieces,
    ConnectFailed,
    ConnectionBroken,
    Head,
    HttpRequest,
    ReadTimeout,
    Response,
    Transport,
)
from .proxy import PORTS, Proxy, bracketed, find_proxy
from .response import AdaptedResponse, ResponseCheck
from .transport import MAYBE_RECEIVED, encode_request

NEVER_SENT = (httpx2.ConnectError, httpx2.ProxyError, httpx2.UnsupportedProtocol)
"""What ends a request before a byte of it was written."""


def adapt_transport(transport: object, *, is_async: bool) -> Transport:
    """Return the adapted transport, or raise if it does not fit sync or async calls."""
    if is_async and isinstance(transport, httpx2.AsyncBaseTransport):
        return AsyncHttpx2(transport)
    if not is_async and isinstance(transport, httpx2.BaseTransport):
        return BlockingHttpx2(transport)
    needed = "httpx2.AsyncBaseTransport" if is_async else "httpx2.BaseTransport"
    raise ConfigurationError(
        f"{type(transport).__name__} cannot carry {'async' if is_async else 'sync'} calls: "
        f"pass a {needed}, or an object with `async def open(request, timeouts)`."
    )


class BlockingHttpx2:
    """Adapter for sync transports."""

    def __init__(self, transport: httpx2.BaseTransport) -> None:
        self._transport = transport

    async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Response:
        try:
            response = self._transport.handle_request(to_httpx2_request(request, timeouts))
        except httpx2.HTTPError as error:
            raise translate_error(error, began=False) from error
        return AdaptedResponse(head_of(response), BlockingBody(response), timeouts)

    async def close(self) -> None:
        self._transport.close()


class AsyncHttpx2:
    """Adapter for async transports."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = transport

    async def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Response:
        try:
            with anyio.fail_after(timeouts.read()):
                response = await self._transport.handle_async_request(to_httpx2_request(request, timeouts))
        except TimeoutError as error:
            raise ReadTimeout("the time is over") from error
        except httpx2.HTTPError as error:
            raise translate_error(error, began=False) from error
        return AdaptedResponse(head_of(response), AsyncBody(response), timeouts)

    async def close(self) -> None:
        await self._transport.aclose()


class BlockingBody:
    """The raw body; a timeout is checked before each read, because the transport takes timeouts once per request."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._chunks = iter(cast("Iterable[bytes]", response.stream))

    async def read(self, timeout: float | None) -> bytes:
        try:
            return next((chunk for chunk in self._chunks if chunk), b"")
        except httpx2.HTTPError as error:
            raise translate_error(error, began=True) from error

    async def close(self) -> None:
        self._response.close()

    def drop(self) -> None:
        self._response.close()


class AsyncBody:
    """The raw body in async code; each read has its own timeout."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._chunks = aiter(cast("AsyncIterable[bytes]", response.stream))

    async def read(self, timeout: float | None) -> bytes:
        try:
            with anyio.fail_after(timeout):
                async for chunk in self._chunks:
                    if chunk:
                        return chunk
        except TimeoutError as error:
            raise ReadTimeout("the time is over") from error
        except httpx2.HTTPError as error:
            raise translate_error(error, began=True) from error
        return b""

    async def close(self) -> None:
        await self._response.aclose()

    def drop(self) -> None:
        """The stream closes itself when its generator is garbage collected."""


def to_httpx2_request(request: HttpRequest, timeouts: AttemptTimeouts) -> httpx2.Request:
    """Return the request with its timeouts, which httpx2 takes once, before sending."""
    wait, connect = timeouts.read(), timeouts.connect()
    limits: dict[str, Any] = {"connect": connect, "read": wait, "write": wait, "pool": connect}
    extensions: dict[str, Any] = {"timeout": limits}
    if request.address is not None:
        extensions["sni_hostname"] = httpx2.URL(request.url).host
    return httpx2.Request(
        request.method,
        url_of(request),
        headers=headers_of(request),
        content=request.body if isinstance(request.body, bytes) else PiecesBody(request.body),
        extensions=extensions,
    )


def url_of(request: HttpRequest) -> httpx2.URL:
    """Return the URL with the checked address as host, so that the name is not resolved again."""
    url = httpx2.URL(request.url)
    return url if request.address is None else url.copy_with(host=request.address)


def headers_of(request: HttpRequest) -> dict[str, str]:
    if request.address is None:
        return dict(request.headers)
    return {"host": httpx2.URL(request.url).netloc.decode("ascii"), **request.headers}


class PiecesBody:
    """A request body in pieces, for sync and async."""

    def __init__(self, pieces: BodyPieces) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


def head_of(response: httpx2.Response) -> Head:
    return Head(response.status_code, {name.lower(): value for name, value in response.headers.items()})


def translate_error(error: httpx2.HTTPError, *, began: bool) -> Exception:
    if isinstance(error, httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return ReadTimeout(str(error), connecting=True)
    if isinstance(error, httpx2.TimeoutException):
        return ReadTimeout(str(error))
    text = str(error) or "the connection broke"
    if began:
        return ConnectionBroken(text)
    return ConnectFailed(text if isinstance(error, NEVER_SENT) else f"{text.rstrip('.')}; {MAYBE_RECEIVED}")


KINDS = tuple(PORTS)
LONGEST_IDLE = 55.0
SENT_AT_ONCE = 65_536
"""Largest body that is sent without looking for a response meanwhile; it fits into the buffers of the system."""
P = TypeVar("P")
Trust = Callable[[], ssl.SSLContext]


class ProxyRoute:
    """Where one request goes, and through which proxy."""

    def __init__(self, request: HttpRequest, environment: Mapping[str, str]) -> None:
        encode_request(request, "/", {})  # rejects header injection
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
        self.headers = [*pool_headers_of(request, named)]

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


def pool_headers_of(request: HttpRequest, host: str) -> Iterator[tuple[bytes, bytes]]:
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


def pool_head_of(response: httpcore2.Response) -> Head:
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
