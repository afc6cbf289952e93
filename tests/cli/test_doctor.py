"""`ai-utilities doctor` and `providers`: what is well, what is ill, and what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai.testing import Answer, DialectReply, FakeServer, Refusal

READY = Answer(text="ready")


def test_a_sound_set_up_is_all_well(cli: Any, at_server: FakeServer) -> None:
    reported = {"x-ratelimit-remaining-requests": "59", "date": "Sat, 21 Nov 2099 07:00:00 GMT"}
    at_server.add_replies(DialectReply(READY, headers=reported))
    done = cli("doctor")
    assert done.code == 0
    assert "openai answers as fake-1" in done.out
    assert "left: requests 59" in done.out
    assert "the clock differs from the provider" in done.out
    assert "FAILURE" not in done.out
    assert "sk-of-the-test" not in done.out


def test_a_fallback_hides_no_failure_of_the_first(
    cli: Any, at_server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AI_FALLBACKS", "local")
    at_server.add_replies(Refusal(401, "Incorrect API key provided"))
    done = cli("doctor")
    assert done.code == 1
    assert "local/smollm2-135m" in done.out
    assert "FAILURE  key" in done.out


def test_an_unreachable_fallback_is_a_failure(cli: Any, at_server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_FALLBACKS", "groq")
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    at_server.add_replies(READY)
    done = cli("doctor")
    assert done.code == 1
    assert "FAILURE  fallbacks" in done.out
    assert "GROQ_API_KEY" in done.out
    assert "openai answers as fake-1" in done.out


def test_a_refused_key_is_a_failure_with_advice(cli: Any, at_server: FakeServer) -> None:
    at_server.add_replies(Refusal(401, "Incorrect API key provided"))
    done = cli("doctor")
    assert done.code == 1
    assert "FAILURE  key" in done.out


def test_a_server_that_is_not_there_is_a_failure(
    cli: Any, at_server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    done = cli("doctor")
    assert done.code == 1
    assert "cannot connect to" in done.out


@pytest.mark.parametrize(
    ("variables", "reported"),
    [
        ({"OPENAI_BASE_URL": "nonsense"}, "'nonsense' is not a URL. It needs http://"),
        ({"OPENAI_BASE_URL": "https://nobody.invalid/v1"}, "nobody.invalid cannot be resolved"),
        ({"HTTP_PROXY": "http://127.0.0.1:1"}, "cannot connect to 127.0.0.1:1"),
    ],
)
def test_what_is_wrong_with_the_way_is_named(
    variables: dict[str, str], reported: str, cli: Any, at_server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://api.example.com/v1")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    done = cli("doctor")
    assert done.code == 1
    assert reported in done.out


@pytest.mark.parametrize("written", [None, "junk"])
def test_certificates_that_cannot_be_read_are_named(
    written: str | None, cli: Any, at_server: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if written is not None:
        (tmp_path / "ca.pem").write_text(written)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("OPENAI_BASE_URL", at_server.url.replace("http:", "https:"))
    done = cli("doctor")
    assert "the certificates that SSL_CERT_FILE names cannot be read" in done.out
    assert (done.code, cli("ask", "hi").code) == (1, 2)


def test_missing_settings_name_the_wizard(cli: Any, at_server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    done = cli("doctor", "--provider", "openai")
    assert done.code == 1
    assert "ai-utilities setup" in done.out


def test_offline_asks_nothing(cli: Any, at_server: FakeServer) -> None:
    assert cli("doctor", "--offline").code == 0
    assert not at_server.exchanges


def test_findings_are_json_for_programs(cli: Any, at_server: FakeServer) -> None:
    lines = cli("doctor", "--offline", "--json").out.splitlines()
    assert {json.loads(line)["health"] for line in lines} <= {"ok", "warning", "failure"}


def test_providers_say_who_is_ready(cli: Any, at_server: FakeServer) -> None:
    actual = {facts["name"]: facts for facts in json.loads(cli("providers", "--json").out)}
    assert actual["openai"]["ready"]
    assert actual["openai"]["state"] == "OPENAI_API_KEY is set"
    assert actual["anthropic"]["state"] == "no key"
    assert actual["local"]["ready"]
    assert "openai" in cli("providers", "--ready").out
    assert "anthropic" not in cli("providers", "--ready").out


def test_the_doctor_says_that_there_are_no_routes(cli: Any) -> None:
    done = cli("doctor", "--routes")
    assert (done.code, done.out) == (0, "")
    assert "no routes are set. Set AI_ROUTES_FILE" in done.err
