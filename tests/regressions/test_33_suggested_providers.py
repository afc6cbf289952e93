"""An unknown provider is answered with the one that is meant, and never with a wrong one."""

from __future__ import annotations

import pytest

from ai_utilities import create_client
from ai_utilities.exceptions import ProviderConfigurationError
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.providers.provider import KNOWN, MEANT, find_provider, known_names, similar_providers
from dhenara.ai.types import AIModelAPI

SUGGESTED = {
    "kimi": "'moonshot'",
    "Kimi": "'moonshot'",
    "opnai": "'openai'",
    "gorq": "'groq'",
    "gork": "'xai'",
    "grog": "'groq' or 'xai'",
    "claud": "'anthropic'",
}
ALIASES = {
    "grok": "xai",
    "Grok": "xai",
    "x.ai": "xai",
    "claude": "anthropic",
    "google": "google_ai",
    "LM-Studio": "lm_studio",
    "gemini": "google_ai",
    "bedrock": "amazon_bedrock",
    "azure": "microsoft_openai",
    "vertex": "google_vertex_ai",
}
UNLIKE = ("nowhere", "llm", "ai", "acme", "xyz", "meta")


def engine_error(name: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        AIModelAPI(provider=name, api_key="sk-of-the-test")
    return str(raised.value)


@pytest.mark.parametrize("name", SUGGESTED)
def test_the_kit_suggests_the_provider_that_is_meant(name: str) -> None:
    with pytest.raises(ProviderConfigurationError, match="Did you mean") as raised:
        create_client(provider=name, api_key="sk-of-the-test", model="m")
    assert f"Did you mean {SUGGESTED[name]}?" in str(raised.value).replace("'xai' or 'groq'", "'groq' or 'xai'")


@pytest.mark.parametrize("name", SUGGESTED)
def test_the_engine_suggests_the_same(name: str) -> None:
    text = engine_error(name).replace("'xai' or 'groq'", "'groq' or 'xai'")
    assert f"Did you mean {SUGGESTED[name]}?" in text


@pytest.mark.parametrize("name", UNLIKE)
def test_a_name_that_is_like_none_gets_no_suggestion(name: str) -> None:
    text = engine_error(name)
    assert "Did you mean" not in text
    assert "openai_compatible" in text


@pytest.mark.parametrize("name", ALIASES)
def test_an_alias_is_the_provider_itself(name: str) -> None:
    provider = find_provider(name)
    assert provider is not None
    assert provider.name == ALIASES[name] == AIModelAPI(provider=name).provider


def test_fallbacks_are_answered_alike() -> None:
    with pytest.raises(
        ProviderConfigurationError, match=r"unknown provider 'claud' in 'claud/claude-5'\. Did you mean 'anthropic'"
    ):
        create_client(provider="openai", api_key="sk-of-the-test", fallbacks="claud/claude-5")


def test_every_suggestion_exists_and_no_known_name_is_corrected() -> None:
    assert {name for names in MEANT.values() for name in names} <= set(KNOWN)
    assert not set(MEANT) & set(known_names())
    assert all(KNOWN[name] in similar_providers(name, known_names()) for name in known_names())
