"""What a first call loads: nothing that only reports need."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import pytest

from ai_utilities import AiClient, AiSettings
from ai_utilities.usage import MemoryLedger, UsageTracker
from dhenara.ai.testing import Answer, FakeServer

SCRIPT = """
import sys
from ai_utilities import AiClient, AiSettings
from dhenara.ai.testing import Answer, FakeServer

with FakeServer(Answer(text="Hello!")) as server:
    settings = AiSettings(provider="openai", model="gpt-5-mini", api_key="sk-test", base_url=f"{server.url}/v1")
    with AiClient(settings) as client:
        assert client.ask("Hi") == "Hello!"
        assert "genai_prices" not in sys.modules
        assert client.usage_tracker.total.cost > 0
        assert "genai_prices" in sys.modules
"""


def test_the_price_list_is_loaded_when_a_total_is_read() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("calls", [1, 7, 8, 20])
def test_totals_are_the_same_with_and_without_a_ledger(calls: int) -> None:
    with FakeServer(Answer(text="Hello!"), forever=True) as server:
        settings = AiSettings(provider="openai", model="gpt-5-mini", api_key="sk-test", base_url=f"{server.url}/v1")
        counted, stored = UsageTracker(), UsageTracker(MemoryLedger())
        for tracker in (counted, stored):
            with AiClient(settings, usage_tracker=tracker) as client:
                for _ in range(calls):
                    client.ask("Hi")
    assert counted.total == stored.total
    assert counted.by_model() == stored.by_model()
    assert counted.total.requests == calls
    assert counted.total.cost > Decimal(0)


def test_an_overridden_tracker_gets_each_row_at_once(server: FakeServer) -> None:
    class Listing(UsageTracker):
        def track_request(self, usage: object) -> None:
            rows.append(usage)

    rows: list[object] = []
    server.add_replies(Answer(text="Hello!"))
    settings = AiSettings(provider="openai", model="gpt-5-mini", api_key="sk-test", base_url=f"{server.url}/v1")
    with AiClient(settings, usage_tracker=Listing()) as client:
        client.ask("Hi")
        assert len(rows) == 1


def test_a_listener_gets_each_row_at_once(server: FakeServer) -> None:
    tracker, rows = UsageTracker(), []
    server.add_replies(Answer(text="Hello!"), Answer(text="Hello!"))
    settings = AiSettings(provider="openai", model="gpt-5-mini", api_key="sk-test", base_url=f"{server.url}/v1")
    with AiClient(settings, usage_tracker=tracker) as client:
        client.ask("Hi")
        tracker.subscribe(rows.append)
        client.ask("Hi")
    assert len(rows) == 1
    assert tracker.total.requests == 2


def test_a_reset_also_forgets_calls_whose_cost_was_not_read(server: FakeServer) -> None:
    tracker = UsageTracker()
    server.add_replies(Answer(text="Hello!"))
    settings = AiSettings(provider="openai", model="gpt-5-mini", api_key="sk-test", base_url=f"{server.url}/v1")
    with AiClient(settings, usage_tracker=tracker) as client:
        client.ask("Hi")
        tracker.reset()
        assert tracker.total.requests == 0
