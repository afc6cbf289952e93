"""Pool of idle connections, by the address that they lead to.

A connection is taken by whoever sends a request, the most recently used first, and put back when its response was read
to the end. So each connection has one user at a time, and nobody waits: if none is idle, a new one is opened. Before a
connection is used again it is checked: not older than `LONGEST_IDLE`, still open, and without bytes that nobody asked
for. Threads share a pool without a lock, because taking from a deque is atomic.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from .proxy import Proxy
from .sockets.connection import PROCESS, Connection

LONGEST_IDLE = 55.0
MOST_IDLE = 512


class ServerAddress(NamedTuple):
    """Where to connect; connections to an equal address can be reused."""

    host: str
    port: int
    secure: bool
    proxy: Proxy | None = None
    address: str | None = None
    """IP address to connect to, if already resolved."""


class ConnectionPool:
    """Lock-free: a deque hands each connection to one caller. A forked child starts with an empty pool."""

    def __init__(self) -> None:
        self._idle: dict[ServerAddress, deque[tuple[Connection, float]]] = {}
        self._owner = PROCESS.id

    def take(self, address: ServerAddress, now: float) -> Connection | None:
        """Return the most recently used connection that is still usable, or None."""
        if self._owner != PROCESS.id:
            self._drop_copies()
        resting = self._idle.get(address)
        while resting:
            try:
                connection, since = resting.pop()
            except IndexError:
                return None
            if now - since < LONGEST_IDLE and not connection.is_stale():
                return connection
            connection.drop()
        return None

    def put(self, address: ServerAddress, connection: Connection, now: float) -> None:
        if self._owner != PROCESS.id:
            connection.drop()
            return
        resting = self._idle.get(address)
        if resting is None:
            resting = self._idle.setdefault(address, deque())
        resting.append((connection, now))
        try:
            while len(resting) > MOST_IDLE or now - resting[0][1] > LONGEST_IDLE:
                resting.popleft()[0].drop()
        except IndexError:
            return  # another thread took the last one

    def discard(self, address: ServerAddress) -> None:
        """Close all idle connections to this address, because its server has just closed one."""
        for connection in drained(self._idle.get(address, deque())):
            connection.drop()

    def empty(self) -> list[Connection]:
        """Remove and return all connections."""
        if self._owner != PROCESS.id:
            self._drop_copies()
        return [connection for resting in list(self._idle.values()) for connection in drained(resting)]

    def _drop_copies(self) -> None:
        """In a forked child, close its copies of the parent's connections."""
        idle, self._idle, self._owner = self._idle, {}, PROCESS.id
        for resting in idle.values():
            for connection in drained(resting):
                connection.drop()


def drained(resting: deque[tuple[Connection, float]]) -> list[Connection]:
    wires = []
    try:
        while True:
            wires.append(resting.pop()[0])
    except IndexError:
        return wires
