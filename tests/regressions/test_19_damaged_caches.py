"""A damaged cache entry counts as missing, and whatever is done with a damaged cache, its errors are typed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.cache import CacheBackend, RedisCache, SQLiteCache
from ai_utilities.storage.store_io import StoreError

CELLS = [
    "UPDATE cache SET value = '{'",
    "UPDATE cache SET value = x'fffe'",
    "UPDATE cache SET expires_at = 'x'",
    "UPDATE cache SET used_at = 'x'",
    "UPDATE cache SET used_at = x'00'",
]
COUNTS = [
    "DELETE FROM cache_count",
    "UPDATE cache_count SET entries = 'x'",
    "UPDATE cache_count SET bytes = x'00'",
]
OPERATIONS: dict[str, Callable[[CacheBackend], Any]] = {
    "get": lambda cache: cache.get("n:0"),
    "set": lambda cache: cache.set("n:1", "v"),
    "delete": lambda cache: cache.delete("n:0"),
    "clear": lambda cache: cache.clear(),
    "clear_namespace": lambda cache: cache.clear_namespace("n"),
    "purge": lambda cache: cache.purge(),
    "size": lambda cache: cache.size(),
    "stats": lambda cache: cache.stats(),
    "stored_keys": lambda cache: list(cache.stored_keys()),
    "claim": lambda cache: cache.claim("n:0", "holder", 5),
    "release": lambda cache: cache.release("n:0", "holder"),
    "close": lambda cache: cache.close(),
}


def changed(path: Path, statement: str) -> SQLiteCache:
    with SQLiteCache(path) as cache:
        for number in range(3):
            cache.set(f"n:{number}", "value", ttl=1000)
    with closing(sqlite3.connect(path)) as file:
        file.execute(statement)
        file.commit()
    return SQLiteCache(path)


@pytest.mark.parametrize("statement", CELLS)
def test_a_damaged_entry_is_missing_and_can_be_written_again(statement: str, tmp_path: Path) -> None:
    cache = changed(tmp_path / "cache.db", statement)
    assert cache.get("n:0") is None
    assert (cache.stats().hits, cache.stats().misses) == (0, 1)
    cache.set("n:0", "new")
    assert cache.get("n:0") == "new"
    cache.close()


@pytest.mark.parametrize("statement", COUNTS)
def test_damaged_counts_are_counted_again(statement: str, tmp_path: Path) -> None:
    cache = changed(tmp_path / "cache.db", statement)
    cache.set("n:3", "value")
    assert cache.size() == (4, 4 * len('"value"'))
    cache.close()


DAMAGES: list[Callable[[Path], Any]] = [
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(b"x" * path.stat().st_size),
    lambda path: path.write_bytes(path.read_bytes()[:5000]),
    lambda path: path.unlink(),
    lambda path: (path.unlink(), path.mkdir()),
]


@pytest.mark.parametrize("damage", DAMAGES, ids=["emptied", "overwritten", "cut", "deleted", "a folder"])
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_a_damaged_cache_raises_typed_errors_and_can_be_closed(
    operation: Callable[[CacheBackend], Any], damage: Callable[[Path], Any], tmp_path: Path
) -> None:
    path = tmp_path / "cache.db"
    cache = SQLiteCache(path)
    for number in range(100):
        cache.set(f"n:{number}", "value" * 20)
    damage(path)
    for one in (operation, operation, OPERATIONS["close"], operation, OPERATIONS["close"]):
        with suppress(StoreError):
            one(cache)
    cache.close()


def test_a_closed_cache_is_opened_again_and_keeps_what_it_has(tmp_path: Path) -> None:
    cache = SQLiteCache(tmp_path / "cache.db")
    cache.set("k", "v")
    cache.close()
    cache.close()
    assert cache.get("k") == "v"
    cache.close()


@pytest.mark.parametrize("value", [b"{", b"\xff\xfe"])
def test_a_damaged_entry_on_a_server_is_missing(value: bytes, redis_url: str) -> None:
    import redis

    with redis.Redis.from_url(redis_url) as client:
        client.set("ai_utilities:cache:value:k", value)
        for server in (redis_url, client):
            with RedisCache(server) as cache:
                assert cache.get("k") is None
                assert cache.get_texts(["k", "other"]) in ({}, {"k": "{"})
    with RedisCache(redis_url) as cache:
        cache.set("k", "v")
        assert cache.get("k") == "v"


def test_a_key_of_another_kind_is_missing_and_replaced(redis_url: str) -> None:
    import redis

    with redis.Redis.from_url(redis_url) as client:
        client.hset("ai_utilities:cache:value:k", "a", "b")
    with RedisCache(redis_url) as cache:
        assert cache.get("k") is None
        cache.set("k", "v")
        assert cache.get("k") == "v"
