"""Answers of which nobody needs the row: a tracker without a ledger and listeners only adds them up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from ai_utilities.usage import MemoryLedger, SQLiteLedger, UsageData, UsageLayer, UsageTracker, tagged
from ai_utilities.usage.data import BUCKETS, Outcome, checked_row
from ai_utilities.usage.totals import RunningTotals
from dhenara.ai import AIModelClient, Send, Stream
from dhenara.ai.integration import ModelTemplate
from dhenara.ai.testing import Answer, FakeServer, FakeUsage, Refusal
from dhenara.ai.types import AIModelCallConfig, Call, Cost, Usage
from support.worlds import endpoint

HELLO = Answer(text="Hello!", usage=FakeUsage(10, 5))


@pytest.mark.parametrize("cached", [False, True])
@given(
    usage=st.builds(
        Usage,
        **{bucket: st.integers(0, 9) for bucket in BUCKETS},
    )
    | st.builds(Usage.unknown),
    cost=st.builds(Cost, amount=st.none() | st.decimals(0, 9), saved=st.none() | st.decimals(0, 9)),
)
def test_an_answer_that_is_counted_adds_what_its_row_would_add(cached: bool, usage: Usage, cost: Cost) -> None:
    outcome: Outcome = "cached" if cached else "answered"
    made = checked_row(usage, cost, {"outcome": outcome, "cached": cached, "saved_cost": cost.saved})
    counted, by_row = RunningTotals(), RunningTotals()
    counted.add_answer(usage, cost, outcome)
    by_row.add(made)
    assert counted.totals() == by_row.totals()


def made_rows(monkeypatch: pytest.MonkeyPatch) -> list[UsageData]:
    """The rows that are made from now on."""
    rows: list[UsageData] = []
    make = ModelTemplate.make

    def note(template: ModelTemplate[Any], given: dict[str, Any]) -> Any:
        made = make(template, given)
        rows.extend([made] if isinstance(made, UsageData) else [])
        return made

    monkeypatch.setattr(ModelTemplate, "make", note)
    return rows


class OwnTracker(UsageTracker):
    """A tracker of a user."""


@pytest.mark.parametrize(
    ("tracker", "rows"),
    [(UsageTracker(), 0), (UsageTracker(MemoryLedger()), 2), (OwnTracker(), 1)],
    ids=["alone", "with a ledger", "a subclass"],
)
def test_a_row_is_made_only_for_somebody(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, tracker: UsageTracker, rows: int
) -> None:
    made = made_rows(monkeypatch)
    server.add_replies(HELLO)
    with AIModelClient(endpoint(server.url), layers=[UsageLayer(tracker)]) as client:
        client.generate("?")
    assert len(made) == rows
    assert (tracker.total.requests, tracker.total.prompt_tokens, tracker.total.completion_tokens) == (1, 10, 5)


def test_the_row_of_an_answer_in_a_file_is_made_when_it_is_read(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tracker, made = UsageTracker(SQLiteLedger(tmp_path / "usage.db")), made_rows(monkeypatch)
    server.add_replies(HELLO)
    with AIModelClient(endpoint(server.url), layers=[UsageLayer(tracker, tags={"team": "a"})]) as client:
        client.generate("?")
    assert [row.outcome for row in made] == ["open"]
    assert (tracker.total.requests, tracker.total.prompt_tokens, tracker.total.completion_tokens) == (1, 10, 5)
    assert tracker.ledger is not None
    (read,) = tracker.ledger.rows()
    assert (read.outcome, read.operation, read.total_tokens, read.tags) == ("answered", "chat", 15, {"team": "a"})
    assert (read.row_id, read.started_at) == (made[0].row_id, made[0].started_at)
    tracker.close()


def test_a_listener_that_came_during_a_call_gets_its_row(server: FakeServer) -> None:
    tracker, received = UsageTracker(), list[UsageData]()

    async def subscribe(call: Call, send: Send) -> Stream:
        stream = await send(call)
        tracker.subscribe(received.append)
        return stream

    server.add_replies(HELLO)
    with AIModelClient(endpoint(server.url), layers=[UsageLayer(tracker), subscribe]) as client, tagged(job="night"):
        client.generate("?")
    assert [(one.tags, one.outcome, one.prompt_tokens) for one in received] == [({"job": "night"}, "answered", 10)]
    assert tracker.total.requests == 1


def test_failed_attempts_before_an_answer_that_is_counted_are_counted_too(server: FakeServer) -> None:
    tracker = UsageTracker()
    server.add_replies(Refusal(status=503), HELLO)
    with AIModelClient(endpoint(server.url), AIModelCallConfig(retries=1), layers=[UsageLayer(tracker)]) as client:
        client.generate("?")
    assert (tracker.total.requests, tracker.total.failed, tracker.total.completion_tokens) == (2, 1, 5)
