"""One answer: streamed or whole, in every world, from every dialect."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall, FakeUsage
from dhenara.ai.types import (
    AIModelCallResponse,
    ChatResponseChunk,
    ReasoningContent,
    StreamingChatResponse,
    TextContent,
    ToolCallContent,
)
from support.worlds import World, endpoint

SPOKEN = ["openai", "anthropic", "google_ai", "amazon_bedrock", "cohere", "ollama"]
PROVIDERS = pytest.mark.parametrize("provider", SPOKEN)
FULL = Answer(
    text="The weather in Paris is fine, häßlich & 🙂.",
    reasoning="Let me think about it.",
    tool_calls=(
        FakeToolCall("weather", {"city": "Paris", "days": [1, 2]}, "call_1"),
        FakeToolCall("add", {}, "call_2"),
    ),
    usage=FakeUsage(input=11, output=9, cache_read=5),
    id="answer-42",
)


@PROVIDERS
def test_a_plain_call_answers(provider: str, world: World, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"))
    client = AIModelClient(endpoint(server.url, provider))
    response = world.run(client, "Say hello", instructions=["Be brief."])
    assert response.chat_response is not None
    assert response.chat_response.text() == "Hello!"
    assert response.chat_response.finish_reason == "stop"
    world.close(client)


@PROVIDERS
def test_the_final_answer_of_a_stream_is_the_plain_answer(provider: str, world: World, server: FakeServer) -> None:
    server.add_replies(FULL, FULL)
    client = AIModelClient(endpoint(server.url, provider))
    plain = world.run(client, "?").chat_response
    *chunks, (last, final) = world.stream(client, "?")
    assert last is None
    assert final.chat_response == plain
    assert all(whole is None for _, whole in chunks)
    assert [type(part) for part in plain.contents] == [ReasoningContent, TextContent, ToolCallContent, ToolCallContent]
    assert plain.usage.prompt_tokens == 16
    world.close(client)


@PROVIDERS
def test_every_chunk_shows_a_piece_whose_text_is_a_string(provider: str, world: World, server: FakeServer) -> None:
    server.add_replies(FULL)
    client = AIModelClient(endpoint(server.url, provider))
    *chunks, _ = world.stream(client, "?")
    provided = []
    for chunk, _ in chunks:
        assert isinstance(chunk, StreamingChatResponse)
        assert isinstance(chunk.data, ChatResponseChunk)
        piece = chunk.data.choice_deltas[0].content_deltas[0]
        assert piece.get_text_delta() == piece.text_delta
        provided += [d.text_delta for c in chunk.data.choice_deltas for d in c.content_deltas]
    assert "".join(provided) == FULL.text
    world.close(client)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
@PROVIDERS
def test_streaming_and_non_streaming_give_equal_responses(
    provider: str, server: FakeServer, data: st.DataObject
) -> None:
    text = st.text(st.characters(codec="utf-8"), max_size=60)
    arguments = st.dictionaries(text, st.none() | st.integers(-(2**53), 2**53) | text | st.lists(text), max_size=3)
    calls = data.draw(st.lists(st.builds(FakeToolCall, st.just("tool"), arguments), max_size=3))
    answer = Answer(
        text=data.draw(text),
        reasoning=data.draw(text),
        tool_calls=tuple(FakeToolCall(c.name, c.arguments, f"call_{i}") for i, c in enumerate(calls)),
        usage=FakeUsage(*data.draw(st.tuples(*[st.integers(0, 1000)] * 3))),
    )
    server.add_replies(answer, answer)
    with AIModelClient(endpoint(server.url, provider)) as client:
        plain = client.generate("?").chat_response
        final = list(client.generate("?", streaming=True).stream_generator)[-1][1]
    assert plain is not None
    assert final.chat_response == plain
    assert plain.text() == answer.text
    assert [(c.id, c.arguments) for c in plain.tool_calls()] == [(c.id, c.arguments) for c in answer.tool_calls]
    assert not plain.interrupted


def test_several_choices_are_all_there(world: World, server: FakeServer) -> None:
    answer = Answer(text="one", choices=("two", "three"))
    server.add_replies(answer, answer)
    client = AIModelClient(endpoint(server.url))
    plain = world.run(client, "?", n=3).chat_response
    final = world.stream(client, "?", n=3)[-1][1].chat_response
    assert [choice.text() for choice in plain.choices] == ["one", "two", "three"]
    assert final == plain
    world.close(client)


def test_an_answer_survives_its_own_json(server: FakeServer) -> None:
    server.add_replies(FULL)
    with AIModelClient(endpoint(server.url, "anthropic")) as client:
        response = client.generate("?")
    again = AIModelCallResponse.model_validate_json(response.model_dump_json())
    assert again == response
    assert again.model_dump_json() == response.model_dump_json()


def test_the_answer_is_the_history(world: World, server: FakeServer) -> None:
    server.add_replies(Answer(text="Paris."), Answer(text="About two million."))
    client = AIModelClient(endpoint(server.url))
    first = world.run(client, "The capital of France?")
    world.run(client, messages=["The capital of France?", first, "How many people live there?"])
    assert [(m["role"], m["content"]) for m in server.exchanges[1].json["messages"]] == [
        ("user", "The capital of France?"),
        ("assistant", "Paris."),
        ("user", "How many people live there?"),
    ]
    world.close(client)


def test_reasoning_of_claude_is_sent_back_unchanged_and_that_of_other_models_is_not_sent(server: FakeServer) -> None:
    thought = Answer(text="4", reasoning="2 + 2", signature="c2lnbg==")
    server.add_replies(thought, Answer(text="8"), Answer(text="8"))
    with AIModelClient(endpoint(server.url, "anthropic")) as claude, AIModelClient(endpoint(server.url)) as gpt:
        first = claude.generate("2 + 2?")
        claude.generate(messages=["2 + 2?", first, "Twice that?"])
        reported = gpt.generate(messages=["2 + 2?", first, "Twice that?"])
    own: list[Any] = server.exchanges[1].json["messages"][1]["content"]
    assert own[0] == {"type": "thinking", "thinking": "2 + 2", "signature": "c2lnbg=="}
    assert "2 + 2" not in str(server.exchanges[2].json["messages"][1])
    assert reported.chat_response is not None
    assert [w.code for w in reported.chat_response.warnings] == ["dropped_content"]


def test_the_consolidated_answer_can_be_switched_off(server: FakeServer) -> None:
    from dhenara.ai.config import settings as switches

    server.add_replies(FULL)
    switches.ENABLE_STREAMING_CONSOLIDATION = False
    try:
        with AIModelClient(endpoint(server.url)) as client:
            final = list(client.generate("?", streaming=True).stream_generator)[-1][1].chat_response
    finally:
        del switches.ENABLE_STREAMING_CONSOLIDATION
    assert (final.choices, final.interrupted, final.id) == ([], False, "answer-42")
    assert final.usage.prompt_tokens == 16
