"""Provider `auto`: keys first, then servers that answer, then the model in this process."""

from __future__ import annotations

import logging
import socket

import pytest

from ai_utilities import AiClient, AiSettings, ConfigurationResolver, ProviderConfigurationError
from ai_utilities.providers.defaults import is_reachable
from dhenara.ai.testing import Answer, FakeServer


@pytest.fixture
def nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server of the machine that runs the tests."""

    def refuse(*_: object, **__: object) -> socket.socket:
        raise ConnectionRefusedError

    monkeypatch.setattr(is_reachable, "__defaults__", (refuse,))


def test_a_key_is_enough(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant")
    with caplog.at_level(logging.INFO, "ai_utilities"):
        actual = ConfigurationResolver(provider="auto").validate()
    assert actual.provider == "anthropic"
    assert "provider auto picked anthropic: ANTHROPIC_API_KEY is set" in caplog.text


def test_a_provider_that_cannot_chat_is_passed_by(monkeypatch: pytest.MonkeyPatch, nobody_answers: None) -> None:
    monkeypatch.setenv("VOYAGE_API_KEY", "pa")
    monkeypatch.setattr("ai_utilities.providers.defaults.find_spec", lambda name: None)
    with pytest.raises(ProviderConfigurationError, match="no provider is configured"):
        ConfigurationResolver(provider="auto").resolve()


def test_of_several_keys_the_wanted_order_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant")
    monkeypatch.setenv("GROQ_API_KEY", "gsk")
    assert ConfigurationResolver(provider="auto").resolve().provider == "anthropic"
    ordered = ConfigurationResolver(provider="auto", auto_select_order="groq, anthropic")
    assert ordered.resolve().provider == "groq"


def test_a_key_without_a_provider_is_openais() -> None:
    actual = ConfigurationResolver(provider="auto", api_key="sk").resolve()
    assert (actual.provider, actual.api_key.value) == ("openai", "sk")


def test_an_address_without_a_provider_is_a_compatible_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    actual = ConfigurationResolver(provider="auto", base_url="http://127.0.0.1:9/v1").resolve()
    assert (actual.provider, actual.api_key.value) == ("openai_compatible", None)


def test_then_a_server_that_answers(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_BASE_URL", f"{server.url}/v1")
    server.add_replies(Answer(text="from vLLM"))
    settings = AiSettings(provider="auto", auto_select_order="vllm", model="m")
    with AiClient(settings) as client:
        assert client.provider.provider_name == "vllm"
        assert client.ask("who?") == "from vLLM"
        assert client.explain()["provider"].note.startswith("a server answers at http://127.0.0.1")


@pytest.mark.usefixtures("nobody_answers")
def test_then_the_model_in_this_process() -> None:
    pytest.importorskip("xllamacpp")
    assert ConfigurationResolver(provider="auto").resolve().provider == "local"


@pytest.mark.usefixtures("nobody_answers")
def test_then_an_error_with_the_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ai_utilities.providers.defaults.find_spec", lambda name: None)
    with pytest.raises(ProviderConfigurationError, match="no provider is configured") as caught:
        AiClient(AiSettings(provider="auto"))
    assert "an API key in the environment" in str(caught.value)


def test_the_picked_provider_keeps_its_key_to_itself(monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> None:
    monkeypatch.setenv("GROQ_BASE_URL", f"{server.url}/v1")
    with AiClient(AiSettings(provider="auto", api_key="sk-openai")) as client:
        assert client.provider.provider_name == "openai"
        with pytest.raises(ProviderConfigurationError, match="GROQ_API_KEY"):
            client.ask("hello", provider="groq")
    assert server.exchanges == []
