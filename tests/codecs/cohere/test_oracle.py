"""Requests equal those of Cohere's SDK; responses are read as by its SDK."""

from __future__ import annotations

from typing import Any

import cohere
import httpx
import pytest
from hypothesis import given, settings
from pydantic import TypeAdapter

from dhenara.ai.codecs.cohere.codec import CODEC
from dhenara.ai.codecs.quirks import CohereQuirks
from dhenara.ai.types import Call, ReasoningContent, TextContent, ToolCallContent
from dhenara.ai.wire import json
from support.calls import calls
from support.corpus import Exchange, as_parameters, body_bytes, exchanges, read
from support.thorough import examples

MESSAGES = TypeAdapter(list[cohere.ChatMessageV2])
TOOLS = TypeAdapter(list[cohere.ToolV2])
ANSWER = {"id": "a", "finish_reason": "COMPLETE", "message": {"role": "assistant", "content": []}}
RECORDED = exchanges("cohere-chat", lambda e: e["expected"]["kind"] == "generate")


@settings(max_examples=examples(60))
@given(calls("cohere"))
def test_cohere_sdk_sends_the_same_request(call: Call) -> None:
    """Every field is one that the client knows; what it makes of the same values is what we wrote."""
    body = encoded(call)
    sent: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return httpx.Response(200, json=ANSWER)

    provided = {name: value for name, value in body.items() if name != "stream"}
    client(answer).chat(**provided)
    assert sent == [{**provided, "stream": False}]


@settings(max_examples=examples(60))
@given(calls("cohere"))
def test_messages_and_tools_match_types_of_cohere_sdk(call: Call) -> None:
    body = encoded(call)
    read_again = MESSAGES.validate_python(body["messages"])
    assert [message.role for message in read_again] == [message["role"] for message in body["messages"]]
    assert all(type(message) is not dict for message in read_again)
    TOOLS.validate_python(body.get("tools", []))


@settings(max_examples=examples(60))
@given(calls("cohere"))
def test_every_result_has_an_earlier_call(call: Call) -> None:
    made: set[str] = set()
    for message in encoded(call)["messages"]:
        made |= {one["id"] for one in message.get("tool_calls", ())}
        if message["role"] == "tool":
            assert message["tool_call_id"] in made


@pytest.mark.parametrize("exchange", as_parameters([e for e in RECORDED if not e["stream"]]))
def test_cohere_sdk_reads_the_same_response(exchange: Exchange) -> None:
    ours = read(CODEC, CohereQuirks(), exchange).response()
    theirs = client(lambda _: reply(exchange)).chat(model="m", messages=[])
    blocks = theirs.message.content or []
    assert texts(ours, TextContent) == "".join(b.text for b in blocks if b.type == "text")
    assert texts(ours, ReasoningContent) == "".join(b.thinking for b in blocks if b.type == "thinking")
    assert made(ours) == [(c.id, c.function.name, c.function.arguments) for c in theirs.message.tool_calls or ()]
    assert (ours.id, ours.choices[0].raw_finish_reason) == (theirs.id, theirs.finish_reason)
    assert ours.usage is not None
    assert ours.usage.completion_tokens == theirs.usage.tokens.output_tokens


@pytest.mark.parametrize("exchange", as_parameters([e for e in RECORDED if e["stream"]]))
def test_cohere_sdk_reads_the_same_stream(exchange: Exchange) -> None:
    ours = read(CODEC, CohereQuirks(), exchange).response()
    text, thought, calls_made = "", "", {}
    for event in client(lambda _: reply(exchange)).chat_stream(model="m", messages=[]):
        match event.type:
            case "content-start" | "content-delta":
                text += event.delta.message.content.text or ""
                thought += event.delta.message.content.thinking or ""
            case "tool-call-start":
                provided = event.delta.message.tool_calls
                calls_made[event.index] = [provided.id, provided.function.name, provided.function.arguments or ""]
            case "tool-call-delta":
                calls_made[event.index][2] += event.delta.message.tool_calls.function.arguments
    assert (texts(ours, TextContent), texts(ours, ReasoningContent)) == (text, thought)
    assert made(ours) == [tuple(call) for call in calls_made.values()]


def texts(answer: Any, kind: type[TextContent] | type[ReasoningContent]) -> str:
    return "".join(part.text for part in answer.contents if isinstance(part, kind))


def made(answer: Any) -> list[tuple[str, str, str | None]]:
    return [(p.id, p.name, p.arguments_text) for p in answer.contents if isinstance(p, ToolCallContent)]


def reply(exchange: Exchange) -> httpx.Response:
    kind = "text/event-stream" if exchange["stream"] else "application/json"
    return httpx.Response(200, headers={"content-type": kind}, content=body_bytes(exchange))


def client(answer: Any) -> Any:
    transport = httpx.Client(transport=httpx.MockTransport(answer))
    return cohere.ClientV2(api_key="x", httpx_client=transport, log_warning_experimental_features=False)


def encoded(call: Call) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(json.dumps(CODEC.encode(call, CohereQuirks()).body))
    return body
