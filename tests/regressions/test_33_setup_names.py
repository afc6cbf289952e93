"""A misspelt provider is refused with what was probably meant; a new one needs a flag of its own."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from ai_utilities.cli import main
from ai_utilities.exceptions import ProviderConfigurationError
from ai_utilities.providers import list_providers, register_provider
from ai_utilities.setup import PresetAnswers, run_setup_wizard

MISSPELT = {
    "openia": "openai",
    "opnai": "openai",
    "antropic": "anthropic",
    "anthropci": "anthropic",
    "gorq": "groq",
    "olama": "ollama",
    "mistrall": "mistral",
    "amazon_bedrok": "amazon_bedrock",
    "cohre": "cohere",
}


@pytest.fixture(autouse=True)
def own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def given(*names: str, new: bool = False) -> PresetAnswers:
    return PresetAnswers(names, "sk-of-the-test", "http://127.0.0.1:9/v1", "m", keep_failing=True, new_provider=new)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    err = io.StringIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdin", io.StringIO())
        patched.setattr(sys, "stdout", io.StringIO())
        patched.setattr(sys, "stderr", err)
        return main(arguments), err.getvalue()


@pytest.mark.parametrize("name", MISSPELT)
def test_a_misspelling_is_refused_with_a_suggestion(name: str, tmp_path: Path) -> None:
    for names in ((name,), ("openai", name)):
        with pytest.raises(ProviderConfigurationError, match=f"Did you mean '{MISSPELT[name]}'"):
            run_setup_wizard(given(*names), tmp_path / ".env", test=False)
    assert not (tmp_path / ".env").exists()


@pytest.mark.parametrize("more", [[], ["--api-key", "sk-x", "--base-url", "http://127.0.0.1:9/v1", "--model", "m"]])
@pytest.mark.parametrize("name", [*MISSPELT, "nonsense", ""])
def test_at_the_command_line(name: str, more: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    code, err = run(monkeypatch, "setup", "-y", "--no-test", "--provider", name, *more)
    assert code == 2
    assert err.count("\n") == 1
    assert MISSPELT.get(name, "--new-provider") in err
    assert not (tmp_path / ".env").exists()


def test_a_new_provider_needs_its_flag(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    provided = [
        "-y",
        "--no-test",
        "-p",
        "mine",
        "--api-key",
        "sk-x",
        "--base-url",
        "http://127.0.0.1:9/v1",
        "--model",
        "m",
    ]
    assert run(monkeypatch, "setup", *provided)[0] == 2
    assert run(monkeypatch, "setup", *provided, "--new-provider")[0] == 0
    assert "MINE_API_KEY=sk-x" in (tmp_path / ".env").read_text()


@pytest.mark.parametrize("name", ["a b", "../x", "A\nB", "x=y", "auto", "1st", "ünter"])
def test_a_new_name_can_be_written_into_variables(name: str, tmp_path: Path) -> None:
    with pytest.raises(ProviderConfigurationError, match="cannot be the name"):
        run_setup_wizard(given(name, new=True), tmp_path / ".env", test=False)
    assert not (tmp_path / ".env").exists()


def test_every_known_name_and_spelling_is_taken(tmp_path: Path) -> None:
    for number, name in enumerate([*list_providers(), "LM-Studio", "OpenAI"]):
        if name != "local":
            run_setup_wizard(given(name), tmp_path / f"{number}.env", dry_run=True, test=False)


def test_a_provider_that_was_registered_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ai_utilities.providers.facts._registered", {})
    register_provider("my_own", lambda settings: None)  # type: ignore[arg-type, return-value]  # never called
    run_setup_wizard(given("my_own"), tmp_path / ".env", dry_run=True, test=False)


COMMANDS = [["ask", "?"], ["chat"], ["models"], ["settings"], ["doctor", "--offline"], ["embed", "a"], ["speak", "a"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_every_command_refuses_a_misspelt_provider(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, err = run(monkeypatch, *command, "--provider", "openia")
    assert (code, err.count("\n")) == (2, 1)
    assert "Did you mean 'openai'?" in err
