"""The interface of connections that HTTP runs on."""

from __future__ import annotations

from typing import Protocol

from ..wire.transport_protocol import ConnectionBroken


class NothingWritten(ConnectionBroken):
    """The connection was broken before a byte of this write was sent."""


class Connection(Protocol):
    """An open connection. It belongs to the process that opened it; a forked child only closes its copy."""

    async def read(self, timeout: float | None) -> bytes:
        """Return the next bytes, b"" when the other side closed; raises ReadTimeout or ConnectionBroken."""

    async def write(self, data: bytes | memoryview, timeout: float | None) -> int:
        """Write `data` and return how many bytes were written.

        Fewer than all if the other side sends data while it does not read; the caller then reads first. Raises
        ReadTimeout,
        ConnectionBroken or NothingWritten.
        """

    async def close(self) -> None: ...

    def drop(self) -> None:
        """Close the connection at once, from any thread, without waiting."""

    def is_stale(self) -> bool:
        """Whether an idle connection was closed by the other side, or has unexpected data."""


class Network(Protocol):
    """Opens connections; raises ConnectFailed, or ReadTimeout with `connecting` set."""

    async def connect(self, host: str, port: int, timeout: float | None) -> Connection: ...

    async def start_tls(self, connection: Connection, host: str, timeout: float | None) -> Connection:
        """Return the connection with TLS; it is closed if that fails."""
