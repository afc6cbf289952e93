"""Reasoning in tags is separated from text, however the stream is split; mentions of tags stay text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from dhenara.ai import AIModelClient
from dhenara.ai.codecs.base import EncodedRequest
from dhenara.ai.codecs.openai_chat.codec import CODEC
from dhenara.ai.codecs.quirks import ChatQuirks
from dhenara.ai.response.builder import build_response
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import ChatResponse
from dhenara.ai.wire import json
from dhenara.ai.wire.sse import Frame
from support.worlds import World, endpoint

TAGGED = ChatQuirks(think_tags=True, terminal="finish")
BITS = ["<", ">", "/", "think", "<think>", "</think>", " ", "\n", "a", "ü"]
WORDS = st.lists(st.sampled_from(BITS), max_size=12).map("".join)


def provided(pieces: list[str], quirks: ChatQuirks = TAGGED, model: str = "m") -> ChatResponse:
    decoder = CODEC.decoder(quirks)
    decoder.set_request(EncodedRequest("/chat/completions", {"model": model}))
    events: list[Any] = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
    events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    reported = [delta for event in events for delta in decoder.frame(Frame(json.dumps(event)))]
    return build_response([*reported, *decoder.finish()])


def whole(text: str, model: str = "m", finish: str = "stop", **extra: Any) -> ChatResponse:
    body = {"choices": [{"index": 0, "message": {"content": text, **extra}, "finish_reason": finish}]}
    decoder = CODEC.decoder(TAGGED)
    decoder.set_request(EncodedRequest("/chat/completions", {"model": model}))
    return build_response(decoder.whole(body))


@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("<think>\nHm.\n</think>\n\nYes.", "Hm.\n", "Yes."),
        ("\n<think>Hm.</think>Yes.", "Hm.", "Yes."),
        ("<think>\n\n</think>\n\nYes.", "", "Yes."),
        ("<think>Hm", "Hm", ""),
        ("<thi", "", "<thi"),
        ("<b>Yes</b>", "", "<b>Yes</b>"),
        ("The tag <think> opens, </think> closes.", "", "The tag <think> opens, </think> closes."),
        ("<think>a</think>b<think>c</think>", "a", "b<think>c</think>"),
        ("  Yes.", "", "  Yes."),
    ],
)
def test_think_tags_count_only_at_start_of_response(text: str, thought: str, answer: str) -> None:
    actual = whole(text)
    assert (actual.reasoning(), actual.text()) == (thought, answer)


@given(st.lists(st.sampled_from(BITS), max_size=12))
def test_stream_split_anywhere_gives_the_same_response(pieces: list[str]) -> None:
    text = "".join(pieces)
    for streamed in (provided(pieces), provided(list(text))):
        assert (streamed.reasoning(), streamed.text()) == (whole(text).reasoning(), whole(text).text())


@given(WORDS)
def test_think_tags_stay_text_without_quirk(text: str) -> None:
    assert provided(list(text), ChatQuirks(terminal="finish")).text() == text


@pytest.mark.parametrize(
    "provider", ["lm_studio", "vllm", "llama_cpp", "ollama", "minimax", "perplexity", "openai_compatible"]
)
def test_think_tags_are_read_for_local_servers_and_others(provider: str, world: World, server: FakeServer) -> None:
    answer = Answer(text="<think>\n2 + 2\n</think>\n\n4")
    server.add_replies(answer, answer)
    client = AIModelClient(endpoint(server.url, provider))
    plain = world.run(client, "?").chat_response
    final = world.stream(client, "?")[-1][1].chat_response
    assert plain.contents == final.contents
    assert (plain.reasoning(), plain.text()) == ("2 + 2\n", "4")
    world.close(client)


def test_minimax_reasoning_is_sent_back_in_tags(server: FakeServer) -> None:
    server.add_replies(Answer(text="<think>\n2 + 2\n</think>\n\n4"), Answer(text="8"))
    with AIModelClient(endpoint(server.url, "minimax")) as client:
        first = client.generate("2 + 2?")
        client.generate(messages=["2 + 2?", first, "Twice that?"])
    assert server.exchanges[1].json["messages"][1]["content"] == "<think>\n2 + 2\n</think>\n\n4"


R1 = "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"


@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("Hm.\n</think>\n\nYes.", "Hm.\n", "Yes."),
        ("\n\n</think>\n\nYes.", "", "Yes."),
        ("<think>\nHm.\n</think>\n\nYes.", "Hm.\n", "Yes."),
        ("Hm.</think>A tag </think> closes.", "Hm.", "A tag </think> closes."),
    ],
)
def test_reasoning_opened_in_prompt_template_is_read(text: str, thought: str, answer: str) -> None:
    actual = whole(text, R1)
    assert (actual.reasoning(), actual.text()) == (thought, answer)


@given(st.lists(st.sampled_from(BITS), max_size=12))
def test_reasoning_without_opening_tag_may_be_split_anywhere(pieces: list[str]) -> None:
    text = "".join(pieces)
    for streamed in (provided(pieces, model=R1), provided(list(text), model=R1)):
        assert (streamed.reasoning(), streamed.text()) == (whole(text, R1).reasoning(), whole(text, R1).text())
    for word in text.replace("<think>", " ").replace("</think>", " ").split():
        assert word in whole(text, R1).reasoning() + " " + whole(text, R1).text()


def test_unclosed_reasoning_is_text_unless_interrupted() -> None:
    assert whole("Yes.", R1).text() == "Yes."
    assert whole("Hm", R1, "length").text() == ""
    assert whole("Hm", R1, "length").reasoning() == "Hm"
    apart = whole("Yes.", R1, reasoning_content="Hm.")
    assert (apart.reasoning(), apart.text()) == ("Hm.", "Yes.")


@pytest.mark.parametrize("provider", ["vllm", "llama_cpp", "lm_studio", "openai_compatible", "huggingface"])
def test_think_tags_are_chosen_by_model_name(provider: str, world: World, server: FakeServer) -> None:
    answer = Answer(text="2 + 2\n</think>\n\n4")
    server.add_replies(answer, answer, Answer(text='{"value": 4}'))
    client = AIModelClient(endpoint(server.url, provider, "qwen/QwQ-32B"))
    plain = world.run(client, "?").chat_response
    final = world.stream(client, "?")[-1][1].chat_response
    assert plain.contents == final.contents
    assert (plain.reasoning(), plain.text()) == ("2 + 2\n", "4")
    assert world.run(client, "?", structured_output=int).chat_response.reasoning() == ""
    world.close(client)


def test_any_model_can_be_configured_to_start_in_reasoning(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hm.</think>Yes."))
    with AIModelClient(endpoint(server.url, "vllm", "mine", quirks={"think_opened": "mine"})) as client:
        assert client.generate("?").chat_response.text() == "Yes."  # type: ignore[union-attr]  # there is one
