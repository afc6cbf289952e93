"""Threads of one process write a file in turn, and steps of several threads that wait are done in one transaction.

A thread that waits for a lock in SQLite sleeps, looks again and sleeps longer, nearly always in vain where dozens of
threads write. Here they wait in order, so that only other processes are waited for in SQLite. Each file has one
`WriteTurn`, also if several stores use it.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

from .sqlite_files import ConnectionBlock, Row, StoreConnection, last_change
from .store_io import FileStep, StoreTimeoutError, seconds_left, stalled_seconds

T = TypeVar("T")
MOST = 32
"""Steps in one transaction; other processes wait for its end."""

SHORTLY = 0.05
"""Seconds to wait before the file is looked at."""

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]
"""Begins a transaction that is committed at the end, and undone after an error."""


class Waiting(Generic[T]):
    """A thread that waits for its turn: it gets the turn, or the thread that has it does its step.

    Args:
        transaction: The transaction that the step needs. Steps that need an equal one may share it.
        step: What is done within the transaction.
    """

    def __init__(self, transaction: Transaction | None = None, step: FileStep[T] | None = None) -> None:
        self.transaction = transaction
        self.has_turn = self.is_done = self.is_gone = False
        self.error: Exception | None = None
        self.woken: threading.Lock | None = None
        """Held until the thread is woken; None if it did not have to wait."""
        self._step = step

    def do(self, connection: sqlite3.Connection) -> None:
        """Does the step. Its result counts if the transaction is committed."""
        assert self._step is not None
        self._value = self._step(connection)

    def result(self) -> T:
        """Returns what the step returned, or raises what it raised."""
        if self.error is not None:
            raise self.error
        return self._value


class WriteTurn:
    """Which thread of this process writes a file, and which threads wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Waiting[Any]] = deque()
        self._is_taken = False

    def __len__(self) -> int:
        """How many threads wait."""
        return len(self._waiting)

    def take_if_free(self) -> bool:
        """Takes the turn, unless another thread has it. Returns whether it did."""
        with self._lock:
            is_free = not self._is_taken
            self._is_taken = True
        return is_free

    def take(self, waiting: Waiting[Any], most: float, last_change: Callable[[], object]) -> bool:
        """Waits, but not longer than the thread that has the turn writes nothing.

        Args:
            waiting: This thread, which `has_turn` or `is_done` afterwards.
            most: Most seconds to wait, also if the call has more.
            last_change: Returns something else whenever the file has been written.

        Returns:
            Whether the turn came in time.
        """
        with self._lock:
            if not self._is_taken:
                self._is_taken = waiting.has_turn = True
                return True
            woken = waiting.woken = threading.Lock()
            woken.acquire()
            self._waiting.append(waiting)
        until = time.monotonic() + seconds_left(most)
        try:
            if woken.acquire(timeout=min(SHORTLY, seconds_left(most))):
                return True
            seen = last_change()
            while not woken.acquire(timeout=stalled_seconds(max(0.0, until - time.monotonic()))):
                before, seen = seen, last_change()
                if time.monotonic() < until and seen != before:
                    continue
                if self._withdraw(waiting):
                    return False
                woken.acquire()  # its step is being done, or its turn has just come
                return True
        except BaseException:
            with self._lock:
                waiting.is_gone = True
            if not self._withdraw(waiting) and waiting.has_turn:
                self.give_back()
            raise
        return True

    def write(self, waiting: Waiting[Any]) -> None:
        """Does the step of the thread that has the turn, and those of others that wait for the same transaction.

        Args:
            waiting: The thread.
        """
        together = [waiting]
        with self._lock:
            while self._waiting and len(together) < MOST and self._waiting[0].transaction == waiting.transaction:
                together.append(self._waiting.popleft())
        try:
            do_steps(together)
        finally:
            self.give_back(together[1:])

    def give_back(self, others: list[Waiting[Any]] | None = None) -> None:
        """Gives the turn to the thread that waits longest.

        Args:
            others: Threads whose steps were to be done. Those whose steps are not done wait again, unless they were
                interrupted.
        """
        with self._lock:
            if not (others or self._waiting):
                self._is_taken = False
                return  # nearly always
        woken = [other for other in others or [] if other.is_done]
        with self._lock:
            self._waiting.extendleft(other for other in reversed(others or []) if not (other.is_done or other.is_gone))
            self._is_taken = bool(self._waiting)
            if self._waiting:
                following = self._waiting.popleft()
                following.has_turn = True
                woken.append(following)
        for other in woken:
            assert other.woken is not None
            other.woken.release()

    def _withdraw(self, waiting: Waiting[Any]) -> bool:
        """Whether the thread still waited; else it has the turn, or its step is being done."""
        with self._lock, suppress(ValueError):
            self._waiting.remove(waiting)
            return True
        return False


def execute_one(statement: str, values: Row, connection: sqlite3.Connection) -> None:
    """Executes one statement, as the step of a transaction."""
    connection.execute(statement, values)


def do_steps(together: list[Waiting[Any]]) -> None:
    """Does steps in one transaction; after an error, each in its own, so that only the one that fails has the error.

    If the transaction cannot begin, only the first has the error: the others may wait longer.
    """
    begun = False
    try:
        assert together[0].transaction is not None
        with together[0].transaction() as connection:
            begun = True
            for one in together:
                one.do(connection)
    except Exception as error:  # noqa: BLE001  # raised in the thread that waits for the step
        if begun and len(together) > 1:
            for one in together:
                do_steps([one])
            return
        together = together[:1]
        together[0].error = error
    for one in together:
        one.is_done = True


TURNS: WeakValueDictionary[tuple[int, Path], WriteTurn] = WeakValueDictionary()


def turn_of(path: Path) -> WriteTurn:
    """The turn of a file in this process. A forked child begins with turns of its own."""
    return TURNS.setdefault((os.getpid(), path), WriteTurn())


def lock_error(path: Path) -> StoreTimeoutError:
    """The error for a file whose lock was not free in time."""
    return StoreTimeoutError(
        f"the SQLite file {path} is locked by another process or thread and was not free in time. "
        "End whatever holds the lock, or allow the call a longer timeout."
    )


class WrittenFile(ABC):
    """How threads of this process write a SQLite file.

    Args:
        path: The file.
        timeout: Most seconds to wait.
    """

    def __init__(self, path: Path, timeout: float) -> None:
        self.path = path
        self._timeout = timeout
        self._turn = (os.getpid(), turn_of(path))

    @contextmanager
    def transaction(self) -> Iterator[StoreConnection]:
        """A transaction that writes, also what waits to be written late; undone if anything fails."""
        turn = self._take_turn(Waiting())
        try:
            with self._begin_with_late() as connection:
                yield connection
        finally:
            turn.give_back()

    def write(self, step: FileStep[T], *, late: bool = True) -> T:
        """Does a step in a transaction, together with steps of other threads.

        Args:
            step: The step. It is done again if one of the others fails.
            late: Whether what waits to be written late is written too. Default True.
        """
        begin, turn = self._begin_with_late if late else self._begin_without_late, self._own_turn()
        if turn.take_if_free():  # nearly always, so nobody waits whose step could be done, too
            try:
                with begin() as connection:
                    return step(connection)
            finally:
                turn.give_back()
        waiting = Waiting(begin, step)
        turn = self._take_turn(waiting)
        if waiting.has_turn:
            turn.write(waiting)
        return waiting.result()

    def write_one(self, statement: str, values: Row) -> None:
        """Executes a statement that writes, alone or together with steps of other threads, without late writes."""
        turn = self._own_turn()
        if turn.take_if_free():
            try:
                self._execute_alone(statement, values)
            finally:
                turn.give_back()
        else:
            self.write(partial(execute_one, statement, values), late=False)

    def _own_turn(self) -> WriteTurn:
        """The turn of the file in this process."""
        process, turn = self._turn
        if process != os.getpid():
            process, turn = self._turn = (os.getpid(), turn_of(self.path))
        return turn

    def _take_turn(self, waiting: Waiting[Any]) -> WriteTurn:
        turn = self._own_turn()
        if not turn.take(waiting, self._timeout, self._last_change):
            raise lock_error(self.path)
        return turn

    def _last_change(self) -> object:
        return last_change(self.path)

    @abstractmethod
    def _execute_alone(self, statement: str, values: Row) -> None:
        """Executes a statement that is a transaction of its own."""

    @abstractmethod
    def _begin_with_late(self) -> ConnectionBlock: ...

    @abstractmethod
    def _begin_without_late(self) -> ConnectionBlock: ...
