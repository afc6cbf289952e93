"""Recorded answers with tool calls and objects, served by a fake provider and read through the public client."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, Raw, RawStream, Reply
from dhenara.ai.types import StructuredContent, Tool
from support.corpus import Exchange, as_parameters, body_bytes, exchanges, head_of
from support.worlds import endpoint

PROVIDERS: dict[str, tuple[str, dict[str, Any]]] = {
    "openai-chat": ("openai", {"quirks": {"terminal": "finish"}}),
    "openai-responses": ("openai", {"protocol": "openai_responses"}),
    "anthropic-messages": ("anthropic", {}),
    "gemini-generate": ("google_ai", {}),
    "gemini-stream-generate": ("google_ai", {}),
    "bedrock-converse": ("amazon_bedrock", {}),
    "bedrock-converse-stream": ("amazon_bedrock", {}),
    "cohere-chat": ("cohere", {}),
}
ANYTHING = {"type": "object"}


def tool_requests(exchange: Exchange) -> bool:
    """Calls that a tool of ours could have answered; a custom tool's plain text is none."""
    calls = exchange["expected"].get("tool_calls") or []
    names = [call["name"] for call in calls]
    return (
        exchange["expected"]["kind"] == "generate"
        and bool(calls)
        and exchange["provider"] != "xai"
        and not exchange["expected"].get("stream_error")
        and exchange["expected"].get("finish_reason") != "UNEXPECTED_TOOL_CALL"  # does not run
        and exchange["expected"].get("n_choices", 1) == 1
        and all(name and "." not in name for name in names)
        and all("__raw__" not in call["args"] for call in calls)
        and len({json.dumps([c["name"], c["args"]], sort_keys=True) for c in calls}) == len(calls)
    )


def schema_of(exchange: Exchange) -> dict[str, Any] | None:
    """The schema that the recorded request asked for, in whichever place its protocol has for it."""
    body = exchange["request_body"]
    if not isinstance(body, dict) or exchange["expected"]["kind"] != "generate":
        return None
    generation = body.get("generationConfig") or {}
    places = [
        (body.get("response_format") or {}).get("json_schema"),
        ((body.get("text") or {}).get("format") or {}) if isinstance(body.get("text"), dict) else None,
        ((body.get("output_config") or {}).get("format") or {}),
        {"schema": generation.get("responseJsonSchema") or generation.get("response_json_schema")},
    ]
    actual = next((place["schema"] for place in places if isinstance(place, dict) and place.get("schema")), None)
    return actual if isinstance(actual, dict) else None


def is_an_answer(exchange: Exchange) -> bool:
    provided = exchange["expected"]
    return schema_of(exchange) is not None and bool(provided.get("text")) and not provided.get("tool_calls")


WITH_TOOLS = [e for api in PROVIDERS for e in exchanges(api, tool_requests)]
WITH_SHAPE = [e for api in PROVIDERS for e in exchanges(api, is_an_answer)]


def served(exchange: Exchange) -> Reply:
    """The recorded bytes, as they came."""
    kind = head_of(exchange).headers.get("content-type")
    if not exchange["stream"]:
        return Raw(body_bytes(exchange), headers={"content-type": kind or "application/json"})
    default = "application/vnd.amazon.eventstream" if "bedrock" in exchange["api"] else "text/event-stream"
    return RawStream([body_bytes(exchange)], headers={"content-type": kind or default})


def client_for(server: FakeServer, exchange: Exchange) -> AIModelClient:
    provider, config = PROVIDERS[exchange["api"]]
    return AIModelClient(endpoint(server.url, provider, "recorded-model", **config))


@pytest.mark.parametrize("exchange", as_parameters(WITH_TOOLS))
def test_recorded_calls_are_run_and_answered(exchange: Exchange, server: FakeServer) -> None:
    expected = exchange["expected"]["tool_calls"]
    ran: list[dict[str, Any]] = []

    def tool(name: str) -> Tool:
        def work(**arguments: Any) -> str:
            ran.append({"name": name, "args": arguments})
            return f"result of {name}"

        return Tool.from_schema(ANYTHING, work, name=name, parallel=False)

    server.add_replies(served(exchange), Answer(text="done"))
    with client_for(server, exchange) as client:
        tools = [tool(name) for name in dict.fromkeys(call["name"] for call in expected)]
        if exchange["stream"]:
            run = list(client.run_streaming("?", tools=tools))[-1][1]
        else:
            run = client.run("?", tools=tools)
    assert run is not None
    assert ran == [{"name": call["name"], "args": call["args"]} for call in expected]
    assert (run.text(), run.stopped) == ("done", "answered")
    assert all(f"result of {call['name']}".encode() in server.exchanges[1].body for call in expected)


@pytest.mark.parametrize("exchange", as_parameters(WITH_SHAPE))
def test_recorded_objects_are_read(exchange: Exchange, server: FakeServer) -> None:
    schema = schema_of(exchange)
    server.add_replies(served(exchange))
    with client_for(server, exchange) as client:
        response = client.generate("?", structured_output=schema, streaming=exchange["stream"])
        if exchange["stream"]:
            response = list(response.stream_generator)[-1][1]
    answer = response.chat_response
    (content,) = [part for part in answer.contents if isinstance(part, StructuredContent)]
    assert content.text == exchange["expected"]["text"]
    assert content.data == json.loads(exchange["expected"]["text"])
    assert content.error is None
