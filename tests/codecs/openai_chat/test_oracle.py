"""Requests match OpenAI's own types; responses are read as by OpenAI's SDK."""

from __future__ import annotations

from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given, settings
from openai.types.chat import completion_create_params as params
from pydantic import TypeAdapter

from dhenara.ai.codecs.openai_chat.codec import CODEC
from dhenara.ai.codecs.quirks import ChatQuirks
from dhenara.ai.types import Call, TextContent, ToolCallContent
from dhenara.ai.wire import json
from support.calls import calls
from support.corpus import Exchange, as_parameters, body_bytes, exchanges, read
from support.thorough import examples

PLAIN = TypeAdapter(params.CompletionCreateParamsNonStreaming)
STREAMED = TypeAdapter(params.CompletionCreateParamsStreaming)
KNOWN = (
    params.CompletionCreateParamsStreaming.__annotations__.keys() | params.CompletionCreateParamsBase.__annotations__
)
RECORDED = exchanges("openai-chat", lambda e: e["provider"] == "openai" and e["expected"]["kind"] == "generate")


@settings(max_examples=examples(60))
@given(calls("openai"))
def test_requests_match_types_of_openai_sdk(call: Call) -> None:
    body = json.loads(json.dumps(CODEC.encode(call, ChatQuirks()).body))
    checked = (STREAMED if call.config.streaming else PLAIN).validate_python(body)
    for message in checked["messages"]:
        exhaust(message)
    assert body.keys() <= KNOWN


@settings(max_examples=examples(60))
@given(calls("openai"))
def test_every_tool_message_follows_its_call(call: Call) -> None:
    open_calls: set[str] = set()
    for message in CODEC.encode(call, ChatQuirks()).body["messages"]:
        if message["role"] == "tool":
            assert message["tool_call_id"] in open_calls
        elif message["role"] == "assistant":
            open_calls = {made["id"] for made in message.get("tool_calls", ())}


@settings(max_examples=examples(100))
@given(calls("openai"))
def test_every_parameter_is_sent_or_warned_about(call: Call) -> None:
    outgoing = CODEC.encode(call, ChatQuirks())
    warned = {warning.parameter for warning in outgoing.warnings}
    for name in ("temperature", "top_p", "top_k", "seed", "frequency_penalty", "n", "logit_bias", "user"):
        if getattr(call.config, name) is not None:
            assert name in outgoing.body or name in warned


@pytest.mark.parametrize("exchange", as_parameters(RECORDED))
def test_openai_sdk_reads_the_same_response(exchange: Exchange) -> None:
    ours = read(CODEC, ChatQuirks(), exchange).response()
    text, calls_made, usage = sdk_reads(exchange)
    assert "".join(p.text for p in ours.contents if isinstance(p, TextContent)) == text
    assert [(c.id, c.name) for c in ours.contents if isinstance(c, ToolCallContent)] == calls_made
    if usage is not None and ours.usage is not None:
        assert ours.usage.raw["total_tokens"] == usage


def sdk_reads(exchange: Exchange) -> tuple[str, list[tuple[str, str]], int | None]:
    kind = "text/event-stream" if exchange["stream"] else "application/json"
    reply = httpx2.Response(200, headers={"content-type": kind}, content=body_bytes(exchange))
    with openai.OpenAI(
        api_key="x", http_client=httpx2.Client(transport=httpx2.MockTransport(lambda _: reply)), max_retries=0
    ) as client:
        if not exchange["stream"]:
            whole = client.chat.completions.create(model="m", messages=[])
            message = whole.choices[0].message
            made = [(c.id, c.function.name) for c in message.tool_calls or [] if c.type == "function"]
            return message.content or "", made, whole.usage.total_tokens if whole.usage else None
        text, made, total = "", [], None
        for chunk in client.chat.completions.create(model="m", messages=[], stream=True):
            total = chunk.usage.total_tokens if chunk.usage else total
            for choice in chunk.choices:
                if choice.index == 0:
                    text += choice.delta.content or ""
                    made += [(c.id, c.function.name) for c in choice.delta.tool_calls or [] if c.id and c.function]
        return text, list(dict.fromkeys(made)), total


def exhaust(value: Any) -> None:
    """TypedDicts of the SDK hold lazy iterables; reading them is what validates them."""
    if isinstance(value, dict):
        for inner in value.values():
            exhaust(inner)
    elif hasattr(value, "__iter__") and not isinstance(value, str | bytes):
        for inner in value:
            exhaust(inner)
