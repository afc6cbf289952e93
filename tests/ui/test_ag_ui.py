"""Streams and runs as AG-UI events, and inputs of runs read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, FakeToolCall, Refusal
from dhenara.ai.types import ImageContent, Tool
from dhenara.ai.ui import UIEventStream, UIRequest, read_run_input, to_ag_ui_events
from support.worlds import Blocking, World, endpoint

Events = list[dict[str, Any]]
PIXEL = b"\x89PNG\r\n\x1a\n" + bytes(20)


def weather(city: str) -> dict[str, Any]:
    """The weather."""
    return {"city": city}


def draw() -> list[Any]:
    """Draws."""
    return ["A picture", ImageContent.from_bytes(PIXEL)]


GUARDED = Tool.from_function(weather, needs_approval=True)
ROME = FakeToolCall("weather", {"city": "Rome"}, "c1")


def run_events(world: World, server: FakeServer, *replies: Any, options: Any = None, **settings: Any) -> Events:
    """The events of a streamed run."""
    server.add_replies(*replies)
    client = AIModelClient(endpoint(server.url))
    prompt = () if "messages" in settings else ("?",)

    def make(is_async: bool) -> UIEventStream:
        start = client.run_streaming_async if is_async else client.run_streaming
        return to_ag_ui_events(start(*prompt, **settings), **(options or {}))

    if isinstance(world, Blocking):
        events = list(make(False))
    else:

        async def read() -> Events:
            return [event async for event in make(True)]

        events = world._start(read)
    world.close(client)
    return events


def kinds(events: Events) -> list[str]:
    """Types in order, each once in a row."""
    types = [event["type"] for event in events]
    return [kind for at, kind in enumerate(types) if not at or types[at - 1] != kind]


def test_a_run_has_every_event(server: FakeServer, world: World) -> None:
    reply = Answer(text="Let me look", reasoning="Hm", tool_calls=(ROME,))
    request = UIRequest(messages=(), thread_id="t", run_id="r")
    events = run_events(world, server, reply, Answer(text="Warm"), tools=[weather], options={"request": request})
    assert events[0] == {"type": "RUN_STARTED", "threadId": "t", "runId": "r"}
    assert kinds(events) == [
        *("RUN_STARTED", "STEP_STARTED", "REASONING_START", "REASONING_MESSAGE_START", "REASONING_MESSAGE_CONTENT"),
        *("REASONING_MESSAGE_END", "REASONING_END", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END"),
        *("TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END", "TOOL_CALL_RESULT", "STEP_FINISHED", "STEP_STARTED"),
        *("TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END", "STEP_FINISHED", "RUN_FINISHED"),
    ]
    start = next(event for event in events if event["type"] == "TOOL_CALL_START")
    text = next(event for event in events if event["type"] == "TEXT_MESSAGE_START")
    assert start["parentMessageId"] == text["messageId"]
    arguments = "".join(event["delta"] for event in events if event["type"] == "TOOL_CALL_ARGS")
    assert json.loads(arguments) == {"city": "Rome"}
    result = next(event for event in events if event["type"] == "TOOL_CALL_RESULT")
    assert (result["toolCallId"], result["content"], result["role"]) == ("c1", '{"city":"Rome"}', "tool")
    assert events[-1] == {"type": "RUN_FINISHED", "threadId": "t", "runId": "r", "outcome": {"type": "success"}}


def test_a_pending_call_is_an_interrupt(server: FakeServer, world: World) -> None:
    events = run_events(world, server, Answer(tool_calls=(ROME,)), tools=[GUARDED])
    outcome = events[-1]["outcome"]
    assert outcome["type"] == "interrupt"
    assert [(one["id"], one["toolCallId"]) for one in outcome["interrupts"]] == [("approval-c1", "c1")]


def test_a_call_for_the_browser_stays_open(server: FakeServer, world: World) -> None:
    place = Tool.from_schema({"type": "object", "properties": {}}, name="place")
    events = run_events(world, server, Answer(tool_calls=(FakeToolCall("place", {}, "c1"),)), tools=[place])
    assert events[-1]["outcome"] == {"type": "success", "pendingToolCallIds": ["c1"]}


@pytest.mark.parametrize(
    "reply", [Refusal(401, "key sk-secret-0123"), CutReply(DialectReply(Answer(text="Hello there")), after=3)]
)
def test_an_error_is_the_last_event(reply: Any, server: FakeServer, world: World) -> None:
    events = run_events(world, server, reply)
    assert events[-1]["type"] == "RUN_ERROR"
    assert "secret" not in json.dumps(events)
    assert kinds(events).count("RUN_ERROR") == 1


def test_state_is_sent_when_it_changed(server: FakeServer, world: World) -> None:
    state = {"count": 0}

    def count() -> int:
        """Counts."""
        state["count"] += 1
        return state["count"]

    replies = Answer(tool_calls=(FakeToolCall("count", {}, "c1"),)), Answer(text="1")
    events = run_events(world, server, *replies, tools=[count], options={"state": lambda: state})
    snapshots = [event["snapshot"] for event in events if event["type"] == "STATE_SNAPSHOT"]
    assert snapshots == [{"count": 0}, {"count": 1}]
    assert events[1]["type"] == "STATE_SNAPSHOT"


def test_media_of_tools_are_parts(server: FakeServer, world: World) -> None:
    replies = Answer(tool_calls=(FakeToolCall("draw", {}, "c1"),)), Answer(text="x")
    events = run_events(world, server, *replies, tools=[draw])
    content = next(event["content"] for event in events if event["type"] == "TOOL_CALL_RESULT")
    assert [part["type"] for part in content] == ["text", "image"]
    read = read_run_input(given({"id": "r", "role": "tool", "toolCallId": "c1", "content": content}))
    result = read.messages[0].contents[0]
    assert result.type == "tool_result"
    assert result.contents[1].data == PIXEL  # type: ignore[union-attr]


def given(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"threadId": "t", "runId": "r", "messages": list(messages), **more}


def test_every_part_of_an_input_is_read() -> None:
    image = {"type": "image", "source": {"type": "url", "value": "https://example.com/a.png", "mimeType": "image/png"}}
    old = {"type": "binary", "mimeType": "text/plain", "data": "SGk=", "filename": "a.txt"}
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}
    ours = {"id": "server-tool-1-0", "type": "function", "function": {"name": "web_search", "arguments": "{}"}}
    body = given(
        {"id": "s", "role": "system", "content": "Obey"},
        {"id": "u", "role": "user", "content": [{"type": "text", "text": "Look"}, image, old]},
        {"id": "h", "role": "reasoning", "content": "Hm"},
        {"id": "a", "role": "assistant", "content": "Let me look"},
        {"id": "b", "role": "assistant", "toolCalls": [ours, call]},
        {"id": "x", "role": "tool", "toolCallId": "server-tool-1-0", "content": "{}"},
        {"id": "r", "role": "tool", "toolCallId": "c1", "content": "31", "error": "too hot"},
        tools=[{"name": "place", "description": "Where?", "parameters": {"type": "object", "properties": {}}}],
        context=[{"description": "page", "value": "cart"}],
        state={"count": 1},
        forwardedProps={"a": 1},
        resume=[
            {"interruptId": "approval-c2", "status": "resolved", "payload": {"approved": True}},
            {"interruptId": "approval-c3", "status": "resolved", "payload": {"approved": False, "reason": "no"}},
            {"interruptId": "approval-c4", "status": "cancelled"},
            {"interruptId": "approval-c5", "status": "resolved", "payload": True},
        ],
    )
    request = read_run_input(json.dumps(body))
    assert [message.role for message in request.messages] == ["user", "assistant", "tool"]
    question, answer, results = request.messages
    assert [part.type for part in question.contents] == ["text", "image", "file"]
    assert [part.type for part in answer.contents] == ["text", "tool_call"]
    result = results.contents[0]
    assert result.type == "tool_result"
    assert (result.name, result.output, result.is_error) == ("weather", "31", True)
    assert [tool.name for tool in request.tools] == ["place"]
    assert dict(request.decisions) == {"c2": True, "c3": "no", "c4": False, "c5": True}
    assert (request.thread_id, request.run_id, request.state) == ("t", "r", {"count": 1})
    assert (request.context, request.extras) == ({"page": "cart"}, {"forwardedProps": {"a": 1}})
    assert read_run_input(body, allow_system=True).messages[0].role == "system"


@pytest.mark.parametrize(
    "body",
    [
        {"messages": []},
        given({"role": "root", "content": ""}),
        given({"role": "user", "content": [{"type": "image", "source": {"type": "file", "value": "file-1"}}]}),
        given({"role": "user", "content": [{"type": "image"}]}),
        given({"role": "assistant", "toolCalls": [{"id": "c"}]}),
        given({"role": "tool", "content": "x"}),
        given({"role": "assistant", "toolCalls": True}),
        given(context=True),
        given(tools=1),
        given(tools=[{"name": "a", "parameters": {"type": "array"}}]),
        given(resume=["x"]),
    ],
)
def test_other_inputs_are_refused(body: Any) -> None:
    with pytest.raises(ConfigurationError):
        read_run_input(body)
