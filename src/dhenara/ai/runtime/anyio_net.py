"""Connections through anyio: for trio, and any other loop that anyio knows."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSStream

from ..wire.io import Broken, Silence, Unreachable
from .net import Wire
from .reasons import break_of, reason, tls_problem
from .staleness import readable

if TYPE_CHECKING:
    import ssl

CHUNK = 65_536
GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)


class AnyioWire:
    """One connection."""

    __slots__ = ("_stream",)

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    async def read(self, timeout: float | None) -> bytes:
        try:
            with anyio.fail_after(timeout):
                return await self._stream.receive(CHUNK)
        except anyio.EndOfStream:
            return b""
        except TimeoutError as error:
            raise Silence("nothing was received in time") from error
        except GONE as error:
            raise break_of(error.__cause__ or error) from error

    async def write(self, data: bytes, timeout: float | None) -> None:
        try:
            with anyio.fail_after(timeout):
                await self._stream.send(data)
        except TimeoutError as error:
            raise Silence("the request could not be sent in time") from error
        except GONE as error:
            raise Broken(reason(error)) from error

    async def close(self) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.aclose_forcefully(self._stream)

    def drop(self) -> None:
        raw = self._raw()
        if raw is None or raw.fileno() < 0:
            return
        try:
            raw.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is closed already, by whichever side
        raw.close()

    def stale(self) -> bool:
        raw = self._raw()
        return raw is None or readable(raw.fileno())

    def unwrap(self) -> ByteStream:
        return self._stream

    def _raw(self) -> socket.socket | None:
        found: socket.socket | None = self._stream.extra(SocketAttribute.raw_socket, None)
        return found


class AnyioNet:
    """Connections of the running loop, whichever it is."""

    def __init__(self, trust: Callable[[], ssl.SSLContext]) -> None:
        self._trust = trust

    async def connect(self, host: str, port: int, timeout: float | None) -> Wire:
        try:
            with anyio.fail_after(timeout):
                return AnyioWire(await anyio.connect_tcp(host, port))
        except TimeoutError as error:
            raise Silence(f"no connection to {host}:{port} in time", connecting=True) from error
        except (OSError, UnicodeError) as error:
            raise Unreachable(reason(error)) from error

    async def secure(self, wire: Wire, host: str, timeout: float | None) -> Wire:
        if not isinstance(wire, AnyioWire):
            raise TypeError("only a connection of this world can be secured here")
        try:
            with anyio.fail_after(timeout):
                return AnyioWire(
                    await TLSStream.wrap(
                        wire.unwrap(), hostname=host, ssl_context=self._trust(), standard_compatible=False
                    )
                )
        except TimeoutError as error:
            wire.drop()
            raise Silence(f"no secure connection to {host} in time", connecting=True) from error
        except (*GONE, anyio.EndOfStream) as error:
            wire.drop()
            raise tls_problem(error.__cause__ or error) from error
        except BaseException:
            wire.drop()
            raise
