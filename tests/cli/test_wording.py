"""Messages of commands name flags and variables, never parameters of Python."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest

from ai_utilities.cli import main
from ai_utilities.cli.output import for_command_line
from ai_utilities.config import log_misspelt
from dhenara.ai.testing import Answer, FakeServer, Refusal

PARAMETER = re.compile(r"\b[a-z_]+=(?:\.\.\.|True|False|'|\{|\[|\d)|\b[a-z_]+\(\)|AIModelAPI|AiSettings|AiClient")


@pytest.fixture(autouse=True)
def own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setenv("AI_MAX_RETRIES", "0")


WRONG: dict[str, tuple[dict[str, str], list[str]]] = {
    "no key": ({}, ["ask", "?", "-p", "openai"]),
    "no key of a cloud": ({}, ["ask", "?", "-p", "azure_openai", "-m", "x"]),
    "no region": ({}, ["ask", "?", "-p", "bedrock", "-m", "x"]),
    "no model": ({"XAI_API_KEY": "x"}, ["ask", "?", "-p", "xai"]),
    "no embedding model": ({"XAI_API_KEY": "x"}, ["embed", "a", "-p", "xai"]),
    "no image model": ({"GROQ_API_KEY": "x"}, ["image", "a", "-p", "groq"]),
    "no route of this name": ({}, ["ask", "?", "-m", "route:smart"]),
    "no address of tables": ({}, ["models", "refresh"]),
    "no address": ({}, ["ask", "?", "-p", "openai_compatible", "-m", "x"]),
    "unknown provider": ({"AI_PROVIDER": "opnai"}, ["ask", "?"]),
    "unknown provider of a flag": ({}, ["ask", "?", "-p", "opnai"]),
    "wrong setting": ({"AI_TEMPERATURE": "9"}, ["ask", "?"]),
    "missing file of variables": ({}, ["ask", "?", "--env-file", "nowhere.env"]),
    "missing attachment": ({"OPENAI_API_KEY": "x"}, ["ask", "?", "-p", "openai", "--file", "nowhere.txt"]),
    "wrong parameter": ({"OPENAI_API_KEY": "x"}, ["ask", "?", "-p", "openai", "--param", "temprature=1"]),
    "existing output": ({"OPENAI_API_KEY": "x"}, ["ask", "?", "-p", "openai", "--save", "there"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_errors_name_flags_and_variables(
    case: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("there").touch()
    variables, arguments = WRONG[case]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(arguments) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("ai-utilities: ")
    assert shown.count("\n") == 1
    assert not PARAMETER.search(shown), shown


def test_a_limit_or_a_budget_names_what_can_be_set(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"API_KEY": "x", "BASE_URL": f"{server.url}/v1", "MODEL": "gpt-4o"}.items():
        monkeypatch.setenv(f"OPENAI_{name}", value)
    monkeypatch.setenv("AI_BUDGET_USD", "0.0000001")
    assert main(["ask", "?"]) in (1, 2)
    assert not PARAMETER.search(shown := capsys.readouterr().err), shown
    assert "--max-tokens" in shown


def test_a_refusal_in_strict_mode_names_the_variable(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"API_KEY": "x", "BASE_URL": f"{server.url}/v1", "MODEL": "gpt-5"}.items():
        monkeypatch.setenv(f"OPENAI_{name}", value)
    monkeypatch.setenv("AI_STRICT", "1")
    assert main(["ask", "?", "--temperature", "0.2"]) == 2
    assert "With AI_STRICT=0 this is a warning." in (shown := capsys.readouterr().err)
    assert not PARAMETER.search(shown), shown


def test_a_misspelt_variable_is_one_note(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log_misspelt.cache_clear()
    for name, value in {"API_KEY": "x", "BASE_URL": f"{server.url}/v1", "MODEL": "gpt-4o"}.items():
        monkeypatch.setenv(f"OPENAI_{name}", value)
    monkeypatch.setenv("AI_TEMPRATURE", "0.1")
    server.add_replies(Answer(text="hi"))
    assert main(["ask", "?"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "hi\n"
    assert shown.err == "warning: AI_TEMPRATURE is not a setting and is ignored. Did you mean AI_TEMPERATURE?\n"


def test_an_error_of_a_provider_says_what_can_be_set(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"API_KEY": "x", "BASE_URL": f"{server.url}/v1", "MODEL": "gpt-4o"}.items():
        monkeypatch.setenv(f"OPENAI_{name}", value)
    server.add_replies(Refusal(429, "slow down"))
    assert main(["ask", "?"]) == 1
    assert "or raise AI_MAX_RETRIES" in capsys.readouterr().err


TRANSLATED = {
    "x exists. Pass overwrite=True to replace it, or choose another path.": (
        "x exists. Pass --force to replace it, or choose another path."
    ),
    "Set OPENAI_API_KEY or pass api_key='...'. More.": "Set OPENAI_API_KEY. More.",
    "needs region: pass config={'region': ...} to AIModelAPI.": (
        "needs region: set AI_PROVIDER_CONFIG='{\"region\": ...}'."
    ),
    "Set A_KEY or pass api_key=... or credentials=... to AIModelAPI. More.": "Set A_KEY. More.",
    "needs project_id: pass config={'project_id': ..., 'location': ...} to AIModelAPI, or set X.": (
        'needs project_id: set AI_PROVIDER_CONFIG=\'{"project_id": ..., "location": ...}\', or set X.'
    ),
    "no Google credentials: pass credentials={'service_account_json': ...} or {'token': ...} to AIModelAPI, set X.": (
        "no Google credentials: set X."
    ),
    "The provider stalled; raise Timeouts(idle=...).": "The provider stalled.",
    "Raise `timeout`, or request a shorter response.": "Raise --timeout, or request a shorter response.",
    "Raise max_output_tokens, or request a smaller object.": "Raise --max-tokens, or request a smaller object.",
    "Set or lower max_output_tokens (max_tokens in the kit), raise the budget.": (
        "Set or lower --max-tokens, raise the budget."
    ),
    "Raise the limit, or raise `timeout` or limit_wait_s (wait of LimitLayer).": (
        "Raise the limit, or raise --timeout or AI_LIMIT_WAIT_S."
    ),
    "a sentence without parameters stays": "a sentence without parameters stays",
}


@pytest.mark.parametrize("message", TRANSLATED)
def test_parameters_are_translated(message: str) -> None:
    assert for_command_line(message) == TRANSLATED[message]


def test_a_wrong_fallback_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    monkeypatch.setenv("AI_FALLBACKS", "opnai/x")
    assert main(["ask", "?", "-p", "openai"]) == 2
    assert "AI_FALLBACKS, 'opnai/x': unknown provider 'opnai'" in capsys.readouterr().err
