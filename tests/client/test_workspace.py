"""A workspace never leaves its folder, and its results are bounded in size and time."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import (
    EditorAction,
    InvalidArgumentsError,
    PatchOperation,
    ShellAction,
    ShellResult,
    ToolCallContent,
)
from dhenara.ai.workspace import Workspace
from dhenara.ai.workspace_files import apply_patch
from support.runs import go
from support.waiting import try_longer_limits, wait_until
from support.worlds import World, endpoint

POSIX = pytest.mark.skipif(os.name == "nt", reason="commands of a POSIX shell")
CALL = ToolCallContent(id="1", name="shell_call")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("secret")
    inside = tmp_path / "repo"
    (inside / "src").mkdir(parents=True)
    (inside / "src" / "a.py").write_text("def add(a, b):\n    return a - b\n")
    return inside


def edit(workspace: Workspace, command: str, path: str, tool: int = 0, **arguments: Any) -> Any:
    """Run one command of the editor (or of another tool) as a run does."""
    call = ToolCallContent(id="1", name="text_editor", arguments={"command": command, "path": path, **arguments})
    return workspace.tools()[tool].bind_call(call)()


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_files_are_viewed_created_and_edited(folder: Path) -> None:
    workspace = Workspace(folder)
    assert edit(workspace, "view", ".") == "src/\nsrc/a.py"
    assert edit(workspace, "view", str(folder / "src/a.py"), view_range=[2, -1]) == "     2\t    return a - b\n     3\t"
    edit(workspace, "str_replace", "src/a.py", old_str="a - b", new_str="a + b")
    edit(workspace, "insert", "src/a.py", insert_line=0, insert_text="# Sums.")
    edit(workspace, "create", "tests/deep/t.py", file_text="x")
    assert (folder / "src/a.py").read_text() == "# Sums.\ndef add(a, b):\n    return a + b\n"
    assert (folder / "tests/deep/t.py").read_text() == "x"
    assert not list(folder.rglob("*.tmp"))


OUTSIDE = [
    "../secret.txt",
    "src/../../secret.txt",
    "/etc/passwd",
    "link.txt",
    "linked/secret.txt",
    "src/up/secret.txt",
    "a\0b",
    "..",
]


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("command", ["view", "create", "str_replace", "insert"])
def test_no_path_leads_out_of_the_folder(path: str, command: str, folder: Path) -> None:
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    (folder / "linked").symlink_to(folder.parent, target_is_directory=True)
    (folder / "src" / "up").symlink_to("../..", target_is_directory=True)
    before = tree(folder.parent)
    arguments = {"file_text": "changed", "old_str": "secret", "new_str": "changed", "insert_text": "changed"}
    with pytest.raises((InvalidArgumentsError, ValueError)):
        edit(Workspace(folder), command, path, **arguments)
    for kind in ("create_file", "update_file", "delete_file"):
        operation = PatchOperation.model_validate({"type": kind, "path": path, "diff": "+changed"})
        if kind == "delete_file" and path == "link.txt":
            continue  # deletes the link, not the file
        assert Workspace(folder).apply(operation).status == "failed"
    assert tree(folder.parent) == before


@pytest.mark.parametrize("command", ["delete", "rename", "view", "create"])
@pytest.mark.parametrize("path", ["/memories/../../secret.txt", "/etc/passwd", "/memories", "memories/a", "/memoriesx"])
def test_notes_stay_in_their_folder(path: str, command: str, folder: Path) -> None:
    workspace = Workspace(folder, memory=True)
    if (command, path) == ("view", "/memories"):
        assert edit(workspace, "view", path, 2) == "(empty)"
        return
    with pytest.raises(InvalidArgumentsError):
        edit(workspace, command, path, 2, file_text="x", new_path="/memories/b")
    assert (folder.parent / "secret.txt").read_text() == "secret"


def test_notes_are_stored_renamed_and_deleted(folder: Path) -> None:
    workspace = Workspace(folder, memory=True)
    edit(workspace, "create", "/memories/a/b.md", 2, file_text="x")
    edit(workspace, "rename", "/memories/a/b.md", 2, new_path="/memories/c.md")
    assert edit(workspace, "view", "/memories", 2) == "a/\nc.md"
    edit(workspace, "delete", "/memories/a", 2)
    assert edit(workspace, "view", "/memories", 2) == "c.md"
    with pytest.raises(InvalidArgumentsError, match="exists already"):
        edit(workspace, "rename", "/memories/c.md", 2, new_path="/memories/c.md")
    assert (folder / "memories" / "c.md").read_text() == "x"


def test_a_folder_that_becomes_a_link_at_the_last_moment_is_not_followed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the check of a path and its use, another program replaces a folder by a link to outside."""
    if os.open not in os.supports_dir_fd:
        pytest.skip("no handles of folders")
    workspace, real, swapped = Workspace(folder), os.open, []

    def swap(path: Any, *args: Any, **kwargs: Any) -> int:
        handle = real(path, *args, **kwargs)
        if path == "src" and not swapped:
            swapped.append(path)
            (folder / "src").rename(folder / "old")
            (folder / "src").symlink_to(folder.parent, target_is_directory=True)
        return handle

    monkeypatch.setattr(os, "open", swap)
    edit(workspace, "create", "src/secret.txt", file_text="changed")
    assert swapped
    assert (folder.parent / "secret.txt").read_text() == "secret"
    assert (folder / "old" / "secret.txt").read_text() == "changed"


@POSIX
def test_pipes_devices_and_large_or_binary_files_are_refused(folder: Path) -> None:
    workspace = Workspace(folder, max_file_bytes=100, max_output=20)
    os.mkfifo(folder / "pipe")
    (folder / "large").write_bytes(b"x" * 101)
    (folder / "binary").write_bytes(b"\xff\xfe\x00")
    (folder / "long").write_text("y" * 90)
    for name in ("pipe", "large", "binary", "none"):
        with pytest.raises(InvalidArgumentsError, match=name):
            edit(workspace, "view", name)
    with pytest.raises(InvalidArgumentsError, match="larger"):
        edit(workspace, "create", "new", file_text="z" * 101)
    with pytest.raises(InvalidArgumentsError, match="0 times"):
        edit(workspace, "str_replace", "long", old_str="", new_str="a")
    with pytest.raises(InvalidArgumentsError, match="2 to 1"):
        edit(workspace, "view", "long", view_range=[2, 1])
    assert "more characters are left out" in edit(workspace, "view", "long")


@pytest.mark.parametrize(
    ("text", "diff", "result"),
    [
        ("a\nb\nc\n", "@@\n a\n-b\n+B\n c\n", "a\nB\nc\n"),
        ("a\nb\nc\n", "-b\n+B", "a\nB\nc\n"),
        ("def f():\n    x\ndef g():\n    x\n", "@@ def g():\n-    x\n+    y\n", "def f():\n    x\ndef g():\n    y\n"),
        ("a\nb\n", "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n", "a\nc\n"),
        ("a  \nb\n", "@@\n a\n+x\n b\n", "a\nx\nb\n"),
        ("a\n", "@@\n+b\n", "a\nb\n"),
        ("a\nb\na\nb\n", "@@\n-a\n+1\n b\n@@\n-a\n+2\n b\n", "1\nb\n2\nb\n"),
    ],
)
def test_a_patch_is_applied(text: str, diff: str, result: str) -> None:
    assert apply_patch(text, diff) == result


def test_a_patch_that_does_not_fit_fails_and_changes_nothing(folder: Path) -> None:
    workspace, before = Workspace(folder), tree(folder)
    for kind, diff in (("update_file", "@@\n-nothing\n+b"), ("update_file", "what"), ("create_file", "no plus")):
        operation = PatchOperation.model_validate({"type": kind, "path": "src/a.py", "diff": diff})
        assert workspace.apply(operation).status == "failed"
    assert tree(folder) == before
    assert workspace.apply(PatchOperation(type="create_file", path="n/b.txt", diff="+a\n+\n+b\n")).status == "completed"
    assert (folder / "n/b.txt").read_text() == "a\n\nb\n"
    assert workspace.apply(PatchOperation(type="delete_file", path="n")).status == "failed"
    assert workspace.apply(PatchOperation(type="delete_file", path="n/b.txt")).status == "completed"


@POSIX
def test_commands_run_in_the_folder_without_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    workspace = Workspace(folder, shell=True, env={"MINE": "1"})
    commands = ("pwd", "env", "cat src/a.py; exit 3", "echo wrong >&2")
    here, env, code, wrong = workspace.run(ShellAction(commands=commands))
    assert here.stdout.strip() == str(folder.resolve())
    assert "sk-secret" not in env.stdout
    assert "MINE=1" in env.stdout
    assert (code.exit_code, code.stdout) == (3, (folder / "src/a.py").read_text())
    assert (wrong.stderr, wrong.exit_code) == ("wrong\n", 0)
    (inner,) = workspace.run(ShellAction(commands=("pwd",), folder="src"))
    assert inner.stdout.strip() == str((folder / "src").resolve())
    with pytest.raises(InvalidArgumentsError):
        workspace.run(ShellAction(commands=("pwd",), folder=".."))
    with pytest.raises(InvalidArgumentsError, match="not allowed"):
        Workspace(folder).run(ShellAction(commands=("pwd",)))


def members(group: int) -> list[int]:
    """The processes of a group that are still running."""
    numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()] or [group]
    return [number for number in numbers if group_of(number) == group and is_running(number)]


def group_of(number: int) -> int | None:
    try:
        return os.getpgid(number)
    except ProcessLookupError:
        return None


def is_running(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{number}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


@POSIX
@pytest.mark.parametrize(
    "command", ["sleep 1000", "sleep 1000 & wait", "trap '' TERM; sleep 1000", "exec >&- 2>&-; sleep 1000"]
)
def test_a_command_that_hangs_is_ended_with_everything_that_it_started(command: str, folder: Path) -> None:
    def attempt(seconds: float) -> list[ShellResult] | None:
        action = ShellAction(commands=(f"echo $$; {command}", "echo next"))
        results = Workspace(folder, shell=True, timeout=seconds).run(action)
        return results if results[0].stdout else None

    results = try_longer_limits(attempt, 0.5)
    assert len(results) == 1
    assert results[0].timed_out
    assert results[0].to_result(CALL).output[0]["outcome"] == {"type": "timeout"}
    group = int(results[0].stdout)
    wait_until(lambda: members(group) == [])


@POSIX
def test_a_program_in_the_background_ends_with_its_command(folder: Path) -> None:
    (result,) = Workspace(folder, shell=True).run(ShellAction(commands=("sleep 1000 & echo $!",)))
    assert (result.exit_code, result.timed_out) == (0, False)
    wait_until(lambda: not is_running(int(result.stdout)))


@POSIX
def test_fifty_megabytes_of_output_are_cut(folder: Path) -> None:
    command = f'"{sys.executable}" -c "import sys; sys.stdout.write(chr(120) * 50_000_000)"'
    (result,) = Workspace(folder, shell=True, max_output=1_000).run(ShellAction(commands=(command,)))
    assert result.exit_code == 0
    assert len(result.stdout) < 1_200
    assert "left out" in result.stdout
    (small,) = Workspace(folder, shell=True).run(ShellAction(commands=("printf 12345678",), max_output=4))
    assert small.stdout.startswith("1234\n[4 more")


def test_a_workspace_needs_a_folder_and_positive_limits(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="no folder"):
        Workspace(folder / "none")
    with pytest.raises(ConfigurationError, match="greater than 0"):
        Workspace(folder, timeout=0)
    (folder / "memories").symlink_to(folder.parent, target_is_directory=True)
    with pytest.raises(ConfigurationError, match="link"):
        Workspace(folder, memory=True).tools()


@POSIX
@pytest.mark.parametrize(
    ("provider", "model", "shell", "editor"),
    [
        ("anthropic", "claude-sonnet-5", ("bash", {"command": "cat src/a.py"}), "str_replace_based_edit_tool"),
        ("google_ai", "gemini-3-flash", ("shell", {"commands": ["cat src/a.py"]}), "text_editor"),
        ("openai", "gpt-4.1", ("shell", {"commands": ["cat src/a.py"]}), "text_editor"),
    ],
)
def test_a_model_edits_files_and_runs_commands_after_approval(
    provider: str, model: str, shell: Any, editor: str, folder: Path, server: FakeServer, world: World
) -> None:
    change = {"command": "str_replace", "path": "src/a.py", "old_str": "a - b", "new_str": "a + b"}
    server.add_replies(
        Answer(tool_calls=(FakeToolCall(editor, change),)),
        Answer(tool_calls=(FakeToolCall(*shell),)),
        Answer(text="Done."),
    )
    client = AIModelClient(endpoint(server.url, provider, model))
    workspace = Workspace(folder, shell=True)
    waiting = go(world, client, "Fix it.", tools=workspace.tools())
    assert (waiting.stopped, len(server.exchanges)) == ("pending", 2)
    assert waiting.pending[0].action == ShellAction(commands=("cat src/a.py",))
    run = go(world, client, messages=waiting.messages, tools=workspace.tools(), approve=lambda call: True)
    world.close(client)
    assert run.text == "Done."
    assert "a + b" in (folder / "src/a.py").read_text()
    assert b"a + b" in server.exchanges[-1].body


def test_two_edits_of_one_answer_do_not_lose_each_other(folder: Path, server: FakeServer, world: World) -> None:
    (folder / "n.txt").write_text("".join(f"line {number}.\n" for number in range(20)))
    calls = tuple(
        FakeToolCall(
            "str_replace_based_edit_tool",
            {"command": "str_replace", "path": "n.txt", "old_str": f"line {number}.", "new_str": f"done {number}."},
            f"call_{number}",
        )
        for number in range(20)
    )
    server.add_replies(Answer(tool_calls=calls), Answer(text="Done."))
    client = AIModelClient(endpoint(server.url, "anthropic", "claude-sonnet-5"))
    go(world, client, "go", tools=Workspace(folder).tools())
    world.close(client)
    assert (folder / "n.txt").read_text() == "".join(f"done {number}.\n" for number in range(20))


def test_the_commands_of_an_editor_are_typed() -> None:
    call = ToolCallContent(id="1", name="memory", arguments={"command": "view", "path": "/memories"})
    assert call.action == EditorAction(command="view", path="/memories")
