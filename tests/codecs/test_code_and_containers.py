"""Code of the provider: tools that it calls, the container that it runs in, skills, and the files that it writes."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from anthropic.types.beta import BetaToolUnionParam
from anthropic.types.beta.message_create_params import MessageCreateParamsNonStreaming
from openai.types.responses import ResponseInputItemParam, ToolParam
from pydantic import TypeAdapter

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ContainerExpiredError
from dhenara.ai.testing import Answer, FakeServer, Raw, RawStream
from dhenara.ai.types import CodeExecution, InvalidValueError, Message, Tool, ToolCallContent, ToolDefinition
from pipeline.test_recorded_runs import served
from support.corpus import Exchange, as_parameters, exchanges
from support.runs import go, go_streaming
from support.worlds import World, endpoint

from .test_provider_tools import encoded

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
RESPONSES = {"protocol": "openai_responses"}
WEATHER = Tool.from_schema(CITY, lambda city: f"{city}: 21", name="weather", called_by=("code",))
CODE = {"type": "code_execution_20260120", "name": "code_execution"}


def test_code_of_anthropic_calls_tools() -> None:
    body, warned = encoded(
        "anthropic", "claude-sonnet-4-6", WEATHER, ToolDefinition(name="both", called_by=("model", "code"))
    )
    assert [tool.get("allowed_callers") for tool in body["tools"]] == [
        ["code_execution_20260120"],
        ["direct", "code_execution_20260120"],
        None,
    ]
    assert (body["tools"][-1], warned) == (CODE, [])
    TypeAdapter(list[BetaToolUnionParam]).validate_python(body["tools"])


def test_code_execution_of_the_call_is_used_in_the_version_that_calls_tools() -> None:
    body, _ = encoded("anthropic", "claude-sonnet-4-6", WEATHER, CodeExecution())
    assert body["tools"][1:] == [CODE]
    body, _ = encoded("anthropic", "claude-sonnet-4-6", WEATHER, {**CODE, "type": "code_execution_20260521"})
    assert [tool["type"] for tool in body["tools"][1:]] == ["code_execution_20260521"]


def test_code_of_openai_calls_tools() -> None:
    body, warned = encoded("openai", "gpt-5.6-sol", WEATHER, **RESPONSES)
    assert [tool.get("allowed_callers") for tool in body["tools"]] == [["programmatic"], None]
    assert (body["tools"][1], warned) == ({"type": "programmatic_tool_calling"}, [])
    TypeAdapter(list[ToolParam]).validate_python(body["tools"])


@pytest.mark.parametrize(
    ("provider", "model", "api"),
    [
        ("openai", "gpt-4.1", {}),
        ("openai", "gpt-5.1", RESPONSES),
        ("anthropic", "claude-3-7-sonnet-20250219", {}),
        ("google_ai", "gemini-3-flash", {}),
        ("cohere", "command-a", {}),
        ("ollama", "m", {}),
        ("amazon_bedrock", "us.amazon.nova-2-lite-v1:0", {}),
    ],
)
def test_elsewhere_the_model_calls_the_tools(provider: str, model: str, api: dict[str, Any]) -> None:
    body, warned = encoded(provider, model, WEATHER, **api)
    assert "allowed_callers" not in json.dumps(body)
    assert "weather" in json.dumps(body)
    assert warned == ["tools.called_by"]


def test_somebody_must_be_able_to_call_a_tool() -> None:
    with pytest.raises(InvalidValueError):
        ToolDefinition(name="a", called_by=())


def message(*blocks: dict[str, Any], reason: str = "end_turn", **more: Any) -> dict[str, Any]:
    about = {"id": "m1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-6"}
    return {**about, "content": list(blocks), "stop_reason": reason, "usage": {"output_tokens": 3}, **more}


CONTAINER = {"id": "container_1", "expires_at": "2026-12-01T10:00:00Z"}
RUNS = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "code_execution", "input": {"code": "await weather()"}}
CALLER = {"type": "code_execution_20260120", "tool_id": "srvtoolu_1"}
CALLS = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Rome"}, "caller": CALLER}
RAN = {
    "type": "code_execution_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": {"type": "code_execution_result", "stdout": "21", "stderr": "", "return_code": 0, "content": []},
}


def as_stream(body: dict[str, Any]) -> RawStream:
    """A message as a stream: its blocks at once, the container at the end."""
    start = {**body, "content": [], "stop_reason": None}
    container = start.pop("container", None)
    events: list[dict[str, Any]] = [{"type": "message_start", "message": start}]
    for index, block in enumerate(body["content"]):
        opened = {**block, "input": {}} if "input" in block else block
        events.append({"type": "content_block_start", "index": index, "content_block": opened})
        if "input" in block:
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
            events.append({"type": "content_block_delta", "index": index, "delta": delta})
        events.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": body["stop_reason"], **({"container": container} if container else {})}
    events += [{"type": "message_delta", "delta": delta, "usage": body["usage"]}, {"type": "message_stop"}]
    return RawStream([f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in events])


@pytest.mark.parametrize("streaming", [False, True])
def test_results_go_back_into_the_container_of_the_code(world: World, server: FakeServer, streaming: bool) -> None:
    bodies = [
        message(RUNS, CALLS, reason="tool_use", container=CONTAINER),
        message(RAN, {"type": "text", "text": "21 degrees."}, container=CONTAINER),
    ]
    server.add_replies(*[as_stream(one) if streaming else Raw(json.dumps(one).encode()) for one in bodies])
    client = AIModelClient(endpoint(server.url, "anthropic", "claude-sonnet-4-6"))
    ended = (go_streaming if streaming else go)(world, client, "Weather in Rome?", tools=[WEATHER])
    run = ended[1] if streaming else ended
    assert (run.text, [tool.outcome for step in run.steps for tool in step.tools]) == ("21 degrees.", ["ran"])
    call = run.steps[0].response.chat_response.tool_calls[0]
    assert call.caller_id == "srvtoolu_1"
    first, second = (one.json for one in server.exchanges)
    assert ("container" in first, second["container"]) == (False, "container_1")
    assert second["messages"][1]["content"] == [RUNS, CALLS]
    assert second["messages"][2]["content"] == [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "Rome: 21"}
    ]
    TypeAdapter(MessageCreateParamsNonStreaming).validate_python({**second, "stream": False})
    answer = run.steps[0].response.chat_response
    assert answer.container is not None
    assert (answer.container.id, answer.container.expires_at) == (
        "container_1",
        datetime.datetime(2026, 12, 1, 10, tzinfo=datetime.UTC),
    )


def history(server: FakeServer) -> list[Message]:
    server.add_replies(Raw(json.dumps(message(RUNS, RAN, container=CONTAINER)).encode()))
    client = AIModelClient(endpoint(server.url, "anthropic", "claude-sonnet-4-6"))
    answer = client.generate("?", tools=[CodeExecution()]).chat_response
    saved = Message.model_validate_json(answer.to_message().model_dump_json())
    return [Message(role="user", contents="?"), saved, Message(role="user", contents="And now?")]


@pytest.mark.parametrize(
    ("tools", "container"),
    [
        ((CodeExecution(),), "container_1"),
        ((CODE,), "container_1"),
        ((CodeExecution(container="new"),), None),
        ((CodeExecution(container="container_2"),), "container_2"),
        ((ToolDefinition(name="other"),), None),
        ((), None),
    ],
)
def test_a_conversation_uses_its_container_again(server: FakeServer, tools: Any, container: str | None) -> None:
    messages = history(server)
    body, _ = encoded("anthropic", "claude-sonnet-4-6", *tools, messages=tuple(messages))
    assert body.get("container") == container


def test_a_container_of_another_provider_is_not_used(server: FakeServer) -> None:
    body, _ = encoded("openai", "gpt-5.4", CodeExecution(), messages=tuple(history(server)), **RESPONSES)
    assert body["tools"] == [{"type": "code_interpreter", "container": {"type": "auto"}}]


def test_skills_are_loaded_into_the_container(server: FakeServer) -> None:
    code = CodeExecution(skills=("pptx", "skill_01@3"))
    skills = [
        {"type": "anthropic", "skill_id": "pptx", "version": "latest"},
        {"type": "custom", "skill_id": "skill_01", "version": "3"},
    ]
    body, warned = encoded("anthropic", "claude-sonnet-4-6", code)
    assert (body["container"], warned) == ({"skills": skills}, [])
    body, _ = encoded("anthropic", "claude-sonnet-4-6", code, messages=tuple(history(server)))
    assert body["container"] == {"id": "container_1", "skills": skills}
    server.add_replies(Raw(json.dumps(message()).encode()))
    AIModelClient(endpoint(server.url, "anthropic", "claude-sonnet-4-6")).generate("?", tools=[code])
    assert server.exchanges[-1].headers["anthropic-beta"] == "code-execution-2025-08-25,skills-2025-10-02"


def test_skills_of_openai_are_loaded_into_a_shell() -> None:
    body, warned = encoded(
        "openai", "gpt-5.4", CodeExecution(skills=("skill_a", "skill_b@2"), memory_limit="4g"), **RESPONSES
    )
    skills = [
        {"type": "skill_reference", "skill_id": "skill_a"},
        {"type": "skill_reference", "skill_id": "skill_b", "version": "2"},
    ]
    environment = {"type": "container_auto", "memory_limit": "4g", "skills": skills}
    assert (body["tools"], warned) == ([{"type": "shell", "environment": environment}], [])
    TypeAdapter(list[ToolParam]).validate_python(body["tools"])


def test_a_code_interpreter_has_memory_and_an_existing_container() -> None:
    body, _ = encoded("openai", "gpt-5.4", CodeExecution(memory_limit="16g", file_ids=("f1",)), **RESPONSES)
    assert body["tools"][0]["container"] == {"type": "auto", "file_ids": ["f1"], "memory_limit": "16g"}
    body, _ = encoded("openai", "gpt-5.4", CodeExecution(container="cntr_1"), **RESPONSES)
    assert body["tools"][0]["container"] == "cntr_1"


@pytest.mark.parametrize(("provider", "model"), [("google_ai", "gemini-3-flash"), ("groq", "openai/gpt-oss-120b")])
def test_providers_without_skills_warn(provider: str, model: str) -> None:
    _, warned = encoded(provider, model, CodeExecution(skills=("pptx",), memory_limit="4g"))
    assert warned == ["code_execution.skills", "code_execution.memory_limit"]


PROGRAMS = exchanges(
    "openai-responses", lambda one: "programmatic-tool-calling" in one["id"] and bool(one["expected"]["tool_calls"])
)


@pytest.mark.parametrize("exchange", as_parameters(PROGRAMS))
def test_recorded_programs_get_the_results_of_their_calls(exchange: Exchange, server: FakeServer) -> None:
    names = [call["name"] for call in exchange["expected"]["tool_calls"]]
    tools = [Tool.from_schema({"type": "object"}, lambda **_: "7", name=name, called_by=("code",)) for name in names]
    server.add_replies(served(exchange), Answer(text="done"))
    client = AIModelClient(endpoint(server.url, "openai", "gpt-5.6-sol", **RESPONSES))
    run = list(client.run_streaming("?", tools=tools))[-1][1] if exchange["stream"] else client.run("?", tools=tools)
    assert run.text == "done"
    items = server.exchanges[1].json["input"]
    (output,) = [item for item in items if item["type"] == "function_call_output"]
    (called,) = [item for item in items if item["type"] == "function_call"]
    assert output["caller"] == called["caller"]
    assert output["caller"]["caller_id"] == run.steps[0].tools[0].call.caller_id
    TypeAdapter(list[ResponseInputItemParam]).validate_python(items)


def test_a_call_of_the_model_has_no_caller() -> None:
    for extras in ({}, {"caller": {"type": "direct"}}, {"item": {"caller": {"type": "direct"}}}, {"caller": "x"}):
        assert ToolCallContent(name="a", extras=extras).caller_id is None


EXPIRED = [
    ("anthropic", 400, {"type": "invalid_request_error", "message": "container: container_1 has expired"}),
    ("anthropic", 404, {"type": "not_found_error", "message": "Container container_1 not found"}),
    ("openai", 400, {"code": None, "message": "Container is expired."}),
    ("openai", 400, {"code": None, "message": "Expected container_id: cntr_2, got cntr_1"}),
    ("openai", 404, {"code": None, "message": "Container with id 'cntr_1' not found."}),
]


@pytest.mark.parametrize(("provider", "status", "error"), EXPIRED)
@pytest.mark.parametrize("streaming", [False, True])
def test_an_expired_container_is_a_typed_error_that_says_what_to_do(
    provider: str, status: int, error: dict[str, Any], streaming: bool, server: FakeServer, world: World
) -> None:
    server.add_replies(Raw(json.dumps({"type": "error", "error": error}).encode(), status=status), Answer(text="Hi."))
    config = RESPONSES if provider == "openai" else {}
    client = AIModelClient(endpoint(server.url, provider, **config))
    with pytest.raises(ContainerExpiredError, match=r'CodeExecution\(container="new"\)') as raised:
        (world.stream if streaming else world.run)(client, "?", tools=[CodeExecution(container="cntr_1")])
    assert raised.value.status == status
    world.run(client, "?", tools=[CodeExecution(container="cntr_1")])
    assert "cntr_1" in json.dumps(server.exchanges[1].json), "nothing is learned from it"
    world.close(client)


def ran_code(*, reasoned: bool) -> bytes:
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "abc"}
    call = {
        "type": "code_interpreter_call",
        "id": "ci_1",
        "status": "completed",
        "container_id": "cntr_1",
        "code": "1 + 1",
        "outputs": [],
    }
    text = {"type": "output_text", "text": "It is 2.", "annotations": []}
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [text]}
    output = [*([reasoning] if reasoned else []), call, message]
    about = {"id": "resp_1", "object": "response", "status": "completed", "model": "m"}
    return json.dumps({**about, "output": output}).encode()


@pytest.mark.parametrize("reasoned", [False, True])
@pytest.mark.parametrize("container", [None, "cntr_1", "cntr_2", "new"])
def test_code_in_another_container_is_left_out_at_openai(
    container: str | None, reasoned: bool, server: FakeServer
) -> None:
    """OpenAI refuses a history with a container that has expired."""
    server.add_replies(Raw(ran_code(reasoned=reasoned)), Answer(text="4."))
    with AIModelClient(endpoint(server.url, **RESPONSES)) as client:
        talk = client.conversation()
        talk.ask("What is 1 + 1?", tools=[CodeExecution()])
        response = talk.ask("And twice that?", tools=[CodeExecution(container=container)])
    sent = server.exchanges[1].json
    kinds = [item.get("type", item.get("role")) for item in sent["input"]]
    own = ["reasoning"] if reasoned else []
    is_left_out = container in ("new", "cntr_2")
    assert kinds == [
        "message",
        *([] if is_left_out else [*own, "code_interpreter_call"]),
        *(["assistant"] if is_left_out else ["message"]),
        "message",
    ]
    assert "It is 2." in json.dumps(sent["input"])
    assert bool(response.chat_response.warnings) == is_left_out
    expected = {"type": "auto"} if container in (None, "new") else container
    assert sent["tools"][0]["container"] == expected
    TypeAdapter(list[ResponseInputItemParam]).validate_python(sent["input"])
