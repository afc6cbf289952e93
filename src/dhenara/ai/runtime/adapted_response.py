"""Responses of other HTTP clients as ours: raw bytes in, decompressed bytes out, limits checked at each read."""

from __future__ import annotations

from typing import Protocol

from ..wire.encoding import Decompressor, decompressor
from ..wire.http import Head
from ..wire.io_protocol import AttemptTimeouts
from .http_response import OPENED_AT_ONCE, time_left


class RawBody(Protocol):
    """The body of a response as another client reads it."""

    async def read(self, timeout: float | None) -> bytes:
        """The next bytes as they were sent; b"" when the body is over. Raises Silence, Broken or BrokenFraming."""

    async def close(self) -> None: ...

    def drop(self) -> None:
        """Hangs up at once, from any thread, without waiting for anything."""


class AdaptedResponse:
    """One response of another client. `secrets` is hidden in everything that is shown of it."""

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
        """The next bytes of the body, decompressed; b"" when it is over."""
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
