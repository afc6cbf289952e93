"""Stores in which processes and machines share which deployments of routes rest, beside those of rate limits.

A store that fails shares nothing until it works again: each process then goes by what it sees itself.
"""

from __future__ import annotations

import logging
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import ParamSpec, TypeVar

from pydantic_core import from_json, to_json

from dhenara.ai import SharedRest

from ..storage.redis import DEFAULT_SERVER, RedisClient, RedisServer
from ..storage.sqlite import SQLiteFile
from ..storage.sqlite_files import Schema
from ..storage.store_io import StoreError, within

log = logging.getLogger("ai_utilities.limits")
P = ParamSpec("P")
T = TypeVar("T")

SECONDS = 0.25
"""Seconds to wait for a store, as calls wait for it."""

GRACE = 600.0
"""Seconds for which a rest is stored after its end: until then, one call of all processes tries the deployment."""


class StoredHealth(ABC):
    """Base class of stores of health: errors are logged once, and share nothing."""

    blocking: bool = True
    """Whether methods wait for a file or a server; they are then called off the event loop."""

    _failed = False

    def read(self, keys: Sequence[str]) -> Mapping[str, SharedRest] | None:
        """Return the rests of deployments, also those that ended some minutes ago; None if the store cannot be used.

        Args:
            keys: Names of the deployments, without secrets.
        """
        return self._try(self._read, None, keys)

    def rest(self, key: str, rest: SharedRest) -> None:
        """Store that a deployment rests.

        Args:
            key: Name of the deployment.
            rest: Its rest.
        """
        self._try(self._rest, None, key, rest)

    def recover(self, key: str) -> None:
        """Store that an answer ended a rest; `read` then returns it with 0 failures.

        Args:
            key: Name of the deployment.
        """
        self._try(self._recover, None, key)

    def claim_probe(self, key: str, seconds: float) -> bool:
        """Return whether this process may try the deployment; every process may while the store fails.

        Args:
            key: Name of the deployment.
            seconds: Seconds for which no other process may.
        """
        return self._try(self._claim_probe, True, key, seconds)

    @abstractmethod
    def close(self) -> None:
        """Close files and connections."""

    @abstractmethod
    def _read(self, keys: Sequence[str]) -> Mapping[str, SharedRest] | None: ...

    @abstractmethod
    def _rest(self, key: str, rest: SharedRest) -> None: ...

    @abstractmethod
    def _recover(self, key: str) -> None: ...

    @abstractmethod
    def _claim_probe(self, key: str, seconds: float) -> bool: ...

    def _try(self, work: Callable[P, T], otherwise: T, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            result = within(SECONDS, work)(*args, **kwargs)
        except StoreError as error:
            if not self._failed:
                log.warning("the store of health fails; this process goes by what it sees itself: %s", error)
            self._failed = True
            return otherwise
        if self._failed:
            log.warning("the store of health works again")
        self._failed = False
        return result


TABLE = Schema(
    "health",
    (
        "CREATE TABLE IF NOT EXISTS health (name TEXT PRIMARY KEY, ends REAL NOT NULL, seconds REAL NOT NULL, "
        "failures INTEGER NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL, probe_ends REAL NOT NULL) WITHOUT ROWID;",
    ),
)


class SQLiteHealth(StoredHealth):
    """Health of deployments in one SQLite file, shared by all processes of a machine.

    Args:
        db_path: The file. It is created if missing.
        clock: The time in seconds since 1970.
    """

    def __init__(self, db_path: str | os.PathLike[str], *, clock: Callable[[], float] = time.time) -> None:
        self._file = SQLiteFile(db_path, TABLE)
        self._clock = clock

    def close(self) -> None:
        self._file.close()

    def _read(self, keys: Sequence[str]) -> Mapping[str, SharedRest]:
        marks, now = ", ".join("?" * len(keys)), self._clock()
        rows = self._file.fetch_all(
            f"SELECT name, ends, seconds, failures, kind, reason FROM health WHERE name IN ({marks})", tuple(keys)
        )
        # A clock that was set back must not let a deployment rest longer than it was told to.
        return {
            name: SharedRest(min(ends - now, seconds), failures, kind, reason)
            for name, ends, seconds, failures, kind, reason in rows
            if now < ends + GRACE
        }

    def _rest(self, key: str, rest: SharedRest) -> None:
        now = self._clock()
        values = (key, now + rest.seconds, rest.seconds, rest.failures, rest.kind, rest.reason)
        with self._file.transaction() as file:
            file.execute("DELETE FROM health WHERE ends < ?", (now - GRACE,))
            file.execute(
                "INSERT INTO health VALUES (?, ?, ?, ?, ?, ?, 0) ON CONFLICT (name) DO UPDATE SET "
                "seconds = max(seconds, excluded.seconds), failures = max(failures, excluded.failures), "
                "kind = excluded.kind, reason = excluded.reason, probe_ends = 0, ends = max(ends, excluded.ends)",
                values,
            )

    def _recover(self, key: str) -> None:
        now = self._clock()
        with self._file.transaction() as file:
            file.execute("UPDATE health SET ends = ?, seconds = 0, failures = 0 WHERE name = ?", (now, key))

    def _claim_probe(self, key: str, seconds: float) -> bool:
        now = self._clock()
        with self._file.transaction() as file:
            row = file.execute("SELECT ends, probe_ends FROM health WHERE name = ?", (key,)).fetchone()
            if row is None:
                return True
            if now < row[0] or now < row[1]:
                return False
            file.execute("UPDATE health SET probe_ends = ? WHERE name = ?", (now + seconds, key))
        return True


READ = """
local rests = {}
for _, key in ipairs(KEYS) do
  local text = redis.call('GET', key)
  if text then
    rests[#rests + 1] = key
    rests[#rests + 1] = text
    rests[#rests + 1] = redis.call('PTTL', key)
  end
end
return rests
"""

REST = """
local left = redis.call('PTTL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'PX', math.max(left, tonumber(ARGV[2])))
redis.call('DEL', KEYS[2])
"""


class RedisHealth(StoredHealth):
    """Health of deployments on a Redis or Valkey server, shared by all machines, timed by the server.

    Args:
        server: A URL such as `redis://localhost:6379/0`, or a client object.
        prefix: Prefix of all keys.
    """

    def __init__(self, server: str | RedisClient = DEFAULT_SERVER, *, prefix: str = "ai_utilities:health") -> None:
        self._server = RedisServer(server, prefix)

    def close(self) -> None:
        self._server.close()

    def _read(self, keys: Sequence[str]) -> Mapping[str, SharedRest]:
        names = {self._server.key_name(key): key for key in keys}
        with self._server.connected_client() as client:
            reply = client.eval(READ, len(names), *names)
        rests = {}
        for name, text, left in zip(reply[::3], reply[1::3], reply[2::3], strict=True):
            written = from_json(text)
            plain = name if isinstance(name, str) else name.decode()
            rests[names[plain]] = SharedRest(
                left / 1000 - GRACE, int(written["failures"]), written["kind"], str(written["reason"])
            )
        return rests

    def _rest(self, key: str, rest: SharedRest) -> None:
        text = to_json({"failures": rest.failures, "kind": rest.kind, "reason": rest.reason}).decode()
        names = self._server.key_name(key), self._server.key_name(key, "probe")
        with self._server.connected_client() as client:
            client.eval(REST, 2, *names, text, int((rest.seconds + GRACE) * 1000))

    def _recover(self, key: str) -> None:
        with self._server.connected_client() as client:
            text = to_json({"failures": 0, "kind": "server", "reason": ""}).decode()
            client.set(self._server.key_name(key), text, px=int(GRACE * 1000))

    def _claim_probe(self, key: str, seconds: float) -> bool:
        with self._server.connected_client() as client:
            name = self._server.key_name(key, "probe")
            return bool(client.set(name, "1", px=max(1, int(seconds * 1000)), nx=True))
