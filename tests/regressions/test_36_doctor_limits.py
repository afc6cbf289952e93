"""The limits of the doctor and of setup fit a machine on which a model takes minutes."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from ai_utilities import AiClient, AiSettings
from ai_utilities.cli import main
from ai_utilities.exceptions import CallTimeoutError
from ai_utilities.setup.checks import HOSTED, LOCAL
from ai_utilities.setup.doctor import run_checks
from ai_utilities.setup.steps import ProviderEntry, Try
from ai_utilities.setup.wizard import ActionRunner

SLOW_ANSWER = 343.0
"""Seconds that 80 tokens of the embedded model took on a busy machine."""


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> list[float]:
    """The limits of the requests that are made; none is sent."""
    actual: list[float] = []

    def late(self: AiClient, prompt: str, **options: Any) -> Any:
        actual.append(options["timeout"])
        raise CallTimeoutError("too slow", limit="total", provider="x", model="m")

    monkeypatch.setattr(AiClient, "ask", late)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return actual


SERVERS: list[dict[str, Any]] = [
    {"provider": "ollama", "model": "m"},
    {"provider": "local"},
    {"provider": "openai", "api_key": "sk-of-the-test", "model": "m", "base_url": "http://127.0.0.1:9/v1"},
    {"provider": "openai_compatible", "model": "m", "base_url": "http://localhost:9/v1"},
]


@pytest.mark.parametrize("provided", SERVERS, ids=lambda provided: provided["provider"])
def test_a_model_on_this_machine_has_minutes(provided: dict[str, Any], limits: list[float]) -> None:
    findings = list(run_checks(AiSettings(**provided)))
    assert limits == [LOCAL]
    assert limits[0] > SLOW_ANSWER
    assert "--timeout" in (findings[-1].fix or "")


def test_a_hosted_model_has_less(limits: list[float]) -> None:
    settings = AiSettings(provider="openai", api_key="sk-of-the-test", model="m", base_url="http://[2001:db8::1]:9/v1")
    list(run_checks(settings))
    assert limits == [HOSTED]


def test_an_explicit_limit_holds(limits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    settings = AiSettings(provider="ollama", model="m", timeout=7)
    list(run_checks(settings))
    list(run_checks(settings, timeout=900))
    assert limits == [7, 900]
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", io.StringIO())
        main(["doctor", "-p", "ollama", "-m", "m", "--timeout", "1200"])
    assert limits[-1] == 1200


def test_setup_waits_as_long(limits: list[float]) -> None:
    for entry in (
        ProviderEntry("ollama", model="m"),
        ProviderEntry("openai_compatible", base_url="http://127.0.0.1:9/v1", model="m"),
    ):
        ActionRunner({}).run(Try(entry))
    assert limits == [LOCAL, LOCAL]
