"""The ledger: a row for every attempt, and totals that say what they do not know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from ai_utilities.cache import CacheLayer, MemoryCache
from ai_utilities.usage import (
    Ledger,
    MemoryLedger,
    RedisLedger,
    SQLiteLedger,
    UsageData,
    UsageLayer,
    UsageTracker,
    create_usage_tracker,
    tagged,
)
from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadRequestError, ConfigurationError
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeUsage, Refusal, Stall, stall_before_head
from dhenara.ai.types import AIModelEndpoint, ChatModelCostData
from support.processes import another_process
from support.thorough import examples
from support.waiting import wait_until_async
from support.worlds import World, endpoint

HELLO = Answer(text="Hello, you there!", usage=FakeUsage(100, 50))
PRICES = ChatModelCostData(input_token_cost_per_million=Decimal(1), output_token_cost_per_million=Decimal(2))
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def priced(server: FakeServer) -> AIModelEndpoint:
    return endpoint(server.url).model_copy(update={"cost_data": PRICES})


@pytest.fixture(params=["memory", "sqlite", "redis"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    makers: dict[str, Callable[[], Ledger]] = {
        "memory": MemoryLedger,
        "sqlite": lambda: SQLiteLedger(tmp_path / "usage.db"),
        "redis": lambda: RedisLedger(request.getfixturevalue("redis_url")),
    }
    opened = makers[request.param]()
    yield opened
    opened.close()


def test_a_call_is_one_row(world: World, server: FakeServer, ledger: Ledger) -> None:
    server.add_replies(HELLO)
    asking = AIModelClient(priced(server), layers=[UsageLayer(ledger, tags={"project": "x"})])
    with tagged(user="ada"):
        world.run(asking, "?")
    (row,) = ledger.rows()
    assert (row.outcome, row.attempt, row.prompt_tokens, row.completion_tokens) == ("answered", 1, 100, 50)
    assert (row.cost, row.cost_source) == (Decimal("0.0002"), "cost_data")
    assert row.tags == {"project": "x", "user": "ada"}
    assert row.first_token_s is not None
    assert row.duration_s is not None
    assert 0 < row.first_token_s <= row.duration_s
    assert row.started_at is not None
    assert abs(row.started_at - datetime.now(UTC)) < timedelta(minutes=1)
    world.close(asking)


@pytest.mark.parametrize("streaming", [False, True])
def test_every_attempt_has_a_row(world: World, server: FakeServer, streaming: bool) -> None:
    server.add_replies(Refusal(503, "busy", headers={"retry-after-ms": "1"}), HELLO)
    ledger = MemoryLedger()
    asking = AIModelClient(priced(server), layers=[UsageLayer(ledger)])
    (world.stream if streaming else world.run)(asking, "?")
    first, second = ledger.rows()
    assert (first.outcome, first.attempt, first.cost) == ("failed", 1, 0)
    assert (second.outcome, second.attempt) == ("answered", 2)
    world.close(asking)


def test_failed_and_cached_and_cut_and_left_calls_have_rows(server: FakeServer) -> None:
    ledger = MemoryLedger()
    layers = [UsageLayer(ledger), CacheLayer(MemoryCache(), policy="always")]
    left = CutReply(DialectReply(HELLO), 4, Stall())
    server.add_replies(Refusal(400, "no"), HELLO, CutReply(DialectReply(HELLO), 4), left)
    with AIModelClient(priced(server), layers=layers) as asking:
        with pytest.raises(BadRequestError):
            asking.generate("1")
        asking.generate("2")
        asking.generate("2")
        list(asking.generate("3", streaming=True).stream_generator)
        for _ in asking.generate("4", streaming=True).stream_generator:
            break
    assert [row.outcome for row in ledger.rows()] == ["failed", "answered", "cached", "interrupted", "cancelled"]
    cached = ledger.rows()[2]
    assert (cached.cost, cached.saved_cost, cached.cached) == (0, Decimal("0.0002"), True)
    total = ledger.total()
    assert (total.requests, total.failed, total.cached, total.saved_tokens) == (5, 1, 1, 150)
    assert (total.cost, total.unknown_costs, total.is_exact) == (Decimal("0.0002"), 2, False)
    assert str(total).endswith("(and 2 of unknown cost)")


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_cancelled_call_has_a_row(kind: str, server: FakeServer, tmp_path: Path) -> None:
    import trio

    ledger = MemoryLedger() if kind == "memory" else SQLiteLedger(tmp_path / "u.db")
    asking = AIModelClient(priced(server), layers=[UsageLayer(ledger)])

    async def on_asyncio() -> None:
        task = asyncio.create_task(asking.generate_async("?"))
        await wait_until_async(lambda: len(server.exchanges) == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asking.aclose()

    async def on_trio() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(asking.generate_async, "?")
            await wait_until_async(lambda: len(server.exchanges) == 2)
            nursery.cancel_scope.cancel()
        await asking.aclose()

    slow = CutReply(DialectReply(HELLO, pause=0.03), 3, stall_before_head().end)  # type: ignore[attr-defined]  # it is a Cut
    server.add_replies(stall_before_head(), stall_before_head(), slow, slow)
    asyncio.run(on_asyncio())
    trio.run(on_trio)
    assert [row.outcome for row in ledger.rows()] == ["cancelled"] * 2
    assert ledger.total().unknown_costs == 2
    ledger.close()


def test_an_abandoned_async_stream_has_a_row(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(CutReply(DialectReply(HELLO), 4, Stall()))
    ledger = SQLiteLedger(tmp_path / "u.db")

    async def main() -> None:
        asking = AIModelClient(priced(server), layers=[UsageLayer(ledger)])
        response = await asking.generate_async("?", streaming=True)
        async for _ in response.async_stream_generator:
            break
        del response
        await asking.aclose()

    asyncio.run(main())
    assert [row.outcome for row in ledger.rows()] == ["cancelled"]
    ledger.close()


def test_a_ledger_that_fails_never_fails_a_call_and_catches_up(
    server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    class Flaky(MemoryLedger):
        broken = True

        def add(self, rows: Any) -> None:
            if self.broken:
                raise OSError("disk full")
            super().add(rows)

    ledger = Flaky()
    server.add_replies(HELLO, HELLO)
    with AIModelClient(priced(server), layers=[UsageLayer(ledger)]) as asking:
        asking.generate("?")
        assert "cannot write usage; 1 row must wait" in caplog.text
        ledger.broken = False
        asking.generate("?")
    assert len(ledger.rows()) == 2


def sample(**facts: Any) -> UsageData:
    return UsageData(
        **{"provider": "p", "model": "m", "started_at": NOON, "input_tokens": 3, "output_tokens": 2, **facts}
    )


def test_totals_by_day_model_and_tag(ledger: Ledger) -> None:
    ledger.add([
        sample(cost=Decimal("0.1"), tags={"user": "ada"}),
        sample(cost=Decimal("0.2"), tags={"user": "bob"}, model="n"),
        sample(tags={"user": "ada"}, started_at=NOON + timedelta(days=1)),
        sample(cost=Decimal("0.0000000000125"), outcome="interrupted"),
        sample(cost=Decimal(0), saved_cost=Decimal("0.1"), outcome="cached", cached=True),
    ])  # fmt: skip
    by_user = ledger.totals("tag:user")
    assert {user: total.requests for user, total in by_user.items()} == {"": 2, "ada": 2, "bob": 1}
    assert (by_user["ada"].cost, by_user["ada"].unknown_costs) == (Decimal("0.1"), 1)
    by_day = ledger.totals("day")
    assert list(by_day) == ["2026-11-21", "2026-11-22"]
    assert by_day["2026-11-21"].cost == Decimal("0.3000000000125")
    assert by_day["2026-11-21"].partial_costs == 1
    assert by_day["2026-11-21"].saved_cost == Decimal("0.1")
    assert {model: total.requests for model, total in ledger.totals("model").items()} == {"m": 4, "n": 1}
    assert ledger.total(tags={"user": "bob"}).cost == Decimal("0.2")
    assert ledger.total(since=NOON + timedelta(hours=1)).requests == 1
    assert ledger.total(until=NOON + timedelta(hours=1)).total_tokens == 15
    assert ledger.total(until=NOON).requests == 0
    with pytest.raises(ConfigurationError, match="not by 'weather'"):
        ledger.totals("weather")


MOMENTS = st.none() | st.integers(-200, 200).map(lambda minutes: NOON + timedelta(minutes=minutes))
MONEY = st.none() | st.decimals(0, 1000, allow_nan=False, places=7) | st.just(Decimal("1.234567890123E-9"))
AMOUNTS = st.integers(0, 10**7).map(lambda number: number / 1000)
ROWS = st.builds(
    UsageData,
    provider=st.sampled_from([None, "p"]),
    model=st.sampled_from(["m", "n"]),
    outcome=st.sampled_from(["answered", "failed", "interrupted"]),
    started_at=MOMENTS,
    input_tokens=st.integers(0, 10**9),
    output_tokens=st.integers(0, 99),
    units=st.dictionaries(
        st.sampled_from(["images", "seconds"]), st.integers(0, 10**7).map(lambda number: number / 1000)
    ),
    cost=MONEY,
    saved_cost=MONEY,
    cached=st.booleans(),
    tags=st.dictionaries(st.sampled_from(["user", "ä b"]), st.sampled_from(["ada", '"'])),
)


@settings(
    max_examples=examples(60),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(
    rows=st.lists(ROWS, max_size=8),
    by=st.sampled_from([None, "day", "model", "provider", "outcome", "tag:user"]),
    since=MOMENTS,
    until=MOMENTS,
    tags=st.sampled_from([{}, {"user": "ada"}]),
)
def test_sums_that_a_server_or_a_file_keeps_are_the_sums_of_its_rows(
    rows: list[UsageData],
    by: str | None,
    since: Any,
    until: Any,
    tags: dict[str, str],
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    import redis

    with redis.Redis.from_url(redis_url) as server:
        server.flushall()
    retained, known = RedisLedger(redis_url), MemoryLedger()
    filed = SQLiteLedger(tmp_path_factory.mktemp("ledger") / "usage.db")
    for ledger in (retained, known, filed):
        ledger.add(rows)
    assert filed.totals(by, since, until, tags) == known.totals(by, since, until, tags)
    filed.close()
    assert retained.totals(by, since, until, tags) == known.totals(by, since, until, tags)
    assert retained.tag_names(since, until) == known.tag_names(since, until)
    retained.close()


def test_a_total_reads_no_row_of_whole_hours(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = RedisLedger(redis_url)
    ledger.add([sample(started_at=NOON + timedelta(minutes=number)) for number in range(600)])
    read: list[Any] = []
    rows = RedisLedger.rows
    monkeypatch.setattr(RedisLedger, "rows", lambda *given: read.append(given) or rows(*given))
    assert ledger.total().requests == 600
    assert ledger.total(NOON + timedelta(hours=1), NOON + timedelta(hours=3)).requests == 120
    assert not read
    assert ledger.total(NOON + timedelta(minutes=30), NOON + timedelta(hours=1, minutes=15)).requests == 45
    assert len(read) == 2
    ledger.close()


def test_stored_rows_equal_the_given_rows(ledger: Ledger) -> None:
    row = sample(cost=Decimal("0.123456789012345678"), tags={"a\"'b": "c"}, reasoning_tokens=7, attempt=3)
    ledger.add([row])
    assert list(ledger.rows(tags={})) == [row]


REQUESTS = 250


def write_rows(kind: str, where: str, url: str) -> None:
    ledger = SQLiteLedger(where) if kind == "sqlite" else RedisLedger(where)
    with AIModelClient(endpoint(url), layers=[UsageLayer(ledger)]) as asking:
        for _ in range(REQUESTS):
            asking.generate("?")
    ledger.close()


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_four_processes_write_exactly_one_row_for_each_request(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    where = request.getfixturevalue("redis_url") if kind == "redis" else str(tmp_path / "usage.db")
    with FakeServer(HELLO, forever=True) as server:
        workers = [another_process(write_rows, kind, where, server.url) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    ledger = SQLiteLedger(where) if kind == "sqlite" else RedisLedger(where)
    total = ledger.total()
    assert (total.requests, total.total_tokens) == (4 * REQUESTS, 4 * REQUESTS * 150)
    ledger.close()


def test_a_tracker_hears_sums_and_tells() -> None:
    tracker, received = create_usage_tracker(), []
    forget = tracker.subscribe(received.append)
    tracker.track_request(UsageData(prompt_tokens=3, completion_tokens=2, total_tokens=5, model="m"))
    forget()
    tracker.track_request(sample(model="n", cost=Decimal(1)))
    assert len(received) == 1
    assert (tracker.total.requests, tracker.total.total_tokens, tracker.total.unknown_costs) == (2, 10, 1)
    assert list(tracker.by_model()) == ["m", "n"]
    assert tracker.ledger is not None
    assert tracker.ledger.total().requests == 2
    tracker.reset()
    assert tracker.total.requests == 0
    assert isinstance(tracker, UsageTracker)


def test_a_tracker_may_stand_where_a_ledger_does(world: World, server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(HELLO)
    tracker = create_usage_tracker(SQLiteLedger(tmp_path / "u.db"))
    asking = AIModelClient(priced(server), layers=[UsageLayer(tracker)])
    world.run(asking, "?")
    assert tracker.total.cost == Decimal("0.0002")
    assert tracker.ledger is not None
    assert tracker.ledger.total() == tracker.total
    tracker.close()
    world.close(asking)


def test_a_ledger_in_memory_keeps_the_latest_rows(caplog: pytest.LogCaptureFixture) -> None:
    ledger = MemoryLedger(max_rows=2)
    for number in range(4):
        ledger.add([sample(attempt=number + 1)])
    assert [row.attempt for row in ledger.rows()] == [3, 4]
    assert caplog.text.count("is full at 2 rows") == 1
