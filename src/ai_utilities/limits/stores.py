"""Stores of rate limits: the interface, in memory, in a SQLite file, and on a Redis server."""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from importlib.resources import files
from typing import ClassVar, Self

from pydantic_core import from_json, to_json

from ..storage.late_writes import LateWrites
from ..storage.redis import DEFAULT_SERVER, RedisClient, RedisServer, load_redis
from ..storage.sqlite import SQLiteFile
from ..storage.sqlite_files import Schema
from ..storage.store_io import StoreEvictsError, StoreVersionError, WakeupEvent, boot_id, seconds_since_boot
from .limit import Account, Ask, SettleAsk, TakeAsk, Verdict
from .window_state import GRACE, NEVER_LONGER, SHORTLY, SLOTS, apply_step, apply_steps, checked, new_state

Group = tuple[str, ...]
"""The limits that a call needs. Of waiting calls with the same ones, only the first has to be notified."""


class WaitQueue:
    """The waiting calls of this process at one store, in order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, dict[Group, dict[str, WakeupEvent]]] = {}

    @contextmanager
    def waiting(self, account: str, ask: TakeAsk, event: WakeupEvent) -> Iterator[None]:
        """Within the block, the event is set when this call is the first of its group and capacity may be free.

        Args:
            account: The account.
            ask: What the call asks for.
            event: The event.
        """
        group, ticket = group_of(ask), ask["ticket"]
        with self._lock:
            self._waiting.setdefault(account, {}).setdefault(group, {})[ticket] = event
        try:
            yield
        finally:
            with self._lock:
                groups = self._waiting[account]
                del groups[group][ticket]
                if not groups[group]:
                    del groups[group]
                if not groups:
                    del self._waiting[account]

    def notify(self, account: str) -> None:
        """Notifies the first call of each group that capacity may be free. A call that is granted notifies the next."""
        if account not in self._waiting:
            return
        with self._lock:
            groups = self._waiting.get(account, {}).values()
            first = [next(iter(events.values())) for events in groups]
        for event in first:
            event.set()


def group_of(ask: TakeAsk) -> Group:
    """The group of a call."""
    buckets = [*(want["bucket"] for want in ask["wants"]), *(want["bucket"] for want in ask["live"])]
    return tuple(sorted([*buckets, *(lane["lane"] for lane in ask["lanes"])]))


class LimitStore(ABC):
    """Base class of limit stores. All users of a store share its limits.

    Methods may block; `blocking = False` promises that they never do.
    """

    blocking: ClassVar[bool] = True
    """Whether methods may wait for a file or a server. If not, async programs need no thread for them."""
    poll_interval: ClassVar[float] = NEVER_LONGER
    """The longest poll interval of a waiting call in seconds: other processes do not notify it."""

    waiters: WaitQueue
    """The waiting calls of this process."""

    def __new__(cls, *_: object, **__: object) -> Self:
        store = super().__new__(cls)  # here, so that subclasses need not call __init__
        store.waiters = WaitQueue()
        return store

    @abstractmethod
    def step(self, account: str, step: str, ask: Ask) -> Verdict:
        """Does one step of `window_state`, while no other one is done on the account.

        Args:
            account: The name of an API key, without secrets.
            step: The name of the step.
            ask: Its arguments.

        Returns:
            The verdict of `take`; for other steps, nothing that matters.

        Raises:
            StoreError: If the store cannot be used.
        """

    def settle_later(self, account: str, ask: SettleAsk) -> bool:
        """Leaves a `settle` step to be done a moment later, together with others; False if it has to be done now.

        Args:
            account: The name of an API key, without secrets.
            ask: The arguments of the step. Until then, other processes count the estimate.
        """
        return False

    def close(self) -> None:  # noqa: B027  # a store in memory has nothing to close
        """Closes files and connections."""


class MemoryLimits(LimitStore):
    """Limits in memory, for the threads and event loops of one process.

    Args:
        clock: The time in seconds, from any start.
    """

    blocking: ClassVar[bool] = False
    poll_interval: ClassVar[float] = 60.0

    def __init__(self, clock: Callable[[], float] = seconds_since_boot) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._accounts: dict[str, Account] = {}

    def step(self, account: str, step: str, ask: Ask) -> Verdict:
        with self._lock:
            return apply_step(self._accounts.setdefault(account, new_state()), step, ask, self._clock())


log = logging.getLogger("ai_utilities.limits")
LIMITS = Schema(
    "limits", ("CREATE TABLE IF NOT EXISTS limits (account TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;",)
)
REPAIR = "Run `ai-utilities budget repair`, which keeps budgets in the file, or delete it while nothing uses it."
VERSION = 2
"""Version of the account layout: 1 had no clock and no version."""

MOST_WRITTEN = 16
"""Accounts of which the state is kept as it was written."""

LONGEST_OFF = 172_800.0
"""Maximum seconds that a machine counts as having been off."""


class SQLiteLimits(LimitStore):
    """Limits in one SQLite file, shared by all processes of a machine, with a clock that does not jump.

    Args:
        db_path: The file. It is created if missing.
        clock: The time in seconds; None takes the time since the machine's boot.

    Raises:
        StoreDamagedError: If the file cannot be read.
        StoreLostError: If the file was deleted or replaced while in use.
    """

    def __init__(self, db_path: str | os.PathLike[str], *, clock: Callable[[], float] | None = None) -> None:
        self._file = SQLiteFile(db_path, LIMITS, strict=True, repair=REPAIR)
        self._late = LateWrites(self._file, self._settle_all)
        self._clock = clock
        self._written: dict[str, tuple[str, Account]] = {}
        self.path = self._file.path

    def step(self, account: str, step: str, ask: Ask) -> Verdict:
        verdict = self._step(account, step, ask)
        # Nobody waits because of calls of this process that have ended.
        return self._step(account, step, ask) if verdict.get("wait") and self._late.write() else verdict

    def settle_later(self, account: str, ask: SettleAsk) -> bool:
        has_more = any(want["amount"] > 0 for want in (*ask["wants"], *ask["live"]))
        return not has_more and self._late.add((account, ask))

    def _step(self, account: str, step: str, ask: Ask) -> Verdict:
        return self._file.write(partial(self.step_in, account, step, ask), late=step != "take")

    def _settle_all(self, file: sqlite3.Connection, entries: Sequence[tuple[str, SettleAsk]]) -> None:
        """Settles calls, the state of each account once."""
        for account in {account for account, _ in entries}:
            self._steps_in(account, [("settle", ask) for name, ask in entries if name == account], file)

    def step_in(self, account: str, step: str, ask: Ask, file: sqlite3.Connection) -> Verdict:
        """Like `step`, within a transaction of the same file.

        Args:
            account: The name of an API key, without secrets.
            step: The name of the step.
            ask: Its arguments.
            file: The connection.
        """
        return self._steps_in(account, [(step, ask)], file)

    def _steps_in(self, account: str, steps: Sequence[tuple[str, Ask]], file: sqlite3.Connection) -> Verdict:
        """Does steps, and returns the verdict of the last one."""
        row = file.execute("SELECT state FROM limits WHERE account = ?", (account,)).fetchone()
        state = new_state() if row is None else self._read(account, row[0])
        try:
            verdict = apply_steps(state, steps, self._now(state))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            state = self._damaged(account, error)
            verdict = apply_steps(state, steps, self._now(state))
        text = to_json({**state, "version": VERSION}).decode()
        file.execute("REPLACE INTO limits (account, state) VALUES (?, ?)", (account, text))
        if len(self._written) < MOST_WRITTEN:
            self._written[account] = text, state
        return verdict

    def close(self) -> None:
        self._file.close()

    def _read(self, account: str, text: str) -> Account:
        written = self._written.pop(account, None)  # by whoever has the lock of the file; steps that fail may change it
        if written is not None and written[0] == text:
            return written[1]  # nobody else has written meanwhile
        try:
            state = checked(from_json(text))
        except (ValueError, TypeError) as error:
            return self._damaged(account, error)
        version: object = state.get("version", 0)
        if isinstance(version, int) and version > VERSION:
            raise StoreVersionError.between(f"the limits in {self._file.path}", version, VERSION, "file")
        return state

    def _damaged(self, account: str, error: Exception) -> Account:
        log.warning(
            "the limits of %s in %s were damaged (%s); they are counted from zero", account, self._file.path, error
        )
        return new_state()

    def _now(self, state: Account) -> float:
        """The clock of the account: starts as the time of day and continues after a restart."""
        if self._clock is not None:
            return self._clock()
        now, wall = seconds_since_boot(), time.time()
        clock = state.get("clock")
        if clock is None:
            seen, ahead = now, wall - now
        elif clock.get("boot") != boot_id():
            off = min(LONGEST_OFF, max(0.0, wall - clock.get("wall", wall)))
            seen, ahead = now, clock["seen"] + clock["ahead"] + off - now
        else:
            seen, ahead = clock["seen"], clock["ahead"]
        state["clock"] = {"seen": seen, "ahead": ahead, "boot": boot_id(), "wall": wall}
        return now


STORED_SECONDS = 172_800
"""Seconds for which an account is kept after its last step."""

TOLERANCE = 5.0
"""Seconds by which the server's clock may run ahead of this machine's between two steps."""


class RedisLimits(LimitStore):
    """Limits on a Redis or Valkey server, shared by all machines. Each step is one script, timed by the server's clock.

    The time of an account only goes forward. Each process compares it with a monotonic clock: if the server's clock is
    set ahead, the difference is subtracted. A server that lost an account is reported in the log.

    Args:
        server: A URL such as `redis://localhost:6379/0`, or a client object.
        prefix: Prefix of all keys.

    Raises:
        StoreEvictsError: If the server's `maxmemory-policy` may evict the limits.
    """

    def __init__(self, server: str | RedisClient = DEFAULT_SERVER, *, prefix: str = "ai_utilities:limits") -> None:
        self._server = RedisServer(server, prefix)
        self._times: dict[str, tuple[float, float]] = {}
        self._stored = STORED_SECONDS

    def step(self, account: str, step: str, ask: Ask) -> Verdict:
        self._check_policy()
        text, name = load_script()
        expected = "" if "now" in ask else self._expected(account)
        constants = (SLOTS, GRACE, NEVER_LONGER, SHORTLY, self._stored, expected, VERSION)
        arguments = (1, self._server.key_name(account), step, to_json(ask).decode(), *constants)
        with self._server.connected_client() as client:
            try:
                result = client.evalsha(name, *arguments)
            except load_redis().exceptions.NoScriptError:
                result = client.eval(text, *arguments)
        if result[0] == "version":
            raise StoreVersionError.between(f"the limits under {self._server.prefix}", result[1], VERSION, "prefix")
        answer, now, jumped, state = result
        self._report(account, state, float(jumped))
        self._times[account] = (float(now), seconds_since_boot())
        verdict: Verdict = from_json(answer)
        return verdict

    def close(self) -> None:
        self._server.close()

    def _expected(self, account: str) -> float | str:
        """The latest time that the account can have; empty if this process has not used it before."""
        if account not in self._times:
            return ""
        at, seen = self._times[account]
        return at + (seconds_since_boot() - seen) + TOLERANCE

    def _check_policy(self) -> None:
        """Stores keys without an expiry if the server evicts keys that expire.

        Raises:
            StoreEvictsError: If it evicts those, too.
        """
        try:
            self._server.check_eviction("the limits", expiring=self._stored > 0)
        except StoreEvictsError:
            if not self._stored:
                raise
            self._stored = 0
            self._server.check_eviction("the limits", expiring=False)

    def _is_recent(self, account: str) -> bool:
        """Whether this process used the account while the server must have kept it."""
        return account in self._times and seconds_since_boot() - self._times[account][1] < STORED_SECONDS

    def _report(self, account: str, state: str, jumped: float) -> None:
        if state == "damaged":
            log.warning("the limits of %s on the Redis server were damaged; they are counted from zero", account)
        elif state == "new" and self._is_recent(account):
            log.warning("the Redis server lost the limits of %s; they are counted from zero", account)
        if jumped:
            log.warning("the clock of the Redis server jumped ahead by %.0f s; limits do not follow it", jumped)


@cache
def load_script() -> tuple[str, str]:
    """The script, and its SHA-1, by which a server that has run it finds it."""
    text = files("ai_utilities.limits").joinpath("account.lua").read_text(encoding="utf-8")
    return text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
