"""When the rows of calls are counted and reported, from the first call on."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from ai_utilities import AiClient, AiSettings
from ai_utilities.usage import MemoryLedger, SQLiteLedger, UsageData, UsageTracker
from dhenara.ai.testing import Answer, FakeServer


def settings_for(server: FakeServer) -> AiSettings:
    return AiSettings(provider="openai", model="gpt-5-mini", api_key="sk-test", base_url=f"{server.url}/v1")


@pytest.mark.parametrize("calls", [1, 8, 20])
def test_every_row_is_counted_when_its_call_ends(server: FakeServer, calls: int) -> None:
    class Counting(UsageTracker):
        def add(self, rows: Sequence[UsageData]) -> None:
            made.extend(rows)
            super().add(rows)

    made: list[UsageData] = []
    for _ in range(calls):
        server.add_replies(Answer(text="Hello!"))
    with AiClient(settings_for(server), usage_tracker=Counting()) as client:
        for number in range(1, calls + 1):
            client.ask("Hi")
            assert len(made) == number
    assert all(row.cost is not None and row.cost > 0 for row in made)


@pytest.mark.parametrize("calls", [1, 20])
def test_totals_are_the_same_with_and_without_a_ledger(calls: int, tmp_path: Path) -> None:
    with FakeServer(Answer(text="Hello!"), forever=True) as server:
        counted, stored = UsageTracker(), UsageTracker(MemoryLedger())
        stored_later = UsageTracker(SQLiteLedger(tmp_path / "usage.db"))
        for tracker in (counted, stored, stored_later):
            with AiClient(settings_for(server), usage_tracker=tracker) as client:
                for _ in range(calls):
                    client.ask("Hi")
    assert counted.total == stored.total == stored_later.total
    assert counted.by_model() == stored.by_model() == stored_later.by_model()
    assert counted.total.requests == calls
    assert counted.total.cost > Decimal(0)


def test_an_overridden_tracker_gets_each_row_at_once(server: FakeServer) -> None:
    class Listing(UsageTracker):
        def track_request(self, usage: UsageData) -> None:
            rows.append(usage)

    rows: list[UsageData] = []
    server.add_replies(Answer(text="Hello!"))
    with AiClient(settings_for(server), usage_tracker=Listing()) as client:
        client.ask("Hi")
        assert len(rows) == 1


def test_a_listener_gets_each_row_at_once(server: FakeServer) -> None:
    tracker, rows = UsageTracker(), list[UsageData]()
    server.add_replies(Answer(text="Hello!"), Answer(text="Hello!"))
    with AiClient(settings_for(server), usage_tracker=tracker) as client:
        client.ask("Hi")
        tracker.subscribe(rows.append)
        client.ask("Hi")
    assert len(rows) == 1
    assert tracker.total.requests == 2


def test_a_reset_forgets_the_calls_before_it(server: FakeServer) -> None:
    tracker = UsageTracker()
    server.add_replies(Answer(text="Hello!"))
    with AiClient(settings_for(server), usage_tracker=tracker) as client:
        client.ask("Hi")
        tracker.reset()
        assert tracker.total.requests == 0
