"""Calls of an agent that wait for approval are shown; the next request resumes the agent instead of a new one."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import Run, Tool
from dhenara.ai.ui import (
    UIEventStream,
    UIRequest,
    UIRequestError,
    read_run_input,
    read_ui_messages,
    to_ag_ui_events,
    to_ui_message_stream,
)
from support.worlds import Blocking, World, endpoint

Messages = list[dict[str, Any]]
INNER = "call_0/call_7"
PROMPT = {"id": "u", "role": "user", "parts": [{"type": "text", "text": "How is Rome?"}]}
runs: list[str] = []


def weather(city: str) -> str:
    """The weather."""
    runs.append(city)
    return f"31 in {city}"


class Chat:
    """A server with an agent whose tool needs approval, and which stores runs as JSON."""

    def __init__(self, world: World, server: FakeServer) -> None:
        runs.clear()
        self.world = world
        self.client = AIModelClient(endpoint(server.url))
        agent = AIModelClient(endpoint(server.url, model="fake-2"))
        guarded = Tool.from_function(weather, needs_approval=True)
        self.tools = [agent.as_tool("research", "Finds out.", tools=[guarded])]
        self.stored: bytes | None = None

    def send(self, request: UIRequest, convert: Any) -> Messages:
        """Answer a request of the page with what comes from the store."""
        given = request.continue_run(None if self.stored is None else Run.from_json(self.stored))

        def make(is_async: bool) -> UIEventStream:
            start = self.client.run_streaming_async if is_async else self.client.run_streaming
            stream: UIEventStream = convert(start(tools=self.tools, on_end=self.keep, **given))
            return stream

        if isinstance(self.world, Blocking):
            return list(make(False))

        async def read() -> Messages:
            return [message async for message in make(True)]

        messages: Messages = self.world._start(read)
        return messages

    def keep(self, run: Run[Any]) -> None:
        self.stored = run.to_json()


@pytest.fixture
def chat(world: World, server: FakeServer) -> Chat:
    server.add_replies(
        Answer(tool_calls=(FakeToolCall("research", {"prompt": "Rome?"}, "call_0"),)),
        Answer(tool_calls=(FakeToolCall("weather", {"city": "Rome"}, "call_7"),)),
        Answer(text="31 degrees."),
        Answer(text="It is hot."),
    )
    return Chat(world, server)


def ui_body(state: str, **approval: Any) -> dict[str, Any]:
    """What useChat sends after the user decided: the call of the agent is open."""
    agent = {"type": "tool-research", "toolCallId": "call_0", "input": {"prompt": "Rome?"}, "state": "input-available"}
    inner = {"type": "tool-weather", "toolCallId": INNER, "input": {"city": "Rome"}, "state": state}
    inner |= {"approval": {"id": f"approval-{INNER}", **approval}}
    parts = [{"type": "step-start"}, agent, {"type": "step-start"}, inner]
    return {"id": "c", "messages": [PROMPT, {"id": "m", "role": "assistant", "parts": parts}]}


def test_the_page_is_shown_the_call_of_the_agent(chat: Chat) -> None:
    chunks = chat.send(read_ui_messages({"id": "c", "messages": [PROMPT]}), to_ui_message_stream)
    about = [chunk for chunk in chunks if chunk.get("toolCallId") == INNER]
    assert [chunk["type"] for chunk in about] == ["tool-input-start", "tool-input-available", "tool-approval-request"]
    assert (about[1]["toolName"], about[1]["input"]) == ("weather", {"city": "Rome"})
    assert about[2]["approvalId"] == f"approval-{INNER}"
    [requested] = [chunk for chunk in chunks if chunk["type"] == "tool-approval-request"]
    assert requested["toolCallId"] == INNER
    kinds = [chunk["type"] for chunk in chunks if not chunk["type"].startswith("tool-input")]
    assert kinds == [
        "start",
        "start-step",
        "finish-step",
        "start-step",
        "tool-approval-request",
        "finish-step",
        "finish",
    ]


@pytest.mark.parametrize("approved", [True, False])
def test_the_next_request_resumes_the_agent(chat: Chat, server: FakeServer, approved: bool) -> None:
    chat.send(read_ui_messages({"id": "c", "messages": [PROMPT]}), to_ui_message_stream)
    request = read_ui_messages(ui_body("approval-responded", approved=approved))
    chunks = chat.send(request, to_ui_message_stream)
    assert runs == (["Rome"] if approved else [])
    assert len(server.exchanges) == 4, "the agent was started again"
    ended = {chunk["toolCallId"]: chunk["type"] for chunk in chunks if "toolCallId" in chunk}
    assert ended == {
        INNER: "tool-output-available" if approved else "tool-output-denied",
        "call_0": "tool-output-available",
    }
    assert "".join(chunk.get("delta", "") for chunk in chunks) == "It is hot."


def test_messages_of_the_page_have_no_calls_of_agents(chat: Chat) -> None:
    request = read_ui_messages(ui_body("approval-responded", approved=True))
    assert [call.id for call in request.messages[-1].contents if call.type == "tool_call"] == ["call_0"]
    assert request.decisions == {INNER: True}
    done = read_ui_messages(ui_body("output-available", approved=True))
    assert [message.role for message in done.messages] == ["user", "assistant"]


def ag_ui_input(**fields: Any) -> dict[str, Any]:
    prompt = {"id": "u", "role": "user", "content": "How is Rome?"}
    calls = [
        {"id": "call_0", "type": "function", "function": {"name": "research", "arguments": '{"prompt": "Rome?"}'}},
        {"id": INNER, "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}},
    ]
    answer = {"id": "m", "role": "assistant", "toolCalls": calls}
    return {"threadId": "t", "runId": "r", "messages": [prompt, *([answer] if fields else [])], **fields}


def test_an_agent_of_ag_ui_is_resumed_too(chat: Chat, server: FakeServer) -> None:
    events = chat.send(read_run_input(ag_ui_input()), to_ag_ui_events)
    [interrupt] = events[-1]["outcome"]["interrupts"]
    assert (interrupt["toolCallId"], interrupt["message"]) == (INNER, "May weather run?")
    resume = [{"interruptId": interrupt["id"], "status": "resolved", "payload": {"approved": True}}]
    request = read_run_input(ag_ui_input(resume=resume))
    assert [call.id for call in request.messages[-1].contents if call.type == "tool_call"] == ["call_0"]
    events = chat.send(request, to_ag_ui_events)
    assert runs == ["Rome"]
    assert len(server.exchanges) == 4
    results = {event["toolCallId"]: event["content"] for event in events if event["type"] == "TOOL_CALL_RESULT"}
    assert results == {INNER: "31 in Rome", "call_0": "31 degrees."}


def test_a_new_question_in_place_of_a_decision_starts_a_new_run(chat: Chat) -> None:
    chat.send(read_ui_messages({"id": "c", "messages": [PROMPT]}), to_ui_message_stream)
    assert chat.stored is not None
    body = ui_body("approval-requested")
    body["messages"].append({"id": "u2", "role": "user", "parts": [{"type": "text", "text": "Never mind."}]})
    given = read_ui_messages(body).continue_run(Run.from_json(chat.stored))
    assert [message.text for message in given["messages"] if message.role == "user"] == ["How is Rome?", "Never mind."]


def test_decisions_for_other_calls_are_ignored_and_wrong_ones_refused(chat: Chat) -> None:
    chat.send(read_ui_messages({"id": "c", "messages": [PROMPT]}), to_ui_message_stream)
    assert chat.stored is not None
    run = Run.from_json(chat.stored)
    other = UIRequest(messages=read_ui_messages({"messages": [PROMPT]}).messages[:1], decisions={"call_9": True})
    assert "messages" in other.continue_run(run)
    wrong = UIRequest(messages=run.messages, decisions={INNER: 5})  # type: ignore[dict-item]
    with pytest.raises(UIRequestError, match="a decision in the request does not fit its call"):
        wrong.continue_run(run)


def test_the_first_request_has_no_run() -> None:
    request = read_ui_messages({"id": "c", "messages": [PROMPT]})
    assert request.continue_run(None) == {"messages": list(request.messages)}
