"""What the doctor says of the files of stores and of keys, without a provider."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings, ConfigurationResolver
from ai_utilities.setup import doctor
from ai_utilities.setup.doctor import check_settings, check_stores, run_checks
from dhenara.ai.testing import Answer, FakeServer


def settings(**given: Any) -> AiSettings:
    return AiSettings(_env_file=None, **{"provider": "openai", "model": "m", "api_key": "sk-test-0", **given})


def health(results: Any) -> dict[str, str]:
    return {one.check: one.health for one in results}


@pytest.mark.parametrize("exists", [True, False])
def test_a_file_that_exists_is_checked_itself_and_else_its_folder(
    exists: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "new" / "usage.sqlite"
    if exists:
        path.parent.mkdir()
        path.touch()
    writable = [tmp_path, path.parent]
    monkeypatch.setattr(doctor.os, "access", lambda place, mode: mode == os.W_OK and place in writable)
    assert health(check_stores(settings(usage_path=path))) == {"usage": "failure" if exists else "ok"}
    writable.append(path)
    assert health(check_stores(settings(usage_path=path))) == {"usage": "ok"}


@pytest.mark.parametrize(
    ("given", "checked"),
    [
        ({"cache_backend": "sqlite"}, []),
        ({"cache_backend": "sqlite", "cache_enabled": True}, ["cache"]),
        ({"cache_backend": "memory", "cache_enabled": True}, []),
        ({"limit_store": "sqlite"}, []),
        ({"limit_store": "sqlite", "budget_usd": 5}, ["limits"]),
        ({"usage_store": "sqlite", "usage_tracking": False}, []),
    ],
    ids=str,
)
def test_only_stores_that_are_used_are_checked(
    given: dict[str, Any], checked: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    wanted = settings(**{"usage_tracking": False, **given})
    assert list(health(check_stores(wanted))) == checked


@pytest.mark.parametrize(("key", "expected"), [("sk-12345", "ok"), ("sk-1234", "warning")])
def test_a_key_of_few_characters_is_doubtful(key: str, expected: str) -> None:
    resolved = ConfigurationResolver(settings(api_key=key)).resolve()
    assert health(check_settings(resolved))["key"] == expected


def test_nothing_is_sent_without_the_network(server: FakeServer) -> None:
    results = list(run_checks(settings(base_url=f"{server.url}/v1", usage_tracking=False), network=False))
    assert {one.check for one in results} >= {"provider", "model", "key"}
    assert (server.exchanges, server.connections) == ([], 0)


def test_the_test_call_has_no_fallbacks_and_the_given_time(monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> None:
    noted: list[tuple[Any, Any]] = []
    ask = AiClient.ask

    def note(client: AiClient, *given: Any, **options: Any) -> Any:
        noted.append((client.settings.fallbacks, options.get("timeout")))
        return ask(client, *given, **options)

    monkeypatch.setattr(AiClient, "ask", note)
    server.add_replies(Answer(text="ready"))
    wanted = settings(base_url=f"{server.url}/v1", fallbacks=["ollama/m"], timeout=7, usage_tracking=False)
    list(run_checks(wanted, timeout=90))
    assert noted == [(None, 90)]
