"""What a world must offer so that HTTP can be spoken in it: connections that carry bytes."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from ..wire.io_protocol import ConnectionBroken
from .proxy import Proxy


class ServerAddress(NamedTuple):
    """Where to connect; connections to the same place can be used again."""

    host: str
    port: int
    secure: bool
    proxy: Proxy | None = None
    address: str | None = None
    """Where to connect, if that was decided already."""


class NothingWritten(ConnectionBroken):
    """The connection turned out to be broken before a byte of this write was handed to the system."""


class Connection(Protocol):
    """One open connection. It belongs to the process that opened it: a forked child only closes its own copy."""

    async def read(self, timeout: float | None) -> bytes:
        """The next bytes; b"" when the other side hung up. Raises Silence or Broken."""

    async def write(self, data: bytes | memoryview, timeout: float | None) -> int:
        """Writes `data` and returns how many of its bytes were written.

        It is fewer than all when the other side sends something while it does not read: the caller reads that first.
        Raises Silence, Broken, or NothingWritten.
        """

    async def close(self) -> None: ...

    def drop(self) -> None:
        """Hangs up at once, from any thread, without waiting for anything."""

    def is_stale(self) -> bool:
        """Whether an idle connection was closed by the other side, or has received what nobody asked for."""


class Network(Protocol):
    """Makes connections. Raises Unreachable, or Silence with `connecting` set."""

    async def connect(self, host: str, port: int, timeout: float | None) -> Connection: ...

    async def start_tls(self, connection: Connection, host: str, timeout: float | None) -> Connection:
        """The same connection with TLS on it. When it fails, the connection is closed."""
