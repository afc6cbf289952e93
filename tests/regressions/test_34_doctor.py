"""`doctor` examines a provider for which no chat model is set or known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiSettings
from ai_utilities.exceptions import ProviderConfigurationError
from ai_utilities.setup import PresetAnswers, run_setup_wizard
from ai_utilities.setup.doctor import run_checks
from dhenara.ai.testing import Answer, FakeServer, Raw, Refusal, SampleOperations


def findings(provider: str, server: FakeServer, **given: Any) -> dict[str, tuple[str, str]]:
    settings = AiSettings(
        _env_file=None, provider=provider, api_key="sk-of-the-test", base_url=server.url, cache_enabled=False, **given
    )
    return {finding.check: (finding.health, finding.finding) for finding in run_checks(settings)}


def failures(actual: dict[str, tuple[str, str]]) -> list[str]:
    return [what for what, (health, _) in actual.items() if health == "failure"]


def test_cohere_without_a_chat_model_is_examined_by_an_embedding(server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    actual = findings("cohere", server)
    assert failures(actual) == []
    assert actual["model"][0] == "warning"
    assert "no chat model is set, and cohere has no default one" in actual["model"][1]
    assert actual["key and model"] == ("ok", "cohere embeds with embed-v4.0")
    assert [exchange.path for exchange in server.exchanges] == ["/v2/embed"]


def test_cohere_with_a_chat_model_is_called(server: FakeServer) -> None:
    server.add_replies(Answer(text="ready"))
    actual = findings("cohere", server, model="command-a")
    assert failures(actual) == []
    assert actual["key and model"] == ("ok", "cohere answers")


@pytest.mark.parametrize("provider", ["cohere", "voyage", "xai", "deepgram"])
def test_a_refused_key_is_a_failure_of_the_key(provider: str, server: FakeServer) -> None:
    server.add_replies(Refusal(401, "invalid api token"))
    assert failures(findings(provider, server)) == ["key"]


def test_a_provider_without_chat_needs_no_model(server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    actual = findings("voyage", server)
    assert failures(actual) == []
    assert actual["model"] == ("ok", "none needed: voyage has no chat models")


def test_without_a_default_embedding_model_the_models_are_listed(server: FakeServer) -> None:
    server.add_replies(Raw(json.dumps({"data": [{"id": "grok-5"}, {"id": "grok-5-mini"}]}).encode()))
    actual = findings("xai", server)
    assert failures(actual) == []
    assert actual["key"] == ("ok", "xai lists 2 models")


def test_a_missing_key_is_still_a_failure(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COHERE_API_KEY", "CO_API_KEY", "AI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    actual = {one.check: one for one in run_checks(AiSettings(_env_file=None, provider="cohere", base_url=server.url))}
    assert "API key missing" in actual["settings"].finding


def test_a_provider_without_chat_may_have_a_model_set(server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    actual = findings("voyage", server, model="voyage-3.5")
    assert failures(actual) == []


VOYAGE = PresetAnswers(("voyage",), "sk-of-the-test", model="voyage-3.5")


def test_the_setup_tries_a_provider_without_chat_by_an_embedding(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOYAGE_BASE_URL", f"{server.url}/v1")
    server.add_replies(SampleOperations())
    run_setup_wizard(replace(VOYAGE), tmp_path / ".env")
    assert [exchange.path for exchange in server.exchanges] == ["/v1/embeddings"]
    assert "VOYAGE_API_KEY" in (tmp_path / ".env").read_text()


def test_the_setup_writes_nothing_if_the_embedding_is_refused(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOYAGE_BASE_URL", f"{server.url}/v1")
    server.add_replies(Refusal(401, "this key is not valid"))
    with pytest.raises(ProviderConfigurationError, match="this key is not valid"):
        run_setup_wizard(replace(VOYAGE), tmp_path / ".env")
    assert not (tmp_path / ".env").exists()
