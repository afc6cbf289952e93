"""Stores of health: what one process writes, the others read; one of them tries; a store that fails shares nothing."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ai_utilities.limits import RedisHealth, SQLiteHealth
from ai_utilities.limits.health import GRACE, StoredHealth
from dhenara.ai import SharedRest

REST = SharedRest(30.0, 3, "rate_limit", "slow down")


@pytest.fixture(params=["sqlite", "redis"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], StoredHealth]:
    """Makes a store as each process would."""
    if request.param == "sqlite":
        return lambda: SQLiteHealth(tmp_path / "health.sqlite")
    url = request.getfixturevalue("redis_url")
    return lambda: RedisHealth(url)


def test_what_one_process_writes_others_read(make: Callable[[], StoredHealth]) -> None:
    make().rest("openai:a:1", REST)
    shared = make().read(["openai:a:1", "openai:b:2"])
    assert shared is not None
    assert list(shared) == ["openai:a:1"]
    rest = shared["openai:a:1"]
    assert (rest.failures, rest.kind, rest.reason) == (3, "rate_limit", "slow down")
    assert 0 < rest.seconds <= 30


def test_a_shorter_rest_does_not_replace_a_longer_one(make: Callable[[], StoredHealth]) -> None:
    store = make()
    store.rest("a", SharedRest(3000.0, 1, "access", "no key"))
    store.rest("a", REST)
    assert (store.read(["a"]) or {})["a"].seconds > 1000


def test_an_answer_ends_the_rest_for_all(make: Callable[[], StoredHealth]) -> None:
    store = make()
    store.rest("a", REST)
    make().recover("a")
    rest = (store.read(["a"]) or {})["a"]
    assert rest.failures == 0
    assert rest.seconds <= 0
    store.rest("a", REST)
    assert (store.read(["a"]) or {})["a"].failures == 3


def test_one_of_many_may_try(make: Callable[[], StoredHealth]) -> None:
    store = make()
    store.rest("a", SharedRest(0.001, 1, "server", "down"))
    while (store.read(["a"]) or {})["a"].seconds > 0:
        time.sleep(0.001)
    claims: list[bool] = []
    threads = [threading.Thread(target=lambda: claims.append(make().claim_probe("a", 60.0))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claims) == [False] * 7 + [True]


def test_after_the_next_failure_one_may_try_again(make: Callable[[], StoredHealth]) -> None:
    store = make()
    for _ in range(2):
        store.rest("a", SharedRest(-1.0, 1, "server", "down"))
        assert [store.claim_probe("a", 60.0), make().claim_probe("a", 60.0)] == [True, False]


def test_a_rest_that_ended_is_read_until_somebody_tried(make: Callable[[], StoredHealth]) -> None:
    store = make()
    store.rest("a", SharedRest(-1.0, 1, "server", "down"))
    assert -GRACE < (store.read(["a"]) or {})["a"].seconds <= 0


def test_a_clock_that_is_set_back_lets_nothing_rest_longer(tmp_path: Path) -> None:
    now = 1_000_000.0
    store = SQLiteHealth(tmp_path / "health.sqlite", clock=lambda: now)
    store.rest("a", REST)
    now -= 86_400
    assert (store.read(["a"]) or {})["a"].seconds == 30


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_a_store_that_fails_shares_nothing_and_says_so_once(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store: StoredHealth
    if kind == "redis":
        store = RedisHealth("redis://127.0.0.1:1/0")
    else:
        store = SQLiteHealth(tmp_path / "health.sqlite")
        (tmp_path / "health.sqlite").unlink(missing_ok=True)
        (tmp_path / "health.sqlite").mkdir()
    with caplog.at_level(logging.WARNING, "ai_utilities"):
        store.rest("a", REST)
        store.recover("a")
        assert store.read(["a"]) is None
        assert store.claim_probe("a", 1.0)
    assert len([line for line in caplog.messages if "the store of health fails" in line]) == 1


def test_machines_whose_clocks_differ_agree_on_redis(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are those of the server."""
    first, second = RedisHealth(redis_url), RedisHealth(redis_url)
    first.rest("a", REST)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert 0 < (second.read(["a"]) or {})["a"].seconds <= 30
