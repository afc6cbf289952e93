"""What a world must offer so that HTTP can be spoken in it: connections that carry bytes."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from .proxy import Proxy


class Place(NamedTuple):
    """Where to connect; connections to the same place can be used again."""

    host: str
    port: int
    secure: bool
    proxy: Proxy | None = None
    address: str | None = None
    """Where to connect, if that was decided already."""


class Wire(Protocol):
    """One open connection."""

    async def read(self, timeout: float | None) -> bytes:
        """The next bytes; b"" when the other side hung up. Raises Silence or Broken."""

    async def write(self, data: bytes, timeout: float | None) -> None:
        """All of `data`. Raises Silence or Broken."""

    async def close(self) -> None: ...

    def drop(self) -> None:
        """Hangs up at once, from any thread, without waiting for anything."""

    def stale(self) -> bool:
        """Whether an idle connection has been hung up by the other side."""


class Net(Protocol):
    """Makes connections. Raises Unreachable, or Silence with `connecting` set."""

    async def connect(self, host: str, port: int, timeout: float | None) -> Wire: ...

    async def secure(self, wire: Wire, host: str, timeout: float | None) -> Wire:
        """The same connection with TLS on it."""
