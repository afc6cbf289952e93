"""Requests match Ollama's own types; responses are read as by its client."""

from __future__ import annotations

import base64
from typing import Any

import ollama
import pytest
from hypothesis import given, note, settings, strategies as st
from ollama._types import ChatRequest

from dhenara.ai.codecs.ollama.codec import CODEC
from dhenara.ai.codecs.quirks import OllamaQuirks
from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import AIModelCallConfig, Call, Message, Origin, Prompt, ToolCallContent, ToolResultContent
from dhenara.ai.wire import json
from dhenara.ai.wire.sse import NdjsonFrames
from support.calls import calls
from support.slices import cut, places, single_bytes
from support.thorough import examples
from support.worlds import endpoint

KNOWN = {*ChatRequest.model_fields, "truncate"}
DIALECTS = [OllamaQuirks(), OllamaQuirks(thinking="levels")]
# Two calls, as a server without ids sends them: one a line, each with the index 0.
OLD = (
    b'{"model":"qwen3:8b","created_at":"2025-06-01T10:00:00.1Z","message":{"role":"assistant","content":"",'
    b'"thinking":"Two sums."},"done":false}\n'
    b'{"model":"qwen3:8b","created_at":"2025-06-01T10:00:00.2Z","message":{"role":"assistant","content":"",'
    b'"tool_calls":[{"function":{"name":"add","arguments":{"a":1,"b":2}}}]},"done":false}\n'
    b'{"model":"qwen3:8b","created_at":"2025-06-01T10:00:00.3Z","message":{"role":"assistant","content":"",'
    b'"tool_calls":[{"function":{"name":"add","arguments":{"a":3,"b":4}}}]},"done":false}\n'
    b'{"model":"qwen3:8b","created_at":"2025-06-01T10:00:00.4Z","message":{"role":"assistant","content":""},'
    b'"done_reason":"stop","done":true,"total_duration":901,"load_duration":100,"prompt_eval_count":170,'
    b'"prompt_eval_duration":300,"eval_count":52,"eval_duration":500}\n'
)


@settings(max_examples=examples(60))
@given(calls("ollama"))
def test_requests_match_types_of_ollama_sdk(call: Call) -> None:
    for quirks in DIALECTS:
        note(repr(quirks))
        body = encoded(call, quirks)
        assert body.keys() <= KNOWN
        ChatRequest.model_validate(body)
        assert ollama.Options.model_fields.keys() >= body["options"].keys()
        assert body["options"]["num_ctx"] >= 8_192
        for message in body["messages"]:
            assert all(base64.b64decode(image, validate=True) for image in message.get("images", ()))


@settings(max_examples=examples(60))
@given(calls("ollama"))
def test_tool_results_name_their_tool(call: Call) -> None:
    made: dict[str, str] = {}
    for message in encoded(call, OllamaQuirks())["messages"]:
        made |= {c["id"]: c["function"]["name"] for c in message.get("tool_calls", ())}
        if message["role"] == "tool":
            assert message["tool_name"] == made[message["tool_call_id"]]


@settings(max_examples=examples(60))
@given(calls("ollama"))
def test_every_parameter_is_sent_or_warned_about(call: Call) -> None:
    outgoing = CODEC.encode(call, OllamaQuirks())
    provided = {**outgoing.body, **outgoing.body["options"]}
    warned = {warning.parameter for warning in outgoing.warnings}
    for name, value in call.config.model_dump(
        include={"temperature", "top_k", "seed", "n", "user", "metadata"}
    ).items():
        if value not in (None, {}):
            assert name in warned or provided[name] == value


@pytest.mark.parametrize("streamed", [False, True])
def test_ollama_sdk_reads_responses_of_fake_server(streamed: bool, server: FakeServer) -> None:
    server.add_replies(
        Answer(text="Fine & häßlich 🙂 " * 3, reasoning="Hm.", tool_calls=(FakeToolCall("add", {"a": [1]}),))
    )
    with ollama.Client(host=server.url) as client:
        reported = client.chat(model="m", messages=[{"role": "user", "content": "?"}], stream=streamed)
        parts = list(reported) if streamed else [reported]
    assert "".join(part.message.content or "" for part in parts) == "Fine & häßlich 🙂 " * 3
    assert "".join(part.message.thinking or "" for part in parts) == "Hm."
    made = [call.function for part in parts for call in part.message.tool_calls or ()]
    assert [(call.name, call.arguments) for call in made] == [("add", {"a": [1]})]
    assert (parts[-1].done, parts[-1].done_reason, parts[-1].prompt_eval_count) == (True, "stop", 11)


def test_tool_calls_without_ids_get_stable_ids() -> None:
    first, again = reported(OLD), reported(OLD, single_bytes(OLD))
    assert first == again
    one, two = first.tool_calls()
    assert (one.arguments, two.arguments) == ({"a": 1, "b": 2}, {"a": 3, "b": 4})
    assert one.id
    assert two.id not in ("", one.id)
    assert first.reasoning() == "Two sums."
    assert (first.finish_reason, first.choices[0].raw_finish_reason) == ("tool_calls", "stop")
    assert first.usage is not None
    assert (first.usage.prompt_tokens, first.usage.completion_tokens) == (170, 52)
    assert first.usage.raw["load_duration"] == 100


@given(places)
def test_stream_split_anywhere_gives_the_same_response(at: list[int]) -> None:
    assert reported(OLD, cut(OLD, at)) == reported(OLD)


@given(st.integers(0, len(OLD) - 3))
def test_broken_stream_is_interrupted(end: int) -> None:
    assert reported(OLD, [OLD[:end]], complete=False).interrupted


def test_own_response_is_sent_back_with_reasoning_calls_and_results() -> None:
    answer = reported(OLD)
    results = [ToolResultContent(call_id=call.id, output={"sum": 3}) for call in answer.tool_calls()]
    turns = (Prompt(text="?"), answer.to_message(), Message(role="tool", contents=results))
    call = Call(endpoint("http://x", "ollama"), turns, AIModelCallConfig())
    _, provided, one, _ = encoded(call, OllamaQuirks())["messages"]
    ids = [part.id for part in answer.contents if isinstance(part, ToolCallContent)]
    assert provided == {
        "role": "assistant",
        "content": "",
        "thinking": "Two sums.",
        "tool_calls": [
            {"id": ids[0], "function": {"name": "add", "arguments": {"a": 1, "b": 2}}},
            {"id": ids[1], "function": {"name": "add", "arguments": {"a": 3, "b": 4}}},
        ],
    }
    assert one == {"role": "tool", "content": '{"sum":3}', "tool_name": "add", "tool_call_id": ids[0]}


def reported(body: bytes, pieces: list[bytes] | None = None, *, complete: bool = True) -> Any:
    """The answer that these bytes tell."""
    decoder, frames = CODEC.decoder(OllamaQuirks()), NdjsonFrames()
    draft = ResponseBuilder(Origin(provider="ollama", model="m", protocol="ollama"))
    arrived = [frame for piece in pieces or [body] for frame in frames.feed(piece)]
    for frame in [*arrived, *(frames.finish() if complete else ())]:
        for delta in decoder.frame(frame):
            draft.add(delta)
    return draft.response()


def encoded(call: Call, quirks: OllamaQuirks) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(json.dumps(CODEC.encode(call, quirks).body))
    return body
