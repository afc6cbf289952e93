"""Readers of related protocols read the same fields, and streams give the same as complete responses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.codecs.base import load_codec
from dhenara.ai.codecs.gemini.response import GeminiReader
from dhenara.ai.codecs.openai_chat.response import FINISH, ChatReader
from dhenara.ai.codecs.openai_chat.response_parts import read_usage as read_chat
from dhenara.ai.codecs.openai_responses.response import read_usage as read_responses
from dhenara.ai.codecs.quirks import ChatQuirks
from dhenara.ai.errors import ConnectionFailedError
from dhenara.ai.pipeline.transport_call import tier_of
from dhenara.ai.providers.provider import KNOWN, load_provider
from dhenara.ai.response.builder import ResponseBuilder, build_response
from dhenara.ai.testing import Answer, FakeServer, Raw
from dhenara.ai.testing.answer import FakeUsage, HangUp, Send
from dhenara.ai.testing.protocols import dialect_for
from dhenara.ai.types import AIModelCallConfig
from dhenara.ai.types.chat.response import ChatResponse
from support.worlds import World, endpoint

PATHS = {
    "openai_chat": "/v1/chat/completions",
    "openai_responses": "/v1/responses",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/fake:generateContent",
    "converse": "/model/fake/converse",
    "cohere": "/v2/chat",
    "ollama": "/api/chat",
}
COUNTS = [
    FakeUsage(),
    FakeUsage(input=0, output=0),
    FakeUsage(input=5, cache_read=100, output=7),
    FakeUsage(input=5, cache_read=100, cache_write=40, output=70, reasoning=30),
]


def quirks(codec: str) -> Any:
    return next(route.quirks for name in KNOWN for route in load_provider(name).routes if route.codec == codec)


def whole(codec: str, answer: Answer) -> ChatResponse:
    body = json.loads(json.dumps(dialect_for(PATHS[codec]).body(answer, {"model": "m"})))
    return build_response(load_codec(codec).decoder(quirks(codec)).whole(body))


def streamed(codec: str, answer: Answer) -> ChatResponse:
    loaded = load_codec(codec)
    decoder, frames, draft = loaded.decoder(quirks(codec)), loaded.frames(), ResponseBuilder()
    pieces = dialect_for(PATHS[codec]).stream(answer, {"model": "m", "stream_options": {"include_usage": True}})
    arrived = [frame for piece in pieces for frame in frames.feed(piece)]
    for frame in [*arrived, *frames.finish()]:
        for delta in decoder.frame(frame):
            draft.add(delta)
    for delta in decoder.finish():
        draft.add(delta)
    return draft.response()


@pytest.mark.parametrize("codec", PATHS)
@pytest.mark.parametrize("counts", COUNTS, ids=str)
def test_stream_usage_equals_usage_of_complete_response(codec: str, counts: FakeUsage) -> None:
    answer = Answer(text="Hello", usage=counts)
    one, other = whole(codec, answer), streamed(codec, answer)
    assert one.usage is not None
    assert other.usage is not None
    assert one.usage.model_dump(exclude={"raw"}) == other.usage.model_dump(exclude={"raw"})
    assert one.finish_reason == other.finish_reason
    assert one.text() == other.text()


NO_WRITES = ("gemini", "cohere", "ollama")
"""Protocols that do not report what was written to a cache: it is input."""


@pytest.mark.parametrize("codec", PATHS)
@pytest.mark.parametrize("counts", COUNTS, ids=str)
def test_the_counts_of_a_fake_answer_are_those_of_its_usage(codec: str, counts: FakeUsage) -> None:
    usage = whole(codec, Answer(text="Hello", usage=counts)).usage
    assert (usage.prompt_tokens, usage.completion_tokens) == (counts.prompt, counts.output)
    if codec != "ollama":
        assert usage.cache_read_tokens == counts.cache_read
    if codec not in NO_WRITES:
        assert usage.cache_write_tokens == counts.cache_write
    if codec not in ("ollama", "converse"):
        assert usage.reasoning_tokens == counts.reasoning


@pytest.mark.parametrize(("raw", "reason"), FINISH.items())
def test_every_finish_reason_of_chat_is_mapped(raw: str, reason: str) -> None:
    body = {"choices": [{"message": {"content": "x"}, "finish_reason": raw}]}
    assert build_response(ChatReader(ChatQuirks()).whole(body)).finish_reason == reason


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("eos_token", "stop"),
        ("COMPLETE", "stop"),
        ("MAX_TOKENS", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "refusal"),
        ("abort", "error"),
        ("SAFETY", "content_filter"),
        ("content_filter: PROHIBITED_CONTENT", "content_filter"),
        ("function_call_filter: MALFORMED_FUNCTION_CALL", "error"),
        ("a new word", "other"),
    ],
)
def test_finish_reasons_of_other_hosts_are_mapped(word: str, reason: str) -> None:
    body = {"choices": [{"message": {"content": "x"}, "finish_reason": word}]}
    choice = build_response(ChatReader(ChatQuirks()).whole(body)).choices[0]
    assert (choice.finish_reason, choice.raw_finish_reason) == (reason, word)


def test_an_answer_that_was_filtered_needs_no_message() -> None:
    body = {"choices": [{"index": 0, "finish_reason": "content_filter: PROHIBITED_CONTENT"}], "model": "m"}
    assert build_response(ChatReader(ChatQuirks()).whole(body)).finish_reason == "content_filter"


def test_image_tokens_are_counted_separately_in_chat_and_responses() -> None:
    made = {"image_tokens": 1290}
    chat = {"prompt_tokens": 8, "completion_tokens": 1300, "total_tokens": 1308, "completion_tokens_details": made}
    responses = {"input_tokens": 8, "output_tokens": 1300, "total_tokens": 1308, "output_tokens_details": made}
    for usage in (read_chat(chat), read_responses(responses)):
        assert (usage.output_tokens, usage.output_image_tokens, usage.total_tokens) == (10, 1290, 1308)


def test_gemini_reports_alternative_tokens() -> None:
    chosen = [{"token": "Hi", "logProbability": -0.1}, {"token": "!", "logProbability": -0.2}]
    tops = [{"candidates": [{"token": "Hi", "logProbability": -0.1}, {"token": "Ho", "logProbability": -2.0}]}]
    result = {"chosenCandidates": chosen, "topCandidates": tops}
    candidate = {"content": {"parts": [{"text": "Hi!"}]}, "finishReason": "STOP", "logprobsResult": result}
    answer = build_response(GeminiReader().whole({"candidates": [candidate]}))
    assert answer.choices[0].logprobs == [
        {
            "token": "Hi",
            "logprob": -0.1,
            "top_logprobs": [{"token": "Hi", "logprob": -0.1}, {"token": "Ho", "logprob": -2.0}],
        },
        {"token": "!", "logprob": -0.2, "top_logprobs": []},
    ]


def test_service_tier_is_read() -> None:
    message = {"type": "message", "content": [], "stop_reason": "end_turn"}
    reported = {
        "anthropic": {**message, "usage": {"input_tokens": 1, "service_tier": "batch"}},
        "gemini": {
            "candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 1, "serviceTier": "batch"},
        },
        "converse": {
            "output": {"message": {"content": [{"text": "x"}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
            "serviceTier": {"type": "batch"},
        },
    }
    for codec, body in reported.items():
        assert tier_of(build_response(load_codec(codec).decoder(quirks(codec)).whole(body))) == "batch", codec


class CutWhole:
    """A body that only the hang-up ends, cut in its middle."""

    def steps(self, requested: Any) -> Any:
        body = json.dumps(dialect_for(PATHS["openai_chat"]).body(Answer(text="Hello"), {"model": "m"})).encode()
        yield Send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n" + body[: len(body) // 2])
        yield HangUp()


def test_truncated_body_is_retried_as_broken_connection(world: World) -> None:
    with FakeServer(CutWhole(), Answer(text="Hello")) as server:
        client = AIModelClient(endpoint(server.url, model="gpt-4o"), config=AIModelCallConfig(retries=1))
        answer = world.run(client, "hi").chat_response
        world.close(client)
        assert answer is not None
        assert answer.text() == "Hello"
    with FakeServer(CutWhole()) as server:
        client = AIModelClient(endpoint(server.url, model="gpt-4o"), config=AIModelCallConfig(retries=0))
        with pytest.raises(ConnectionFailedError):
            world.run(client, "hi")
        world.close(client)


def test_background_response_ends_with_pending_tool_calls(world: World) -> None:
    item = {"type": "computer_call", "id": "cu", "call_id": "call_1", "action": {"type": "screenshot"}}
    body = {"id": "resp_1", "object": "response", "status": "completed", "model": "m", "output": [item]}
    with FakeServer(Raw(json.dumps(body).encode())) as server:
        client = AIModelClient(endpoint(server.url, "openai", "gpt-5-codex"))
        actual = world.ask(client, "retrieve", "resp_1").chat_response
        world.close(client)
    assert actual.finish_reason == "tool_calls"
    assert [call.name for call in actual.tool_calls()] == ["computer_call"]
