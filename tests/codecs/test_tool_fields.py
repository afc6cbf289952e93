"""Fields of a tool that are not ours are sent where a provider takes them, and are never refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.testing import FakeServer, Raw, RawStream
from dhenara.ai.types import ImageContent, Message, Tool, ToolCallContent, ToolDefinition, ToolResultContent
from support.corpus import exchanges
from support.runs import go, go_streaming
from support.vendors import messages_api, responses
from support.worlds import World, endpoint

from .test_provider_tools import encoded

DEFER = {"defer_loading": True}
MARK = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
CLAUDE = {
    **DEFER,
    **MARK,
    "allowed_callers": ["code_execution_20260120"],
    "input_examples": [{"city": "Rome"}],
    "eager_input_streaming": True,
}
PLACES = {
    "anthropic": ("claude-sonnet-4-5", {}),
    "openai": ("gpt-5", {"protocol": "openai_responses"}),
    "google_ai": ("gemini-3-flash", {}),
    "openrouter": ("x/y", {}),
    "cohere": ("command-a", {}),
    "ollama": ("m", {}),
    "amazon_bedrock": ("us.amazon.nova-2-lite-v1:0", {}),
}


def sent(provider: str, tool: Any) -> tuple[dict[str, Any], list[str | None]]:
    """The tool as it is sent, and what was warned about."""
    model, api = PLACES[provider]
    body, warned = encoded(provider, model, tool, **api)
    tools = body["toolConfig"]["tools"] if provider == "amazon_bedrock" else body["tools"]
    entry = tools[0]
    return (entry.get("functionDeclarations") or [entry.get("toolSpec", entry)])[0], warned


@pytest.mark.parametrize("form", ["extras", "dict", "function"])
def test_every_field_of_a_tool_reaches_its_provider(form: str) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    forms: dict[str, Any] = {
        "extras": Tool.from_schema(schema, name="weather", extras=CLAUDE),
        "dict": {"name": "weather", "input_schema": schema, **CLAUDE},
        "function": {"type": "function", "function": {"name": "weather", "parameters": schema}, **CLAUDE},
    }
    entry, warned = sent("anthropic", forms[form])
    assert entry == {"name": "weather", "input_schema": schema, **CLAUDE}
    assert warned == []


@pytest.mark.parametrize("provider", PLACES)
def test_a_field_that_nobody_is_known_to_take_is_sent_with_a_warning(provider: str) -> None:
    entry, warned = sent(provider, ToolDefinition(name="weather", extras={"new_field": [1]}))
    assert entry["new_field"] == [1]
    assert warned == ["tools.new_field"]


@pytest.mark.parametrize("provider", ["google_ai", "cohere", "ollama"])
def test_a_field_of_another_provider_is_left_out_with_a_warning(provider: str) -> None:
    entry, warned = sent(provider, ToolDefinition(name="weather", extras={**DEFER, **MARK}))
    assert not {*DEFER, *MARK} & entry.keys()
    assert warned == ["tools.defer_loading", "tools.cache_control"]


def test_deferred_functions_and_markers_are_sent_where_they_are_known() -> None:
    for provider in ("openai", "anthropic", "openrouter"):
        entry, warned = sent(provider, ToolDefinition(name="weather", extras=DEFER))
        assert (entry["defer_loading"], warned) == (True, [])
    body, warned = encoded("amazon_bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", ToolDefinition(
        name="weather", extras=MARK))  # fmt: skip
    assert body["toolConfig"]["tools"][1] == {"cachePoint": {"type": "default", "ttl": "1h"}}
    assert warned == []


def test_a_misspelled_field_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="description"):
        ToolDefinition.model_validate({"name": "weather", "descripton": "?"})
    with pytest.raises(ConfigurationError, match="needs_approval"):
        Tool.from_schema({"type": "object"}, name="weather", need_approval=True)


def test_extras_do_not_replace_the_fields_of_a_tool_and_survive_json() -> None:
    tool = ToolDefinition(name="weather", extras={"name": "other", **DEFER})
    assert sent("anthropic", tool)[0]["name"] == "weather"
    assert ToolDefinition.model_validate_json(tool.model_dump_json()) == tool


RECORDED = [
    ("anthropic", exchange) for exchange in exchanges("anthropic-messages", lambda e: bool(e["request_body"]))
] + [("openai", exchange) for exchange in exchanges("openai-responses", lambda e: bool(e["request_body"]))]


@pytest.mark.skipif(not RECORDED, reason="the recorded traffic is not available")
def test_recorded_tools_are_sent_with_all_of_their_fields() -> None:
    checked = 0
    for provider, exchange in RECORDED:
        for tool in exchange["request_body"].get("tools") or ():
            about = {"type", "name", "description", "input_schema", "parameters", "strict"}
            further = {name: value for name, value in tool.items() if name not in about}
            if not further or tool.get("type") not in (None, "custom", "function"):
                continue
            entry, warned = sent(provider, tool)
            assert {name: entry.get(name) for name in further} == further
            assert warned == []
            checked += 1
    assert checked > 50


ITEM = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_1", "name": "write_sql", "input": "SELECT 1"}
COMPLETE = {"id": "r", "object": "response", "status": "completed", "model": "gpt-5", "output": [ITEM]}
CHAT_CALL = {"id": "call_1", "type": "custom", "custom": {"name": "write_sql", "input": "SELECT 1"}}
ANSWER = {"role": "assistant", "tool_calls": [CHAT_CALL]}
CHAT = {"id": "c", "model": "gpt-5", "choices": [{"index": 0, "finish_reason": "tool_calls", "message": ANSWER}]}


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


STREAMED = RawStream([
    event("response.created", response={**COMPLETE, "status": "in_progress", "output": []}),
    event("response.output_item.added", output_index=0, item={**ITEM, "input": ""}),
    event("response.custom_tool_call_input.delta", output_index=0, item_id="ctc_1", delta="SELECT"),
    event("response.custom_tool_call_input.delta", output_index=0, item_id="ctc_1", delta=" 1"),
    event("response.custom_tool_call_input.done", output_index=0, item_id="ctc_1", input="SELECT 1"),
    event("response.output_item.done", output_index=0, item=ITEM),
    event("response.completed", response=COMPLETE),
])  # fmt: skip
REPLIES = {
    "responses": ({"protocol": "openai_responses"}, Raw(json.dumps(COMPLETE).encode())),
    "responses streamed": ({"protocol": "openai_responses"}, STREAMED),
    "chat": ({"protocol": "openai_chat"}, Raw(json.dumps(CHAT).encode())),
}


def check_text(call: ToolCallContent) -> None:
    assert call.text_input == "SELECT 1"
    assert call.arguments == {"input": "SELECT 1"}
    assert call.error is None
    again = ToolCallContent.model_validate_json(call.model_dump_json())
    assert again.text_input == "SELECT 1"


@pytest.mark.parametrize("kind", REPLIES)
def test_the_input_of_a_custom_tool_is_text_and_no_error(kind: str, world: World) -> None:
    api, reply = REPLIES[kind]
    with FakeServer(reply) as server:
        client = AIModelClient(endpoint(server.url, "openai", "gpt-5", **api))
        run = go_streaming(world, client, "go")[1] if isinstance(reply, RawStream) else go(world, client, "go")
        world.close(client)
    assert run.stopped == "pending"
    check_text(run.pending[0])
    # Another provider gets the text as an argument.
    result = ToolResultContent(call_id="call_1", name="write_sql", output="1 row")
    messages = (*run.messages, Message(role="tool", contents=[result]))
    for provider in ("anthropic", "google_ai", "cohere", "xai"):
        body = written(provider, messages)
        assert "SELECT 1" in json.dumps(body)
        assert '{\\"input\\":\\"SELECT 1\\"}' in json.dumps(body) or '"input": "SELECT 1"' in json.dumps(body)
    messages_api(written("anthropic", messages))


def written(provider: str, messages: Any) -> Any:
    model, api = {"xai": ("grok-4", {}), **PLACES}[provider]
    return encoded(provider, model, ToolDefinition(name="write_sql"), messages=messages, **api)[0]


def test_the_result_of_a_custom_tool_may_have_pictures(world: World) -> None:
    with FakeServer(Raw(json.dumps(COMPLETE).encode())) as server:
        client = AIModelClient(endpoint(server.url, "openai", "gpt-5", protocol="openai_responses"))
        run = go(world, client, "go")
        world.close(client)
    picture = ImageContent(data=b"\x89PNG\r\n\x1a\n", mime_type="image/png")
    result = ToolResultContent(call_id="call_1", name="write_sql", output="1 row", contents=[picture])
    body = written("openai", (*run.messages, Message(role="tool", contents=[result])))
    output = body["input"][-1]
    assert (output["type"], output["call_id"]) == ("custom_tool_call_output", "call_1")
    assert [part["type"] for part in output["output"]] == ["input_text", "input_image"]
    responses(body)
