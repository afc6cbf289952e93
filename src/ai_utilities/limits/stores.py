"""Stores of rate limits: the interface, in memory, in a SQLite file, and on a Redis server."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar, Self

from pydantic_core import from_json, to_json

from ..storage.errors import StoreEvictsError, StoreVersionError
from ..storage.process import boot_id, seconds_since_boot
from ..storage.redis import RedisServer, load_redis
from ..storage.sqlite import SQLiteFile
from ..storage.sqlite_files import Schema
from ..storage.store_calls import WakeupEvent
from .window_state import GRACE, NEVER_LONGER, SHORTLY, SLOTS, Account, Ask, apply_step, checked, new_state

Group = tuple[str, ...]
"""Callers with the same needs: while the first has to wait, the others have to as well."""


class WaitQueue:
    """The callers of one store, in order of arrival."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, dict[Group, dict[str, WakeupEvent]]] = {}

    @contextmanager
    def waiting(self, account: str, ask: Ask, event: WakeupEvent) -> Iterator[None]:
        """Within it, the bell rings when this caller is first and something has become free."""
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
        """Notifies that capacity may be free; each caller that takes some notifies the next."""
        if account not in self._waiting:
            return
        with self._lock:
            groups = self._waiting.get(account, {}).values()
            first = [next(iter(events.values())) for events in groups]
        for event in first:
            event.set()


def group_of(ask: Ask) -> Group:
    named = (*ask["wants"], *ask["live"])
    return tuple(sorted([*(want["bucket"] for want in named), *(lane["lane"] for lane in ask["lanes"])]))


class LimitStore(ABC):
    """Base class of stores. All users of a store share its limits. `account` is a name without secrets."""

    blocking: ClassVar[bool] = True
    poll_interval: ClassVar[float] = NEVER_LONGER
    """Seconds between two questions of a waiting caller, at most: what other processes do, nobody tells."""

    line: WaitQueue

    def __new__(cls, *_: Any, **__: Any) -> Self:
        store = super().__new__(cls)  # here, so that a store of one's own need not call any __init__
        store.line = WaitQueue()
        return store

    @abstractmethod
    def step(self, account: str, step: str, ask: Ask) -> dict[str, Any]:
        """Takes one step of `window_state`, exclusively."""

    def close(self) -> None:  # noqa: B027  # a memory holds nothing open
        """Closes files and connections."""


class MemoryLimits(LimitStore):
    """Limits in memory, for the threads and event loops of one process."""

    blocking: ClassVar[bool] = False
    poll_interval: ClassVar[float] = 60.0

    def __init__(self, clock: Callable[[], float] = seconds_since_boot) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._accounts: dict[str, Account] = {}

    def step(self, account: str, step: str, ask: Ask) -> dict[str, Any]:
        with self._lock:
            return apply_step(self._accounts.setdefault(account, new_state()), step, ask, self._clock())


log = logging.getLogger("ai_utilities.limits")
LIMITS = Schema(
    "limits", ("CREATE TABLE IF NOT EXISTS limits (account TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;",)
)
REPAIR = "Run `ai-utilities budget repair`, which keeps budgets in the file, or delete it while nothing uses it."
VERSION = 2
"""Version of the account layout: 1 had no clock and no version."""

LONGEST_OFF = 172_800.0
"""Maximum seconds that a machine is assumed to have been off."""


class SQLiteLimits(LimitStore):
    """`db_path` is created if missing. `clock`: seconds, instead of the time since the machine's boot."""

    def __init__(self, db_path: str | os.PathLike[str], *, clock: Callable[[], float] | None = None) -> None:
        self._file = SQLiteFile(db_path, LIMITS, strict=True, repair=REPAIR)
        self._clock = clock

    def step(self, account: str, step: str, ask: Ask) -> dict[str, Any]:
        with self._file.transaction() as file:
            row = file.execute("SELECT state FROM limits WHERE account = ?", (account,)).fetchone()
            state = new_state() if row is None else self._read(account, row[0])
            try:
                match = apply_step(state, step, ask, self._now(state))
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                state = self._damaged(account, error)
                match = apply_step(state, step, ask, self._now(state))
            text = to_json({**state, "version": VERSION}).decode()
            file.execute("REPLACE INTO limits (account, state) VALUES (?, ?)", (account, text))
        return match

    def close(self) -> None:
        self._file.close()

    def _read(self, account: str, text: str) -> Account:
        try:
            state = checked(from_json(text))
        except (ValueError, TypeError) as error:
            return self._damaged(account, error)
        if isinstance(state.get("version"), int) and state["version"] > VERSION:
            raise StoreVersionError(
                f"the limits in {self._file.path} have version {state['version']}, and this version of dhenara knows "
                f"{VERSION}: upgrade dhenara, or use another file."
            )
        return state

    def _damaged(self, account: str, error: Exception) -> Account:
        log.warning("the limits of %s in %s were damaged (%s); they are counted anew", account, self._file.path, error)
        return new_state()

    def _now(self, state: Account) -> float:
        """The clock of the account: starts as the time of day and continues after a restart."""
        if self._clock is not None:
            return self._clock()
        now, wall = seconds_since_boot(), time.time()
        clock = state.get("clock")
        if clock is None:
            clock = {"seen": now, "ahead": wall - now}
        elif clock.get("boot") != boot_id():
            off = min(LONGEST_OFF, max(0.0, wall - clock.get("wall", wall)))
            clock = {"seen": now, "ahead": clock["seen"] + clock["ahead"] + off - now}
        state["clock"] = {**clock, "boot": boot_id(), "wall": wall}
        return now


"""Version of the account layout: 1 had no clock and no version."""

STORED_SECONDS = 172_800
"""Seconds for which an account is kept after its last step."""

TOLERANCE = 5.0
"""Seconds by which the server's clock may run ahead of this machine's between two steps."""


class RedisLimits(LimitStore):
    """`server` is a URL such as `redis://localhost:6379/0`, or a client object.

    Raises:
        StoreEvictsError: If the server's `maxmemory-policy` may evict the limits.
    """

    def __init__(self, server: Any = "redis://127.0.0.1:6379/0", *, prefix: str = "ai_utilities:limits") -> None:
        self._server = RedisServer(server, prefix)
        self._times: dict[str, tuple[float, float]] = {}
        self._stored = STORED_SECONDS

    def step(self, account: str, step: str, ask: Ask) -> dict[str, Any]:
        self._check_policy()
        text, name = load_script()
        expected = "" if "now" in ask else self._expected(account)
        constants = (SLOTS, GRACE, NEVER_LONGER, SHORTLY, self._stored, expected, VERSION)
        options = (1, self._server.key_name(account), step, to_json(ask).decode(), *constants)
        with self._server.connected_client() as client:
            try:
                match = client.evalsha(name, *options)
            except load_redis().exceptions.NoScriptError:
                match = client.eval(text, *options)
        if match[0] == "version":
            raise StoreVersionError(
                f"the limits under {self._server.prefix} have version {match[1]}, and this version of dhenara knows "
                f"{VERSION}: upgrade dhenara, or use another prefix."
            )
        answer, now, jumped, state = match
        self._report(account, state, float(jumped))
        self._times[account] = (float(now), seconds_since_boot())
        read: dict[str, Any] = from_json(answer)
        return read

    def close(self) -> None:
        self._server.close()

    def _expected(self, account: str) -> float | str:
        """The latest that the account's time can be, where this process has seen it before."""
        if account not in self._times:
            return ""
        at, seen = self._times[account]
        return at + (seconds_since_boot() - seen) + TOLERANCE

    def _check_policy(self) -> None:
        """Keys without an expiry are not evicted by the `volatile-` policies."""
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
            log.warning("the limits of %s on the Redis server were damaged; they are counted anew", account)
        elif (
            state == "new"
            and account in self._times
            and seconds_since_boot() - self._times[account][1] < STORED_SECONDS
        ):
            log.warning("the Redis server lost the limits of %s; they are counted anew", account)
        if jumped:
            log.warning("the clock of the Redis server jumped ahead by %.0f s; limits do not follow it", jumped)


@cache
def load_script() -> tuple[str, str]:
    """The script, and the name by which a server that has run it knows it."""
    text = files("ai_utilities.limits").joinpath("account.lua").read_text(encoding="utf-8")
    return text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
