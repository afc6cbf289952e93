"""Programs written for ai-utilities 1.x: clients, options, settings, providers, sync and async."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings, AsyncAiClient
from ai_utilities.exceptions import ProviderConfigurationError
from ai_utilities.providers import BaseProvider
from dhenara.ai.testing import Answer, FakeServer


class OldProvider(BaseProvider):
    """A provider of version 1: no call of the base constructor, and a text as the answer."""

    def __init__(self) -> None:
        self.prompts: list[str] = []

    def ask(self, prompt: str, *, return_format: str = "text", **kwargs: Any) -> Any:
        self.prompts.append(prompt)
        return f"answer to {prompt}"


class AsyncObject:
    async def ask(self, prompt: str, **kwargs: Any) -> str:
        return f"answer to {prompt}"


def old(client: object) -> Any:
    return client


def test_a_provider_may_return_a_text() -> None:
    client = AiClient(AiSettings(provider="openai"), provider=OldProvider())
    answer = client.ask("one")
    assert (answer, answer.prompt, client.provider.provider_name) == ("answer to one", "one", "old")
    assert client.ask_many(["a", "b"]) == ["answer to a", "answer to b"]
    assert old(client).ask(["a", "b"]) == ["answer to a", "answer to b"]


def test_a_provider_may_be_async_and_of_any_class() -> None:
    async def script() -> None:
        client = AsyncAiClient(AiSettings(provider="openai"), provider=old(AsyncObject()))
        assert await client.ask("one") == "answer to one"
        assert await old(client).ask(["a", "b"]) == ["answer to a", "answer to b"]

    asyncio.run(script())
    with pytest.raises(ProviderConfigurationError, match="AsyncAiClient"):
        AiClient(AiSettings(provider="openai"), provider=old(AsyncObject())).ask("one")


def test_return_format_and_cache_namespace_are_options_of_ask() -> None:
    with FakeServer(Answer(text='{"a": 1}'), Answer(text="one"), Answer(text="two")) as server:
        settings = AiSettings(provider="openai_compatible", base_url=server.url, model="m", cache_enabled=True)
        client = old(AiClient(settings))
        assert client.ask("question", return_format="json") == {"a": 1}
        assert client.ask("again", cache_namespace="first") == "one"
        assert client.ask("again", cache_namespace="first") == "one"
        assert client.ask("again", cache_namespace="second") == "two"
        with pytest.raises(ProviderConfigurationError, match="return_format is 'text' or 'json'"):
            client.ask("question", return_format="xml")


def test_usage_is_counted_in_a_file(tmp_path: Path) -> None:
    named: Any = {"usage_file": tmp_path / "u.json"}
    client = old(AiClient(AiSettings(provider="openai"), provider=OldProvider(), **named))
    client.ask("one")
    assert client.get_usage_stats().total_requests == 1
    assert "total_requests" in (tmp_path / "u.json").read_text()


def test_methods_that_are_left_out_say_what_to_use() -> None:
    client = old(AiClient(AiSettings(provider="openai"), provider=OldProvider()))
    with pytest.raises(AttributeError, match=r"index_knowledge of ai-utilities 1\.x does not exist.*client\.embed"):
        client.index_knowledge("reports/")


def test_settings_have_their_old_names() -> None:
    settings = old(AiSettings)(
        provider="groq",
        groq_api_key="gsk-1",
        request_timeout_s=3,
        cache_sqlite_path="c.sqlite",
        model=" llama ",
        cache_ttl_s=None,
    )
    assert (settings.api_key, settings.timeout, settings.model) == ("gsk-1", 3, "llama")
    assert (settings.request_timeout_s, settings.cache_sqlite_path) == (3, Path("c.sqlite"))
    assert settings.cache_max_temperature == 0.7
    with pytest.raises(ProviderConfigurationError, match=r"'knowledge_enabled' of ai-utilities 1\.x does not exist"):
        old(AiSettings)(knowledge_enabled=True)
    with pytest.warns(UserWarning, match="has no effect"):
        old(AiSettings)(cache_sqlite_wal=False)
