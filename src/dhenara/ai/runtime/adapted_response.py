"""Adapts responses of other HTTP clients: decompresses the body and checks limits at each read."""

from __future__ import annotations

from typing import Protocol

from ..wire.encoding import Decompressor, decompressor
from ..wire.http import Head
from ..wire.transport_protocol import AttemptTimeouts
from .http_response import OPENED_AT_ONCE, time_left


class RawBody(Protocol):
    """The body of a response as another HTTP client reads it."""

    async def read(self, timeout: float | None) -> bytes:
        """Return the next raw bytes, b"" at the end; raises ReadTimeout, ConnectionBroken or BrokenFraming."""

    async def close(self) -> None: ...

    def drop(self) -> None:
        """Close the connection at once, from any thread, without waiting."""


class AdaptedResponse:
    """A response of another HTTP client; `secrets` are masked in errors and heads."""

    __slots__ = ("_body", "_closed", "_decompress", "_over", "_timeouts", "head", "secrets")

    def __init__(self, head: Head, body: RawBody, timeouts: AttemptTimeouts, secrets: tuple[str, ...] = ()) -> None:
        self.head = head
        self.secrets = secrets
        self._body = body
        self._timeouts = timeouts
        self._decompress: Decompressor | None = decompressor(head.headers.get("content-encoding"))
        self._over = False
        self._closed = False

    async def read(self) -> bytes:
        """Return the next decompressed bytes of the body, b"" at the end."""
        while not self._over:
            opener = self._decompress
            if opener is not None and opener.waiting:
                data = opener.feed(b"", OPENED_AT_ONCE)
            else:
                data = await self._body.read(time_left(self._timeouts))
                if not data:
                    return await self._finish()
                if opener is not None:
                    data = opener.feed(data, OPENED_AT_ONCE)
            if data:
                return data
        return b""

    async def close(self) -> None:
        self._over = True
        if not self._closed:
            self._closed = True
            await self._body.close()

    def abandon(self) -> None:
        self._over = True
        if not self._closed:
            self._closed = True
            self._body.drop()

    async def _finish(self) -> bytes:
        rest = b""
        if self._decompress is not None:
            rest, self._decompress = self._decompress.finish(), None
        await self.close()
        return rest
