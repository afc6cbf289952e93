"""Which clients may go to a Ray cluster. Nothing of this needs one."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings
from ai_utilities.batch import OnRay, run_bulk
from ai_utilities.batch.backends import make_client_factory
from ai_utilities.cache import MemoryCache
from ai_utilities.exceptions import ProviderConfigurationError


@pytest.mark.parametrize(
    ("provided", "variable"),
    [
        ({"cache_enabled": True}, "AI_CACHE_BACKEND=redis"),
        ({"cache_enabled": True, "cache_backend": "sqlite"}, "AI_CACHE_BACKEND=redis"),
        ({"requests_per_minute": 10}, "AI_LIMIT_STORE=redis"),
        ({"max_concurrency": 2, "limit_store": "sqlite"}, "AI_LIMIT_STORE=redis"),
        ({"budget_usd": 1.0}, "AI_LIMIT_STORE=redis"),
        ({"usage_store": "memory"}, "AI_USAGE_STORE=redis"),
    ],
)
def test_what_workers_would_each_have_for_themselves_is_refused(
    provided: dict[str, Any], variable: str, tmp_path: Path
) -> None:
    paths = {name: tmp_path / name for name in ("cache_path", "limit_path", "usage_path")}
    with (
        AiClient(AiSettings(api_key="sk-none", **paths, **provided)) as client,
        pytest.raises(ProviderConfigurationError, match=variable),
    ):
        make_client_factory(client, OnRay(), {})


def test_a_client_with_parts_of_its_own_is_made_where_it_works() -> None:
    with (
        AiClient(AiSettings(api_key="sk-none"), cache=MemoryCache()) as client,
        pytest.raises(ProviderConfigurationError, match="make_client"),
    ):
        make_client_factory(client, OnRay(), {})


def test_a_pickled_client_contains_settings_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-first")
    monkeypatch.setenv("GROQ_API_KEY", "sk-second")
    monkeypatch.setenv("GROQ_MODEL", "swift")
    options = {"provider": "groq", "temperature": 0}
    with AiClient(AiSettings()) as client:
        make = pickle.loads(pickle.dumps(make_client_factory(client, OnRay(), options)))  # noqa: S301  # our own
    for name in ("OPENAI_API_KEY", "GROQ_API_KEY", "GROQ_MODEL"):
        monkeypatch.delenv(name)
    with make() as made:
        assert (made.provider.provider_name, made.provider.model) == ("groq", "swift")
        assert made.provider.configuration.api_key.value == "sk-second"
    assert options == {"temperature": 0}


def test_a_place_that_is_neither_here_nor_ray_is_refused() -> None:
    with pytest.raises(ProviderConfigurationError, match="Use 'here', 'provider' or 'ray'"):
        run_bulk(["a"], "out.jsonl", on="mars")


def test_without_ray_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with (
        AiClient(AiSettings(api_key="sk-none")) as client,
        pytest.raises(ProviderConfigurationError, match=r"dhenara\[ray\]"),
    ):
        run_bulk(["a"], "out.jsonl", client=client, on="ray")


def test_a_pickled_client_is_of_the_provider_before_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-o")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-a")
    options = {"model": "anthropic/claude-sonnet-5"}
    with AiClient("openai", usage_tracking=False) as client:
        make = pickle.loads(pickle.dumps(make_client_factory(client, OnRay(), options)))  # noqa: S301  # our own
    with make() as worker:
        assert worker.provider.provider_name == "anthropic"
        assert worker.provider.configuration.api_key.value == "sk-a"
    assert options == {"model": "claude-sonnet-5"}
