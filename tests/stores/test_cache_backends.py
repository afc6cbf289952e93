"""What every cache must do, over all of them."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.cache import CacheBackend, MemoryCache, NullCache, RedisCache, SQLiteCache
from dhenara.ai.errors import DhenaraError
from support.processes import another_process
from support.waiting import wait_until


class Plain(CacheBackend):
    """The least that a user's own cache needs."""

    def __init__(self) -> None:
        self.retained: dict[str, Any] = {}

    def get(self, key: str) -> Any | None:
        return self.retained.get(key)

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        self.retained[key] = value


@pytest.fixture(params=["memory", "sqlite", "redis"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., CacheBackend]:
    """Opens the same cache each time it is called; in memory, always the first one."""
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        return lambda **more: RedisCache(url, **more)
    if request.param == "sqlite":
        return lambda **more: SQLiteCache(tmp_path / "cache.db", **more)
    return lambda **more: MemoryCache(**more)


@pytest.fixture
def cache(make: Callable[..., CacheBackend]) -> Iterator[CacheBackend]:
    with make() as opened:
        yield opened


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None, True]}, "text", "ü\u2028😀", [], 0, False, {"": {}}])
def test_stored_entries_are_returned(cache: CacheBackend, value: object) -> None:
    cache.set("ns:key", value)
    assert cache.get("ns:key") == value


def test_what_comes_out_is_not_what_another_one_holds(cache: CacheBackend) -> None:
    given = {"list": [1]}
    cache.set("key", given)
    given["list"].append(2)
    cache.get("key")["list"].append(3)  # type: ignore[index]  # it is there
    assert cache.get("key") == {"list": [1]}


def test_nothing_comes_back_after_its_time(cache: CacheBackend) -> None:
    cache.set("long", 2, ttl=600)
    began = time.monotonic()
    cache.set("short", 1, ttl=0.05)
    actual = cache.get("short")
    assert actual == 1 or time.monotonic() - began > 0.05
    wait_until(lambda: cache.get("short") is None)
    assert cache.get("long") == 2


def test_a_cache_may_have_a_usual_lifetime(make: Callable[..., CacheBackend]) -> None:
    with make(default_ttl=0.05) as cache:
        cache.set("key", 1)
        cache.set("longer", 1, ttl=600)
        wait_until(lambda: cache.get("key") is None)
        assert cache.get("longer") == 1


def test_a_cache_says_which_keys_are_good(cache: CacheBackend) -> None:
    cache.set("one:a", 1)
    cache.set("two:b", 2)
    cache.set("one:over", 3, ttl=0.01)
    wait_until(lambda: cache.get("one:over") is None)
    assert sorted(cache.stored_keys()) == ["one:a", "two:b"]
    assert list(cache.stored_keys("one")) == ["one:a"]
    assert list(cache.stored_keys("on")) == []


def test_a_value_is_replaced_and_deleted(cache: CacheBackend) -> None:
    cache.set("key", 1)
    cache.set("key", 2)
    assert cache.get("key") == 2
    cache.delete("key")
    cache.delete("never there")
    assert cache.get("key") is None


def test_namespaces_are_cleared_one_by_one(cache: CacheBackend) -> None:
    for key in ("a:1", "a:2", "ab:1", "a*:1", "plain"):
        cache.set(key, key)
    cache.clear_namespace("a")
    assert [cache.get(key) for key in ("a:1", "a:2", "ab:1", "a*:1", "plain")] == [None, None, "ab:1", "a*:1", "plain"]
    cache.clear_namespace("a*")
    assert cache.get("a*:1") is None
    cache.clear()
    assert (cache.get("ab:1"), cache.get("plain")) == (None, None)


def test_statistics_count_hits_misses_entries_and_bytes(cache: CacheBackend) -> None:
    cache.set("key", "1234ü")
    cache.get("key")
    cache.get("key")
    cache.get("other")
    stats = cache.stats()
    assert (stats.hits, stats.misses, stats.entries, stats.bytes) == (2, 1, 1, 8)
    assert stats.hit_ratio == pytest.approx(2 / 3)
    assert stats["hits"] == 2


def test_many_threads_share_one_cache(cache: CacheBackend) -> None:
    def work(number: int) -> None:
        for round_ in range(40):
            cache.set(f"t:{number}-{round_}", round_)
            assert cache.get(f"t:{number}-{round_}") == round_

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.size()[0] == 320


def test_only_one_holds_a_claim_until_it_is_released_or_over(cache: CacheBackend) -> None:
    if isinstance(cache, MemoryCache):
        pytest.skip("a memory is not shared between processes")
    assert cache.claim("key", "one", 60)
    assert not cache.claim("key", "two", 60)
    cache.release("key", "two")
    assert not cache.claim("key", "two", 60)
    cache.release("key", "one")
    assert cache.claim("key", "two", 0.05)
    wait_until(lambda: cache.claim("key", "three", 60))


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_the_longest_unused_is_crowded_out(kind: str, tmp_path: Path) -> None:
    now = [1000.0]
    with (
        MemoryCache(3, clock=lambda: now[0])
        if kind == "memory"
        else SQLiteCache(tmp_path / "c", 3, clock=lambda: now[0])
    ) as cache:
        for key in ("one", "two", "three"):
            cache.set(key, key)
            now[0] += 60
        cache.get("one")
        now[0] += 60
        cache.set("four", "four")
        assert cache.size()[0] == 3
        assert [cache.get(key) for key in ("one", "two", "three", "four")] == ["one", None, "three", "four"]


def test_a_memory_may_be_bounded_in_bytes() -> None:
    cache = MemoryCache(max_bytes=100)
    for number in range(10):
        cache.set(str(number), "x" * 28)
    assert cache.size() == (3, 90)


def test_what_is_over_is_purged(tmp_path: Path) -> None:
    now = [0.0]
    for cache in (MemoryCache(clock=lambda: now[0]), SQLiteCache(tmp_path / "c", clock=lambda: now[0])):
        with cache:
            cache.set("over", 1, ttl=1)
            cache.set("stays", 1)
            now[0] += 2
            assert cache.purge() == 1
            assert cache.size()[0] == 1


def test_a_null_cache_keeps_nothing() -> None:
    cache = NullCache()
    cache.set("key", 1)
    assert cache.get("key") is None
    assert cache.stats().entries == 0


def test_a_cache_of_ones_own_needs_get_and_set() -> None:
    cache = Plain()
    cache.set_text("key", '{"a":1}')
    assert cache.get("key") == {"a": 1}
    assert cache.get_text("key") == '{"a":1}'
    with pytest.raises(NotImplementedError, match="Plain has no namespaces"):
        cache.clear_namespace("a")


@pytest.mark.parametrize(
    "operation",
    [lambda cache: cache.delete("a"), lambda cache: cache.clear(), lambda cache: list(cache.stored_keys())],
)
def test_what_a_cache_of_ones_own_lacks_is_an_error_of_the_tree(operation: Callable[[CacheBackend], object]) -> None:
    with pytest.raises(DhenaraError, match=r"Plain cannot .*\. Override its method"):
        operation(Plain())


def fill(kind: str, where: str, number: int) -> None:
    cache = SQLiteCache(where, 10_000) if kind == "sqlite" else RedisCache(where)
    with cache:
        for entry in range(100):
            cache.set(f"p{number}:{entry}", {"from": number})


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_real_processes_share_one_cache(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    where = request.getfixturevalue("redis_url") if kind == "redis" else str(tmp_path / "new" / "cache.db")
    workers = [another_process(fill, kind, where, number) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    with SQLiteCache(where) if kind == "sqlite" else RedisCache(where) as cache:
        assert cache.size()[0] == 400
        assert cache.get("p3:99") == {"from": 3}


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_opens_connections_of_its_own(tmp_path: Path) -> None:
    with SQLiteCache(tmp_path / "c") as cache:
        cache.set("parent", 1)
        child = multiprocessing.get_context("fork").Process(target=cache.set, args=("child", 2))
        child.start()
        child.join()
        assert child.exitcode == 0
        assert (cache.get("parent"), cache.get("child")) == (1, 2)


def test_a_damaged_file_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "cache.db"
    path.write_bytes(b"this is no database, but long enough to be taken for one" * 40)
    with SQLiteCache(path) as cache:
        cache.set("key", 1)
        assert cache.get("key") == 1
    assert "is damaged; it was set aside" in caplog.text
    assert len(list(tmp_path.glob("cache.db.damaged-*"))) == 1


def test_a_new_file_is_private(tmp_path: Path) -> None:
    with SQLiteCache(tmp_path / "c"):
        assert (tmp_path / "c").stat().st_mode & 0o077 == 0
