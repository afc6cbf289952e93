"""Adapts transports of httpx2, for HTTP/2, SOCKS proxies and mocks."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any, cast

import anyio
import httpx2

from ...errors import ConfigurationError
from ..protocol.message import (
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
from ..response import AdaptedResponse
from ..transport import MAYBE_RECEIVED

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
