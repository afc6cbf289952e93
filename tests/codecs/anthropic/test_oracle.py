"""Requests match Anthropic's own types and rules; responses are read as by its SDK."""

from __future__ import annotations

from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.types.beta import message_create_params as params
from hypothesis import given, note, settings
from pydantic import TypeAdapter

from dhenara.ai.codecs.anthropic.codec import CODEC
from dhenara.ai.codecs.quirks import MessagesQuirks
from dhenara.ai.types import Call, ReasoningContent, TextContent, ToolCallContent
from dhenara.ai.wire import json
from support.calls import calls
from support.corpus import Exchange, as_parameters, body_bytes, exchanges, read
from support.thorough import examples

TYPES = TypeAdapter(params.MessageCreateParamsStreaming)
KNOWN = params.MessageCreateParamsStreaming.__annotations__.keys() | params.MessageCreateParamsBase.__annotations__
# The SDK no longer has the sampling parameters, which models up to 4.6 still take.
OLDER = {"temperature", "top_p", "top_k"}
RECORDED = exchanges(
    "anthropic-messages",
    lambda e: e["provider"] == "anthropic" and e["expected"]["kind"] == "generate" and e["fidelity"] == "raw",
)
DIALECTS = [
    MessagesQuirks(),
    MessagesQuirks(thinking="adaptive"),
    MessagesQuirks(thinking="none"),
]


@settings(max_examples=examples(60))
@given(calls("anthropic"))
def test_requests_match_types_of_anthropic_sdk(call: Call) -> None:
    for quirks in DIALECTS:
        note(repr(quirks))
        body = encoded(call, quirks)
        assert body.keys() <= KNOWN | OLDER
        exhaust(TYPES.validate_python({**body, "stream": True}))


@settings(max_examples=examples(60))
@given(calls("anthropic"))
def test_turns_alternate_with_results_first_and_no_empty_text(call: Call) -> None:
    turns = encoded(call, MessagesQuirks())["messages"]
    assert [turn["role"] for turn in turns] == [("user", "assistant")[i % 2] for i in range(len(turns))]
    for before, turn in zip([None, *turns], turns, strict=False):
        kinds = [block["type"] for block in turn["content"]]
        assert kinds
        assert kinds == sorted(kinds, key=lambda kind: kind != "tool_result")
        assert all(block["text"].strip() or block["text"] for block in turn["content"] if block["type"] == "text")
        requested = {b["id"] for b in before["content"] if b["type"] == "tool_use"} if before else set()
        assert {b["tool_use_id"] for b in turn["content"] if b["type"] == "tool_result"} <= requested


@settings(max_examples=examples(60))
@given(calls("anthropic"))
def test_only_own_signed_reasoning_is_sent_back(call: Call) -> None:
    sent = [b for t in encoded(call, MessagesQuirks())["messages"] for b in t["content"] if b["type"] == "thinking"]
    own = [
        part
        for message in call.messages
        for part in message.contents
        if isinstance(part, ReasoningContent)
        and part.signature
        and part.origin
        and (part.origin.provider, part.origin.protocol) == ("anthropic", "anthropic")
    ]
    assert [(b["thinking"], b["signature"]) for b in sent] == [(part.text, part.signature) for part in own]


@settings(max_examples=examples(60))
@given(calls("anthropic"))
def test_reasoning_budget_is_below_max_tokens(call: Call) -> None:
    body = encoded(call, MessagesQuirks())
    thinking = body.get("thinking", {})
    assert body["max_tokens"] > thinking.get("budget_tokens", 0)
    assert thinking.get("budget_tokens", 1_024) >= 1_024
    if thinking:
        assert "temperature" not in body
        assert body.get("tool_choice", {}).get("type") not in ("any", "tool")


@pytest.mark.parametrize("exchange", as_parameters(RECORDED))
def test_anthropic_sdk_reads_the_same_response(exchange: Exchange) -> None:
    ours = read(CODEC, MessagesQuirks(), exchange).response()
    message = sdk_reads(exchange)
    theirs = [block.model_dump() for block in message.content]
    assert [p.text for p in ours.contents if isinstance(p, TextContent)] == [
        b["text"] for b in theirs if b["type"] == "text" and (b["text"] or b.get("citations"))
    ]
    assert [(p.id, p.name, p.arguments) for p in ours.contents if isinstance(p, ToolCallContent)] == [
        (b["id"], b["name"], b["input"]) for b in theirs if b["type"] == "tool_use"
    ]
    assert ours.choices[0].raw_finish_reason == message.stop_reason
    assert ours.usage is not None
    assert ours.usage.completion_tokens == message.usage.output_tokens


def sdk_reads(exchange: Exchange) -> Any:
    kind = "text/event-stream" if exchange["stream"] else "application/json"
    reply = httpx2.Response(200, headers={"content-type": kind}, content=body_bytes(exchange))
    with anthropic.Anthropic(
        api_key="x", http_client=httpx2.Client(transport=httpx2.MockTransport(lambda _: reply)), max_retries=0
    ) as client:
        if not exchange["stream"]:
            return client.beta.messages.create(model="m", max_tokens=1, messages=[])
        with client.beta.messages.stream(model="m", max_tokens=1, messages=[]) as stream:
            return stream.get_final_message()


def encoded(call: Call, quirks: MessagesQuirks) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(json.dumps(CODEC.encode(call, quirks).body))
    return body


def exhaust(value: Any) -> None:
    """TypedDicts of the SDK hold lazy iterables; reading them is what validates them."""
    if isinstance(value, dict):
        for inner in value.values():
            exhaust(inner)
    elif hasattr(value, "__iter__") and not isinstance(value, str | bytes):
        for inner in value:
            exhaust(inner)
