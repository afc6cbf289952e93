"""Caches shared by processes: one SQLite file, with least recently used eviction, and a Redis or Valkey server."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

from ..storage.redis import DEFAULT_SERVER, RedisClient, RedisServer, read_text
from ..storage.sqlite import SQLiteFile
from ..storage.sqlite_files import Schema, columns_of, statements
from ..storage.store_io import StoreDamagedError
from .backend import DEFAULT_TTL, TextBackend, namespace_of

TABLES = """
CREATE TABLE IF NOT EXISTS cache (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, namespace TEXT NOT NULL,
    created_at REAL NOT NULL, expires_at REAL, used_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cache_used ON cache (used_at);
CREATE INDEX IF NOT EXISTS cache_expires ON cache (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS cache_count (entries INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, holder TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
"""
DROP_TRIGGERS = """
DROP TRIGGER IF EXISTS cache_added;
DROP TRIGGER IF EXISTS cache_removed;
DROP TRIGGER IF EXISTS cache_changed;
"""
TRIGGERS = """
CREATE TRIGGER cache_added AFTER INSERT ON cache BEGIN
    UPDATE cache_count SET entries = entries + 1, bytes = bytes + length(CAST(new.value AS BLOB)); END;
CREATE TRIGGER cache_removed AFTER DELETE ON cache BEGIN
    UPDATE cache_count SET entries = entries - 1, bytes = bytes - length(CAST(old.value AS BLOB)); END;
CREATE TRIGGER cache_changed AFTER UPDATE OF value ON cache BEGIN
    UPDATE cache_count SET bytes = bytes + length(CAST(new.value AS BLOB)) - length(CAST(old.value AS BLOB)); END;
"""
COUNT = """
DELETE FROM cache_count;
INSERT INTO cache_count (entries, bytes) SELECT count(*), coalesce(sum(length(CAST(value AS BLOB))), 0) FROM cache;
"""

COUNTS = "SELECT entries, bytes FROM cache_count"


def count_bytes(file: sqlite3.Connection) -> None:
    """Counts the entries of an older file; from then on, triggers do."""
    if "bytes" not in columns_of(file, "cache_count"):
        file.execute("ALTER TABLE cache_count ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0")
    execute_script(file, DROP_TRIGGERS + COUNT + TRIGGERS)


def delete_all(file: sqlite3.Connection) -> None:
    """Removes all entries at once: with triggers on the table, SQLite would remove them one by one."""
    execute_script(file, DROP_TRIGGERS + "DELETE FROM cache;" + COUNT + TRIGGERS)


def read_counts(file: sqlite3.Connection) -> tuple[int, int]:
    """The numbers of entries and of bytes; damaged ones are counted again. Within a transaction."""
    match file.execute(COUNTS).fetchone():
        case int(entries), int(size):
            return entries, size
    execute_script(file, COUNT)
    entries, size = file.execute(COUNTS).fetchone()
    return entries, size


def execute_script(file: sqlite3.Connection, script: str) -> None:
    """Executes the statements of a script within the current transaction."""
    for statement in statements(script):
        file.execute(statement)


WITH_NUMBERS = f"""{DROP_TRIGGERS} ALTER TABLE cache RENAME TO cache_before;
CREATE TABLE cache (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL, namespace TEXT NOT NULL,
    created_at REAL NOT NULL, expires_at REAL, used_at REAL NOT NULL
);
INSERT INTO cache (key, value, namespace, created_at, expires_at, used_at)
    SELECT key, value, namespace, created_at, expires_at, used_at FROM cache_before;
DROP TABLE cache_before;
CREATE INDEX cache_used ON cache (used_at);
CREATE INDEX cache_expires ON cache (expires_at) WHERE expires_at IS NOT NULL;
{COUNT} {TRIGGERS}"""
"""Entries have numbers, so that the index of the keys does not contain the values, and a lookup reads few pages."""

CACHE = Schema("cache", (TABLES, count_bytes, WITH_NUMBERS))


FIND = "SELECT value, expires_at, used_at FROM cache WHERE key = ?"
STORE = """
INSERT INTO cache (key, value, namespace, created_at, expires_at, used_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, created_at = excluded.created_at,
    expires_at = excluded.expires_at, used_at = excluded.used_at
"""
LEAST_RECENTLY_USED = "DELETE FROM cache WHERE id IN (SELECT id FROM cache ORDER BY used_at LIMIT ?)"
EXPIRED = "DELETE FROM cache WHERE id IN (SELECT id FROM cache WHERE expires_at <= ? LIMIT ?)"
IN_NAMESPACE = "DELETE FROM cache WHERE id IN (SELECT id FROM cache WHERE key >= ? AND key < ? LIMIT ?)"
WITHOUT_NAMESPACE = "DELETE FROM cache WHERE id IN (SELECT id FROM cache WHERE namespace = '' LIMIT ?)"
CLAIM = """
INSERT INTO claims (key, holder, until) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE claims.until <= ? OR claims.holder = excluded.holder
"""
PURGE_EVERY = 256
"""Writes between two removals of expired entries."""

STEP = 200
"""Maximum entries a write removes beyond those it adds, so that no write takes long."""

CLEARED_AT_ONCE = 1_000
"""Entries deleted per transaction when clearing, so that others can write in between."""

LONGEST_WAIT = 2.0
"""Seconds to wait for a locked file where no call has a shorter limit."""

REMEMBERED_AFTER = 30.0
"""A hit is written when the last one is this many seconds old, so that reading rarely writes."""


class SQLiteCache(TextBackend):
    """A cache in one file, shared by threads and processes.

    Args:
        db_path: The file. It is created, readable by its owner only, if missing; a damaged one is set aside.
        max_entries: Maximum number of entries. If a file has more, each write removes some hundred of the least
            recently used.
        default_ttl: Seconds after which an entry expires, 3600 by default; None keeps it until it is evicted.
        clock: The time in Unix seconds.

    Raises:
        StoreError: If the path cannot be used. A locked file is opened later.
    """

    def __init__(
        self,
        db_path: str | os.PathLike[str],
        max_entries: int = 1000,
        default_ttl: float | None = DEFAULT_TTL,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(default_ttl)
        self.db_path = db_path
        self.max_entries = max_entries
        self._clock = clock
        self._file = SQLiteFile(db_path, CACHE, LONGEST_WAIT, lazy=True)
        self._used: dict[str, float] = {}
        self._writes = 0

    def get_text(self, key: str) -> str | None:
        text, until, used_at = self._file.fetch_one(FIND, (key,)) or (None, None, None)
        if type(text) is not str or type(used_at) is not float or (until is not None and type(until) is not float):
            return None  # missing or damaged
        now = self._clock()
        if until is not None and until <= now:
            return None
        if now - used_at > REMEMBERED_AFTER:
            self._used[key] = now
        return text

    def set_text(self, key: str, text: str, ttl: float | None = None) -> None:
        self.set_texts({key: text}, ttl)

    def set_texts(self, texts: Mapping[str, str], ttl: float | None = None) -> None:
        """Stores several values in one transaction, and removes entries beyond the limit."""
        lifetime, now = self.effective_ttl(ttl), self._clock()
        until = None if lifetime is None else now + lifetime
        with self._file.transaction() as file:
            read_counts(file)
            self._record_hits(file)
            file.executemany(STORE, [(key, text, namespace_of(key), now, until, now) for key, text in texts.items()])
            before = self._writes // PURGE_EVERY
            self._writes += len(texts)
            excess = read_counts(file)[0] - self.max_entries
            if excess > 0 or self._writes // PURGE_EVERY > before:
                file.execute("DELETE FROM claims WHERE until <= ?", (now,))
                expired = file.execute(EXPIRED, (now, STEP)).rowcount
                excess -= expired
            if excess > 0:
                file.execute(LEAST_RECENTLY_USED, (min(excess, len(texts) + STEP),))

    def delete(self, key: str) -> None:
        self._file.fetch_all("DELETE FROM cache WHERE key = ?", (key,))

    def clear(self) -> None:
        with self._file.transaction() as file:
            delete_all(file)

    def clear_namespace(self, namespace: str) -> None:
        if namespace:
            # The character after the colon ends the range of the keys that begin with the namespace.
            self._in_steps(IN_NAMESPACE, f"{namespace}:", f"{namespace};")
        else:
            self._in_steps(WITHOUT_NAMESPACE)

    def purge(self) -> int:
        now = self._clock()
        with self._file.connection() as file:
            file.execute("DELETE FROM claims WHERE until <= ?", (now,))
        return self._in_steps(EXPIRED, now)

    def _in_steps(self, statement: str, *values: object) -> int:
        """Executes a statement in short transactions until it removes nothing more, and returns how many it removed."""
        removed = 0
        while True:
            with self._file.connection() as file:
                step = file.execute(statement, (*values, CLEARED_AT_ONCE)).rowcount
            removed += step
            if step < CLEARED_AT_ONCE:
                return removed

    def stored_keys(self, namespace: str | None = None) -> Iterator[str]:
        """The keys of valid entries, the most recently used first."""
        where, named = ("", ()) if namespace is None else (" AND namespace = ?", (namespace,))
        good = f"SELECT key FROM cache WHERE (expires_at IS NULL OR expires_at > ?){where} ORDER BY used_at DESC"
        return (key for (key,) in self._file.fetch_all(good, (self._clock(), *named)))

    def size(self) -> tuple[int | None, int | None]:
        match self._file.fetch_one(COUNTS):
            case int(entries), int(size):
                return entries, size
        with self._file.transaction() as file:
            return read_counts(file)

    def claim(self, key: str, holder: str, seconds: float) -> bool:
        now = self._clock()
        with self._file.connection() as file:
            return file.execute(CLAIM, (key, holder, now + seconds, now)).rowcount > 0

    def release(self, key: str, holder: str) -> None:
        self._file.fetch_all("DELETE FROM claims WHERE key = ? AND holder = ?", (key, holder))

    def close(self) -> None:
        self._file.close()

    def _record_hits(self, file: sqlite3.Connection) -> None:
        """Stores when entries were used since the last write."""
        used, self._used = self._used, {}
        if used:
            # As a list first, since another thread may still be adding a hit.
            hits = list(used.items())
            file.executemany("UPDATE cache SET used_at = ? WHERE key = ?", [(at, key) for key, at in hits])


SqliteCache = SQLiteCache


LONGEST = 100 * 365 * 86400.0
"""Seconds from which on a value is stored without an expiry."""

RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class RedisCache(TextBackend):
    """A cache on a Redis or Valkey server, shared by machines. The memory limit of the server bounds it.

    Args:
        server: A URL such as `redis://localhost:6379/0`, or a client object.
        default_ttl: Seconds after which an entry expires, 3600 by default; None keeps it until it is evicted.
        prefix: Prefix of all keys.
    """

    def __init__(
        self,
        server: str | RedisClient = DEFAULT_SERVER,
        default_ttl: float | None = DEFAULT_TTL,
        *,
        prefix: str = "ai_utilities:cache",
    ) -> None:
        super().__init__(default_ttl)
        self._server = RedisServer(server, prefix)

    def get_text(self, key: str) -> str | None:
        with suppress(StoreDamagedError), self._server.connected_client() as client:
            return read_text(client.get(self._server.key_name("value", key)))
        return None

    def set_text(self, key: str, text: str, ttl: float | None = None) -> None:
        milliseconds = in_milliseconds(self.effective_ttl(ttl))
        with self._server.connected_client() as client:
            client.set(self._server.key_name("value", key), text, px=milliseconds)

    def get_texts(self, keys: Sequence[str]) -> dict[str, str]:
        if not keys:
            return {}
        with suppress(StoreDamagedError), self._server.connected_client() as client:
            values: list[str | bytes | None] = client.mget([self._server.key_name("value", key) for key in keys])
            texts = zip(keys, map(read_text, values), strict=True)
            return {key: text for key, text in texts if text is not None}
        return {}

    def set_texts(self, texts: Mapping[str, str], ttl: float | None = None) -> None:
        milliseconds = in_milliseconds(self.effective_ttl(ttl))
        with self._server.connected_client() as client:
            pipe = client.pipeline(transaction=False)
            for key, text in texts.items():
                pipe.set(self._server.key_name("value", key), text, px=milliseconds)
            pipe.execute()

    def delete(self, key: str) -> None:
        with self._server.connected_client() as client:
            client.delete(self._server.key_name("value", key))

    def clear(self) -> None:
        self._delete_prefix(self._server.key_name("value", ""))

    def clear_namespace(self, namespace: str) -> None:
        self._delete_prefix(self._server.key_name("value", namespace, ""))

    def stored_keys(self, namespace: str | None = None) -> Iterator[str]:
        before = self._server.key_name("value", "")
        lookup = before if namespace is None else f"{before}{namespace}:"
        with self._server.connected_client():
            keys = [key for page in self._server.scan_keys(lookup) for key in page]
        return (name.removeprefix(before) for name in map(read_text, keys) if name is not None)

    def size(self) -> tuple[int | None, int | None]:
        entries = size = 0
        with self._server.connected_client() as client:
            for keys in self._server.scan_keys(self._server.key_name("value", "")):
                pipe = client.pipeline(transaction=False)
                for key in keys:
                    pipe.strlen(key)
                entries += len(keys)
                size += sum(pipe.execute())
        return entries, size

    def claim(self, key: str, holder: str, seconds: float) -> bool:
        with self._server.connected_client() as client:
            return bool(client.set(self._server.key_name("claim", key), holder, nx=True, px=in_milliseconds(seconds)))

    def release(self, key: str, holder: str) -> None:
        with self._server.connected_client() as client:
            client.eval(RELEASE, 1, self._server.key_name("claim", key), holder)

    def close(self) -> None:
        self._server.close()

    def _delete_prefix(self, beginning: str) -> None:
        with self._server.connected_client() as client:
            for keys in self._server.scan_keys(beginning):
                client.unlink(*keys)


def in_milliseconds(seconds: float | None) -> int | None:
    """A time in the unit of the server; None if it never ends."""
    return None if seconds is None or seconds >= LONGEST else max(1, int(seconds * 1000))
