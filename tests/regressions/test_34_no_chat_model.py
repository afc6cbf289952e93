"""Clients of the kit do without a chat model for everything but questions."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import Callable
from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings, AsyncAiClient, ProviderConfigurationError
from ai_utilities.providers.defaults import EMBEDDING_MODELS, RERANK_MODELS
from ai_utilities.providers.facts import facts_of, known_providers
from dhenara.ai.errors import UnsupportedError
from dhenara.ai.testing import Answer, FakeServer, SampleOperations
from support.kit import settings as chat_settings

NAMELESS = [name for name in known_providers() if facts_of(name).first_model is None and facts_of(name).needs_key]
PATHS = {"google_ai": "/v1beta", "cohere": "", "amazon_bedrock": ""}
CONFIG = {"region": "us-east-1", "project_id": "p", "location": "us-central1", "resource": "r"}


def settings(server: FakeServer, provider: str, **more: Any) -> AiSettings:
    url = server.url + PATHS.get(provider, "/v1")
    return AiSettings(provider=provider, api_key="k", base_url=url, provider_config=CONFIG, _env_file=None, **more)


def silence() -> bytes:
    """A hundredth of a second of it, as a WAV file."""
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8_000)
        sound.writeframes(bytes(160))
    return written.getvalue()


def call(server: FakeServer, provider: str, is_async: bool, name: str, *given: Any, **provided: Any) -> Any:
    """The same call of the sync and of the async client."""
    chosen = settings(server, provider)
    if not is_async:
        with AiClient(chosen) as client:
            return getattr(client, name)(*given, **provided)

    async def ask() -> Any:
        async with AsyncAiClient(chosen) as client:
            return await getattr(client, name)(*given, **provided)

    return asyncio.run(ask())


@pytest.mark.parametrize("is_async", [False, True])
def test_cohere_embeds_without_a_chat_model(is_async: bool, server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    assert len(call(server, "cohere", is_async, "embed", ["a", "b"])) == 2
    assert server.exchanges[0].json["model"] == "embed-v4.0"


@pytest.mark.parametrize("is_async", [False, True])
def test_cohere_reranks_without_a_chat_model(is_async: bool, server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    call(server, "cohere", is_async, "rerank", "a", ["b", "c"])
    assert server.exchanges[0].json["model"] == "rerank-v4.0-pro"


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("provider", sorted(set(EMBEDDING_MODELS) & set(NAMELESS)))
def test_every_provider_with_a_usual_model_embeds(provider: str, is_async: bool, server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    assert len(call(server, provider, is_async, "embed", ["a"])) == 1
    assert EMBEDDING_MODELS[provider].replace(":", "%3A") in server.exchanges[0].path + str(server.exchanges[0].body)


@pytest.mark.parametrize("provider", ["cohere", "voyage", "openrouter"])
def test_every_provider_with_a_usual_model_reranks(provider: str, server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    call(server, provider, False, "rerank", "a", ["b"])
    assert server.exchanges[0].json["model"] == RERANK_MODELS[provider]


def test_cohere_transcribes_without_a_chat_model(server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    call(server, "cohere", False, "transcribe", silence(), language="en")
    assert server.exchanges[0].path == "/v2/audio/transcriptions"
    assert b"cohere-transcribe-03-2026" in server.exchanges[0].body


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("provider", NAMELESS)
def test_a_client_is_made_and_only_a_question_needs_a_model(provider: str, is_async: bool, server: FakeServer) -> None:
    words = "chat not offered, only " if not facts_of(provider).chats else "no default model"
    with pytest.raises(Exception, match=f"(?i){words}"):
        call(server, provider, is_async, "ask", "Hi")
    assert server.exchanges == []


QUESTIONS: list[Callable[[AiClient], Any]] = [
    lambda client: client.ask("Hi"),
    lambda client: list(client.ask_stream("Hi")),
    lambda client: client.ask_json("Hi"),
    lambda client: client.chat().ask("Hi"),
]


@pytest.mark.parametrize("ask", QUESTIONS)
def test_every_question_names_the_setting_that_is_missing(ask: Any, server: FakeServer) -> None:
    with (
        AiClient(settings(server, "cohere")) as client,
        pytest.raises(ProviderConfigurationError, match=r"Set .*_MODEL or AI_MODEL, or pass model="),
    ):
        ask(client)
    assert server.exchanges == []


def test_a_question_that_names_its_model_needs_no_other(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hi"))
    assert call(server, "cohere", False, "ask", "Hi", model="command-a-03-2025") == "Hi"


def test_an_operation_without_a_usual_model_says_so(server: FakeServer) -> None:
    with pytest.raises(ProviderConfigurationError, match="together has no default model for rerank"):
        call(server, "together", False, "rerank", "a", ["b"])


def test_another_provider_for_one_call_needs_no_chat_model(server: FakeServer, monkeypatch: Any) -> None:
    monkeypatch.setenv("CO_API_KEY", "k")
    monkeypatch.setenv("COHERE_API_KEY", "k")
    monkeypatch.setenv("COHERE_BASE_URL", server.url)
    monkeypatch.setenv("CO_API_URL", server.url)
    server.add_replies(SampleOperations())
    with AiClient(chat_settings(server.url)) as client:
        assert len(client.embed(["a"], provider="cohere")) == 1


def test_a_fallback_that_names_its_model_needs_no_usual_one(server: FakeServer, monkeypatch: Any) -> None:
    monkeypatch.setenv("CO_API_KEY", "k")
    monkeypatch.setenv("COHERE_API_KEY", "k")
    chosen = chat_settings(server.url).model_copy(update={"fallbacks": "cohere/command-a-03-2025"})
    with AiClient(chosen) as client:
        assert client.provider.provider_name


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("provider", ["nvidia", "fireworks", "deepinfra", "zai", "github_models", "deepgram"])
def test_what_a_provider_does_not_offer_is_no_matter_of_a_model(
    provider: str, is_async: bool, server: FakeServer
) -> None:
    with pytest.raises(
        UnsupportedError,
        match=rf"{provider}: reranking not offered, only .* Use another provider for it, such as .*cohere, ",
    ):
        call(server, provider, is_async, "rerank", "a", ["b"])
    assert server.exchanges == []


def test_a_provider_without_embeddings_says_so(server: FakeServer) -> None:
    with pytest.raises(UnsupportedError, match="deepgram: embeddings not offered, only speech, transcription"):
        call(server, "deepgram", False, "embed", ["a"])
