"""The cache has the same defaults in engine and kit, and keeps the answers of different people apart."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings, AskResult
from ai_utilities.cache import CacheBackend, CacheLayer, MemoryCache, RedisCache, SQLiteCache
from ai_utilities.cache.policy import CachePolicy
from ai_utilities.limits import LimitLayer
from ai_utilities.providers.base_provider import BaseProvider
from ai_utilities.usage import Budget, tagged
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModelCallConfig
from support.kit import Uniform, run, settings
from support.worlds import World, endpoint


def default_of(kind: Any, name: str) -> Any:
    return inspect.signature(kind).parameters[name].default


def test_a_setting_has_one_default_in_the_kit_and_in_the_layers_of_the_engine() -> None:
    kit = AiSettings(_env_file=None)
    assert kit.cache_policy == CachePolicy().policy == default_of(CacheLayer, "policy") == "always"
    assert kit.cache_namespace == CachePolicy().namespace == default_of(CacheLayer, "namespace")
    assert kit.cache_share_accounts is CachePolicy().share_accounts is default_of(CacheLayer, "share_accounts") is False
    for backend in (MemoryCache, SQLiteCache, RedisCache):
        assert kit.cache_ttl_s == default_of(backend, "default_ttl") == 3600
    for backend in (MemoryCache, SQLiteCache):
        assert kit.cache_max_entries == default_of(backend, "max_entries")
    assert (kit.budget_window, kit.budget_unknown) == (Budget(1).window, Budget(1).unknown)
    assert kit.limit_wait_s is None
    assert default_of(LimitLayer, "wait") is True
    engine = AIModelCallConfig()
    assert (kit.max_retries, kit.timeout, kit.strict, kit.max_tokens) == (
        engine.retries,
        engine.timeout,
        engine.strict,
        engine.max_output_tokens,
    )
    assert kit.verify is default_of(AIModelClient, "verify") is True


def test_an_equal_call_is_answered_from_the_cache_without_a_policy(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="once"))
    client = AIModelClient(endpoint(server.url), layers=[CacheLayer(MemoryCache())])
    answers = [world.run(client, "hello").chat_response for _ in range(2)]
    world.close(client)
    assert [answer.cached for answer in answers] == [False, True]


def test_the_kit_leaves_the_lifetime_to_a_cache_that_it_is_given(server: FakeServer) -> None:
    now = [0.0]
    cache = MemoryCache(default_ttl=60, clock=lambda: now[0])
    server.add_replies(Answer(text="a"), Answer(text="b"))
    with AiClient(settings(server.url), cache=cache) as client:
        assert client.ask("hello") == "a"
        now[0] = 61
        assert client.ask("hello") == "b"


def test_a_lifetime_in_the_settings_overrides_that_of_the_cache(server: FakeServer) -> None:
    now = [0.0]
    cache = MemoryCache(default_ttl=60, clock=lambda: now[0])
    server.add_replies(Answer(text="a"))
    with AiClient(settings(server.url, cache_ttl_s=100), cache=cache) as client:
        client.ask("hello")
        now[0] = 61
        assert client.ask("hello").cached


class PlainCache(CacheBackend):
    def __init__(self) -> None:
        self.lifetimes: list[float | None] = []

    def get(self, key: str) -> None:
        return None

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        self.lifetimes.append(ttl)


def test_a_cache_without_a_lifetime_of_its_own_gets_that_of_the_settings(server: FakeServer) -> None:
    server.add_replies(Answer(text="a"))
    cache = PlainCache()
    with AiClient(settings(server.url), cache=cache) as client:
        client.ask("hello")
    assert cache.lifetimes == [3600]


APART: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"user": "ada"}, {"user": "bob"}),
    ({"user": "ada"}, {}),
    ({"metadata": {"user_id": "ada"}}, {"metadata": {"user_id": "bob"}}),
    ({"tags": {"user": "ada"}}, {"tags": {"user": "bob"}}),
    ({"tags": {"tenant": "a"}}, {"tags": {"tenant": "b"}}),
    ({"tags": {"tenant_id": "a"}}, {}),
    ({"headers": {"x-tenant": "a"}}, {"headers": {"x-tenant": "b"}}),
]


@pytest.mark.parametrize("provider", ["openai", "google_ai", "anthropic", "ollama"])
@pytest.mark.parametrize(("one", "other"), APART, ids=str)
def test_users_and_tenants_do_not_get_each_others_answers(
    one: dict[str, Any], other: dict[str, Any], provider: str, server: FakeServer, world: World
) -> None:
    server.add_replies(Answer(text="for the first"), Answer(text="for the second"))

    async def script(client: Uniform) -> None:
        assert await client.ask("hello", **one) == "for the first"
        assert await client.ask("hello", **other) == "for the second"
        assert (await client.ask("hello", **one)).cached

    run(world, script, settings(server.url, provider=provider, base_url=server.url, cache_enabled=True))
    assert len(server.exchanges) == 2


def test_users_are_apart_in_the_engine_too(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="for ada"), Answer(text="for bob"))
    client = AIModelClient(endpoint(server.url, "google_ai"), layers=[CacheLayer(MemoryCache())])
    texts = []
    for name in ("ada", "bob", "ada"):
        with tagged(user=name):
            texts.append(str(world.run(client, "hello").chat_response.choices[0].contents[0].get_text()))
    world.close(client)
    assert texts == ["for ada", "for bob", "for ada"]


def test_tags_that_name_nobody_share_answers(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="once"))

    async def script(client: Uniform) -> None:
        await client.ask("hello", tags={"feature": "search"})
        assert (await client.ask("hello", tags={"feature": "chat"})).cached

    run(world, script, settings(server.url, cache_enabled=True))


def test_tenants_share_answers_if_the_settings_say_so(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="once"))

    async def script(client: Uniform) -> None:
        await client.ask("hello", tags={"tenant": "a"})
        assert (await client.ask("hello", tags={"tenant": "b"})).cached

    run(world, script, settings(server.url, cache_enabled=True, cache_share_accounts=True))


class Parrot(BaseProvider):
    provider_name = "parrot"

    def _configure_client(self) -> None:
        self.requested = 0

    def ask(self, prompt: str, **options: Any) -> AskResult:
        self.requested += 1
        return AskResult(f"answer {self.requested}")


def test_users_of_a_custom_provider_are_apart() -> None:
    kit = AiSettings(_env_file=None, cache_enabled=True)
    with AiClient(kit, Parrot(kit)) as client:
        texts = [str(client.ask("hello", tags={"user": name})) for name in ("ada", "bob", "ada")]
    assert texts == ["answer 1", "answer 2", "answer 1"]
