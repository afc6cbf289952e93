"""A cache that is locked, slow, damaged or of another version costs a call a moment, never its answer."""

from __future__ import annotations

import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings
from ai_utilities.cache import CacheBackend, CacheLayer, RedisCache, SQLiteCache
from ai_utilities.storage.store_io import StoreError
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!")
ENOUGH = 100.0
"""Seconds of a call's timeout. The cache may use a small part of it, also on a slow machine."""


@contextmanager
def locked(path: Path, *, reading: bool) -> Iterator[None]:
    """Somebody else holds the file: against writers, or against readers, too."""
    other = sqlite3.connect(path, isolation_level=None)
    if reading:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    other.execute("CREATE TABLE IF NOT EXISTS held (x)")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextmanager
def silent_server() -> Iterator[str]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


def closed_cache(tmp_path: Path) -> SQLiteCache:
    """A cache whose file is there and that has no connection open."""
    cache = SQLiteCache(tmp_path / "cache.sqlite")
    cache.set("a", 1)
    cache.close()
    return cache


def codes(answer: Any) -> list[str]:
    return [warning.code for warning in answer.warnings]


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("reading", [False, True], ids=["writers", "readers"])
def test_a_locked_file_does_not_hold_up_a_call(
    reading: bool, streaming: bool, world: World, server: FakeServer, tmp_path: Path
) -> None:
    server.add_replies(HELLO, HELLO)
    cache = closed_cache(tmp_path)
    client = AIModelClient(endpoint(server.url), layers=[CacheLayer(cache, policy="always")])
    with locked(tmp_path / "cache.sqlite", reading=reading):
        began = time.monotonic()
        if streaming:
            answer = world.stream(client, "?", timeout=ENOUGH)[-1][1].chat_response
        else:
            answer = world.run(client, "?", timeout=ENOUGH).chat_response
        taken = time.monotonic() - began
    assert answer.text() == HELLO.text
    assert "cache_unavailable" in codes(answer)
    assert taken < ENOUGH / 2
    world.close(client)


def test_the_wait_for_a_lock_is_a_part_of_the_time_that_a_call_has(tmp_path: Path) -> None:
    from ai_utilities.cache.memory import allowance

    assert allowance(None) <= 1.0
    assert allowance(100.0) <= 1.0
    assert allowance(1.0) <= 0.25
    assert allowance(-1.0) == 0.0


def test_a_file_that_is_locked_at_the_start_does_not_hold_up_the_client(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(HELLO, HELLO)
    path = tmp_path / "cache.sqlite"
    sqlite3.connect(path).close()
    with locked(path, reading=True):
        began = time.monotonic()
        cache = SQLiteCache(path)
        with AIModelClient(endpoint(server.url), layers=[CacheLayer(cache, policy="always")]) as client:
            assert client.generate("?", timeout=ENOUGH).chat_response.text() == HELLO.text
        assert time.monotonic() - began < ENOUGH / 2
    cache.set("a", 1)
    assert cache.get("a") == 1


def test_a_cache_that_is_free_again_is_used_again(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(HELLO, HELLO)
    layer = CacheLayer(closed_cache(tmp_path), policy="always")
    layer.failsafe._skip_seconds = 0.0
    with AIModelClient(endpoint(server.url), layers=[layer]) as client:
        with locked(tmp_path / "cache.sqlite", reading=True):
            assert "cache_unavailable" in codes(client.generate("?").chat_response)
        assert "cache_unavailable" not in codes(client.generate("?").chat_response)
        again = client.generate("?").chat_response
    assert again.cached
    assert codes(again) == []


def test_a_redis_server_that_says_nothing_does_not_hold_up_a_call(world: World, server: FakeServer) -> None:
    pytest.importorskip("redis")
    server.add_replies(HELLO)
    with silent_server() as url:
        client = AIModelClient(endpoint(server.url), layers=[CacheLayer(RedisCache(url), policy="always")])
        began = time.monotonic()
        answer = world.run(client, "?", timeout=ENOUGH).chat_response
        taken = time.monotonic() - began
        world.close(client)
    assert answer.text() == HELLO.text
    assert "cache_unavailable" in codes(answer)
    assert taken < ENOUGH / 2


def test_a_redis_server_that_is_not_there_is_a_warning(world: World, server: FakeServer) -> None:
    pytest.importorskip("redis")
    server.add_replies(HELLO)
    with socket.socket() as bound:  # it does not listen, and nobody else can get its port
        bound.bind(("127.0.0.1", 0))
        url = f"redis://:secret-word@127.0.0.1:{bound.getsockname()[1]}/0"
        client = AIModelClient(endpoint(server.url), layers=[CacheLayer(RedisCache(url), policy="always")])
        answer = world.run(client, "?").chat_response
        world.close(client)
    assert codes(answer) == ["cache_unavailable"]
    assert "secret-word" not in str(answer.warnings)


def test_what_a_cache_of_ones_own_raises_is_not_shown(world: World, server: FakeServer) -> None:
    class Broken(CacheBackend):
        def get(self, key: str) -> Any:
            raise RuntimeError("password=hunter2")

        def set(self, key: str, value: Any, ttl: float | None = None) -> None:
            raise RuntimeError("password=hunter2")

    server.add_replies(HELLO)
    client = AIModelClient(endpoint(server.url), layers=[CacheLayer(Broken(), policy="always")])
    answer = world.run(client, "?").chat_response
    world.close(client)
    assert codes(answer) == ["cache_unavailable"]
    assert "hunter2" not in str(answer.warnings)


def test_strict_calls_are_answered_without_their_cache(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(HELLO)
    layer = CacheLayer(closed_cache(tmp_path), policy="always")
    with (
        AIModelClient(endpoint(server.url), layers=[layer]) as client,
        locked(tmp_path / "cache.sqlite", reading=True),
    ):
        assert client.generate("?", strict=True).chat_response.text() == HELLO.text


def test_embeddings_go_on_without_a_locked_cache(world: World, tmp_path: Path) -> None:
    from dhenara.ai.testing import SampleOperations

    cache = closed_cache(tmp_path)
    with FakeServer(SampleOperations()) as server, locked(tmp_path / "cache.sqlite", reading=True):
        client = AIModelClient(endpoint(server.url), layers=[CacheLayer(cache, policy="always")])
        made = world.ask(client, "embed", ["a", "b"], timeout=ENOUGH)
        world.close(client)
    assert len(made.vectors) == 2
    assert "cache_unavailable" in codes(made)


def kit_settings(server: FakeServer, path: Path) -> AiSettings:
    return AiSettings(
        provider="openai", model="fake-1", base_url=f"{server.url}/v1", api_key="sk-one", timeout=ENOUGH,
        cache_enabled=True, cache_backend="sqlite", cache_path=path, _env_file=None,
    )  # fmt: skip


def test_the_kit_answers_without_a_locked_cache(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(HELLO)
    path = tmp_path / "cache.sqlite"
    SQLiteCache(path).close()
    with locked(path, reading=True):
        began = time.monotonic()
        with AiClient(kit_settings(server, path)) as client:
            answer = client.ask("?")
        assert time.monotonic() - began < ENOUGH / 2
    assert answer == HELLO.text
    assert answer.response is not None
    assert "cache_unavailable" in codes(answer.response.chat_response)


def filled(path: Path, entries: int, most: int) -> SQLiteCache:
    cache = SQLiteCache(path, max_entries=entries)
    cache.set_texts({f"n:{number}": "1" for number in range(entries)})
    cache.close()
    return SQLiteCache(path, max_entries=most)


def test_a_lower_limit_is_reached_in_small_steps(tmp_path: Path) -> None:
    """Each write removes a bounded number of entries, the longest unused first, until the limit holds."""
    cache = filled(tmp_path / "cache.sqlite", 5_000, 10)
    sizes = [cache.size()[0]]
    while (sizes[-1] or 0) > 10:
        cache.set("n:new", 1)
        sizes.append(cache.size()[0])
    steps = [(before or 0) - (after or 0) for before, after in pairwise(sizes)]
    assert max(steps) <= 300
    assert len(steps) < 100
    assert cache.get("n:new") == 1


def test_many_entries_at_once_stay_within_the_limit(tmp_path: Path) -> None:
    cache = SQLiteCache(tmp_path / "cache.sqlite", max_entries=100)
    for start in range(0, 5_000, 1_000):
        cache.set_texts({f"n:{number}": "1" for number in range(start, start + 1_000)})
    assert cache.size()[0] == 100


def test_entries_and_bytes_are_counted_as_they_change(tmp_path: Path) -> None:
    cache = SQLiteCache(tmp_path / "cache.sqlite")
    cache.set_texts({"n:a": '"1234"', "n:b": '"ü"', "m:c": "1"})
    cache.set_text("n:a", "12")
    assert cache.size() == (3, 2 + 4 + 1)
    cache.delete("m:c")
    assert cache.size() == (2, 6)
    cache.clear_namespace("n")
    assert cache.size() == (0, 0)
    cache.set("a", 1)
    cache.clear()
    assert cache.size() == (0, 0)
    cache.set("a", 1)
    assert cache.size() == (1, 1)


def test_counting_reads_no_entries(tmp_path: Path) -> None:
    cache = filled(tmp_path / "cache.sqlite", 500, 500)
    with closing(sqlite3.connect(tmp_path / "cache.sqlite", isolation_level=None)) as file:
        file.execute("UPDATE cache_count SET entries = 12345, bytes = 678")
    assert cache.size() == (12345, 678)


FIRST_VERSION = """
CREATE TABLE cache (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, namespace TEXT NOT NULL,
    created_at REAL NOT NULL, expires_at REAL, used_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX cache_used ON cache (used_at);
CREATE INDEX cache_expires ON cache (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE cache_count (entries INTEGER NOT NULL);
INSERT INTO cache_count VALUES (2);
CREATE TRIGGER cache_added AFTER INSERT ON cache BEGIN UPDATE cache_count SET entries = entries + 1; END;
CREATE TRIGGER cache_removed AFTER DELETE ON cache BEGIN UPDATE cache_count SET entries = entries - 1; END;
CREATE TABLE claims (key TEXT PRIMARY KEY, holder TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
INSERT INTO cache VALUES ('n:a', '"1"', 'n', 1, NULL, 1), ('n:b', '"22"', 'n', 1, NULL, 1);
"""


def test_a_file_of_the_first_version_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.executescript(FIRST_VERSION.replace("VALUES (2)", "VALUES (0)"))
    cache = SQLiteCache(path)
    assert cache.get("n:a") == "1"
    assert cache.size() == (2, 7)
    cache.set("n:c", 1)
    assert cache.size() == (3, 8)


def test_a_file_of_a_newer_version_is_left_alone(world: World, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(HELLO)
    path = tmp_path / "cache.sqlite"
    SQLiteCache(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("UPDATE store_meta SET value = '99' WHERE name = 'version:cache'")
    client = AIModelClient(endpoint(server.url), layers=[CacheLayer(SQLiteCache(path), policy="always")])
    answer = world.run(client, "?").chat_response
    world.close(client)
    assert codes(answer) == ["cache_unavailable"]
    assert "Upgrade" in answer.warnings[0].message


def test_a_column_that_somebody_added_changes_nothing(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(HELLO)
    path = tmp_path / "cache.sqlite"
    SQLiteCache(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("ALTER TABLE cache ADD COLUMN more TEXT")
    with AIModelClient(endpoint(server.url), layers=[CacheLayer(SQLiteCache(path), policy="always")]) as client:
        assert [client.generate("?").chat_response.cached for _ in range(2)] == [False, True]


def test_a_file_of_something_else_is_a_typed_error(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("CREATE TABLE cache (something TEXT)")
    with pytest.raises(StoreError, match=r"cache\.sqlite could not be used"):
        SQLiteCache(path)


@pytest.mark.parametrize("damage", ["head", "middle", "empty"])
def test_a_damaged_file_is_replaced_and_the_call_answered(damage: str, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(HELLO, HELLO, HELLO)
    path = tmp_path / "cache.sqlite"
    filled(path, 2_000, 5_000).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    if damage == "empty":
        data.clear()
    else:
        start = 0 if damage == "head" else 4096
        data[start : start + 40_000] = b"\x55" * 40_000
    path.write_bytes(data)
    layer = CacheLayer(SQLiteCache(path), policy="always")
    layer.failsafe._skip_seconds = 0.0
    with AIModelClient(endpoint(server.url), layers=[layer]) as client:
        for _ in range(3):
            last = client.generate("?").chat_response
    assert last.text() == HELLO.text
    assert last.cached


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    cache = SQLiteCache(tmp_path / "deep" / "cache.sqlite")
    cache.set("a", 1)
    modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "deep").iterdir()}
    assert set(modes.values()) == {0o600}


def test_clearing_a_namespace_leaves_the_others(tmp_path: Path) -> None:
    cache = SQLiteCache(tmp_path / "cache.sqlite", max_entries=10_000)
    cache.set_texts({f"a:{number}": "1" for number in range(1_500)})
    cache.set_texts({"b:1": "1", "a": "1", "ab:1": "1", "a;": "1", ":x": "1"})
    cache.clear_namespace("a")
    assert sorted(cache.stored_keys()) == [":x", "a", "a;", "ab:1", "b:1"]
    cache.clear_namespace("")
    assert sorted(cache.stored_keys()) == ["ab:1", "b:1"]


def test_a_slow_cache_holds_up_only_the_call_that_tries_it(server: FakeServer, tmp_path: Path) -> None:
    """While one call waits for the lock, later calls do not wait for it again and again."""
    server.add_replies(*[HELLO] * 6)
    layer = CacheLayer(closed_cache(tmp_path), policy="always")
    tries: list[float] = []
    real = layer.backend.get_text

    def counted(key: str) -> str | None:
        tries.append(time.monotonic())
        return real(key)

    layer.backend.get_text = counted  # type: ignore[method-assign]
    layer.failsafe._skip_seconds = 600.0
    with (
        locked(tmp_path / "cache.sqlite", reading=True),
        AIModelClient(endpoint(server.url), layers=[layer]) as client,
    ):
        for number in range(6):
            client.generate(f"{number}")
    assert len(tries) == 1


@pytest.mark.parametrize(
    ("seconds", "milliseconds"), [(None, None), (float("inf"), None), (1e18, None), (0.0001, 1), (-1.0, 1), (2.5, 2500)]
)
def test_every_time_is_one_that_redis_takes(seconds: float | None, milliseconds: int | None) -> None:
    from ai_utilities.cache.shared_stores import in_milliseconds

    assert in_milliseconds(seconds) == milliseconds
