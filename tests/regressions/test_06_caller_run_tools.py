"""Calls that the caller must run are pending, whatever kind of tool they are for, and go back as they came."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.codecs.base import load_codec
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall, Raw, RawStream
from dhenara.ai.types import ImageContent, Message, ToolResultContent
from dhenara.ai.types.tools.provider_tools import ServerTool
from support.runs import go, go_streaming
from support.worlds import World, endpoint

ITEMS: dict[str, dict[str, Any]] = {
    "computer_call": {
        "id": "cu_1",
        "call_id": "call_1",
        "action": {"type": "click", "x": 1, "y": 2, "button": "left"},
        "pending_safety_checks": [{"id": "sc_1", "code": "x", "message": "careful"}],
        "status": "completed",
    },
    "local_shell_call": {
        "id": "lsh_1",
        "call_id": "call_1",
        "action": {"type": "exec", "command": ["ls"], "env": {}},
        "status": "completed",
    },
    "shell_call": {
        "id": "sh_1",
        "call_id": "call_1",
        "action": {"commands": ["ls"], "timeout_ms": None, "max_output_length": None},
        "status": "completed",
    },
    "apply_patch_call": {
        "id": "apc_1",
        "call_id": "call_1",
        "operation": {"type": "delete_file", "path": "a.txt"},
        "status": "completed",
    },
    "mcp_approval_request": {
        "id": "mcpr_1",
        "name": "create_link",
        "server_label": "links",
        "arguments": '{"url": "https://a.example"}',
    },
    "custom_tool_call": {"id": "ctc_1", "call_id": "call_1", "name": "write_sql", "input": "SELECT 1"},
    "tool_search_call": {
        "id": "tsc_1",
        "call_id": "call_1",
        "execution": "client",
        "arguments": {"goal": "weather"},
        "status": "completed",
    },
}
OUTPUTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "local_shell_call": ("a.txt", {"type": "local_shell_call_output", "id": "call_1", "output": "a.txt"}),
    "shell_call": (
        "a.txt",
        {
            "type": "shell_call_output",
            "call_id": "call_1",
            "output": [{"stdout": "a.txt", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}],
        },
    ),
    "apply_patch_call": (
        "deleted",
        {"type": "apply_patch_call_output", "call_id": "call_1", "status": "completed", "output": "deleted"},
    ),
    "mcp_approval_request": (
        True,
        {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True},
    ),
    "custom_tool_call": ("1 row", {"type": "custom_tool_call_output", "call_id": "call_1", "output": "1 row"}),
    "tool_search_call": (
        [{"type": "function", "name": "weather"}],
        {
            "type": "tool_search_output",
            "call_id": "call_1",
            "execution": "client",
            "tools": [{"type": "function", "name": "weather"}],
        },
    ),
}
MODEL = "gpt-5-codex"


def item(kind: str) -> dict[str, Any]:
    return {"type": kind, **ITEMS[kind]}


def response(*items: dict[str, Any]) -> dict[str, Any]:
    return {"id": "resp_1", "object": "response", "status": "completed", "model": MODEL, "output": list(items)}


def events(kind: str, *, whole: bool) -> RawStream:
    """A stream of one call; `whole` says whether the final response holds it again."""
    reported = item(kind)
    provided = [
        {"type": "response.created", "response": {**response(), "status": "in_progress"}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**reported, "status": "in_progress"}},
        {"type": "response.output_item.done", "output_index": 0, "item": reported},
        {"type": "response.completed", "response": response(reported) if whole else response()},
    ]
    return RawStream([f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in provided])


def check(run: Any, kind: str) -> None:
    reported = item(kind)
    assert run.stopped == "pending"
    assert run.response is not None
    assert run.response.finish_reason == "tool_calls"
    assert len(run.pending) == 1
    call = run.pending[0]
    assert call.id == reported.get("call_id", reported["id"])
    assert call.name == (reported["name"] if kind == "custom_tool_call" else kind)
    if kind != "custom_tool_call":
        assert call.arguments
        assert call.error is None


@pytest.mark.parametrize("kind", ITEMS)
def test_a_call_of_every_kind_ends_a_run_as_pending(kind: str, world: World) -> None:
    with FakeServer(Raw(json.dumps(response(item(kind))).encode())) as server:
        client = AIModelClient(endpoint(server.url, "openai", MODEL))
        run = go(world, client, "go")
        world.close(client)
    check(run, kind)


@pytest.mark.parametrize("kind", ITEMS)
@pytest.mark.parametrize("whole", [True, False])
def test_a_streamed_call_of_every_kind_ends_a_run_as_pending(kind: str, whole: bool, world: World) -> None:
    with FakeServer(events(kind, whole=whole)) as server:
        client = AIModelClient(endpoint(server.url, "openai", MODEL))
        _, run = go_streaming(world, client, "go")
        world.close(client)
    check(run, kind)


def test_a_function_call_before_an_empty_final_output_is_pending(world: World) -> None:
    reported = {
        "id": "fc_1",
        "type": "function_call",
        "call_id": "call_1",
        "name": "weather",
        "arguments": '{"city":"Rome"}',
    }
    provided = [
        {"type": "response.output_item.added", "output_index": 0, "item": {**reported, "arguments": ""}},
        {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": reported["arguments"]},
        {"type": "response.completed", "response": response()},
    ]
    reply = RawStream([f"data: {json.dumps(one)}\n\n".encode() for one in provided])
    with FakeServer(reply) as server:
        client = AIModelClient(endpoint(server.url, "openai", MODEL))
        pairs = world.stream(client, "go")
        world.close(client)
    final = pairs[-1][1].chat_response
    assert final.finish_reason == "tool_calls"
    assert [call.name for call in final.tool_calls()] == ["weather"]
    assert final.tool_calls()[0].arguments == {"city": "Rome"}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_call_and_result_go_back_in_the_shapes_of_their_kind(kind: str, world: World) -> None:
    output, written = OUTPUTS[kind]
    with FakeServer(Raw(json.dumps(response(item(kind))).encode()), Answer(text="done")) as server:
        client = AIModelClient(endpoint(server.url, "openai", MODEL))
        run = go(world, client, "go")
        call = run.pending[0]
        result = ToolResultContent(call_id=call.id, name=call.name, output=output)
        again = go(world, client, messages=[*run.messages, Message(role="tool", contents=[result])])
        world.close(client)
    sent = server.exchanges[1].json["input"]
    assert item(kind) in sent
    assert written in sent
    assert again.text() == "done"


def test_a_screenshot_goes_back_as_the_output_of_a_computer_call(world: World) -> None:
    picture = ImageContent(url="https://a.example/shot.png")
    with FakeServer(Raw(json.dumps(response(item("computer_call"))).encode()), Answer(text="done")) as server:
        client = AIModelClient(endpoint(server.url, "openai", MODEL))
        run = go(world, client, "go")
        result = ToolResultContent(call_id="call_1", contents=[picture])
        go(world, client, messages=[*run.messages, Message(role="tool", contents=[result])])
        world.close(client)
    output = {"type": "computer_screenshot", "image_url": "https://a.example/shot.png"}
    assert {"type": "computer_call_output", "call_id": "call_1", "output": output} in server.exchanges[1].json["input"]


def test_a_shell_in_the_providers_container_is_not_for_the_caller(world: World) -> None:
    shell = {**item("shell_call"), "environment": {"type": "container_reference", "container_id": "c"}}
    provided = {"id": "m", "type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]}
    with FakeServer(Raw(json.dumps(response(shell, provided)).encode())) as server:
        client = AIModelClient(endpoint(server.url, "openai", MODEL))
        run = go(world, client, "go")
        world.close(client)
    assert run.stopped == "answered"
    assert run.pending == []


VENDOR = {
    "anthropic": ("claude-sonnet-4-5", {"type": "bash_20250124", "name": "bash"}, "bash"),
    "google_ai": ("gemini-2.5-pro", {"computer_use": {"environment": "ENVIRONMENT_BROWSER"}}, "click_at"),
    "amazon_bedrock": ("anthropic.claude-sonnet-4-5-v1:0", {"toolSpec": {"name": "memory"}}, "memory"),
}


@pytest.mark.parametrize("provider", VENDOR)
@pytest.mark.parametrize("streaming", [False, True])
def test_tools_in_a_vendors_words_are_pending_and_not_unknown(provider: str, streaming: bool, world: World) -> None:
    model, spec, name = VENDOR[provider]
    with FakeServer(Answer(tool_calls=(FakeToolCall(name, {"x": 1}),), finish=None)) as server:
        client = AIModelClient(endpoint(server.url, provider, model))
        kwargs: dict[str, Any] = {"tools": [ServerTool(spec=spec)]}
        run = go_streaming(world, client, "go", **kwargs)[1] if streaming else go(world, client, "go", **kwargs)
        world.close(client)
    assert run.stopped == "pending"
    assert [call.name for call in run.pending] == [name]
    assert run.response is not None
    assert run.response.finish_reason == "tool_calls"
    assert len(server.exchanges) == 1


@pytest.mark.parametrize(
    ("codec", "body"),
    [
        (
            "openai_chat",
            {
                "choices": [
                    {
                        "message": {"tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]},
                        "finish_reason": "stop",
                    }
                ]
            },
        ),
        (
            "anthropic",
            {
                "type": "message",
                "content": [{"type": "tool_use", "id": "c", "name": "f", "input": {}}],
                "stop_reason": "end_turn",
            },
        ),
        (
            "converse",
            {
                "output": {"message": {"content": [{"toolUse": {"toolUseId": "c", "name": "f", "input": {}}}]}},
                "stopReason": "end_turn",
            },
        ),
        (
            "cohere",
            {
                "message": {"tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]},
                "finish_reason": "COMPLETE",
            },
        ),
    ],
)
def test_calls_that_a_host_ends_with_a_plain_stop_are_tool_calls(codec: str, body: Any) -> None:
    from dhenara.ai.providers.provider import KNOWN, load_provider
    from dhenara.ai.response.builder import build_response

    quirks = next(route.quirks for name in KNOWN for route in load_provider(name).routes if route.codec == codec)
    answer = build_response(load_codec(codec).decoder(quirks).whole(body))
    assert answer.finish_reason == "tool_calls"
    assert len(answer.tool_calls()) == 1
