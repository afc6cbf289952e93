"""A function of the user that raises becomes an error of the stream, in the format of the user interface."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall, Refusal
from dhenara.ai.ui import UIEventStream, to_ag_ui_events, to_ui_message_stream
from support.worlds import Blocking, World, endpoint

USUAL = "The assistant could not answer. Try again."


def weather(city: str) -> str:
    """The weather."""
    return "sunny"


def raises(*_: object) -> Any:
    raise KeyError("password=hunter2")


def not_json(*_: object) -> Any:
    return {"model": object()}


def read(world: World, server: FakeServer, make: Callable[[Any], UIEventStream], *replies: Any) -> list[Any]:
    """The messages of a streamed run, as a browser reads its server-sent events."""
    server.add_replies(*replies)
    client = AIModelClient(endpoint(server.url))
    if isinstance(world, Blocking):
        lines = list(make(client.run_streaming("?", tools=[weather], retries=0)).sse())
    else:

        async def drain() -> list[str]:
            run = client.run_streaming_async("?", tools=[weather], retries=0)
            return [line async for line in make(run).sse_async()]

        lines = world._start(drain)
    return [json.loads(line.removeprefix("data: ")) for line in lines if not line.startswith("data: [DONE]")]


def kinds(messages: list[Any]) -> list[str]:
    return [message["type"] for message in messages]


@pytest.mark.parametrize("metadata", [raises, not_json])
def test_metadata_that_fails_is_an_error_part_before_the_end(world: World, server: FakeServer, metadata: Any) -> None:
    chunks = read(world, server, lambda run: to_ui_message_stream(run, metadata=metadata), Answer(text="Hi"))
    assert kinds(chunks)[-3:] == ["finish-step", "error", "finish"]
    assert chunks[-2]["errorText"] == USUAL
    assert chunks[-1] == {"type": "finish", "finishReason": "error"}


def test_metadata_that_fails_after_a_failure_adds_no_second_error(world: World, server: FakeServer) -> None:
    chunks = read(world, server, lambda run: to_ui_message_stream(run, metadata=raises), Refusal(500, "broken"))
    assert kinds(chunks).count("error") == 1
    assert chunks[-1] == {"type": "finish", "finishReason": "error"}


def test_metadata_of_a_failed_run_is_made_of_what_there_is(world: World, server: FakeServer) -> None:
    called = Answer(tool_calls=(FakeToolCall("weather", {"city": "Rome"}, "c1"),))
    make = lambda run: to_ui_message_stream(run, metadata=lambda run: {"steps": len(run.steps)})  # noqa: E731
    chunks = read(world, server, make, called, Refusal(500, "broken"))
    assert kinds(chunks).count("error") == 1
    assert chunks[-1] == {"type": "finish", "finishReason": "error", "messageMetadata": {"steps": 1}}


def test_metadata_may_have_decimals_and_other_plain_values(world: World, server: FakeServer) -> None:
    make = lambda run: to_ui_message_stream(run, metadata=lambda run: {"cost": Decimal("0.5")})  # noqa: E731
    assert read(world, server, make, Answer(text="Hi"))[-1]["messageMetadata"] == {"cost": "0.5"}


@pytest.mark.parametrize("convert", [to_ui_message_stream, to_ag_ui_events])
@pytest.mark.parametrize("error_text", [raises, lambda error: error])
def test_an_error_text_that_fails_is_replaced_by_the_usual_one(
    world: World, server: FakeServer, convert: Any, error_text: Any
) -> None:
    messages = read(world, server, lambda run: convert(run, error_text=error_text), Refusal(400, "no"))
    texts = [
        message.get("errorText", message.get("message")) for message in messages if "rror" in message["type"].lower()
    ]
    assert texts == [USUAL]


def test_a_state_that_fails_at_the_start_is_a_run_error(world: World, server: FakeServer) -> None:
    events = read(world, server, lambda run: to_ag_ui_events(run, state=raises))
    assert kinds(events) == ["RUN_STARTED", "RUN_ERROR"]
    assert events[-1]["message"] == USUAL
    assert not server.exchanges


def test_a_state_that_fails_later_ends_the_run_with_an_error(world: World, server: FakeServer) -> None:
    states = iter([{"n": 1}])
    called = Answer(tool_calls=(FakeToolCall("weather", {"city": "Rome"}, "c1"),))
    make = lambda run: to_ag_ui_events(run, state=lambda: next(states, None) or raises())  # noqa: E731
    events = read(world, server, make, called, Answer(text="not asked for"))
    assert kinds(events)[-2:] == ["TOOL_CALL_RESULT", "RUN_ERROR"]
    assert len(server.exchanges) == 1


def test_the_exception_is_logged_for_the_developer(
    world: World, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "dhenara.ui"):
        read(world, server, lambda run: to_ui_message_stream(run, metadata=raises), Answer(text="Hi"))
    [record] = caplog.records
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], KeyError)
