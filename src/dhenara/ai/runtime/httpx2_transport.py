"""Transports of httpx2 as ours: for HTTP/2, SOCKS proxies, mocks, and whatever else people bring."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2

from ..errors import ConfigurationError
from ..wire.http import Head, HttpRequest, Pieces
from ..wire.io import Broken, Patience, Response, Silence, Transport, Unreachable


def adopt(transport: object, *, is_async: bool) -> Transport:
    """The transport for this colour, or an error that says which kind is needed."""
    if is_async and isinstance(transport, httpx2.AsyncBaseTransport):
        return AsyncHttpx2(transport)
    if not is_async and isinstance(transport, httpx2.BaseTransport):
        return BlockingHttpx2(transport)
    needed = "httpx2.AsyncBaseTransport" if is_async else "httpx2.BaseTransport"
    raise ConfigurationError(
        f"{type(transport).__name__} cannot carry {'async' if is_async else 'sync'} calls: "
        f"pass a {needed}, or an object with `async def open(request, patience)`."
    )


class BlockingHttpx2:
    """For the blocking world."""

    def __init__(self, transport: httpx2.BaseTransport) -> None:
        self._transport = transport

    async def open(self, request: HttpRequest, patience: Patience) -> Response:
        try:
            return BlockingResponse(self._transport.handle_request(asked(request, patience)))
        except httpx2.HTTPError as error:
            raise translated(error, began=False) from error

    async def close(self) -> None:
        self._transport.close()


class AsyncHttpx2:
    """For the async world."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = transport

    async def open(self, request: HttpRequest, patience: Patience) -> Response:
        try:
            return AsyncResponse(await self._transport.handle_async_request(asked(request, patience)))
        except httpx2.HTTPError as error:
            raise translated(error, began=False) from error

    async def close(self) -> None:
        await self._transport.aclose()


class BlockingResponse:
    def __init__(self, response: httpx2.Response) -> None:
        self.head = head_of(response)
        self._response = response
        self._chunks = response.iter_bytes()

    async def read(self) -> bytes:
        try:
            return next(self._chunks, b"")
        except httpx2.HTTPError as error:
            raise translated(error, began=True) from error

    async def close(self) -> None:
        self._response.close()

    def abandon(self) -> None:
        self._response.close()


class AsyncResponse:
    def __init__(self, response: httpx2.Response) -> None:
        self.head = head_of(response)
        self._response = response
        self._chunks = response.aiter_bytes()

    async def read(self) -> bytes:
        try:
            return await anext(self._chunks, b"")
        except httpx2.HTTPError as error:
            raise translated(error, began=True) from error

    async def close(self) -> None:
        await self._response.aclose()

    def abandon(self) -> None:
        """The foreign stream closes itself when its generator is collected."""


def asked(request: HttpRequest, patience: Patience) -> httpx2.Request:
    """Limits of a foreign transport are set once, before the first byte."""
    wait, connect = patience.read(), patience.connect()
    limits: dict[str, Any] = {"connect": connect, "read": wait, "write": wait, "pool": connect}
    extensions: dict[str, Any] = {"timeout": limits}
    if request.address is not None:
        extensions["sni_hostname"] = httpx2.URL(request.url).host
    return httpx2.Request(
        request.method,
        url_of(request),
        headers=headers_of(request),
        content=request.body if isinstance(request.body, bytes) else Body(request.body),
        extensions=extensions,
    )


def url_of(request: HttpRequest) -> httpx2.URL:
    """The URL, with the address that was checked in the place of the host: nobody looks the name up again."""
    url = httpx2.URL(request.url)
    return url if request.address is None else url.copy_with(host=request.address)


def headers_of(request: HttpRequest) -> dict[str, str]:
    if request.address is None:
        return dict(request.headers)
    return {"host": httpx2.URL(request.url).netloc.decode("ascii"), **request.headers}


class Body:
    """A body in pieces, for either colour."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


def head_of(response: httpx2.Response) -> Head:
    return Head(response.status_code, {name.lower(): value for name, value in response.headers.items()})


def translated(error: httpx2.HTTPError, *, began: bool) -> Exception:
    if isinstance(error, httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return Silence(str(error), connecting=True)
    if isinstance(error, httpx2.TimeoutException):
        return Silence(str(error))
    return (Broken if began else Unreachable)(str(error) or type(error).__name__)
