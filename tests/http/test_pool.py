"""The pool of idle connections, used by many threads."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from dhenara.ai.http.pool import ConnectionPool, ServerAddress
from dhenara.ai.http.sockets.connection import Connection

HERE = ServerAddress("h", 80, False)


class Idle:
    """A connection that only rests."""

    def __init__(self) -> None:
        self.dropped = False

    async def read(self, timeout: float | None) -> bytes:
        return b""

    async def write(self, data: bytes, timeout: float | None) -> None: ...

    async def close(self) -> None: ...

    def drop(self) -> None:
        self.dropped = True

    def is_stale(self) -> bool:
        return False


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads that interrupt each other all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_no_connection_is_given_to_two_threads(hurried: None) -> None:
    pool = ConnectionPool()
    held: set[int] = set()

    def borrow() -> None:
        for _ in range(10_000):
            wire: Connection = pool.take(HERE, 0.0) or Idle()
            assert id(wire) not in held
            held.add(id(wire))
            held.discard(id(wire))
            pool.put(HERE, wire, 0.0)

    def clear() -> None:
        for at in range(1_000):
            pool.put(ServerAddress(f"h{at}", 80, False), Idle(), 0.0)
            pool.empty()

    with ThreadPoolExecutor(4) as threads:
        for work in [threads.submit(work) for work in (borrow, borrow, borrow, clear)]:
            work.result()
