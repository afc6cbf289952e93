"""The seven documented hops of a request, each and in their order."""

from __future__ import annotations

from typing import Any

import pytest

from ai_utilities import (
    AiSettings,
    AskResult,
    BaseProvider,
    ProviderConfigurationError,
    ProviderRateLimitError,
)
from ai_utilities.operations import client_core
from dhenara.ai.testing import Answer, FakeServer, Refusal
from support.kit import Uniform, run, settings
from support.worlds import World


def recording_cache(reported: list[str]) -> Any:
    """A cache of one's own that says what is asked of it."""
    from ai_utilities.cache import CacheBackend

    class Recording(CacheBackend):
        def __init__(self) -> None:
            super().__init__()
            self.retained: dict[str, Any] = {}

        def get(self, key: str) -> Any | None:
            reported.append("4 looked up: " + ("hit" if key in self.retained else "miss"))
            return self.retained.get(key)

        def set(self, key: str, value: Any, ttl: float | None = None) -> None:
            reported.append("6 kept")
            self.retained[key] = value

    return Recording()


def test_all_seven_in_their_order(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[str] = []
    create, validated = client_core.create_provider, AiSettings.__init__

    def making(*args: Any, **kwargs: Any) -> BaseProvider:
        reported.append("3 provider made")
        return create(*args, **kwargs)

    def loading(self: AiSettings, **given: Any) -> None:
        reported.append("2 settings loaded")
        validated(self, **given)

    monkeypatch.setattr(client_core, "create_provider", making)
    monkeypatch.setattr(AiSettings, "__init__", loading)

    class Watched(FakeServer):
        def _next(self) -> Any:
            reported.append("5 provider asked")
            return super()._next()

    with Watched(Answer(text="Paris."), forever=True) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk")
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")

        async def script(client: Uniform) -> None:
            for _ in range(2):
                reported.append("1 asked")
                result = await client.ask("Capital of France?")
                reported.append(f"7 returned {result}, cached: {result.cached}")

        run(world, script, cache=recording_cache(reported))

    made, first, second = (
        reported[:2],
        reported[2 : reported.index("1 asked", 3)],
        reported[reported.index("1 asked", 3) :],
    )
    assert made == ["2 settings loaded", "3 provider made"]
    steps = list(dict.fromkeys(first))  # the cache may look twice, for a call that others are on
    assert steps == ["1 asked", "4 looked up: miss", "5 provider asked", "6 kept", "7 returned Paris., cached: False"]
    assert second == ["1 asked", "4 looked up: hit", "7 returned Paris., cached: True"]


def test_two_invalid_settings_stop_before_a_provider_is_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_core, "create_provider", lambda *_, **__: pytest.fail("a provider was made"))
    monkeypatch.setenv("AI_TEMPERATURE", "hot")

    async def script(client: Uniform) -> None:
        pytest.fail("a client was made")

    with pytest.raises(ProviderConfigurationError, match="AI_TEMPERATURE"):
        run(world, script)


@pytest.mark.parametrize(("provider", "name"), [("openai", "OpenAIProvider"), ("groq", "GroqProvider")])
def test_three_the_factory_makes_the_provider_that_the_settings_name(world: World, provider: str, name: str) -> None:
    async def script(client: Uniform) -> None:
        assert type(client.client.provider).__name__ == name

    run(world, script, AiSettings(provider=provider, api_key="k"))


@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_four_to_six_the_cache_of_the_settings_spares_the_provider(
    server: FakeServer, world: World, backend: str, tmp_path: Any
) -> None:
    server.add_replies(Answer(text="once"), Answer(text="again"), Answer(text="fresh"))
    provided = settings(server.url, cache_enabled=True, cache_backend=backend, cache_path=tmp_path / "answers.sqlite")

    async def script(client: Uniform) -> None:
        first, second = await client.ask("hello"), await client.ask("hello")
        assert (first, second) == ("once", "once")
        assert (first.cached, second.cached) == (False, True)
        assert second.usage.outcome == "cached"
        assert second.cost == 0
        assert await client.pieces(await client.ask_stream("hello")) == ["once"]
        assert await client.ask("hello", cache=False) == "again"
        assert await client.ask("hello", temperature=0) == "fresh"

    run(world, script, provided)
    assert len(server.exchanges) == 3


def test_four_to_six_hold_for_a_provider_of_ones_own(world: World) -> None:
    requested: list[str] = []

    class Mine(BaseProvider):
        def ask(self, prompt: str, **kwargs: Any) -> AskResult:
            requested.append(prompt)
            return AskResult(text=f"{prompt} {len(requested)}", provider="mine")

    async def script(client: Uniform) -> None:
        assert [await client.ask("a"), await client.ask("a"), await client.ask("b")] == ["a 1", "a 1", "b 2"]
        assert (await client.ask("a")).cached
        assert await client.ask("a", cache=False) == "a 3"
        assert await client.ask("a", cache="refresh") == "a 4"
        assert await client.ask("a") == "a 4"
        assert await client.ask("a", unnamed=object()) == "a 5"

    run(world, script, AiSettings(cache_enabled=True), Mine())
    assert requested == ["a", "b", "a", "a", "a"]


def test_a_cache_that_fails_never_fails_a_call_of_ones_own_provider(world: World) -> None:
    from ai_utilities.cache import CacheBackend

    class Broken(CacheBackend):
        def get(self, key: str) -> Any:
            raise OSError("disk full")

        def set(self, key: str, value: Any, ttl: float | None = None) -> None:
            raise OSError("disk full")

    class Mine(BaseProvider):
        def ask(self, prompt: str, **kwargs: Any) -> AskResult:
            return AskResult(text="fine")

    async def script(client: Uniform) -> None:
        with pytest.warns(RuntimeWarning, match="disk full"):
            assert await client.ask("hello") == "fine"

    run(world, script, AiSettings(), Mine(), cache=Broken())


def test_a_cache_policy_without_a_cache_is_an_error(server: FakeServer, world: World) -> None:
    async def script(client: Uniform) -> None:
        await client.ask("hello", cache=True)

    with pytest.raises(ProviderConfigurationError, match="cache_enabled"):
        run(world, script, settings(server.url))
    assert server.exchanges == []


def test_the_usage_of_every_request_is_booked_with_its_tags(server: FakeServer, world: World, tmp_path: Any) -> None:
    server.add_replies(Refusal(503, "busy", headers={"retry-after-ms": "1"}), Answer(text="a"), Answer(text="b"))
    provided = settings(server.url, usage_store="sqlite", usage_path=tmp_path / "usage.sqlite", cache_enabled=True)

    async def script(client: Uniform) -> None:
        await client.ask("one", tags={"user": "ada"})
        await client.ask("one", tags={"user": "ada"})
        await client.pieces(await client.ask_stream("two", tags={"user": "bob"}))
        rows = client.client.usage_tracker.ledger.rows()
        assert [row.outcome for row in rows] == ["failed", "answered", "cached", "answered"]
        assert [row.tags for row in rows] == [{"user": "ada"}] * 3 + [{"user": "bob"}]
        assert [row.total_tokens for row in rows] == [0, 18, 18, 18]

    run(world, script, provided)


def test_a_client_keeps_sums_by_itself(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="a"), Answer(text="b"))

    async def script(client: Uniform) -> None:
        await client.ask_many(["one", "two"])
        assert client.client.usage_tracker.total.requests == 2

    run(world, script, settings(server.url))


def test_a_budget_is_enforced_before_any_money_is_spent(server: FakeServer, world: World) -> None:
    from ai_utilities.usage import BudgetExceededError

    server.add_replies(Answer(text="a"))
    provided = settings(server.url, model="gpt-4o", budget_usd=0.000001, max_tokens=1000)

    async def script(client: Uniform) -> None:
        with pytest.raises((BudgetExceededError, ProviderConfigurationError)):
            await client.ask("one")

    run(world, script, provided)
    assert server.exchanges == []


def test_limits_follow_the_settings(server: FakeServer, world: World) -> None:
    server.add_replies(*[Answer(text="a")] * 4)
    provided = settings(server.url, requests_per_minute=2, limit_wait_s=0)

    async def script(client: Uniform) -> None:
        results = await client.ask_many(["hello"] * 4, retries=0)
        assert sorted(result.ok for result in results) == [False, False, True, True]
        assert all(isinstance(result.error, ProviderRateLimitError) for result in results if not result.ok)

    run(world, script, provided)
    assert len(server.exchanges) == 2


def test_a_provider_of_ones_own_is_not_bounded_in_secret(world: World) -> None:
    class Mine(BaseProvider):
        def ask(self, prompt: str, **kwargs: Any) -> AskResult:
            return AskResult(text="unbounded")

    async def script(client: Uniform) -> None:
        await client.ask("hello")

    with pytest.raises(ProviderConfigurationError, match="mine: limits and budgets work for engine providers only"):
        run(world, script, AiSettings(requests_per_minute=1), Mine())
