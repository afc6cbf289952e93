"""Unavailable operations are reported as such, with providers that have them, and never as a missing model."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings, AsyncAiClient, ProviderCapabilityError
from dhenara.ai import AIModelClient
from dhenara.ai.errors import UnsupportedError
from dhenara.ai.providers.operation_routes import OPERATION_NOUNS, offered_operations, why_not_offered
from dhenara.ai.providers.provider import KNOWN, load_provider
from dhenara.ai.testing import FakeServer
from dhenara.ai.testing.sample_operations import wav_tone
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint

SOUND = wav_tone(0.2)
LACKING: list[tuple[str, str, tuple[Any, ...], str, str]] = [
    ("cohere", "speak", ("hi",), "speech", "deepgram"),
    ("cohere", "speak_stream", ("hi",), "speech", "deepgram"),
    ("cohere", "image", ("an otter",), "image generation", "openai"),
    ("cohere", "moderate", ("hi",), "moderation", "mistral"),
    ("cohere", "ocr", (b"%PDF-1.4",), "OCR", "mistral"),
    ("cohere", "upload_file", (b"abc",), "file uploads", "anthropic"),
    ("cohere", "submit_batch", (["hi"],), "batches", "anthropic"),
    ("voyage", "ask", ("hi",), "chat", "anthropic"),
    ("voyage", "speak_stream", ("hi",), "speech", "groq"),
    ("voyage", "transcribe", (SOUND,), "transcription", "groq"),
    ("together", "translate", (SOUND,), "transcription", "groq"),
    ("deepgram", "embed", (["a"],), "embeddings", "voyage"),
    ("xai", "rerank", ("a", ["b"]), "reranking", "cohere"),
]


def settings(provider: str, server: FakeServer) -> AiSettings:
    return AiSettings(_env_file=None, provider=provider, api_key="sk-of-the-test", base_url=server.url)


@pytest.mark.parametrize(("provider", "method", "given", "noun", "other"), LACKING)
def test_the_kit_names_what_is_not_offered_and_who_offers_it(
    provider: str, method: str, given: tuple[Any, ...], noun: str, other: str, server: FakeServer
) -> None:
    with (
        AiClient(settings(provider, server)) as client,
        pytest.raises(ProviderCapabilityError, match=f"{provider}: {noun} not offered, only ") as raised,
    ):
        getattr(client, method)(*given)
    message = str(raised.value)
    assert provider not in message.partition("such as ")[2]
    if other in ("deepgram", "voyage"):
        assert other in message or len(message.partition("such as ")[2].split(", ")) == 8
    else:
        assert other in message.partition("such as ")[2]
    assert server.exchanges == []


def test_the_async_client_says_the_same(server: FakeServer) -> None:
    async def script() -> None:
        async with AsyncAiClient(settings("cohere", server)) as client:
            await client.speak("hi")

    with pytest.raises(ProviderCapabilityError, match="cohere: speech not offered"):
        asyncio.run(script())


def test_the_engine_says_the_same(server: FakeServer) -> None:
    api = AIModelAPI(provider="cohere", api_key="sk-of-the-test", config={"base_url": server.url})
    endpoint = AIModelEndpoint(api=api, ai_model=AIModel(model_name="command-a"))
    with (
        AIModelClient(endpoint) as client,
        pytest.raises(UnsupportedError, match=r"cohere: speech not offered, only chat, .* such as .*openai, "),
    ):
        client.speak("hi")


def test_every_operation_that_is_not_offered_has_others_that_offer_it() -> None:
    for name in set(KNOWN.values()):
        for operation in OPERATION_NOUNS:
            why = why_not_offered(name, operation)
            assert (why is None) == (operation in offered_operations(load_provider(name)))
            if why is not None:
                others = why.removesuffix(".").partition("such as ")[2].split(", ")
                assert 1 <= len(others) <= 8
                assert all(operation in offered_operations(load_provider(other)) for other in others)
