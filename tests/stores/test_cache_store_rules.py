"""Stores of cached answers by their rules: when entries end, what is evicted, who holds a claim, what is skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ai_utilities.cache import MemoryCache, RedisCache, SQLiteCache
from ai_utilities.cache.memory import LONGEST_SKIP, FailsafeBackend, allowance


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


Make = Callable[..., Any]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite"])
def make(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Make]:
    """Makes a cache with the clock of the test."""
    made: list[Any] = []

    def create(**options: Any) -> Any:
        if request.param == "memory":
            made.append(MemoryCache(clock=clock, **options))
        else:
            made.append(SQLiteCache(tmp_path / "cache.sqlite", clock=clock, **options))
        return made[-1]

    yield create
    for cache in made:
        cache.close()


def test_an_entry_ends_with_the_last_moment_of_its_life(make: Make, clock: Clock) -> None:
    cache = make(default_ttl=10)
    cache.set_text("a", "1")
    cache.set_text("b", "2", 20)
    clock.now += 9.5
    assert (cache.get_text("a"), set(cache.stored_keys())) == ("1", {"a", "b"})
    clock.now += 0.5
    assert (cache.get_text("a"), set(cache.stored_keys())) == (None, {"b"})
    assert cache.get_text("b") == "2"


def test_without_a_lifetime_an_entry_stays(make: Make, clock: Clock) -> None:
    cache = make(default_ttl=None)
    cache.set_text("a", "1")
    clock.now += 1e9
    assert (cache.get_text("a"), cache.purge()) == ("1", 0)


def test_entries_beyond_the_limit_are_those_that_were_used_least_recently(make: Make, clock: Clock) -> None:
    cache = make(max_entries=2, default_ttl=None)
    for key in ("a", "b"):
        cache.set_text(key, key)
        clock.now += 100
    assert cache.get_text("a") == "a"
    clock.now += 100
    cache.set_text("c", "c")
    assert set(cache.stored_keys()) == {"a", "c"}
    assert cache.size() == (2, 2)


def test_bytes_are_those_of_the_entries_that_are_left(make: Make) -> None:
    cache = make()
    cache.set_text("a", "12345")
    cache.set_text("a", "ü")
    cache.set_text("b", "123")
    assert cache.size() == (2, 5)
    cache.delete("a")
    assert cache.size() == (1, 3)
    cache.clear()
    assert cache.size() == (0, 0)


def test_a_namespace_is_cleared_alone(make: Make) -> None:
    cache = make()
    for key in ("n:a", "n2:a", "m:a", "n", "na"):
        cache.set_text(key, "1")
    cache.clear_namespace("n")
    assert set(cache.stored_keys()) == {"n2:a", "m:a", "n", "na"}


def test_a_claim_is_held_until_it_is_released_by_its_holder_or_ends(tmp_path: Path, clock: Clock) -> None:
    cache = SQLiteCache(tmp_path / "cache.sqlite", clock=clock)
    assert cache.claim("k", "one", 10)
    assert [cache.claim("k", "two", 10), cache.claim("k", "one", 10)] == [False, True]
    cache.release("k", "two")
    assert not cache.claim("k", "two", 10)
    clock.now += 10
    assert cache.claim("k", "two", 10)
    cache.release("k", "two")
    assert cache.claim("k", "three", 10)
    cache.close()


class NotedClient:
    """A client of Redis that notes what it is to set."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, str, dict[str, Any]]] = []

    def set(self, name: str, value: str, **options: Any) -> bool:
        self.noted.append((name, value, options))
        return True

    def pipeline(self, **_: Any) -> Any:
        return SimpleNamespace(set=self.set, execute=list)


@pytest.mark.parametrize(("ttl", "milliseconds"), [(None, 60_000), (1.5, 1500)])
def test_entries_and_claims_on_redis_end_by_themselves(ttl: float | None, milliseconds: int) -> None:
    client: Any = NotedClient()
    cache = RedisCache(client, default_ttl=60, prefix="p")
    cache.set_text("n:a", "1", ttl)
    cache.set_texts({"n:b": "2"}, ttl)
    assert [(name.rpartition(":")[2], value) for name, value, _ in client.noted] == [("a", "1"), ("b", "2")]
    assert [options["px"] for _, _, options in client.noted] == [milliseconds] * 2
    assert cache.claim("k", "me", 2.0)
    assert client.noted[-1][1:] == ("me", {"nx": True, "px": 2000})


def test_a_failing_cache_is_skipped_for_longer_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("ai_utilities.cache.memory.time", SimpleNamespace(monotonic=lambda: now[0]))
    tried: list[float] = []

    def fail() -> str:
        tried.append(now[0])
        raise OSError("down")

    backend = FailsafeBackend(MemoryCache(), skip_seconds=1.0)
    for _ in range(400):
        assert backend.call_sync("otherwise", fail) == "otherwise"
        now[0] += 0.25
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert pauses[:6] == [1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_SKIP]
    now[0] += LONGEST_SKIP
    assert backend.call_sync("otherwise", lambda: "works") == "works"
    tried.clear()
    backend.call_sync("otherwise", fail)
    now[0] += 1.0
    backend.call_sync("otherwise", fail)
    assert len(tried) == 2


@pytest.mark.parametrize(("left", "seconds"), [(None, 0.6), (60.0, 0.6), (2.0, 0.2), (0.0, 0.0), (-1.0, 0.0)])
def test_an_operation_may_take_a_part_of_the_time_of_its_call(left: float | None, seconds: float) -> None:
    assert allowance(left) == pytest.approx(seconds)
