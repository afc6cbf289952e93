"""A Redis server that has reached `maxmemory`: each store raises an error that names the setting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ai_utilities.cache import CacheLayer, RedisCache
from ai_utilities.limits import Limit, LimitLayer, RedisLimits
from ai_utilities.storage.store_io import StoreError, StoreFullError
from ai_utilities.usage import Budget, BudgetLayer, RedisBudgets, RedisLedger, UsageData, UsageLayer
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeUsage
from support.redis_server import RedisProcess
from support.usage_worker import BRIEF, priced
from support.worlds import World

HELLO = Answer(text="Hello!", usage=FakeUsage(10, 10))
ACCOUNT = Budget(1, "day").window_at({}, time.time())
STEP = {"ticket": "t", "lease": 9, "wants": [], "live": [], "lanes": []}


@pytest.fixture
def full_redis(tmp_path: Path, running_redis: RedisProcess) -> Iterator[str]:
    """A server with less memory than it needs by itself."""
    process = RedisProcess(tmp_path, "--maxmemory", "1kb", "--maxmemory-policy", "noeviction")
    process.start()
    yield process.url
    process.close()


def write_with(store: type[Any], write: Callable[[Any], Any]) -> Callable[[str], None]:
    def run(url: str) -> None:
        with closing(store(url)) as one:
            write(one)

    return run


WRITES: dict[str, Callable[[str], None]] = {
    "budgets": write_with(RedisBudgets, lambda store: store.reserve([ACCOUNT], 5)),
    "budgets, settled": write_with(RedisBudgets, lambda store: store.settle([ACCOUNT], 5)),
    "budgets, repaired": write_with(RedisBudgets, lambda store: store.repair()),
    "limits": write_with(RedisLimits, lambda store: store.step("a", "take", STEP)),
    "ledger": write_with(RedisLedger, lambda store: store.add([UsageData(model="m")])),
    "ledger, opened": write_with(RedisLedger, lambda store: store.open([UsageData(row_id="1")], time.time())),
    "cache": write_with(RedisCache, lambda store: store.set("k", "v")),
    "cache, several": write_with(RedisCache, lambda store: store.set_texts({"k": '"v"', "l": '"v"'})),
    "cache, claimed": write_with(RedisCache, lambda store: store.claim("k", "holder", 5)),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_full_server_raises_an_error_that_names_maxmemory(write: Callable[[str], None], full_redis: str) -> None:
    with pytest.raises(StoreFullError, match="maxmemory") as raised:
        write(full_redis)
    text = str(raised.value)
    assert "script" not in text
    assert "OOM" not in text


def test_a_call_with_a_budget_on_a_full_server_is_not_sent(world: World, full_redis: str, server: FakeServer) -> None:
    store = RedisBudgets(full_redis)
    client = AIModelClient(priced(server.url), BRIEF, layers=[BudgetLayer(Budget(1), store=store)])
    with pytest.raises(StoreFullError, match="maxmemory"):
        world.run(client, "?")
    assert not server.exchanges
    world.close(client)
    store.close()


def test_ledger_cache_and_limits_on_a_full_server_fail_no_call(
    world: World, full_redis: str, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.add_replies(HELLO)
    ledger, cache, limits = RedisLedger(full_redis), RedisCache(full_redis), RedisLimits(full_redis)
    client = AIModelClient(
        priced(server.url),
        BRIEF,
        layers=[UsageLayer(ledger), CacheLayer(cache, policy="always")],
        attempt_layers=[LimitLayer(Limit(requests_per_minute=5), store=limits)],
    )
    assert world.run(client, "?").chat_response.text() == "Hello!"
    assert "maxmemory" in caplog.text
    assert "user_script" not in caplog.text
    world.close(client)
    for store in (ledger, cache, limits):
        store.close()


def test_other_errors_of_a_script_do_not_show_the_script(redis_url: str) -> None:
    import redis

    with redis.Redis.from_url(redis_url) as client:
        client.set("ai_utilities:budget:accounts", "not a hash")
    with closing(RedisBudgets(redis_url)) as store, pytest.raises(StoreError, match="wrong kind of value") as raised:
        store.reserve([ACCOUNT], 5)
    assert "script" not in str(raised.value)
