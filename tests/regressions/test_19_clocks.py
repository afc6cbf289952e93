"""Limits do not follow clocks that are set back or ahead."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.limits import MemoryLimits, RedisLimits, SQLiteLimits
from ai_utilities.usage import (
    Budget,
)
from dhenara.ai.testing import Answer, FakeUsage

HELLO = Answer(text="Hello!", usage=FakeUsage(10, 10))
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ACCOUNT = Budget(1, "day").window_at({}, time.time())


class Clock:
    def __init__(self) -> None:
        self.now = 1_795_246_000.0

    def __call__(self) -> float:
        return self.now


def ask(ticket: str, **more: Any) -> dict[str, Any]:
    want = {"bucket": "b", "limit": 2, "window": 60.0, "amount": 1}
    lane = {"lane": "l", "limit": 1}
    return {"ticket": ticket, "lease": 900, "wants": [want], "live": [], "lanes": [lane], **more}


@pytest.fixture(params=["memory", "sqlite"])
def clocked(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Any, Clock]:
    clock = Clock()
    if request.param == "memory":
        return MemoryLimits(clock), clock
    return SQLiteLimits(tmp_path / "limits.db", clock=clock), clock


def test_a_clock_that_is_set_back_blocks_nothing(clocked: tuple[Any, Clock]) -> None:
    store, clock = clocked
    for ticket in "ab":
        assert store.step("k", "take", ask(ticket, lanes=[]))["wait"] == 0
    store.step("k", "pause", {"seconds": 5})
    clock.now -= 3600
    assert store.step("k", "take", ask("c", lanes=[]))["wait"] < 65
    store.step("k", "leave", ask("c"))
    clock.now += 70
    assert store.step("k", "take", ask("d", lanes=[]))["wait"] == 0


@pytest.mark.parametrize("hours", [-1, 1])
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_the_time_of_day_is_no_part_of_limits(
    kind: str, hours: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store: Any = MemoryLimits() if kind == "memory" else SQLiteLimits(tmp_path / "limits.db")
    assert store.step("k", "take", ask("a"))["wait"] == 0
    true = time.time
    monkeypatch.setattr(time, "time", lambda: true() + hours * 3600)
    # The place is still taken, and the window still has one request in it.
    assert 0 < store.step("k", "take", ask("b"))["wait"] < 65
    store.step("k", "leave", ask("b"))
    store.step("k", "settle", {**ask("a"), "at": 0, "wants": []})
    assert store.step("k", "take", ask("c"))["wait"] == 0


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_jump_of_the_clock_of_a_redis_server_is_noticed(
    hours: int, redis_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The server's clock cannot be set, but what the account has seen of it can."""
    import redis

    store = RedisLimits(redis_url)
    assert store.step("k", "take", ask("a"))["wait"] == 0
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        (key,) = client.keys("ai_utilities:limits:*")
        state = json.loads(client.get(key))
        # As if everything had been counted before a jump by so many hours.
        move(state, -hours * 3600)
        client.set(key, json.dumps(state))
    at, seen = store._times["k"]
    store._times["k"] = (at - hours * 3600, seen)
    wait = store.step("k", "take", ask("b"))["wait"]
    assert 0 < wait < 65
    assert ("jumped ahead" in caplog.text) == (hours > 0)
    store.close()


def move(state: dict[str, Any], seconds: float) -> None:
    state["clock"]["seen"] += seconds
    state["running"] = {
        lane: {t: until + seconds for t, until in one.items()} for lane, one in state["running"].items()
    }
    state["windows"] = {
        bucket: {f"{int(slot) + int(seconds / 1.2)}": amount for slot, amount in slots.items()}
        for bucket, slots in state["windows"].items()
    }
