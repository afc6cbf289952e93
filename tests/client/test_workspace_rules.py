"""Limits and settings of a workspace: which of two values holds, and for which tools."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dhenara.ai import workspace as workspace_module
from dhenara.ai.types import ToolCallContent
from dhenara.ai.types.tools.tool import InvalidArgumentsError
from dhenara.ai.types.tools.tool_actions import ShellAction
from dhenara.ai.types.tools.tool_executors import ShellResult
from dhenara.ai.workspace import Workspace
from dhenara.ai.workspace_files import FileEditor, FileTree, apply_patch


class Commands:
    """Notes commands with their settings in place of running them; they take no time, or too long."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *late: str) -> None:
        self.late = late
        self.noted: list[tuple[str, dict[str, str], float, int]] = []
        monkeypatch.setattr(workspace_module, "run_command", self.run)
        monkeypatch.setattr(workspace_module, "time", SimpleNamespace(monotonic=lambda: 100.0))

    def run(self, command: str, folder: Path, env: dict[str, str], until: float, most: int) -> ShellResult:
        self.noted.append((command, env, until - 100, most))
        return ShellResult(timed_out=command in self.late)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, (60, 500)),
        ({"timeout": 5.0, "max_output": 20}, (5, 20)),
        ({"timeout": 90.0, "max_output": 900}, (60, 500)),
    ],
)
def test_a_model_may_ask_for_less_time_and_output_but_not_for_more(
    wanted: dict[str, Any], expected: tuple[float, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands = Commands(monkeypatch)
    Workspace(tmp_path, shell=True, timeout=60, max_output=500).run(ShellAction(commands=("a",), **wanted))
    assert commands.noted[0][2:] == expected


def test_variables_of_the_call_win_over_those_of_the_workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    commands = Commands(monkeypatch)
    monkeypatch.setenv("TZ", "UTC")
    action = ShellAction(commands=("a",), env={"MINE": "2", "HOME": "/elsewhere"})
    Workspace(tmp_path, shell=True, env={"MINE": "1", "OTHER": "1", "TZ": "CET"}).run(action)
    env = commands.noted[0][1]
    assert {name: env[name] for name in ("MINE", "OTHER", "HOME", "TZ")} == {
        "MINE": "2",
        "OTHER": "1",
        "HOME": "/elsewhere",
        "TZ": "CET",
    }


def test_no_command_runs_after_one_that_took_too_long(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    commands = Commands(monkeypatch, "b")
    results = Workspace(tmp_path, shell=True).run(ShellAction(commands=("a", "b", "c")))
    assert [one[0] for one in commands.noted] == ["a", "b"]
    assert [one.timed_out for one in results] == [False, True]


@pytest.mark.parametrize(
    ("needs_approval", "expected"),
    [(None, [False, False, False, True]), (True, [True] * 4), (False, [False] * 4)],
)
def test_which_calls_must_be_approved(needs_approval: bool | None, expected: list[bool], tmp_path: Path) -> None:
    tools = Workspace(tmp_path, shell=True, memory=True, needs_approval=needs_approval).tools()
    assert [tool.needs_approval for tool in tools] == expected


def test_notes_have_the_limits_of_the_workspace(tmp_path: Path) -> None:
    memory = Workspace(tmp_path, memory=True, max_file_bytes=30, max_output=20).tools()[2]

    def call(command: str, **arguments: Any) -> Any:
        given = {"command": command, "path": "/memories/a", **arguments}
        return memory.bind_call(ToolCallContent(id="1", name="memory", arguments=given))()

    with pytest.raises(InvalidArgumentsError, match="larger than 30 bytes"):
        call("create", file_text="x" * 31)
    call("create", file_text="x" * 30)
    assert "more characters are left out" in call("view")


def editor(folder: Path, base: str = "") -> FileEditor:
    return FileEditor(FileTree(folder, 1000), 1000, base)


@pytest.mark.skipif(os.name == "nt", reason="modes of files")
def test_an_edited_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "run.sh"
    path.write_text("a\n")
    path.chmod(0o750)
    editor(tmp_path).str_replace("run.sh", "a", "b")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("b\n", 0o750)


def test_a_write_that_fails_leaves_no_draft(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="full"):
        editor(tmp_path).create("a", "text")
    assert list(tmp_path.iterdir()) == []


def test_text_may_be_inserted_before_the_first_and_after_the_last_line(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("1\n2")
    editor(tmp_path).insert("a", 2, "3")
    editor(tmp_path).insert("a", 0, "0\n")
    assert path.read_text() == "0\n1\n2\n3\n"
    with pytest.raises(InvalidArgumentsError, match="has 4 lines"):
        editor(tmp_path).insert("a", 5, "x")


def test_a_file_is_not_renamed_over_another_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("2")
    with pytest.raises(InvalidArgumentsError, match="exists already"):
        editor(tmp_path).rename("a", "b")
    assert (tmp_path / "b").read_text() == "2"


def test_a_place_that_differs_in_blanks_at_line_ends_is_preferred_to_one_that_differs_more() -> None:
    assert apply_patch("  a\na  \n", "-a\n+b") == "  a\nb\n"
    assert apply_patch("  a\n", "-a\n+b") == "b\n"
