"""Stores that hang, die and leave things behind: no call waits long for them, and nothing is counted twice."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings, AskResult, UsageData
from ai_utilities.limits import Limit, LimitLayer, LimitReachedError, MemoryLimits
from ai_utilities.providers import BaseProvider
from ai_utilities.storage import redis as storage
from ai_utilities.usage import MemoryLedger, PartialWriteError, RedisLedger, UsageTracker
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, DialectReply, FakeServer
from support.kit import run, settings
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!")


@pytest.fixture
def served() -> Iterator[FakeServer]:
    with FakeServer(HELLO, forever=True) as server:
        yield server


def on_redis(server: FakeServer, url: str) -> AiSettings:
    shared = {"cache_backend": "redis", "usage_store": "redis", "limit_store": "redis", "redis_url": url}
    return settings(server.url, cache_enabled=True, requests_per_minute=1000, **shared)


class ShiftedTime:
    """The clock of the cooldown; `ahead` lets its pauses end."""

    ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


def test_a_redis_that_hangs_holds_calls_up_once_and_loses_no_row(
    served: FakeServer, running_redis: Any, redis_url: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, waited = ShiftedTime(), list[storage.Cooldown]()
    begin = storage.Cooldown.begin

    def counted(cooldown: storage.Cooldown) -> None:
        waited.append(cooldown)
        begin(cooldown)

    monkeypatch.setattr(storage, "time", clock)
    monkeypatch.setattr(storage, "SHORTEST", 1000.0)
    monkeypatch.setattr(storage, "LONGEST", 1000.0)
    monkeypatch.setattr(storage.Cooldown, "begin", counted)

    async def script(client: Any) -> None:
        await client.ask("first")
        running_redis.freeze()
        try:
            assert await client.ask("second") == "Hello!"
            for number in range(5):
                assert await client.ask(f"more {number}") == "Hello!"
        finally:
            running_redis.thaw()
        clock.ahead += 1001
        assert await client.ask("back") == "Hello!"

    run(world, script, on_redis(served, redis_url))
    assert len(waited) == 1  # the first store that waits does so for all of them
    # What the server read while it hung was written, and delivered again.
    assert len(list(RedisLedger(redis_url).rows())) == 8


def test_a_row_of_which_nobody_knows_is_written_once(
    running_redis: Any, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ShiftedTime()
    monkeypatch.setattr(storage, "time", clock)
    ledger, row = RedisLedger(redis_url), UsageData(provider="p", input_tokens=1)
    running_redis.freeze()
    try:
        with pytest.raises(OSError, match="did not answer"):
            ledger.add([row])
    finally:
        running_redis.thaw()
    clock.ahead += storage.LONGEST
    ledger.add([row])
    assert len(list(ledger.rows())) == 1
    ledger.add([row])
    assert len(list(ledger.rows())) == 2
    ledger.close()


def test_a_call_that_never_ended_blocks_its_place_no_longer_than_its_deadline(server: FakeServer) -> None:
    server.add_replies(DialectReply(HELLO), DialectReply(HELLO))
    now = 1_000.0
    layer = LimitLayer(Limit(concurrency=1), store=MemoryLimits(lambda: now), wait=False)
    with AIModelClient(endpoint(server.url), attempt_layers=[layer]) as client:
        held = client.generate("?", streaming=True, timeout=100)
        now += 90
        with pytest.raises(LimitReachedError):
            client.generate("?")
        now += 20
        assert client.generate("?").chat_response.text() == HELLO.text
        held.stream_generator.close()


def test_a_closed_client_leaves_no_file_open(served: FakeServer, tmp_path: Path) -> None:
    paths = {name: tmp_path / f"{name}.db" for name in ("cache_path", "usage_path", "limit_path")}
    kinds = {"cache_backend": "sqlite", "usage_store": "sqlite", "limit_store": "sqlite"}
    provided = settings(served.url, cache_enabled=True, max_concurrency=3, **kinds, **paths)
    with AiClient(provided) as client:
        client.ask("?")
        assert list(tmp_path.glob("*-wal"))
    # The last connection of each takes it away.
    assert not list(tmp_path.glob("*-wal"))


class Broken(MemoryLedger):
    """Fails at the given row."""

    def __init__(self) -> None:
        super().__init__()
        self.fails_at: int | None = None

    def add(self, rows: Any) -> None:
        if self.fails_at is not None and len(self.settled()) >= self.fails_at:
            raise OSError("disk full")
        super().add(rows)

    def settled(self) -> list[UsageData]:
        return [row for row in self.rows() if row.outcome != "open"]


class Mine(BaseProvider):
    provider_name = "mine"

    def ask(self, prompt: str, **kwargs: Any) -> AskResult:
        return AskResult(f"re: {prompt}")


def test_a_ledger_that_fails_never_fails_the_call_of_a_provider_of_ones_own(world: World) -> None:
    ledger = Broken()
    ledger.fails_at = 0

    async def script(client: Any) -> None:
        assert await client.ask("?") == "re: ?"
        ledger.fails_at = None

    run(world, script, provider=Mine(), usage_tracker=UsageTracker(ledger))
    # Rows that wait are written at the latest when the client is closed.
    assert len(ledger.rows()) == 1


def test_a_ledger_that_fails_in_the_middle_has_each_row_once(served: FakeServer) -> None:
    ledger = Broken()
    with AiClient(settings(served.url), usage_tracker=UsageTracker(ledger)) as client:
        ledger.fails_at = 0
        for number in range(5):
            client.ask(f"{number}")
        ledger.fails_at = 3
        client.ask("again")
        assert len(ledger.settled()) == 3
        ledger.fails_at = None
    assert len(ledger.rows()) == len(ledger.settled()) == 6


def test_what_is_left_of_rows_travels() -> None:
    error = PartialWriteError([UsageData(input_tokens=3)])
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own
    assert (str(again), again.rows) == (str(error), error.rows)
