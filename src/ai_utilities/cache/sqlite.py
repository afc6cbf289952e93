"""A cache in one SQLite file, for all threads and processes that open it: bounded, the longest unused goes first."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping

from ..storage.sqlite import SQLiteFile
from .backend import TextBackend, namespace_of

# The number of entries is kept by triggers, for counting them again at every write would take ever longer.
SCHEMA = """
CREATE TABLE IF NOT EXISTS cache (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, namespace TEXT NOT NULL,
    created_at REAL NOT NULL, expires_at REAL, used_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cache_used ON cache (used_at);
CREATE INDEX IF NOT EXISTS cache_expires ON cache (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS cache_count (entries INTEGER NOT NULL);
INSERT INTO cache_count SELECT count(*) FROM cache WHERE NOT EXISTS (SELECT 1 FROM cache_count);
CREATE TRIGGER IF NOT EXISTS cache_added AFTER INSERT ON cache
    BEGIN UPDATE cache_count SET entries = entries + 1; END;
CREATE TRIGGER IF NOT EXISTS cache_removed AFTER DELETE ON cache
    BEGIN UPDATE cache_count SET entries = entries - 1; END;
CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, holder TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
"""
FIND = "SELECT value, expires_at, used_at FROM cache WHERE key = ?"
KEEP = """
INSERT INTO cache (key, value, namespace, created_at, expires_at, used_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, created_at = excluded.created_at,
    expires_at = excluded.expires_at, used_at = excluded.used_at
"""
CROWDED_OUT = """
DELETE FROM cache WHERE key IN
    (SELECT key FROM cache ORDER BY used_at LIMIT max(0, (SELECT entries FROM cache_count) - ?))
"""
CLAIM = """
INSERT INTO claims (key, holder, until) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE claims.until <= ? OR claims.holder = excluded.holder
"""
PURGE_EVERY = 256
"""Writes between two looks for entries whose time is over."""

REMEMBERED_AFTER = 30.0
"""A hit is written down when the last one noted is this many seconds old, so that reading rarely writes."""


class SQLiteCache(TextBackend):
    """`db_path` is made when it is missing; one that is damaged is set aside."""

    def __init__(
        self,
        db_path: str | os.PathLike[str],
        max_entries: int = 1000,
        default_ttl: float | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(default_ttl)
        self.db_path = db_path
        self.max_entries = max_entries
        self._clock = clock
        self._file = SQLiteFile(db_path, SCHEMA)
        self._used: dict[str, float] = {}
        self._writes = 0

    def get_text(self, key: str) -> str | None:
        found = self._file.one(FIND, (key,))
        now = self._clock()
        if found is None or (found[1] is not None and found[1] <= now):
            return None
        if now - found[2] > REMEMBERED_AFTER:
            self._used[key] = now
        text: str = found[0]
        return text

    def set_text(self, key: str, text: str, ttl: float | None = None) -> None:
        self.set_texts({key: text}, ttl)

    def set_texts(self, texts: Mapping[str, str], ttl: float | None = None) -> None:
        """In one transaction."""
        lifetime, now = self.lifetime(ttl), self._clock()
        until = None if lifetime is None else now + lifetime
        with self._file.writing() as file:
            self._remember(file)
            file.executemany(KEEP, [(key, text, namespace_of(key), now, until, now) for key, text in texts.items()])
            crowded = file.execute("SELECT entries FROM cache_count").fetchone()[0] > self.max_entries
            before = self._writes // PURGE_EVERY
            self._writes += len(texts)
            if crowded or self._writes // PURGE_EVERY > before:
                purged(file, now)
            if crowded:
                file.execute(CROWDED_OUT, (self.max_entries,))

    def delete(self, key: str) -> None:
        self._file.all("DELETE FROM cache WHERE key = ?", (key,))

    def clear(self) -> None:
        self._file.all("DELETE FROM cache")

    def clear_namespace(self, namespace: str) -> None:
        self._file.all("DELETE FROM cache WHERE namespace = ?", (namespace,))

    def purge(self) -> int:
        now = self._clock()
        with self._file.writing() as file:
            return purged(file, now)

    def kept_keys(self, namespace: str | None = None) -> Iterator[str]:
        """The last used one first."""
        where, named = ("", ()) if namespace is None else (" AND namespace = ?", (namespace,))
        good = f"SELECT key FROM cache WHERE (expires_at IS NULL OR expires_at > ?){where} ORDER BY used_at DESC"
        return (key for (key,) in self._file.all(good, (self._clock(), *named)))

    def size(self) -> tuple[int | None, int | None]:
        entries, size = self._file.one("SELECT count(*), coalesce(sum(length(CAST(value AS BLOB))), 0) FROM cache")
        return entries, size

    def claim(self, key: str, holder: str, seconds: float) -> bool:
        now = self._clock()
        with self._file.connection() as file:
            return file.execute(CLAIM, (key, holder, now + seconds, now)).rowcount > 0

    def release(self, key: str, holder: str) -> None:
        self._file.all("DELETE FROM claims WHERE key = ? AND holder = ?", (key, holder))

    def close(self) -> None:
        self._file.close()

    def _remember(self, file: sqlite3.Connection) -> None:
        """Hits since the last write are noted with it, so that what is used stays."""
        used, self._used = self._used, {}
        if used:
            # As a list at once: another thread may be noting a hit in it still.
            noted = list(used.items())
            file.executemany("UPDATE cache SET used_at = ? WHERE key = ?", [(at, key) for key, at in noted])


def purged(file: sqlite3.Connection, now: float) -> int:
    """Removes what is past its time."""
    file.execute("DELETE FROM claims WHERE until <= ?", (now,))
    return file.execute("DELETE FROM cache WHERE expires_at <= ?", (now,)).rowcount


SqliteCache = SQLiteCache
