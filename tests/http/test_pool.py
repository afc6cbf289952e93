"""The pool of idle connections, used by many threads."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from dhenara.ai.http.pool import LONGEST_IDLE, MOST_IDLE, ConnectionPool, ServerAddress
from dhenara.ai.http.sockets.connection import PROCESS, Connection

HERE = ServerAddress("h", 80, False)


class Idle:
    """A connection that only rests."""

    def __init__(self, *, stale: bool = False) -> None:
        self.dropped = False
        self._stale = stale

    async def read(self, timeout: float | None) -> bytes:
        return b""

    async def write(self, data: bytes, timeout: float | None) -> None: ...

    async def close(self) -> None: ...

    def drop(self) -> None:
        self.dropped = True

    def is_stale(self) -> bool:
        return self._stale


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


def pool_of(*connections: Idle, at: float = 0.0) -> ConnectionPool:
    pool = ConnectionPool()
    for number, connection in enumerate(connections):
        pool.put(HERE, connection, at + number)
    return pool


def test_the_connection_that_was_used_last_is_taken_first() -> None:
    first, second = Idle(), Idle()
    pool = pool_of(first, second)
    assert [pool.take(HERE, 2.0) for _ in range(3)] == [second, first, None]
    assert pool.take(ServerAddress("other", 80, False), 2.0) is None


def test_stale_and_old_connections_are_closed_instead_of_used() -> None:
    good, stale = Idle(), Idle(stale=True)
    assert pool_of(good, stale).take(HERE, 2.0) is good
    assert (good.dropped, stale.dropped) == (False, True)
    for idle, is_used in ((LONGEST_IDLE - 0.1, True), (LONGEST_IDLE, False)):
        connection = Idle()
        assert (pool_of(connection).take(HERE, idle) is connection) == is_used
        assert connection.dropped != is_used


def test_connections_that_are_too_many_or_too_old_are_closed_when_one_is_put_back() -> None:
    connections = [Idle() for _ in range(MOST_IDLE + 2)]
    pool = ConnectionPool()
    for connection in connections:
        pool.put(HERE, connection, 0.0)
    assert [one.dropped for one in connections] == [True, True] + [False] * MOST_IDLE
    old, newer, last = Idle(), Idle(), Idle()
    pool = pool_of(old, newer)
    pool.put(HERE, last, LONGEST_IDLE + 0.5)
    assert (old.dropped, newer.dropped, last.dropped) == (True, False, False)


def test_discarding_closes_the_connections_to_one_address() -> None:
    here, there = Idle(), Idle()
    pool = pool_of(here)
    pool.put(ServerAddress("other", 80, False), there, 0.0)
    pool.discard(HERE)
    assert (here.dropped, there.dropped) == (True, False)
    assert pool.empty() == [there]


def test_a_forked_child_uses_no_connection_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    rests, in_use = Idle(), Idle()
    pool = pool_of(rests)
    monkeypatch.setattr(PROCESS, "id", PROCESS.id + 1)
    pool.put(HERE, in_use, 0.0)
    assert in_use.dropped
    assert pool.take(HERE, 0.0) is None
    assert rests.dropped
    own = Idle()
    pool.put(HERE, own, 0.0)
    assert pool.take(HERE, 0.0) is own
