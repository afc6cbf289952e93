"""What people type first, right and wrong, in both packages: each line shows this result or this whole message."""

from __future__ import annotations

from pathlib import Path

import pytest

from ai_utilities.cli import main
from dhenara.ai.testing import FakeServer
from first_lines.session import PYTHON, SHELL, EveryOperation, transcript
from support.providers import all_at

TABLES = sorted((Path(__file__).parent / "tables").glob("*.txt"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder with a text, a document and a table; nothing is stored elsewhere."""
    for variable, name in (("XDG_STATE_HOME", "state"), ("XDG_CACHE_HOME", "cache")):
        monkeypatch.setenv(variable, str(tmp_path / name))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    (here / "a.txt").write_text("seven", encoding="utf-8")
    (here / "a.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    (here / "a.csv").write_text("word\nhello\n", encoding="utf-8")
    return here


@pytest.mark.parametrize("table", TABLES, ids=[table.stem for table in TABLES])
def test_each_line_shows_what_the_table_says(table: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = table.read_text(encoding="utf-8")
    with FakeServer(EveryOperation("Hello!"), forever=True) as server:
        all_at(server.url, monkeypatch)
        assert transcript(expected) == expected


def test_there_are_more_than_a_hundred_lines() -> None:
    lines = [line for table in TABLES for line in table.read_text(encoding="utf-8").splitlines()]
    typed = [line for line in lines if line.startswith((PYTHON, SHELL))]
    assert len(set(typed)) >= 100


@pytest.mark.parametrize("command", ["", " cache"])
def test_a_command_without_its_arguments_shows_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(tuple(command.split())) == 2
    shown = capsys.readouterr().err
    assert shown.startswith(f"Usage: ai-utilities{command} ")
    assert "\nCommands:\n" in shown
