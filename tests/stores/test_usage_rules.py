"""Which rows the usage layer writes, which wait for a ledger that fails, and what they are charged with."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_json

from ai_utilities.usage import MemoryLedger, SQLiteLedger, UsageData, UsageLayer, layer as layer_module, tagged
from ai_utilities.usage.attempt_rows import failed_row, is_interrupted, route_tags
from ai_utilities.usage.data import PartialWriteError, checked_row, row_fields
from ai_utilities.usage.sqlite import field_values, row_values
from ai_utilities.usage.totals import RunningTotals
from dhenara.ai import AIModelClient, Send, Stream
from dhenara.ai.errors import BadRequestError, ConfigurationError, ConnectionFailedError
from dhenara.ai.testing import Answer, DialectReply, FakeServer, FakeUsage, Raw, Refusal
from dhenara.ai.types import AIModelCallConfig, Attempt, Call, Cost, Usage
from support.waiting import wait_until
from support.waiting_reply import WaitingReply
from support.worlds import endpoint

HELLO = Answer(text="Hello!", usage=FakeUsage(10, 5))
FACTS: dict[str, Any] = {"provider": "openai", "model": "m", "operation": "chat"}


def new_call(**fields: Any) -> Call:
    return Call(endpoint=endpoint("http://127.0.0.1:9"), messages=(), config=AIModelCallConfig(), **fields)


def row(number: int) -> UsageData:
    return UsageData(provider="openai", model=f"m{number}")


class FailingLedger(MemoryLedger):
    """A ledger that raises what a test puts into it."""

    def __init__(self, *failures: Exception | None) -> None:
        super().__init__()
        self.failures = list(failures)
        self.written: list[list[str]] = []

    def add(self, rows: Any) -> None:
        self.written.append([str(one.model) for one in rows])
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        super().add(rows)


def write(layer: UsageLayer, *numbers: int) -> None:
    for number in numbers:
        layer.write([row(number)])


def test_rows_that_wait_are_written_first_and_in_their_order(caplog: pytest.LogCaptureFixture) -> None:
    ledger = FailingLedger(OSError("full"), OSError("full"))
    with caplog.at_level(logging.WARNING):
        write(UsageLayer(ledger), 1, 2, 3, 4)
    assert ledger.written == [["m1"], ["m1", "m2"], ["m1", "m2", "m3"], ["m4"]]
    assert [one.model for one in ledger.rows()] == ["m1", "m2", "m3", "m4"]
    assert [message.partition(";")[0] for message in caplog.messages] == [
        "cannot write usage",
        "usage is written again, including 2 waiting rows",
    ]


def test_rows_of_another_thread_that_failed_meanwhile_come_after_older_ones() -> None:
    class BusyLedger(FailingLedger):
        def add(self, rows: Any) -> None:
            if not self.written:
                self.written.append([])
                write(layer, 2)  # as another thread does
                raise OSError("full")
            super().add(rows)

    ledger = BusyLedger(OSError("full"))
    layer = UsageLayer(ledger)
    write(layer, 1, 3)
    assert ledger.written == [[], ["m2"], ["m1", "m2", "m3"]]


def test_rows_that_were_stored_in_part_are_not_stored_twice() -> None:
    ledger = FailingLedger(OSError("full"), PartialWriteError([row(2)]))
    write(UsageLayer(ledger), 1, 2, 3)
    assert ledger.written == [["m1"], ["m1", "m2"], ["m2", "m3"]]


def test_beyond_its_bound_the_oldest_rows_are_dropped_with_an_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(layer_module, "LONGEST_BACKLOG", 2)
    ledger = FailingLedger(*[OSError("full")] * 4)
    write(UsageLayer(ledger), 1, 2, 3, 4, 5)
    assert ledger.written[-1] == ["m3", "m4", "m5"]
    lost = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    assert [message.rpartition(": ")[2] for message in lost] == ["dropped 1 row"] * 2


def test_what_waits_can_be_written_without_a_new_row() -> None:
    ledger = FailingLedger(OSError("full"))
    layer = UsageLayer(ledger)
    write(layer, 1)
    layer.flush()
    layer.flush()
    assert ledger.written == [["m1"], ["m1"]]


def test_rows_that_are_lost_at_the_end_are_an_error(caplog: pytest.LogCaptureFixture) -> None:
    layer = UsageLayer(FailingLedger(*[OSError("full")] * 9))
    write(layer, 1, 2)
    with caplog.at_level(logging.ERROR):
        layer.flush_at_exit()
        layer.flush_at_exit()
    lost = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    assert lost == ["lost 2 rows of usage, which could not be written before the process ended"]


def test_listeners_get_each_row_once_whatever_the_ledger_does() -> None:
    noted: list[str] = []
    layer = UsageLayer(FailingLedger(OSError("full")), listener=lambda one: noted.append(str(one.model)))
    write(layer, 1, 2)
    assert noted == ["m1", "m2"]


class ClosedLedger(MemoryLedger):
    """A ledger that opens no rows."""

    def open(self, rows: Any, expires: float) -> None:
        raise OSError("read only")


@pytest.mark.parametrize("required", [False, True])
def test_a_required_ledger_that_fails_keeps_the_request_from_being_sent(required: bool, server: FakeServer) -> None:
    server.add_replies(HELLO)
    layer = UsageLayer(ClosedLedger(), required=required)
    with AIModelClient(endpoint(server.url), layers=[layer]) as client:
        if required:
            with pytest.raises(OSError, match="read only"):
                client.generate("?")
        else:
            client.generate("?")
    assert len(server.exchanges) == (0 if required else 1)


def test_tags_of_the_call_win_over_those_of_the_layer_and_these_over_the_route(server: FakeServer) -> None:
    async def on_a_route(call: Call, send: Send) -> Stream:
        return await send(replace(call, deployment="first", route="r"))

    server.add_replies(HELLO)
    ledger = MemoryLedger()
    layer = UsageLayer(ledger, tags={"team": "a", "app": "x", "route": "mine"})
    with AIModelClient(endpoint(server.url), layers=[on_a_route, layer]) as client, tagged(team="b"):
        client.generate("?")
    assert ledger.rows()[0].tags == {"team": "b", "app": "x", "route": "mine", "deployment": "first"}


@pytest.mark.parametrize("tags", [{"user": "Zo\ud83d"}, {"\ud83d": "x"}])
def test_a_tag_that_no_store_can_write_is_refused_before_anything_is_sent(
    tags: dict[str, str], server: FakeServer, tmp_path: Path
) -> None:
    server.add_replies(HELLO, HELLO)
    with pytest.raises(ConfigurationError, match="half of a surrogate pair"):
        UsageLayer(MemoryLedger(), tags=tags)
    ledger = SQLiteLedger(tmp_path / "usage.db")
    with AIModelClient(endpoint(server.url), layers=[UsageLayer(ledger)]) as client:
        with pytest.raises(ConfigurationError, match="half of a surrogate pair"), tagged(**tags):
            client.generate("?")
        with tagged(user="Zoë \U0001f600"):
            client.generate("?")
    assert [row.tags for row in ledger.rows()] == [{"user": "Zoë \U0001f600"}]
    ledger.close()
    assert len(server.exchanges) == 1


@pytest.mark.parametrize(
    ("fields", "tags"),
    [
        ({}, {}),
        ({"deployment": "first", "route": "r"}, {"route": "r", "deployment": "first"}),
        (
            {"deployment": "first", "route": "r", "purpose": "hedge"},
            {"route": "r", "deployment": "first", "purpose": "hedge"},
        ),
    ],
)
def test_rows_name_route_deployment_and_purpose(fields: dict[str, Any], tags: dict[str, str]) -> None:
    assert route_tags(new_call(**fields)) == tags


@pytest.mark.parametrize(
    ("status", "error", "outcome", "cost"),
    [
        (400, "BadRequestError: no", "failed", 0),
        (503, "ServerError: down", "failed", 0),
        (399, "BadAnswerError: what", "failed", None),
        (200, "ConnectionFailedError: the connection closed", "interrupted", None),
        (200, "BrokenStreamError: cut", "interrupted", None),
        (None, "BrokenStreamError: cut", "interrupted", None),
        (300, "ConnectionFailedError: the connection closed", "failed", None),
    ],
)
def test_refused_requests_are_free_and_what_may_have_been_received_has_an_unknown_cost(
    status: int | None, error: str, outcome: str, cost: int | None
) -> None:
    attempt = Attempt(number=2, outcome="failed", status=status, error=error, seconds=1.5, request_id="r")
    written = failed_row(attempt, FACTS, new_call())
    assert (written.outcome, written.cost, written.attempt) == (outcome, cost, 2)
    assert (written.duration_s, written.request_id) == (1.5, "r")
    assert is_interrupted(attempt) is (outcome == "interrupted")


def test_each_attempt_and_each_layer_that_fails_has_its_rows(server: FakeServer) -> None:
    server.add_replies(Refusal(503, "down"), HELLO, Refusal(400, "no"))
    ledger = MemoryLedger()
    with AIModelClient(endpoint(server.url), layers=[UsageLayer(ledger)]) as client:
        client.generate("?", retry_delay=0.001)
        with pytest.raises(BadRequestError):
            client.generate("?")
    assert [(one.outcome, one.attempt) for one in ledger.rows()] == [("failed", 1), ("answered", 2), ("failed", 1)]
    assert ledger.open_rows() == []
    assert len({one.row_id for one in ledger.rows()}) == 3

    async def fails(call: Call, send: Send) -> Stream:
        raise ConnectionFailedError("of a layer")

    client = AIModelClient(endpoint(server.url), layers=[UsageLayer(ledger), fails])
    with client, pytest.raises(ConnectionFailedError):
        client.generate("?", retries=0)
    assert (len(ledger.rows()), ledger.open_rows()) == (3, [])


def test_the_time_of_a_streamed_answer_is_that_to_its_end(server: FakeServer) -> None:
    later = threading.Event()
    server.add_replies(WaitingReply(DialectReply(HELLO), 4, lambda: later.wait(100)))
    ledger = MemoryLedger()
    with AIModelClient(endpoint(server.url), layers=[UsageLayer(ledger)]) as client:
        stream = client.generate("?", streaming=True).stream_generator
        next(stream)
        first = time.monotonic()
        wait_until(lambda: time.monotonic() > first + 0.05)
        later.set()
        list(stream)
    (written,) = ledger.rows()
    assert (written.duration_s or 0) > (written.first_token_s or 0) + 0.04


def test_requests_that_are_not_charged_cost_nothing(server: FakeServer) -> None:
    server.add_replies(Raw(b'{"id": "f", "object": "file", "deleted": true}'), Raw(b'{"object": "list", "data": []}'))
    ledger = MemoryLedger()
    with AIModelClient(endpoint(server.url), layers=[UsageLayer(ledger)]) as client:
        client.delete_file("f")
        assert client.list_files() is not None
    (written,) = ledger.rows()
    assert (written.operation, written.cost) == ("files", 0)


def test_later_requests_of_a_call_that_was_answered_open_no_rows(server: FakeServer) -> None:
    calls: list[Call] = []

    async def note_call(call: Call, send: Send) -> Stream:
        calls.append(call)
        return await send(call)

    server.add_replies(HELLO)
    with AIModelClient(endpoint(server.url), layers=[UsageLayer(MemoryLedger()), note_call]) as client:
        client.generate("?")
    assert calls[0].journal.before_send == []


USAGES = [
    None,
    Usage.unknown(),
    Usage(input_tokens=3, cache_read_tokens=2, output_tokens=5, reasoning_tokens=1, output_audio_tokens=4),
    Usage(input_image_tokens=7, cache_write_1h_tokens=1),
    Usage(units={"images": 2.0}),
    Usage(),
]
COSTS = [None, Cost(amount=Decimal("0.1"), source="catalog", priced_as="openai/m"), Cost(reason="no price")]


@pytest.mark.parametrize("usage", USAGES, ids=str)
@pytest.mark.parametrize("cost", COSTS, ids=["none", "known", "unknown"])
def test_rows_of_checked_values_are_those_of_validated_ones(usage: Usage | None, cost: Cost | None) -> None:
    facts = {**FACTS, "tags": {"a": "b"}, "outcome": "failed", "attempt": 2, "duration_s": 0.5, "row_id": "1"}
    made, validated = checked_row(usage, cost, facts), UsageData.of(usage, cost, **facts)
    assert made == validated
    assert made.model_dump_json(exclude_defaults=True) == validated.model_dump_json(exclude_defaults=True)


@pytest.mark.parametrize("usage", USAGES, ids=str)
@pytest.mark.parametrize("cost", COSTS, ids=["none", "known", "unknown"])
@pytest.mark.parametrize(
    "more", [{}, {"tags": {"a": "b"}, "outcome": "cancelled", "attempt": 2, "saved_cost": Decimal(0)}]
)
def test_fields_are_stored_like_the_row_that_has_them(usage: Usage | None, cost: Cost | None, more: Any) -> None:
    facts = {
        "provider": "openai",
        "model": "m",
        "started_at": datetime.now(UTC),
        "duration_s": 0.5,
        "row_id": "1",
        **more,
    }
    made, fields = checked_row(usage, cost, facts), row_fields(usage, cost, facts)
    text = to_json(fields).decode()
    assert json.loads(text) == json.loads(made.model_dump_json(exclude_defaults=True))
    assert field_values(fields, text)[:-1] == row_values(made)[:-1]
    by_fields, by_row = RunningTotals(), RunningTotals()
    by_fields.add_fields(fields)
    by_row.add(made)
    assert by_fields.totals() == by_row.totals()


def test_rows_of_checked_values_share_nothing_that_can_be_changed() -> None:
    first, second = (checked_row(None, None, {**FACTS, "tags": {}}) for _ in range(2))
    first.units["images"] = Decimal(1)
    first.tags["a"] = "b"
    assert second.units == second.tags == {}


@pytest.mark.parametrize("tags", [{"a": 1}, {1: "a"}])
def test_tags_that_are_no_texts_are_refused_when_the_layer_is_made(tags: Any) -> None:
    with pytest.raises(ConfigurationError, match="tags"):
        UsageLayer(MemoryLedger(), tags=tags)


def test_rows_that_wait_are_written_at_exit() -> None:
    ledger = FailingLedger(OSError("full"))
    write(UsageLayer(ledger), 1)
    assert list(ledger.rows()) == []
    layer_module.settle_at_exit()
    assert [one.model for one in ledger.rows()] == ["m1"]


def test_a_forked_child_does_not_write_the_rows_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, process = FailingLedger(OSError("full")), os.getpid()
    layer = UsageLayer(ledger)
    write(layer, 1)
    monkeypatch.setattr(os, "getpid", lambda: process + 1)
    write(layer, 2)
    assert [one.model for one in ledger.rows()] == ["m2"]


def test_a_call_that_runs_at_exit_is_settled_once_as_cancelled(server: FakeServer) -> None:
    server.add_replies(HELLO)
    ledger = MemoryLedger()

    async def exit_while_it_runs(call: Call, send: Send) -> Stream:
        stream = await send(call)
        layer_module.settle_at_exit()
        return stream

    class Exits:
        def bind(self, io: Any, target: Any) -> Any:
            return exit_while_it_runs

    with AIModelClient(endpoint(server.url), layers=[UsageLayer(ledger), Exits()]) as client:
        client.generate("?")
    assert [one.outcome for one in ledger.rows()] == ["cancelled"]


def test_a_call_that_is_cancelled_before_its_request_has_no_row(server: FakeServer) -> None:
    ledger, sent = MemoryLedger(), list[str]()

    async def stop_once(call: Call, send: Send) -> Stream:
        sent.append(call.operation)
        if len(sent) == 1:
            raise KeyboardInterrupt
        return await send(call)

    class Stops:
        def bind(self, io: Any, target: Any) -> Any:
            return stop_once

    server.add_replies(HELLO)
    with AIModelClient(endpoint(server.url), layers=[UsageLayer(ledger), Stops()]) as client:
        with pytest.raises(KeyboardInterrupt):
            client.generate("?")
        assert ledger.rows() == []
        client.generate("?")
    assert [one.outcome for one in ledger.rows()] == ["answered"]
    assert len(server.exchanges) == 1
