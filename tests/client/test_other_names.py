"""Names of other libraries for options of calls."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ai_utilities import AiClient, AiSettings, ProviderConfigurationError
from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModelCallConfig
from support.worlds import endpoint

SAME: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"max_tokens": 7}, {"max_output_tokens": 7}),
    ({"max_completion_tokens": 7}, {"max_output_tokens": 7}),
    ({"max_retries": 0}, {"retries": 0}),
    ({"num_retries": 0}, {"retries": 0}),
    ({"stop_sequences": ["END"]}, {"stop": ["END"]}),
    ({"stop_sequences": "END"}, {"stop": "END"}),
    ({"extra_headers": {"X-Team": "a"}}, {"headers": {"X-Team": "a"}}),
    ({"extra_body": {"top_a": 1}}, {"options": {"top_a": 1}}),
    ({"system": "Short."}, {"instructions": "Short."}),
    ({"system_prompt": ["Short.", "Kind."]}, {"instructions": ["Short.", "Kind."]}),
]
IDS = [next(iter(other)) for other, _ in SAME]


@pytest.mark.parametrize(("other", "own"), SAME, ids=IDS)
def test_generate_sends_the_same_for_both_names(other: dict[str, Any], own: dict[str, Any]) -> None:
    with FakeServer(Answer(text="hi"), forever=True) as server, AIModelClient(endpoint(server.url)) as client:
        for options in (other, own):
            client.generate("x", **options)
            client.conversation().ask("x", **options)
            client.run("x", **options)
        first, second = server.exchanges[:3], server.exchanges[3:]
        assert [one.json for one in first] == [one.json for one in second]
        assert all(a.headers.get("x-team") == b.headers.get("x-team") for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize(("other", "own"), SAME, ids=IDS)
def test_the_kit_sends_the_same_for_both_names(other: dict[str, Any], own: dict[str, Any]) -> None:
    with FakeServer(Answer(text="hi"), forever=True) as server, kit(server) as client:
        for options in (other, own):
            client.ask("x", **options)
            client.chat(**options).ask("x")
        first, second = server.exchanges[:2], server.exchanges[2:]
        assert [one.json for one in first] == [one.json for one in second]


def kit(server: FakeServer) -> AiClient:
    return AiClient(AiSettings(provider="openai", model="m", api_key="sk-of-the-test", base_url=f"{server.url}/v1"))


@pytest.mark.parametrize(("other", "own"), SAME[:8], ids=IDS[:8])
def test_a_config_takes_both_names(other: dict[str, Any], own: dict[str, Any]) -> None:
    assert AIModelCallConfig(**other) == AIModelCallConfig(**own)


def test_stream_is_streaming() -> None:
    assert AIModelCallConfig(stream=True).streaming


TWICE: list[tuple[dict[str, Any], str]] = [
    ({"max_tokens": 5, "max_output_tokens": 6}, "max_tokens and max_output_tokens are the same option"),
    ({"max_tokens": 5, "max_completion_tokens": 6}, "max_tokens and max_completion_tokens are the same option"),
    ({"system": "a", "instructions": "b"}, "instructions and system are the same option"),
    ({"stop": "a", "stop_sequences": ["b"]}, "stop and stop_sequences are the same option"),
]


@pytest.mark.parametrize(("options", "message"), TWICE)
def test_two_names_with_different_values_are_an_error(options: dict[str, Any], message: str) -> None:
    with FakeServer() as server:
        with pytest.raises(ConfigurationError, match=message):
            AIModelClient(endpoint(server.url)).generate("x", **options)
        with pytest.raises(ConfigurationError, match=message):
            AIModelClient(endpoint(server.url)).conversation().ask("x", **options)
        with pytest.raises(ProviderConfigurationError, match="are the same option"):
            kit(server).ask("x", **options)
        assert server.exchanges == []


def test_two_names_with_the_same_value_are_one_option() -> None:
    assert AIModelCallConfig(max_tokens=5, max_output_tokens=5).max_output_tokens == 5


def test_a_config_with_two_values_for_one_option_is_a_validation_error() -> None:
    with pytest.raises(ValidationError, match="are the same option"):
        AIModelCallConfig(max_tokens=5, max_output_tokens=6)


def test_an_option_of_a_call_replaces_that_of_the_config_under_any_name() -> None:
    with FakeServer(Answer(text="hi"), forever=True) as server:
        client = AIModelClient(endpoint(server.url), AIModelCallConfig(max_output_tokens=100))
        client.generate("x", max_tokens=5)
        client.generate("x", config=AIModelCallConfig(max_output_tokens=9), max_tokens=6)
        assert 5 in server.exchanges[0].json.values()
        assert 6 in server.exchanges[1].json.values()


@pytest.mark.parametrize("name", ["streaming", "stream"])
def test_methods_that_return_whole_answers_name_the_one_that_streams(name: str) -> None:
    with FakeServer() as server, AIModelClient(endpoint(server.url)) as client:
        with pytest.raises(ConfigurationError, match=f"{name}=True.* Use run_streaming for a stream"):
            client.run("x", **{name: True})
        with pytest.raises(ConfigurationError, match=f"{name}=True.* Use stream for a stream"):
            client.conversation().ask("x", **{name: True})
        assert server.exchanges == []


def test_the_type_in_place_of_the_prompt_is_refused_with_the_right_order() -> None:
    with FakeServer() as server, AIModelClient(endpoint(server.url)) as client:
        for method, name in ((client.generate_typed, "generate_typed"), (client.conversation().ask_typed, "ask_typed")):
            with pytest.raises(ConfigurationError, match=rf"{name}\(prompt, Person\)"):
                method(dict, "x")
