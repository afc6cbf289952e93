"""What the cache layer asks of its backend for each call, and how equal calls wait for each other."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr

from ai_utilities.cache import CacheLayer, MemoryCache
from ai_utilities.cache.entry import is_cacheable, mark_as_cached, read_entry, write_entry
from ai_utilities.cache.layer import LONGEST_PAUSE, PAUSE_PER_CALL, SHORTEST_PAUSE, InFlightCalls, WaitBudget
from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallError, CallTimeoutError, UnsupportedError
from dhenara.ai.testing import Answer, FakeServer, Refusal
from dhenara.ai.types import AIModelCallConfig, AIModelEndpoint, Call, Timeouts
from support.corpus import read
from support.protocols import PROTOCOLS, Recorded
from support.worlds import endpoint

HELLO = Answer(text="Hello!")


class NotedCache(MemoryCache):
    """A cache that notes what it is called for."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, Any]] = []
        self.stored_meanwhile: str | None = None

    def get_text(self, key: str) -> str | None:
        self.calls.append(("get", key))
        return super().get_text(key)

    def set_text(self, key: str, text: str, ttl: float | None = None) -> None:
        self.calls.append(("set", ttl))
        super().set_text(key, text, ttl)

    def claim(self, key: str, holder: str, seconds: float) -> bool:
        self.calls.append(("claim", holder))
        if self.stored_meanwhile is not None:
            super().set_text(key, self.stored_meanwhile)
        return super().claim(key, holder, seconds)

    def release(self, key: str, holder: str) -> None:
        self.calls.append(("release", holder))
        super().release(key, holder)

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]


@pytest.fixture
def cache() -> NotedCache:
    return NotedCache()


def ask(server: FakeServer, cache: Any, *, to: AIModelEndpoint | None = None, layer: Any = None, **options: Any) -> Any:
    layer = layer or CacheLayer(cache)
    with AIModelClient(to or endpoint(server.url), layers=[layer]) as client:
        return client.generate("?", **{"retries": 0, **options}).chat_response


def test_a_call_that_is_sent_claims_its_key_looks_again_and_releases_it(server: FakeServer, cache: NotedCache) -> None:
    server.add_replies(HELLO)
    ask(server, cache)
    assert cache.names() == ["get", "claim", "get", "set", "release"]
    claimed, released = (holder for name, holder in cache.calls if name in ("claim", "release"))
    assert claimed == released
    assert ask(server, cache).cached
    assert cache.names()[5:] == ["get"]


def test_a_call_that_fails_releases_its_key_and_stores_nothing(server: FakeServer, cache: NotedCache) -> None:
    server.add_replies(Refusal(400, "no"))
    with pytest.raises(CallError):
        ask(server, cache)
    assert cache.names() == ["get", "claim", "get", "release"]


def test_what_another_process_stored_meanwhile_is_not_fetched(server: FakeServer, cache: NotedCache) -> None:
    server.add_replies(HELLO)
    ask(server, cache)
    (key,) = {key for name, key in cache.calls if name == "get"}
    text = cache.get_text(key)
    cache.clear()
    cache.calls.clear()
    cache.stored_meanwhile = text
    assert ask(server, cache).cached
    assert cache.names() == ["get", "claim", "get", "release"]
    assert len(server.exchanges) == 1


def test_an_entry_that_cannot_be_read_is_a_miss(server: FakeServer, cache: NotedCache) -> None:
    server.add_replies(HELLO, HELLO)
    ask(server, cache)
    (key,) = {key for name, key in cache.calls if name == "get"}
    MemoryCache.set_text(cache, key, "damaged")
    assert not ask(server, cache).cached
    stats = cache.stats()
    assert (stats.hits, stats.misses, len(server.exchanges)) == (0, 2, 2)


@pytest.mark.parametrize("ttl", [None, 7.0])
def test_the_life_of_an_entry_is_that_of_the_layer(ttl: float | None, server: FakeServer, cache: NotedCache) -> None:
    server.add_replies(HELLO)
    ask(server, cache, layer=CacheLayer(cache, ttl=ttl))
    assert [value for name, value in cache.calls if name == "set"] == [ttl]


def test_without_a_lease_nothing_is_claimed(server: FakeServer, cache: NotedCache) -> None:
    server.add_replies(HELLO)
    ask(server, cache, layer=CacheLayer(cache, lease=0))
    assert cache.names() == ["get", "set"]


def test_a_strict_call_that_is_refused_is_refused_with_a_cache_too(server: FakeServer, cache: NotedCache) -> None:
    server.add_replies(HELLO)
    to = endpoint(server.url, "anthropic", "claude-sonnet-4-5")
    warned = ask(server, cache, to=to, seed=1)
    assert [one.code for one in warned.warnings] == ["unsupported_parameter"]
    assert ask(server, cache, to=to, seed=1).cached
    with pytest.raises(UnsupportedError):
        ask(server, cache, to=to, seed=1, strict=True)
    assert len(server.exchanges) == 1


@pytest.mark.parametrize(("share", "requests"), [(False, 2), (True, 1)])
def test_accounts_share_entries_only_if_that_is_wanted(
    share: bool, requests: int, server: FakeServer, cache: NotedCache
) -> None:
    server.add_replies(HELLO, HELLO)
    here = endpoint(server.url)
    other = here.model_copy(update={"api": here.api.model_copy(update={"api_key": SecretStr("sk-other")})})
    for to in (here, other):
        ask(server, cache, to=to, layer=CacheLayer(cache, share_accounts=share))
    assert len(server.exchanges) == requests


# Equal calls at the same time


def test_one_of_equal_calls_is_sent_and_the_others_get_its_answer() -> None:
    calls = InFlightCalls()
    first, sends = calls.join("k")
    same, waits = calls.join("k")
    assert (sends, waits, same is first, first.waiting) == (True, False, True, 1)
    calls.complete("k", first, "text")
    assert (first.over, first.text, first.failed) == (True, "text", False)
    assert calls.join("k")[1]


def test_a_call_that_took_too_long_does_not_end_the_one_that_came_after_it() -> None:
    calls = InFlightCalls()
    late, _ = calls.join("k")
    calls.detach("k", late)
    new, sends = calls.join("k")
    assert (sends, new is late) == (True, False)
    calls.complete("k", late, failed=True)
    calls.detach("k", late)
    assert calls.join("k") == (new, False)
    assert (late.failed, new.over) == (True, False)


class Clock:
    """The part of IO that waiting uses: sleeping only moves the clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def new_call(total: float | None = None, deadline: float | None = None) -> Call:
    config = AIModelCallConfig(timeout=Timeouts(total=total))
    return Call(endpoint=endpoint("http://127.0.0.1:9"), messages=(), config=config, deadline=deadline)


@pytest.mark.parametrize(
    ("total", "deadline", "expected"),
    [(None, None, None), (None, 105.0, 105.0), (9.0, None, 109.0), (9.0, 105.0, 105.0), (9.0, 130.0, 109.0)],
)
def test_time_that_a_call_waited_is_part_of_its_time(
    total: float | None, deadline: float | None, expected: float | None
) -> None:
    clock, call = Clock(), new_call(total, deadline)
    waiting = WaitBudget(clock, call, 60.0)  # type: ignore[arg-type]  # it uses the clock only
    clock.now += 4
    assert waiting.remaining_call(call).deadline == expected


def test_pauses_become_longer_up_to_a_fortieth_of_a_second_or_longer_among_many() -> None:
    for others, longest in ((0, LONGEST_PAUSE), (1000, 1000 * PAUSE_PER_CALL)):
        clock = Clock()
        waiting = WaitBudget(clock, new_call(), 60.0)  # type: ignore[arg-type]
        for _ in range(30):
            asyncio.run(waiting.pause(others))
        assert clock.slept[:3] == pytest.approx([SHORTEST_PAUSE * 1.5**number for number in range(3)])
        assert clock.slept[-1] == pytest.approx(longest)


def test_a_lease_ends_and_that_of_another_call_begins_anew() -> None:
    clock = Clock()
    waiting = WaitBudget(clock, new_call(), 10.0)  # type: ignore[arg-type]
    ends = []
    for seconds in (0.0, 9.9, 0.1):
        clock.now += seconds
        ends.append(waiting.is_over())
    waiting.restart()
    assert (ends, waiting.is_over()) == ([False, False, True], False)


def test_a_call_that_has_waited_for_all_of_its_time_fails() -> None:
    clock = Clock()
    waiting = WaitBudget(clock, new_call(5.0), 60.0)  # type: ignore[arg-type]
    clock.now += 4.9
    asyncio.run(waiting.pause())
    clock.now = 105.0
    with pytest.raises(CallTimeoutError) as failed:
        asyncio.run(waiting.pause())
    assert failed.value.limit == "total"


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: f"{protocol.codec}-{protocol.apis[0]}")
def test_a_recorded_answer_is_read_from_its_entry_as_it_was_stored(protocol: Recorded) -> None:
    exchanges = protocol.exchanges(lambda exchange: exchange["expected"]["kind"] == "generate")
    for exchange in exchanges[:: 1 + len(exchanges) // 15]:
        answer = read(protocol.load(), protocol.quirks, exchange).response()
        if is_cacheable(answer):
            stored = mark_as_cached(answer)
            actual = read_entry(write_entry(answer) or "")
            assert actual is not None
            assert (actual, actual.model_dump_json()) == (stored, stored.model_dump_json()), exchange["id"]
