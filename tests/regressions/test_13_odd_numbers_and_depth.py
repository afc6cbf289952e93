"""Whatever numbers and nesting a server sends, callers get an answer or a typed error that is true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallError, ConfigurationError
from dhenara.ai.testing import Answer, FakeServer, Raw, RawStream
from dhenara.ai.testing.protocols import dialect_for
from dhenara.ai.wire import json as wire
from dhenara.ai.wire.eventstream import EventStreamFrames, write_message
from dhenara.ai.wire.sse import SseFrames
from support.worlds import World, endpoint

SPEAKERS = {
    "/v1/chat/completions": ("openai", "gpt-4o"),
    "/v1/responses": ("openai", "gpt-5-codex"),
    "/v1/messages": ("anthropic", "claude-sonnet-4-5"),
    "/v1beta/models/fake:generateContent": ("google_ai", "gemini-2.5-flash"),
    "/model/fake/converse": ("amazon_bedrock", "anthropic.claude-sonnet-4-5-v1:0"),
    "/v2/chat": ("cohere", "command-a"),
    "/api/chat": ("ollama", "qwen3"),
}
EACH = pytest.mark.parametrize("path", SPEAKERS)
ODD = ("1e999", "-1e999", "NaN", "-7", '"7"', "true", "9" * 400, "{}", "[]", "0.5", "1e25")
USAGES = ("usage", "usageMetadata", "tokens", "prompt_eval_count", "eval_count")
MARK = 987_654_321


def with_counts(value: Any, new: Any, inside: bool = False) -> Any:
    """The same with every count of its usage replaced."""
    if isinstance(value, dict):
        return {name: with_counts(one, new, inside or name in USAGES) for name, one in value.items()}
    if isinstance(value, list):
        return [with_counts(one, new, inside) for one in value]
    return new if inside and isinstance(value, int) and not isinstance(value, bool) else value


def normalized(value: Any, number: str) -> bytes:
    return json.dumps(with_counts(value, MARK)).replace(str(MARK), number).encode()


def streamed(path: str, number: str) -> Iterator[bytes]:
    for piece in dialect_for(path).stream(Answer(text="Hello"), {"model": "m"}):
        if path.endswith("/converse"):
            for frame in EventStreamFrames().feed(piece):
                yield write_message(dict(frame.headers), normalized(json.loads(frame.data), number))
        elif path == "/api/chat":
            yield b"".join(normalized(json.loads(line), number) + b"\n" for line in piece.splitlines() if line)
        else:
            frames = SseFrames()
            for frame in (*frames.feed(piece), *frames.finish()):
                data = frame.data if frame.data == b"[DONE]" else normalized(json.loads(frame.data), number)
                yield (f"event: {frame.event}\n".encode() if frame.event else b"") + b"data: " + data + b"\n\n"


@EACH
@pytest.mark.parametrize("number", ODD)
@pytest.mark.parametrize("streaming", [False, True])
def test_odd_counts_do_not_end_an_answer(path: str, number: str, streaming: bool) -> None:
    provider, model = SPEAKERS[path]
    dialect = dialect_for(path)
    if streaming:
        reply: Any = RawStream(list(streamed(path, number)), headers={"content-type": dialect.stream_type})
    else:
        reply = Raw(normalized(dialect.body(Answer(text="Hello"), {"model": "m"}), number))
    with FakeServer(reply) as server, AIModelClient(endpoint(server.url, provider, model)) as client:
        if streaming:
            answer = list(client.generate("hi", streaming=True).stream_generator)[-1][1].chat_response
        else:
            answer = client.generate("hi").chat_response
    assert answer.text() == "Hello"
    assert not answer.interrupted
    assert not answer.usage or answer.usage.total_tokens >= 0
    answer.model_dump_json()
    str(answer.cost)


def test_a_reported_cost_that_is_no_amount_is_unknown() -> None:
    body = dialect_for("/v1/chat/completions").body(Answer(text="Hello"), {"model": "m"})
    for cost in ODD[:7]:
        reported = json.dumps({**body, "usage": {**body["usage"], "cost": MARK}}).replace(str(MARK), cost).encode()
        with FakeServer(Raw(reported)) as server, AIModelClient(endpoint(server.url, "openrouter", "x/y")) as client:
            answer = client.generate("hi").chat_response
        assert answer is not None
        assert answer.usage is not None
        assert answer.usage.reported_cost is None
        assert "cost" in answer.usage.unclear


def reported_by(world: World, client: AIModelClient) -> Any:
    """The answer, or the error that there is instead."""
    try:
        return world.run(client, "hi").chat_response
    except CallError as error:
        return error


def check(reported: Any) -> None:
    """An answer that can be kept, or an error that says what happened."""
    if isinstance(reported, CallError):
        assert not isinstance(reported, ConfigurationError)
        assert "nothing was sent" not in str(reported).lower()
    else:
        reported.model_dump_json()


def deep(depth: int) -> str:
    return "[" * depth + "]" * depth


@EACH
@pytest.mark.parametrize("depth", [240, 400, 900, 20_000])
def test_deep_json_is_read_or_a_true_typed_error(path: str, depth: int, world: World) -> None:
    provider, model = SPEAKERS[path]
    body = dialect_for(path).body(Answer(text="Hello"), {"model": "m"})
    reported = json.dumps({**body, "z": MARK}).replace(str(MARK), deep(depth)).encode()
    with FakeServer(Raw(reported), forever=True) as server:
        client = AIModelClient(endpoint(server.url, provider, model))
        check(reported_by(world, client))
        world.close(client)
        assert server.exchanges


@pytest.mark.parametrize("depth", [190, 240, 400, 900, 20_000])
def test_deep_tool_arguments_are_preserved_as_text_and_sent_back(depth: int, world: World) -> None:
    arguments = '{"a": ' + deep(depth) + "}"
    function = {"name": "f", "arguments": arguments}
    message = {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": function}]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    reported = json.dumps({"id": "1", "model": "m", "choices": [choice]}).encode()
    with FakeServer(Raw(reported), Answer(text="done")) as server:
        client = AIModelClient(endpoint(server.url, model="gpt-4o"))
        first = world.run(client, "hi").chat_response
        assert first is not None
        first.model_dump_json()
        call = first.tool_calls()[0]
        assert call.arguments_text == arguments
        assert (call.error is None) == (depth < wire.DEEPEST_INSIDE)
        reported_result = {"role": "tool", "contents": [{"type": "tool_result", "call_id": "c", "output": "ok"}]}
        again = world.run(client, messages=[{"role": "user", "content": "hi"}, first.to_message(), reported_result])
        world.close(client)
    assert again.chat_response is not None
    assert again.chat_response.text() == "done"


@pytest.mark.parametrize("depth", [240, 400, 900])
def test_deep_arguments_in_an_object_are_read_or_refused(depth: int, world: World) -> None:
    part = {"functionCall": {"name": "f", "args": {"a": MARK}}}
    body = {"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]}
    reported = json.dumps(body).replace(str(MARK), deep(depth)).encode()
    with FakeServer(Raw(reported), forever=True) as server:
        client = AIModelClient(endpoint(server.url, "google_ai", "gemini-2.5-flash"))
        check(reported_by(world, client))
        world.close(client)


def test_json_is_read_no_deeper_than_it_can_be_written() -> None:
    for depth in (wire.DEEPEST - 1, wire.DEEPEST):
        assert wire.dumps(wire.loads(deep(depth)))
    for depth in (wire.DEEPEST + 1, 900, 200_000):
        with pytest.raises(ValueError, match="nested deeper"):
            wire.loads(deep(depth))


@EACH
def test_the_words_of_an_error_are_shortened(path: str) -> None:
    """In a refusal, in a body with a success status, and in an event of a stream alike."""
    provider, model = SPEAKERS[path]
    body = json.dumps({"error": {"message": "x" * 300_000}}).encode()
    for reply in (Raw(body), Raw(body, 500)):
        with FakeServer(reply) as server, AIModelClient(endpoint(server.url, provider, model)) as client:
            with pytest.raises(CallError) as raised:
                client.generate("hi", retries=0)
            assert len(str(raised.value)) < 3000


def test_a_count_with_a_fraction_is_unclear_and_an_amount_with_one_is_not() -> None:
    body = dialect_for("/v1/chat/completions").body(Answer(text="Hello"), {"model": "m"})
    reports: list[tuple[dict[str, object], tuple[str, ...]]] = [
        ({"prompt_tokens": 7.5, "completion_tokens": 3}, ("input_tokens", "prompt_tokens")),
        ({"prompt_tokens": 7, "completion_tokens": 3.5}, ("output_tokens", "completion_tokens")),
        ({"prompt_tokens": 7.0, "completion_tokens": 3.0, "cost": 0.25, "cost_details": {"input_cost": 0.5}}, ()),
    ]
    for report, unclear in reports:
        reply = Raw(json.dumps({**body, "usage": report}).encode())
        with FakeServer(reply) as server, AIModelClient(endpoint(server.url, "openrouter", "x/y")) as client:
            answer = client.generate("hi").chat_response
        assert answer is not None
        assert answer.usage.unclear == unclear
        assert bool(answer.warnings) is bool(unclear)
