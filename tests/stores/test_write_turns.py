"""Threads of one process write a file in turn, and steps of those that wait share a transaction."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ai_utilities.exceptions import StoreTimeoutError
from ai_utilities.storage.sqlite import SQLiteFile
from ai_utilities.storage.store_io import within
from ai_utilities.storage.write_turns import MOST, Waiting, turn_of

TABLE = "CREATE TABLE IF NOT EXISTS numbers (number INTEGER NOT NULL)"
THREADS = 12
TIME_LIMIT = 60.0


class Numbers:
    """A file with numbers, and the transactions in which they were written."""

    def __init__(self, path: Path) -> None:
        self.statements: list[str] = []
        self.file = SQLiteFile(
            path, TABLE, equip=lambda connection: connection.set_trace_callback(self.statements.append)
        )
        self.path = path

    def write(self, number: int) -> int:
        return self.file.write(lambda connection: insert(connection, number))

    def stored(self) -> list[int]:
        return [number for (number,) in self.file.fetch_all("SELECT number FROM numbers ORDER BY number")]

    def commits(self) -> int:
        return self.statements.count("COMMIT")

    def wait_until_waiting(self, count: int) -> None:
        turn = turn_of(self.path)
        while len(turn) < count:
            threading.Event().wait(0.001)


def insert(connection: sqlite3.Connection, number: int) -> int:
    connection.execute("INSERT INTO numbers VALUES (?)", (number,))
    return number


@pytest.fixture
def numbers(tmp_path: Path) -> Iterator[Numbers]:
    numbers = Numbers(tmp_path / "numbers.db")
    yield numbers
    numbers.file.close()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as threads:
        yield threads


@contextmanager
def lock_of_another_process(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("COMMIT")


def start_waiting(numbers: Numbers, threads: ThreadPoolExecutor, works: list[Callable[[], int]]) -> list[Future[int]]:
    """Starts threads, one after the other, that wait for a turn that is taken."""
    started = []
    for work in works:
        started.append(threads.submit(work))
        numbers.wait_until_waiting(len(started))
    return started


def results(waiting: list[Future[int]]) -> list[int]:
    return [one.result(TIME_LIMIT) for one in waiting]


def test_steps_that_wait_share_transactions(numbers: Numbers, threads: ThreadPoolExecutor) -> None:
    works = [lambda number=number: numbers.write(number) for number in range(MOST + 3)]
    with numbers.file.transaction():
        waiting = start_waiting(numbers, threads, works)
        before = numbers.commits()
    assert results(waiting) == list(range(MOST + 3))
    assert numbers.stored() == list(range(MOST + 3))
    # The block's own, then the largest group, then the rest.
    assert numbers.commits() - before == 3


def test_single_statements_that_wait_share_a_transaction(numbers: Numbers, threads: ThreadPoolExecutor) -> None:
    def write(number: int) -> int:
        numbers.file.write_one("INSERT INTO numbers VALUES (?)", (number,))
        return number

    write(100)
    alone = numbers.commits()
    with numbers.file.transaction():
        waiting = start_waiting(numbers, threads, [lambda number=number: write(number) for number in range(THREADS)])
    assert results(waiting) == list(range(THREADS))
    assert numbers.stored() == [*range(THREADS), 100]
    assert (alone, numbers.commits()) == (0, 2)


def test_a_step_that_fails_fails_alone(numbers: Numbers, threads: ThreadPoolExecutor) -> None:
    def fail(connection: sqlite3.Connection) -> int:
        insert(connection, 100)
        raise ValueError("not this one")

    works = [lambda number=number: numbers.write(number) for number in range(THREADS)]
    works.insert(5, lambda: numbers.file.write(fail))
    with numbers.file.transaction():
        waiting = start_waiting(numbers, threads, works)
    with pytest.raises(ValueError, match="not this one"):
        waiting.pop(5).result(TIME_LIMIT)
    assert results(waiting) == list(range(THREADS))
    assert numbers.stored() == list(range(THREADS))


def test_an_interrupted_thread_leaves_the_steps_of_the_others(numbers: Numbers, threads: ThreadPoolExecutor) -> None:
    def interrupt(connection: sqlite3.Connection) -> int:
        insert(connection, 100)
        raise KeyboardInterrupt

    works = [lambda number=number: numbers.write(number) for number in range(THREADS)]
    works.insert(0, lambda: numbers.file.write(interrupt))
    with numbers.file.transaction():
        waiting = start_waiting(numbers, threads, works)
    with pytest.raises(KeyboardInterrupt):
        waiting.pop(0).result(TIME_LIMIT)
    assert results(waiting) == list(range(THREADS))
    assert numbers.stored() == list(range(THREADS))


def test_a_step_of_an_interrupted_thread_does_not_get_the_turn(numbers: Numbers) -> None:
    turn, gone = turn_of(numbers.path), Waiting[int]()
    assert turn.take(Waiting(), 0.0, lambda: None)
    gone.is_gone = True
    turn.give_back([gone])
    assert turn.take_if_free()
    turn.give_back()


def test_a_thread_whose_time_is_over_writes_nothing(numbers: Numbers, threads: ThreadPoolExecutor) -> None:
    with numbers.file.transaction():
        late = threads.submit(within(0.02, lambda: numbers.write(1)))
        with pytest.raises(StoreTimeoutError, match="was not free in time"):
            late.result(TIME_LIMIT)
        assert len(turn_of(numbers.path)) == 0
    assert numbers.write(2) == 2
    assert numbers.stored() == [2]


def test_only_the_thread_whose_time_is_over_fails(numbers: Numbers, threads: ThreadPoolExecutor) -> None:
    turn = turn_of(numbers.path)
    assert turn.take(Waiting(), 0.0, lambda: None)
    works: list[Callable[[], int]] = [within(0.5, lambda: numbers.write(100))]
    works += [lambda number=number: numbers.write(number) for number in range(THREADS)]
    with lock_of_another_process(numbers.path):
        first, *others = start_waiting(numbers, threads, works)
        turn.give_back()
        with pytest.raises(StoreTimeoutError):
            first.result(TIME_LIMIT)
    assert results(others) == list(range(THREADS))
    assert numbers.stored() == list(range(THREADS))


def test_a_transaction_that_fails_gives_the_turn_back(numbers: Numbers) -> None:
    def fail() -> None:
        with numbers.file.transaction() as connection:
            insert(connection, 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with lock_of_another_process(numbers.path), pytest.raises(StoreTimeoutError):
        within(0.02, numbers.write)(2)
    assert numbers.write(3) == 3
    assert numbers.stored() == [3]


def test_files_of_one_path_share_the_turn(numbers: Numbers, threads: ThreadPoolExecutor) -> None:
    again = Numbers(numbers.path)
    with numbers.file.transaction():
        waiting = start_waiting(numbers, threads, [lambda: again.write(1), lambda: numbers.write(2)])
    assert results(waiting) == [1, 2]
    again.file.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_does_not_wait_for_threads_of_its_parent(numbers: Numbers) -> None:
    numbers.write(1)
    turn = turn_of(numbers.path)
    assert turn.take(Waiting(), 0.0, lambda: None)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if within(5.0, numbers.write)(2) == 2 else 1
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    turn.give_back()
    assert os.waitstatus_to_exitcode(status) == 0
    assert numbers.stored() == [1, 2]
