"""The Responses protocol through the public client."""

from __future__ import annotations

import openai
import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall, FakeUsage
from support.worlds import World, endpoint

FULL = Answer(
    text="Fine & häßlich 🙂",
    reasoning="Let me see.",
    tool_calls=(FakeToolCall("weather", {"city": "Köln"}, "call_1"),),
    usage=FakeUsage(input=11, output=9, cache_read=5, reasoning=3),
    id="resp_7",
)


def test_the_final_answer_of_a_stream_is_the_plain_answer(world: World, server: FakeServer) -> None:
    server.add_replies(FULL, FULL)
    client = AIModelClient(endpoint(server.url, protocol="openai_responses"))
    plain = world.run(client, "?").chat_response
    *_, (last, final) = world.stream(client, "?")
    assert last is None
    assert plain is not None
    assert final.chat_response == plain
    assert (plain.text(), plain.reasoning(), plain.finish_reason) == (FULL.text, "Let me see.", "tool_calls")
    assert plain.usage is not None
    assert (plain.usage.cache_read_tokens, plain.usage.reasoning_tokens, plain.usage.total_tokens) == (5, 3, 25)
    assert server.exchanges[0].path == "/v1/responses"
    assert server.exchanges[0].json["store"] is False
    world.close(client)


def test_its_thinking_goes_back_sealed(server: FakeServer) -> None:
    server.add_replies(FULL, Answer(text="ok"))
    with AIModelClient(endpoint(server.url, protocol="openai_responses")) as client:
        first = client.generate("?", reasoning_effort="low")
        client.generate(messages=["?", first, "And?"])
    sent = server.exchanges[1].json
    assert sent["include"] == ["reasoning.encrypted_content"]
    kinds = [item["type"] for item in sent["input"]]
    assert kinds == ["message", "reasoning", "message", "function_call", "function_call_output", "message"]
    assert sent["input"][1]["encrypted_content"] == "c2VhbGVk"
    assert sent["input"][2]["id"] == "msg_1"


def test_openais_own_client_understands_the_fake(server: FakeServer) -> None:
    server.add_replies(FULL, FULL)
    with openai.OpenAI(api_key="x", base_url=f"{server.url}/v1") as client:
        whole = client.responses.create(model="m", input="?")
        with client.responses.stream(model="m", input="?") as stream:
            final = stream.get_final_response()
    assert whole.output_text == final.output_text == FULL.text
    assert [item.type for item in final.output] == ["reasoning", "message", "function_call"]


def test_a_model_that_chat_does_not_serve_takes_its_own_way(server: FakeServer) -> None:
    server.add_replies(Answer(text="ok"))
    with AIModelClient(endpoint(server.url, model="gpt-5.2-pro")) as client:
        client.generate("?")
    assert server.exchanges[0].path == "/v1/responses"


def test_a_protocol_that_is_not_spoken_is_named(server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url, "anthropic", protocol="openai_chat"))
    with pytest.raises(ConfigurationError, match="it supports anthropic"):
        client.generate("?")
