"""Results of calls that are stored at the provider are sent."""

from __future__ import annotations

from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.history.preparation import STORED_HISTORY
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModelEndpoint, Message, ToolResultContent
from support.worlds import World, endpoint

RESULT = Message(role="tool", contents=[ToolResultContent(call_id="call_9", name="weather", output="sunny")])
DICT = {"role": "tool", "tool_call_id": "call_9", "content": "sunny"}
PROTOCOLS: dict[str, tuple[str, str | None]] = {
    "openai_responses": ("openai", "openai_responses"),
    "openai_chat": ("openai", "openai_chat"),
    "anthropic": ("anthropic", None),
    "gemini": ("google_ai", None),
    "cohere": ("cohere", None),
    "ollama": ("ollama", None),
    "converse": ("amazon_bedrock", None),
}


def endpoint_of(protocol: str, server: FakeServer) -> AIModelEndpoint:
    provider, chosen = PROTOCOLS[protocol]
    config = {"protocol": chosen} if chosen else {}
    region = {"region": "us-east-1"} if provider == "amazon_bedrock" else {}
    return endpoint(server.url, provider, **config, **region)


@pytest.mark.parametrize("option", STORED_HISTORY)
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("given", [RESULT, DICT], ids=["value", "dict"])
def test_a_result_of_a_stored_call_is_sent(protocol: str, option: str, given: Any, server: FakeServer) -> None:
    server.add_replies(Answer(text="Nice."))
    with AIModelClient(endpoint_of(protocol, server)) as client:
        answer = client.generate(messages=[given], options={option: "stored_1"}, max_output_tokens=9, strict=False)
    body = server.exchanges[0].json
    assert option in str(body)
    assert "sunny" in str(body)
    assert "call_9" in str(body)
    assert answer.chat_response is not None
    assert not [w for w in answer.chat_response.warnings if w.code == "dropped_content"]


@pytest.mark.parametrize("streaming", [False, True])
def test_a_result_of_a_stored_call_is_sent_in_every_world(world: World, streaming: bool, server: FakeServer) -> None:
    server.add_replies(Answer(text="Nice."))
    client = AIModelClient(endpoint_of("openai_responses", server))
    say = world.stream if streaming else world.run
    say(client, messages=[RESULT], options={"previous_response_id": "resp_1"})
    world.close(client)
    body = server.exchanges[0].json
    assert body["input"] == [{"type": "function_call_output", "call_id": "call_9", "output": "sunny"}]


def test_a_run_keeps_the_result_of_a_stored_call(server: FakeServer) -> None:
    server.add_replies(Answer(text="Nice."))
    with AIModelClient(endpoint_of("openai_responses", server)) as client:
        client.run(messages=[RESULT], options={"conversation": "conv_1"})
    assert server.exchanges[0].json["input"][0]["call_id"] == "call_9"


def test_a_model_parameter_names_stored_history_too(server: FakeServer) -> None:
    server.add_replies(Answer(text="Nice."))
    there = endpoint_of("openai_responses", server)
    model = there.ai_model.model_copy(update={"parameters": {"conversation": "conv_1"}})
    with AIModelClient(there.model_copy(update={"ai_model": model})) as client:
        client.generate(messages=[RESULT])
    assert server.exchanges[0].json["input"][0]["call_id"] == "call_9"


@pytest.mark.parametrize("options", [{}, {"previous_response_id": None}, {"conversation": ""}])
def test_without_stored_history_an_unknown_result_is_left_out(options: Any, server: FakeServer) -> None:
    server.add_replies(Answer(text="Nice."))
    with AIModelClient(endpoint_of("openai_responses", server)) as client:
        answer = client.generate("Hi", messages=[RESULT], options=options)
    assert "sunny" not in str(server.exchanges[0].json)
    assert answer.chat_response is not None
    assert any("no open call" in warning.message for warning in answer.chat_response.warnings)


@pytest.mark.parametrize(
    "result", [{"role": "tool", "content": "sunny"}, {"type": "function_call_output", "output": "sunny"}]
)
def test_a_result_that_names_no_call_is_refused(result: Any, server: FakeServer) -> None:
    with (
        AIModelClient(endpoint_of("openai_responses", server)) as client,
        pytest.raises(ConfigurationError, match=r"^openai \(.*\): a tool result has no call_id"),
    ):
        client.generate(messages=[result], options={"previous_response_id": "resp_1"})
    assert server.exchanges == []


BY_NAME: list[Any] = [
    ToolResultContent(call_id="", name="weather", output="sunny"),
    {"role": "tool", "name": "weather", "content": "sunny"},
]


@pytest.mark.parametrize("protocol", [name for name in PROTOCOLS if name not in ("gemini", "ollama")])
@pytest.mark.parametrize("given", BY_NAME, ids=["value", "dict"])
def test_a_result_of_a_stored_call_without_an_id_is_refused(protocol: str, given: Any, server: FakeServer) -> None:
    """Only the provider knows the call, so its id cannot be found by the name of the tool."""
    options = {STORED_HISTORY[0]: "stored_1"}
    with (
        AIModelClient(endpoint_of(protocol, server)) as client,
        pytest.raises(ConfigurationError, match="'weather' has no call_id"),
    ):
        client.generate(messages=[given], options=options, max_output_tokens=9)
    assert server.exchanges == []


@pytest.mark.parametrize("protocol", ["gemini", "ollama"])
def test_protocols_that_match_results_by_name_need_no_id(protocol: str, server: FakeServer) -> None:
    server.add_replies(Answer(text="Nice."))
    with AIModelClient(endpoint_of(protocol, server)) as client:
        client.generate(messages=[BY_NAME[0]], options={STORED_HISTORY[0]: "stored_1"}, strict=False)
    assert "sunny" in str(server.exchanges[0].json)
