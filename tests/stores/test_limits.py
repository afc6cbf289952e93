"""Limits: never more than allowed, nearly all of it, in the order of asking."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings, strategies as st

from ai_utilities.limits import (
    Limit,
    LimitLayer,
    LimitReachedError,
    LimitStore,
    MemoryLimits,
    RedisLimits,
    SQLiteLimits,
)
from ai_utilities.limits.window_state import SLOTS
from ai_utilities.storage.store_io import seconds_since_boot
from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError, RateLimitError
from dhenara.ai.integration import read_limit_headers, reset_seconds
from dhenara.ai.io.async_io import LoopEvent
from dhenara.ai.io.sync_io import ThreadEvent
from dhenara.ai.testing import Answer, DialectReply, FakeServer, FakeUsage, Refusal
from support.processes import PARALLEL, another_process
from support.thorough import examples
from support.waiting import wait_until, wait_until_async
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!", usage=FakeUsage(10, 10))


class Clock:
    def __init__(self) -> None:
        self.now = 1_795_246_000.0

    def __call__(self) -> float:
        return self.now


def want(amount: int = 1, limit: int = 10, window: float = 60.0, bucket: str = "b") -> dict[str, Any]:
    return {"bucket": bucket, "limit": limit, "window": window, "amount": amount}


def ask(ticket: str, *wants: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"ticket": ticket, "lease": 60, "wants": list(wants), "live": [], "lanes": [], **more}


@pytest.fixture(params=["memory", "sqlite", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    makers: dict[str, Callable[[], LimitStore]] = {
        "memory": MemoryLimits,
        "sqlite": lambda: SQLiteLimits(tmp_path / "limits.db"),
        "redis": lambda: RedisLimits(request.getfixturevalue("redis_url")),
    }
    opened = makers[request.param]()
    yield opened
    opened.close()


def client(server: FakeServer, *limits: Limit, **more: Any) -> AIModelClient:
    return AIModelClient(endpoint(server.url), attempt_layers=[LimitLayer(*limits, **more)])


def recorded_grants(store: LimitStore) -> list[float]:
    """When calls are granted from now on, by the store's own clock: a busy machine sends them any time later."""
    granted: list[float] = []
    step = store.step

    def recorded(account: str, name: str, ask: Any) -> dict[str, Any]:
        verdict = step(account, name, ask)
        if name == "take" and not verdict["wait"]:
            granted.append(verdict["at"])
        return verdict

    store.step = recorded  # type: ignore[method-assign]
    return granted


def test_the_error_without_waiting_contains_the_time_to_wait(
    world: World, server: FakeServer, store: LimitStore
) -> None:
    server.add_replies(HELLO, HELLO)
    asking = client(server, Limit(requests_per_minute=2), store=store, wait=False)
    began = time.monotonic()
    world.run(asking, "?")
    world.run(asking, "?")
    with pytest.raises(LimitReachedError, match="2 requests per minute for fake-1 is used up") as reached:
        world.run(asking, "?")
    assert (reached.value.retry_after or 0) + time.monotonic() - began > 59
    assert (reached.value.retry_after or 0) <= 62
    assert len(server.exchanges) == 2
    world.close(asking)


def test_who_may_wait_waits(world: World, server: FakeServer, store: LimitStore) -> None:
    server.add_replies(HELLO, HELLO, HELLO)
    granted = recorded_grants(store)
    asking = client(server, Limit(requests_per_second=2), store=store)
    for _ in range(3):
        world.run(asking, "?")
    assert len(server.exchanges) == len(granted) == 3
    assert granted[2] - granted[0] > 0.95
    world.close(asking)


def test_a_wait_beyond_the_deadline_fails_at_once(world: World, server: FakeServer) -> None:
    server.add_replies(HELLO)
    asking = client(server, Limit(requests_per_day=1))
    world.run(asking, "?")
    began = time.monotonic()
    with pytest.raises(LimitReachedError):
        world.run(asking, "?", timeout=200)
    assert time.monotonic() - began < 100
    world.close(asking)


def test_tokens_are_reserved_by_estimate_and_settled_by_usage(server: FakeServer, store: LimitStore) -> None:
    server.add_replies(*[HELLO] * 5)
    with client(server, Limit(tokens_per_minute=1000), store=store, wait=False) as asking:
        for _ in range(4):  # each is taken for more than 500 tokens, and turns out to be 20
            asking.generate("?")
        with pytest.raises(LimitReachedError, match="1000 tokens per minute"):
            asking.generate("?", max_output_tokens=950)


@pytest.mark.parametrize("streaming", [False, True])
def test_concurrency_is_limited_until_the_answer_is_over(
    server: FakeServer, store: LimitStore, streaming: bool
) -> None:
    server.add_replies(*[DialectReply(HELLO, pause=0.1)] * 6)
    with client(server, Limit(concurrency=2), store=store) as asking:
        began = time.monotonic()
        threads = [
            threading.Thread(target=lambda: list(asking.generate("?", streaming=True).stream_generator))
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            assert sum(exchange.sent == 1 for exchange in server.exchanges) <= 3
            time.sleep(0.01)
        assert time.monotonic() - began > 0.6


def test_a_429_pauses_the_key_for_everyone(server: FakeServer, store: LimitStore) -> None:
    server.add_replies(Refusal(429, "slow down", headers={"retry-after-ms": "400"}), HELLO, HELLO)
    with client(server, store=store) as one, client(server, store=store) as other:
        with pytest.raises(RateLimitError):
            one.generate("?", retries=0)
        other.generate("?")
        assert server.exchanges[1].at - server.exchanges[0].at > 0.38
        with AIModelClient(endpoint(server.url), attempt_layers=[LimitLayer(store=store, wait=False)]) as third:
            third.generate("?")


def test_what_the_provider_says_is_left_counts(world: World, server: FakeServer, store: LimitStore) -> None:
    headers = {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "30s",
    }
    server.add_replies(DialectReply(HELLO, headers=headers), HELLO)
    asking = client(server, store=store, wait=0.1)
    world.run(asking, "?")
    with pytest.raises(LimitReachedError, match="the provider says that the requests of fake-1 are used up"):
        world.run(asking, "?")
    world.close(asking)


def test_keys_and_models_do_not_share_limits_by_default(server: FakeServer) -> None:
    server.add_replies(*[HELLO] * 5)
    store = MemoryLimits()
    each = LimitLayer(Limit(requests_per_minute=1), store=store, wait=False)
    for to in (endpoint(server.url), endpoint(server.url, model="fake-2")):
        with AIModelClient(to, attempt_layers=[each]) as asking:
            asking.generate("?")
    api = endpoint(server.url).api.model_copy(update={"api_key": endpoint(server.url).api.api_key.__class__("sk-2")})
    with AIModelClient(endpoint(server.url).model_copy(update={"api": api}), attempt_layers=[each]) as asking:
        asking.generate("?")
    shared = LimitLayer(Limit(requests_per_minute=1, model="fake-*", together=True), store=store, wait=False)
    with AIModelClient(endpoint(server.url), attempt_layers=[shared]) as asking:
        asking.generate("?")
    with (
        AIModelClient(endpoint(server.url, model="fake-2"), attempt_layers=[shared]) as asking,
        pytest.raises(LimitReachedError, match="for fake-\\*"),
    ):
        asking.generate("?")


def test_keys_are_stored_hashed_only(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(HELLO)
    store = SQLiteLimits(tmp_path / "limits.db")
    with client(server, Limit(requests_per_minute=9), store=store) as asking:
        asking.generate("?")
    store.close()
    assert all(b"sk-test-secret" not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_cancelled_waiter_leaves_its_place(server: FakeServer) -> None:
    server.add_replies(HELLO, HELLO)
    clock = Clock()
    store = Watched(clock)

    async def main() -> None:
        asking = client(server, Limit(requests_per_second=1), store=store)
        await asking.generate_async("?")
        waiting = [asyncio.create_task(asking.generate_async("?")) for _ in range(5)]
        await wait_until_async(lambda: store.requested >= 6)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await asking.aclose()
        clock.now += 1.1
        # With one of them before it, it would have to wait.
        impatient = client(server, Limit(requests_per_second=1), store=store, wait=False)
        await impatient.generate_async("?")
        await impatient.aclose()

    asyncio.run(main())


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("no")], ids=repr)
def test_a_call_that_was_not_sent_counts_in_no_limit(server: FakeServer, error: BaseException) -> None:
    errors = [error]

    async def stop_once(call: Any, send: Any) -> Any:
        if errors:
            raise errors.pop()
        return await send(call)

    class Stops:
        def bind(self, io: Any, target: Any) -> Any:
            return stop_once

    server.add_replies(HELLO)
    limit = Limit(requests_per_minute=1, tokens_per_minute=5_000)
    layers = [LimitLayer(limit, store=MemoryLimits(Clock()), wait=False), Stops()]
    with AIModelClient(endpoint(server.url), layers=layers) as asking:
        with pytest.raises(type(error)):
            asking.generate("?", max_output_tokens=4_000)
        asking.generate("?", max_output_tokens=4_000)
        with pytest.raises(LimitReachedError):
            asking.generate("?", max_output_tokens=4_000)
    assert len(server.exchanges) == 1


class Watched(MemoryLimits):
    """Counts how often callers ask whether it is their turn."""

    def __init__(self, clock: Callable[[], float] = seconds_since_boot) -> None:
        super().__init__(clock)
        self.requested = 0
        self.callers: set[int] = set()

    def step(self, account: str, step: str, ask: Any) -> dict[str, Any]:
        self.requested += step == "take"
        verdict = super().step(account, step, ask)
        self.callers.add(CALLER.get())
        return verdict


CALLER: ContextVar[int] = ContextVar("CALLER", default=-1)


def crowded(world: World, asking: AIModelClient, count: int, store: Watched) -> None:
    """So many calls at once, in threads or in tasks; each comes when the one before it has come to the store."""

    def call(number: int) -> None:
        CALLER.set(number)
        asking.generate(f"{number}")

    async def call_async(number: int) -> None:
        CALLER.set(number)
        await asking.generate_async(f"{number}")

    if world.name == "blocking":
        threads = [threading.Thread(target=call, args=(number,)) for number in range(count)]
        for number, thread in enumerate(threads):
            thread.start()
            wait_until(lambda number=number: number in store.callers)
        for thread in threads:
            thread.join()
        return

    async def main() -> None:
        import anyio

        async with anyio.create_task_group() as group:
            for number in range(count):
                group.start_soon(call_async, number)
                await wait_until_async(lambda number=number: number in store.callers)

    asyncio.run(main()) if world.name == "asyncio" else trio.run(main)


def test_waiters_of_this_process_are_notified_without_polling(
    world: World, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ai_utilities.limits.layer.NEVER_LONGER", 1000.0)
    server.add_replies(*[DialectReply(HELLO, pause=0.01)] * 40)
    store = Watched(Clock())  # one that stands: nobody is forgotten, however long it takes
    asking = client(server, Limit(concurrency=1), store=store)
    crowded(world, asking, 40, store)
    assert store.requested <= 4 * 40
    provided = [exchange.json["messages"][0]["content"] for exchange in server.exchanges]
    assert provided == [f"{number}" for number in range(40)]
    world.close(asking)


def test_what_turns_out_to_be_left_is_used_at_once(world: World, server: FakeServer) -> None:
    """The first call is taken for all tokens of the minute; when it has used fewer, the second goes."""
    server.add_replies(DialectReply(HELLO, pause=0.1), HELLO)
    store = Watched()
    asking = client(server, Limit(tokens_per_minute=600), store=store)
    began = time.monotonic()
    crowded(world, asking, 2, store)
    assert time.monotonic() - began < 50  # the minute is not waited for
    world.close(asking)


def test_a_waiter_sleeps_until_its_time_has_come(world: World, server: FakeServer) -> None:
    server.add_replies(HELLO, HELLO)
    store = Watched()
    granted = recorded_grants(store)
    asking = client(server, Limit(requests_per_second=1), store=store)
    world.run(asking, "?")
    world.run(asking, "?")
    assert store.requested <= 4
    assert granted[1] - granted[0] > 0.95
    world.close(asking)


def test_a_waiter_sleeps_no_longer_than_until_its_time_has_come(
    world: World, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.add_replies(HELLO, HELLO)
    clock, waits = Clock(), list[float]()

    async def wait(event: object, seconds: float) -> None:
        waits.append(seconds)
        clock.now += seconds

    monkeypatch.setattr(ThreadEvent, "wait", wait)
    monkeypatch.setattr(LoopEvent, "wait", wait)
    asking = client(server, Limit(requests_per_second=1), store=MemoryLimits(clock))
    world.run(asking, "?")
    world.run(asking, "?")
    assert len(waits) <= 2
    assert 0.95 < sum(waits) < 1.05
    world.close(asking)


def test_a_store_that_fails_leaves_this_process_its_own_limits(
    server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("redis")
    server.add_replies(HELLO)
    dead = RedisLimits("redis://127.0.0.1:1/0")
    with client(server, Limit(requests_per_minute=1), store=dead, wait=False) as asking:
        asking.generate("?")
        with pytest.raises(LimitReachedError):
            asking.generate("?")
    assert "applies the limits alone" in caplog.text


def test_waiters_are_served_in_order_and_a_large_request_is_not_overtaken() -> None:
    clock = Clock()
    store = MemoryLimits(clock)
    assert store.step("a", "take", ask("1", want(8)))["wait"] == 0
    assert store.step("a", "take", ask("large", want(9)))["wait"] > 0
    assert store.step("a", "take", ask("small", want(2)))["wait"] > 0  # there is room, but not for both
    clock.now += 1
    store.step("a", "leave", ask("large"))
    assert store.step("a", "take", ask("small", want(2)))["wait"] == 0


def test_a_waiter_without_a_heartbeat_is_removed() -> None:
    clock = Clock()
    store = MemoryLimits(clock)
    store.step("a", "take", ask("1", want(8)))
    store.step("a", "take", ask("gone", want(9)))
    clock.now += 5
    assert store.step("a", "take", ask("small", want(2)))["wait"] == 0


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["take", "take", "take", "settle", "leave", "pause", "observe"]),
        st.integers(0, 5),
        st.integers(1, 6),
        st.sampled_from([0.0, 0.125, 0.75, 5.0, 40.0]),
    ),
    max_size=25,
)


def played(store: LimitStore, steps: Any, clock: Clock) -> list[Any]:
    """Verdicts on a history; times are passed to the script, for a server's own clock cannot be set."""
    provided: list[Any] = []
    granted: dict[int, float] = {}
    for step, who, amount, later in steps:
        clock.now += later
        requested = ask(str(who), want(amount), live=[want(amount, bucket="live")], lanes=[{"lane": "l", "limit": 3}])
        requested |= {"now": clock.now, "seconds": amount / 2, "at": granted.get(who, 0)}
        requested |= {"seen": [{"bucket": "live", "limit": 9, "remaining": amount, "reset": 3}]}
        verdict = store.step("a", step, requested)
        if verdict.get("wait") == 0:
            granted[who] = verdict["at"]
        provided += [step, verdict["wait"], verdict["look"], verdict["why"]] if verdict else [step]
    return provided


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=STEPS)
def test_the_script_and_the_python_steps_decide_alike(steps: Any, redis_url: str) -> None:
    import redis

    with redis.Redis.from_url(redis_url) as server:
        server.flushall()
    clock, other = Clock(), Clock()
    remote = RedisLimits(redis_url)
    # A server keeps fourteen digits of a moment: steps are binary fractions, which need fewer.
    assert played(MemoryLimits(clock), steps, clock) == pytest.approx(played(remote, steps, other), abs=0.002)
    remote.close()


@given(requested=st.lists(st.tuples(st.floats(0, 3), st.integers(1, 10)), max_size=80))
def test_no_window_ever_holds_more_than_its_limit(requested: list[tuple[float, int]]) -> None:
    clock = Clock()
    store, granted = MemoryLimits(clock), []
    for number, (later, amount) in enumerate(requested):
        clock.now += later
        if store.step("a", "take", ask(str(number), want(amount, 10, 5.0)))["wait"] == 0:
            granted.append((clock.now, amount))
        else:
            store.step("a", "leave", ask(str(number)))
    for began, _ in granted:
        assert sum(amount for at, amount in granted if began <= at < began + 5.0) <= 10


def test_nearly_all_of_a_limit_is_used() -> None:
    clock = Clock()
    store, granted, number = MemoryLimits(clock), 0, 0
    while clock.now < Clock().now + 600:
        verdict = store.step("a", "take", ask(str(number), want(1, 30)))
        granted += verdict["wait"] == 0
        number += verdict["wait"] == 0
        clock.now += verdict["wait"]
    assert 300 * (1 - 1 / SLOTS) <= granted <= 330


PROCESSES = 4


def hammer(kind: str, where: str, url: str, ready: Any, results: Any) -> None:
    store: LimitStore = SQLiteLimits(where) if kind == "sqlite" else RedisLimits(where)
    step, granted, refused = store.step, list[float](), list[float]()

    def recorded(account: str, name: str, ask: Any) -> Any:
        verdict = step(account, name, ask)
        if name == "take":
            (refused if verdict["wait"] else granted).append(verdict["at"])
        return verdict

    store.step = recorded  # type: ignore[method-assign]
    with AIModelClient(
        endpoint(url), attempt_layers=[LimitLayer(Limit(requests_per_second=30), store=store)]
    ) as asking:
        asking.generate("warm up")
        ready.wait()
        for _ in range(30):
            asking.generate("?")
    store.close()
    results.put((granted, refused))


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_four_processes_never_exceed_the_limit_and_wait_only_when_nine_tenths_of_it_are_used(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    where = request.getfixturevalue("redis_url") if kind == "redis" else str(tmp_path / "limits.db")
    granted, refused = hammered(kind, where)
    assert len(granted) == PROCESSES * 31
    assert max(sum(began <= other < began + 1 for other in granted) for began in granted) <= 30
    # A slot counts until all of it has left the window, and what is left may be meant for those that came before.
    counted = 1 + 1 / SLOTS + 0.001
    used = [sum(at - counted < one <= at for one in granted) for at in refused]
    assert min(used) >= 30 - (PROCESSES - 1) >= 0.9 * 30


def hammered(kind: str, where: str) -> tuple[list[float], list[float]]:
    """When the store granted requests of four processes, and when it let them wait, by its own clock."""
    ready, results = PARALLEL.Barrier(PROCESSES), PARALLEL.Queue()
    with FakeServer(HELLO, forever=True) as server:
        arguments = (kind, where, server.url, ready, results)
        workers = [another_process(hammer, *arguments) for _ in range(PROCESSES)]
        for worker in workers:
            worker.start()
        pairs = [results.get(timeout=250) for _ in workers]
        for worker in workers:
            worker.join()
        assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    return [one for granted, _ in pairs for one in granted], [one for _, refused in pairs for one in refused]


def test_headers_of_several_vendors_are_read() -> None:
    actual = list(read_limit_headers({
        "anthropic-ratelimit-requests-limit": "50", "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2026-11-21T07:28:30Z",
        "x-ratelimit-limit-tokens": "150000", "x-ratelimit-remaining-tokens": "149984",
        "x-ratelimit-reset-tokens": "6m0.5s", "x-ratelimit-limit-requests": "what?",
    }, 1_795_246_100.0))  # fmt: skip
    assert [(one.kind, one.limit, one.remaining, one.reset) for one in actual] == [
        ("tokens", 150_000, 149_984, 360.5),
        ("requests", 50, 49, 10.0),
    ]
    assert [reset_seconds(text, 0) for text in ("250ms", "17", "1h", "whenever")] == [0.25, 17, 3600, 60]


NOON = 1_795_262_400.0
"""2026-11-21T12:00:00Z."""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6m0s", 360),
        ("1m0.5s", 60.5),
        ("1s", 1),
        ("120ms", 0.12),
        ("1d2h", 93_600),
        ("0", 0),
        ("-5", 0),
        (" 17 ", 17),
        ("2026-11-21T12:00:30Z", 30),
        ("2026-11-21T13:00:30+01:00", 30),
        ("2026-11-21T12:00:30", 30),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30),
        ("Saturday, 21-Nov-26 12:00:30 GMT", 30),
        ("Sat Nov 21 12:00:30 2026", 30),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0),
        ("1795262430", 30),
        ("1795262430000", 30),
        ("1795262370", 0),
        *((text, 60) for text in ("", "nan", "inf", "1e400", "whenever", "5 s", "1..5s", "9" * 400)),
    ],
)
def test_delays_and_times_are_read_in_every_format_that_servers_use(text: str, seconds: float) -> None:
    assert reset_seconds(text, NOON) == pytest.approx(seconds)


def test_limits_that_are_no_numbers_are_left_out() -> None:
    for odd in ("nan", "inf", "-1", "0", ""):
        assert not list(read_limit_headers({"x-ratelimit-limit-tokens": odd, "x-ratelimit-remaining-tokens": "5"}, 0))
    for odd in ("nan", "inf", ""):
        assert not list(read_limit_headers({"x-ratelimit-limit-tokens": "9", "x-ratelimit-remaining-tokens": odd}, 0))


def test_limits_of_mistral_are_those_of_a_minute() -> None:
    headers = {
        "x-ratelimit-limit-req-minute": "360",
        "x-ratelimit-remaining-req-minute": "354",
        "x-ratelimit-limit-tokens-minute": "100000",
        "x-ratelimit-remaining-tokens-minute": "97903",
    }
    assert [(one.kind, one.limit, one.remaining, one.reset) for one in read_limit_headers(headers, NOON)] == [
        ("requests", 360, 354, 60),
        ("tokens", 100_000, 97_903, 60),
    ]


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="requests_per_minute must be a number of at least 1"):
        Limit(requests_per_minute=0)


def test_accounts_are_json(server: FakeServer) -> None:
    store = MemoryLimits()
    server.add_replies(HELLO)
    with client(server, Limit(requests_per_minute=5, tokens_per_day=9, concurrency=1), store=store) as asking:
        asking.generate("?")
    assert json.loads(json.dumps(store._accounts)) == store._accounts


def test_steps_of_a_transaction_that_is_undone_count_nothing(tmp_path: Path) -> None:
    store = SQLiteLimits(tmp_path / "limits.db", clock=Clock())
    assert store.step("a", "take", ask("1", want(limit=2)))["wait"] == 0

    def take_and_fail(file: sqlite3.Connection) -> None:
        assert store.step_in("a", "take", ask("2", want(limit=2)), file)["wait"] == 0
        raise InterruptedError

    with pytest.raises(InterruptedError):
        store._file.write(take_and_fail)
    assert store.step("a", "take", ask("3", want(limit=2)))["wait"] == 0
    assert store.step("a", "take", ask("4", want(limit=2)))["wait"] > 0


def test_two_stores_of_a_file_see_each_others_steps(tmp_path: Path) -> None:
    one, other = (SQLiteLimits(tmp_path / "limits.db", clock=Clock()) for _ in range(2))
    waits = [
        store.step("a", "take", ask(f"{number}", want(limit=3)))["wait"]
        for number, store in enumerate((one, other, one, other))
    ]
    assert [wait > 0 for wait in waits] == [False, False, False, True]


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    store = SQLiteLimits(tmp_path / "limits.db", clock=Clock())
    store.step("a", "take", ask("1", want(limit=2)))
    with pytest.raises(KeyError):
        store.step(
            "a", "take", {"ticket": "2", "wants": [want(limit=2)], "live": [], "lanes": [{"lane": "l", "limit": 9}]}
        )
    assert store.step("a", "take", ask("3", want(limit=2)))["wait"] == 0
