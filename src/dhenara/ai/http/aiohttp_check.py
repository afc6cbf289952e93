"""Checks responses that aiohttp reads, see `ResponseCheck`, and the state of its idle connections.

aiohttp hides the bytes of a response from its users. `CheckedConnector` puts a protocol of its own between asyncio's
transport and aiohttp's protocol, which sees them first.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import ContextVar
from typing import cast

import aiohttp

from ..wire.limits import ReadLimits
from ..wire.sse import BrokenFraming
from .response import ResponseCheck
from .sockets.socket_connection import is_readable

CLOSING = 1.0
"""Seconds to wait for the end of a connection that is being closed, for the reason."""


class AiohttpCheck:
    """The check of one response, and how its connection ended."""

    def __init__(self, method: str, limits: ReadLimits) -> None:
        self.response = ResponseCheck(method, limits)
        self.refusal: BrokenFraming | None = None
        """Why the response was refused; aiohttp only sees that the connection ended."""
        self.lost: Exception | None = None
        """The error that the connection ended with."""
        self.ended = asyncio.Event()
        self.transport: asyncio.Transport | None = None

    async def wait_ended(self) -> None:
        """Wait for the end of a connection that is being closed: a failed write may be reported before its reason."""
        if self.transport is not None and self.transport.is_closing():
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSING):
                    await self.ended.wait()


current: ContextVar[AiohttpCheck] = ContextVar("aiohttp_check")
"""The check of the response to the request that a task is sending."""


class CheckedProtocol(asyncio.Protocol):
    """Passes everything on to aiohttp's protocol; a response that is refused ends the connection."""

    def __init__(self, inner: asyncio.Protocol, transport: asyncio.Transport, check: AiohttpCheck) -> None:
        check.transport = transport
        self._inner = inner
        self._transport = transport
        self._check = check

    @property
    def inner(self) -> asyncio.Protocol:
        """aiohttp's protocol."""
        return self._inner

    def data_received(self, data: bytes) -> None:
        response = self._check.response
        if response.done:
            self._transport.close()  # data that was not requested
            return
        try:
            response.feed(data)
        except BrokenFraming as error:
            self._check.refusal = error
            self._transport.abort()
            return
        self._inner.data_received(data)
        if response.done and not response.reusable:
            self._transport.close()

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._check.lost = exc
        self._check.ended.set()
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()


class CheckedConnector(aiohttp.TCPConnector):
    """Connects, or takes an idle connection, and checks what it receives from then on."""

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[aiohttp.tracing.Trace], timeout: aiohttp.ClientTimeout
    ) -> aiohttp.connector.Connection:
        while True:
            connection = await super().connect(req, traces, timeout)
            transport = connection.transport
            if transport is None:
                return connection  # closed meanwhile, which aiohttp reports
            protocol = transport.get_protocol()
            if isinstance(protocol, CheckedProtocol):
                if is_readable(descriptor_of(transport)):
                    connection.close()  # it was closed, or has bytes that nobody asked for
                    continue
                protocol = protocol.inner
            transport.set_protocol(CheckedProtocol(cast("asyncio.Protocol", protocol), transport, current.get()))
            return connection


def descriptor_of(transport: asyncio.Transport) -> int:
    connected = transport.get_extra_info("socket")
    return -1 if connected is None else int(connected.fileno())
