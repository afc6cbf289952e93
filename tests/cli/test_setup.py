"""`ai-utilities setup` without a terminal: every flag works, and what is written works too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiSettings, ConfigurationResolver
from dhenara.ai.testing import Answer, FakeServer, Refusal

READY = Answer(text="ready")


def test_flags_write_a_file_that_works(cli: Any, server: FakeServer, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("# ours\nOTHER=1\n")
    server.add_replies(READY)
    flags = ["--provider", "mistral", "--api-key", "sk-new-key", "--model", "mistral-small-latest", "--no-test"]
    done = cli("setup", *flags)
    assert done.code == 0, done.err
    assert "sk-new-key" not in done.out
    assert "+ MISTRAL_API_KEY=**********" in done.out
    assert (tmp_path / ".env").read_text() == (
        "# ours\nOTHER=1\nAI_PROVIDER=mistral\nMISTRAL_MODEL=mistral-small-latest\nMISTRAL_API_KEY=sk-new-key\n"
    )
    assert (tmp_path / ".env.bak").exists()
    actual = ConfigurationResolver(AiSettings()).validate()
    assert (actual.provider, actual.model.value, actual.api_key.value) == (
        "mistral",
        "mistral-small-latest",
        "sk-new-key",
    )


def test_a_dry_run_writes_nothing(cli: Any, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("setup", "-p", "groq", "--api-key", "gsk-secret-key", "--dry-run", "--no-test")
    assert done.code == 0
    assert "+ AI_PROVIDER=groq" in done.out
    assert "gsk-secret-key" not in done.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fallbacks", ["", "local"])
def test_the_connection_is_tried_before_anything_is_written(
    fallbacks: str, cli: Any, at_server: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AI_FALLBACKS", fallbacks)
    at_server.add_replies(Refusal(404, "no listing"), Refusal(401, "Incorrect API key provided"))
    done = cli("setup", "-p", "openai", "--api-key", "sk-wrong-key", "-m", "fake-1")
    assert done.code == 2
    assert "Incorrect API key" in done.err
    assert "--no-test" in done.err
    assert not (tmp_path / ".env").exists()


def test_several_providers_get_their_order(cli: Any, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("setup", "-p", "anthropic", "-p", "local", "--api-key", "sk-first-key", "--no-test")
    assert done.code == 0, done.err
    text = (tmp_path / ".env").read_text()
    assert "AI_PROVIDER=auto\nAI_AUTO_SELECT_ORDER=anthropic,local\n" in text
    assert "ANTHROPIC_API_KEY=sk-first-key" in text


def test_a_key_may_go_nowhere_but_to_the_screen(cli: Any, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("setup", "-p", "xai", "--api-key", "xai-secret", "-m", "grok-5", "--key-home", "shown", "--no-test")
    assert "XAI_API_KEY=xai-secret" in done.out
    assert "xai-secret" not in (tmp_path / ".env").read_text()


def test_a_key_may_be_stored_in_and_read_from_the_keyring(cli: Any, monkeypatch: Any, tmp_path: Path) -> None:
    import keyring

    from support.keyrings import MemoryKeyring

    monkeypatch.chdir(tmp_path)
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring())
    try:
        done = cli(
            "setup", "-p", "xai", "--api-key", "xai-secret", "-m", "grok-5", "--key-home", "keyring", "--no-test"
        )
        assert done.code == 0, done.err
        assert "xai-secret" not in (tmp_path / ".env").read_text()
        assert ConfigurationResolver(AiSettings()).validate().api_key.value == "xai-secret"
    finally:
        keyring.set_keyring(before)


@pytest.mark.parametrize(
    ("flags", "reported"),
    [
        ([], "Pass --provider"),
        (["--non-interactive"], "Pass --provider"),
        (["-p", "openai_compatible", "--no-test"], "Pass --base-url"),
        (["-p", "groq", "--key-home", "somewhere"], "--key-home"),
        (["-p", "groq", "--no-test", "-y"], "groq: API key missing"),
    ],
)
def test_what_is_missing_is_named(flags: list[str], reported: str, cli: Any, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("setup", *flags)
    assert done.code == 2
    assert reported in done.err
    assert list(tmp_path.iterdir()) == []
