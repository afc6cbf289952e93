"""Tool calls that do not run: those of answers that broke off, were cut off, or that the provider withheld."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from dhenara.ai import AIModelClient
from dhenara.ai.conversation import Conversation
from dhenara.ai.errors import RefusedError, TruncatedError
from dhenara.ai.pipeline.agent.toolbox import INCOMPLETE
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall, RawStream
from dhenara.ai.types import Message, Run, ToolEnded, ToolStarted
from dhenara.ai.types.chat.run_parts import Unrun
from dhenara.ai.ui.requests import STOPPED
from support.runs import go, go_streaming
from support.worlds import World, endpoint

ENDINGS = [
    ("openai", "gpt-5", "max_output_tokens", "length"),
    ("openai", "gpt-5", "content_filter", "content_filter"),
    ("deepseek", "deepseek-chat", "content_filter", "content_filter"),
    ("mistral", "mistral-large-latest", "error", "error"),
    ("anthropic", "claude-sonnet-4-5", "refusal", "refusal"),
    ("anthropic", "claude-sonnet-4-5", "model_context_window_exceeded", "context_length"),
    ("google_ai", "gemini-3-flash", "SAFETY", "content_filter"),
    ("google_ai", "gemini-3-flash", "MALFORMED_FUNCTION_CALL", "error"),
    ("amazon_bedrock", "anthropic.claude-sonnet-4-5-v1:0", "guardrail_intervened", "content_filter"),
    ("cohere", "command-a", "MAX_TOKENS", "length"),
    ("ollama", "qwen3", "length", "length"),
]


class Files:
    """A tool that must not run."""

    def __init__(self) -> None:
        self.deleted: list[str] = []

    def delete(self, folder: str = "/") -> str:
        self.deleted.append(folder)
        return "deleted"


def deletion(finish: str | None) -> Answer:
    made = tuple(FakeToolCall("delete", {"folder": f"/tmp/{n}"}, f"call_{n}") for n in range(2))
    return Answer(tool_calls=made, finish=finish)


@pytest.mark.parametrize(("provider", "model", "finish", "reason"), ENDINGS)
@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
def test_calls_of_answers_that_are_cut_or_withheld_do_not_run(
    provider: str, model: str, finish: str, reason: str, streaming: bool, server: FakeServer, world: World
) -> None:
    server.add_replies(deletion(finish), Answer(text="Deleted nothing."))
    client, files, reported = AIModelClient(endpoint(server.url, provider, model)), Files(), list[Any]()
    settings = {"tools": [files.delete], "on_event": reported.append}
    run = go_streaming(world, client, "Go.", **settings)[1] if streaming else go(world, client, "Go.", **settings)
    assert files.deleted == []
    assert run.stopped == run.finish_reason == reason
    assert [tool.outcome for tool in run.tools] == ["unrun", "unrun"]
    assert [type(event) for event in reported if isinstance(event, ToolStarted | ToolEnded)] == [ToolEnded] * 2
    assert len(server.exchanges) == 1
    later = go(world, client, messages=[*run.messages, Message(role="user", contents="Again.")])
    world.close(client)
    assert later.text == "Deleted nothing."
    assert later.response is not None
    assert later.response.warnings == []  # the history needed no repair
    assert f"not run: {INCOMPLETE[reason]}".encode() in server.exchanges[1].body
    assert files.deleted == []


def test_a_run_that_was_cut_off_is_resumed_with_another_request(server: FakeServer, world: World) -> None:
    server.add_replies(deletion("max_output_tokens"), deletion(None), Answer(text="Done."))
    client, files = AIModelClient(endpoint(server.url)), Files()
    cut = go(world, client, "Go.", tools=[files.delete])
    saved = Run.from_json(cut.to_json())
    assert saved.stopped == "length"
    run = go(world, client, resume=saved, tools=[files.delete])
    world.close(client)
    assert (run.text, run.stopped, sorted(files.deleted)) == ("Done.", "answered", ["/tmp/0", "/tmp/1"])
    assert [tool.outcome for tool in run.tools] == ["unrun", "unrun", "ran", "ran"]


def test_structured_output_of_such_answers_raises(server: FakeServer, world: World) -> None:
    class Report(BaseModel):
        deleted: int

    server.add_replies(deletion("max_output_tokens"), deletion("content_filter"))
    client, files = AIModelClient(endpoint(server.url)), Files()
    for kind in (TruncatedError, RefusedError):
        with pytest.raises(kind) as caught:
            go(world, client, "Go.", tools=[files.delete], output=Report)
        assert caught.value.run is not None
        assert [tool.outcome for tool in caught.value.run.tools] == ["unrun", "unrun"]
    world.close(client)
    assert files.deleted == []


def cut_call(server: FakeServer) -> None:
    """Add a stream that breaks before the arguments of its call have begun."""
    opened = {"tool_calls": [{"index": 0, "id": "call_0", "function": {"name": "delete", "arguments": ""}}]}
    chunk = {"id": "a", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": opened}]}
    server.add_replies(RawStream([f"data: {json.dumps(chunk)}\n\n".encode()]))


@pytest.mark.parametrize("in_conversation", [False, True], ids=["run", "conversation"])
def test_a_call_whose_arguments_broke_off_does_not_run_later(
    in_conversation: bool, server: FakeServer, world: World
) -> None:
    cut_call(server)
    server.add_replies(Answer(text="Deleted nothing."))
    client, files = AIModelClient(endpoint(server.url, "deepseek", "deepseek-chat")), Files()
    _, broken = go_streaming(world, client, "Go.", tools=[files.delete])
    assert (broken.stopped, [tool.outcome for tool in broken.tools]) == ("interrupted", ["unrun"])
    assert broken.tools[0].call.error is None  # no arguments are those of a call without any
    if in_conversation:
        conversation = Conversation(client)
        conversation.record_run("Go.", run=broken)
        messages = conversation.messages
    else:
        messages = list(broken.messages)
    run = go(world, client, messages=messages, tools=[files.delete])
    world.close(client)
    assert (run.text, files.deleted) == ("Deleted nothing.", [])


def test_a_broken_run_is_resumed_without_its_broken_answer(server: FakeServer, world: World) -> None:
    cut_call(server)
    server.add_replies(deletion(None), Answer(text="Done."))
    client, files = AIModelClient(endpoint(server.url, "deepseek", "deepseek-chat")), Files()
    _, broken = go_streaming(world, client, "Go.", tools=[files.delete])
    run = go(world, client, resume=Run.from_json(broken.to_json()), tools=[files.delete])
    world.close(client)
    assert (run.text, sorted(files.deleted)) == ("Done.", ["/tmp/0", "/tmp/1"])
    assert [message.role for message in run.messages] == ["user", "assistant", "tool", "assistant"]
    assert b"broke off" not in server.exchanges[1].body


def test_every_such_reason_is_explained() -> None:
    assert set(INCOMPLETE) == {"interrupted", *get_args(Unrun)}
    assert [STOPPED[reason] for reason in get_args(Unrun)] == [""] * len(get_args(Unrun))
