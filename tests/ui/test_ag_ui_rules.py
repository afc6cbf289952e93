"""What each argument of the AG-UI conversion changes, and what an AG-UI client may not decide."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall, Refusal
from dhenara.ai.types import Tool
from dhenara.ai.ui import UIRequestError, read_run_input, to_ag_ui_events
from dhenara.ai.ui.ag_ui import AGUIWriter
from dhenara.ai.ui.events import CallOpened, StepClosed, StepOpened
from support.worlds import endpoint

Events = list[dict[str, Any]]


def weather(city: str) -> str:
    """The weather."""
    raise ValueError(f"no weather in {city}")


def events_of(server: FakeServer, *replies: Any, tools: Any = (), **options: Any) -> Events:
    server.add_replies(*replies)
    with AIModelClient(endpoint(server.url), config=None) as client:
        return list(to_ag_ui_events(client.run_streaming("?", tools=list(tools), retries=0), **options))


def values(events: Events, kind: str, field: str) -> list[Any]:
    return [event[field] for event in events if event["type"] == kind]


CALLED = Answer(tool_calls=(FakeToolCall("weather", {"city": "Rome"}, "c1"),))


@pytest.mark.parametrize("send", [False, True])
def test_messages_of_failed_tools_are_sent_on_demand(send: bool, server: FakeServer) -> None:
    events = events_of(server, CALLED, Answer(text="Hm"), tools=[weather], send_tool_errors=send)
    (content,) = values(events, "TOOL_CALL_RESULT", "content")
    assert ("no weather in Rome" in content) is send


@pytest.mark.parametrize("send", [False, True])
def test_reasoning_is_sent_unless_it_is_turned_off(send: bool, server: FakeServer) -> None:
    events = events_of(server, Answer(text="Hi", reasoning="Hm"), send_reasoning=send)
    assert "".join(values(events, "REASONING_MESSAGE_CONTENT", "delta")) == ("Hm" if send else "")


def test_an_error_has_the_text_that_the_program_gives_it(server: FakeServer) -> None:
    events = events_of(server, Refusal(400, "no"), error_text=lambda error: f"mine: {type(error).__name__}")
    assert values(events, "RUN_ERROR", "message") == ["mine: BadRequestError"]


def test_a_state_that_a_tool_changed_follows_the_result_of_the_tool(server: FakeServer) -> None:
    state = {"n": 0}

    def count() -> str:
        """Counts."""
        state["n"] += 1
        return "done"

    called = Answer(tool_calls=(FakeToolCall("count", {}, "c1"),))
    events = events_of(server, called, Answer(text="1"), tools=[count], state=lambda: state)
    kinds = [event["type"] for event in events]
    assert kinds[kinds.index("TOOL_CALL_RESULT") + 1] == "STATE_SNAPSHOT"
    assert kinds.count("STATE_SNAPSHOT") == 2


def test_a_call_that_a_step_leaves_open_is_ended_with_the_step_and_once() -> None:
    writer = AGUIWriter("t", "r", None, str, True, False)
    steps = [StepOpened(1), CallOpened("c1", "weather"), StepClosed(1), StepOpened(2), StepClosed(2)]
    events = [event for step in steps for event in writer.write(step)]
    kinds = [event["type"] for event in events]
    assert kinds.count("TOOL_CALL_END") == 1
    assert kinds.index("TOOL_CALL_END") < kinds.index("STEP_FINISHED")


def given(**more: Any) -> dict[str, Any]:
    return {"threadId": "t", "runId": "r", "messages": [{"id": "u", "role": "user", "content": "?"}], **more}


@pytest.mark.parametrize(
    ("status", "payload", "decision"),
    [
        ("resolved", {"approved": True}, True),
        ("cancelled", {"approved": True}, False),
        ("resolved", {"approved": "true"}, False),
        ("resolved", {"approved": 1}, False),
        ("resolved", {"reason": ""}, False),
    ],
)
def test_a_tool_is_approved_only_by_an_answer_that_is_true(status: str, payload: Any, decision: Any) -> None:
    resume = [{"interruptId": "approval-c1", "status": status, "payload": payload}]
    assert dict(read_run_input(given(resume=resume)).decisions) == {"c1": decision}


def test_a_page_may_not_offer_a_tool_with_the_name_of_one_of_the_server() -> None:
    offered = [{"name": "weather", "description": "Mine", "parameters": {"type": "object", "properties": {}}}]
    assert [tool.name for tool in read_run_input(given(tools=offered)).tools] == ["weather"]
    with pytest.raises(UIRequestError, match="name of a tool that the server runs"):
        read_run_input(given(tools=offered), tools=[Tool.from_function(weather)])
