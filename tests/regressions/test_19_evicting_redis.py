"""A Redis server that may evict counters is refused, and one that may evict the ledger is named."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ai_utilities.limits import Limit, LimitLayer, RedisLimits
from ai_utilities.storage.store_io import StoreEvictsError
from ai_utilities.usage import (
    Budget,
    BudgetLayer,
    RedisBudgets,
    RedisLedger,
    UsageData,
)
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeUsage
from support.redis_server import RedisProcess
from support.usage_worker import BRIEF, priced
from support.worlds import World

HELLO = Answer(text="Hello!", usage=FakeUsage(10, 10))
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ACCOUNT = Budget(1, "day").window_at({}, time.time())


@pytest.fixture
def evicting(request: pytest.FixtureRequest, tmp_path: Path, running_redis: RedisProcess) -> Iterator[str]:
    process = RedisProcess(tmp_path, "--maxmemory", "4mb", "--maxmemory-policy", request.param)
    process.start()
    yield process.url
    process.close()


ALL_KEYS = pytest.mark.parametrize("evicting", ["allkeys-lru", "allkeys-random"], indirect=True)


@ALL_KEYS
def test_a_server_that_may_evict_counters_is_refused(world: World, evicting: str, server: FakeServer) -> None:
    server.add_replies(HELLO)
    budgets = BudgetLayer(Budget(1), store=RedisBudgets(evicting))
    limits = LimitLayer(Limit(requests_per_minute=5), store=RedisLimits(evicting))
    for layers in ({"layers": [budgets]}, {"attempt_layers": [limits]}):
        client = AIModelClient(priced(server.url), BRIEF, **layers)
        with pytest.raises(StoreEvictsError, match="maxmemory-policy"):
            world.run(client, "?")
        world.close(client)
    assert not server.exchanges


@ALL_KEYS
def test_a_ledger_that_may_be_evicted_says_so(evicting: str, caplog: pytest.LogCaptureFixture) -> None:
    ledger = RedisLedger(evicting)
    ledger.add([UsageData(model="m")])
    assert "usage may be lost" in caplog.text
    assert ledger.total().requests == 1
    ledger.close()


@pytest.mark.parametrize("evicting", ["volatile-lru", "volatile-ttl"], indirect=True)
def test_counters_have_no_expiry_where_expiring_keys_are_evicted(evicting: str) -> None:
    import redis

    budgets, limits = RedisBudgets(evicting), RedisLimits(evicting)
    budgets.reserve([ACCOUNT], 5)
    limits.step("a", "take", {"ticket": "t", "lease": 9, "wants": [], "live": [], "lanes": []})
    with redis.Redis.from_url(evicting) as client:
        assert {client.ttl(key) for key in client.scan_iter()} == {-1}
    budgets.close()
    limits.close()
