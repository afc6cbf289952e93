"""The tables of a cache file and their versions: older files are migrated when they are opened.

The numbers of entries and bytes are kept by triggers: counting a million entries takes seconds.
"""

from __future__ import annotations

import sqlite3

from ..storage.sqlite_schema import Schema, columns_of, statements

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


def count_bytes(file: sqlite3.Connection) -> None:
    """Counts what is there once, from then on by triggers."""
    if "bytes" not in columns_of(file, "cache_count"):
        file.execute("ALTER TABLE cache_count ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0")
    run(file, DROP_TRIGGERS + COUNT + TRIGGERS)


def empty(file: sqlite3.Connection) -> None:
    """Removes all entries at once: with triggers on the table, SQLite would remove them one by one."""
    run(file, DROP_TRIGGERS + "DELETE FROM cache;" + COUNT + TRIGGERS)


def run(file: sqlite3.Connection, script: str) -> None:
    for statement in statements(script):
        file.execute(statement)


CACHE = Schema("cache", (TABLES, count_bytes))
