"""A model edits a small repository: it reads files, changes them, runs the tests, and says what it did.

Run it: python examples/coding_agent.py
It uses a fake server and a new folder, so that it needs no key. With a real model, remove the server and `base_url`,
and pass the folder of your repository; each command is then put to you before it runs.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import ShellAction, ToolCallContent
from dhenara.ai.workspace import Workspace

CHECK = 'from sums import add; assert add(2, 3) == 5; print("passed")'
TEST = f"'{sys.executable}' -c '{CHECK}'"


def make_repository(folder: Path) -> None:
    (folder / "sums.py").write_text("def add(a, b):\n    return a - b\n")


def edit(**arguments: object) -> Answer:
    return Answer(tool_calls=(FakeToolCall("str_replace_based_edit_tool", arguments),))


SCRIPT = (
    edit(command="view", path="sums.py"),
    Answer(tool_calls=(FakeToolCall("bash", {"command": TEST}),)),
    edit(command="str_replace", path="sums.py", old_str="a - b", new_str="a + b"),
    Answer(tool_calls=(FakeToolCall("bash", {"command": TEST}),)),
    Answer(text="add() subtracted. It adds now, and the test passes."),
)
"""What the model of the fake server answers."""


def approve(call: ToolCallContent) -> bool:
    """Show a command before it runs. A real application asks here."""
    if isinstance(call.action, ShellAction):
        print("$", *call.action.commands)
    return True


def main() -> None:
    with tempfile.TemporaryDirectory() as name, FakeServer(*SCRIPT) as server:
        folder = Path(name)
        make_repository(folder)
        workspace = Workspace(folder, shell=True, timeout=60, env={"PYTHONDONTWRITEBYTECODE": "1"})
        client = AIModelClient("anthropic/claude-sonnet-5", api_key="none", base_url=server.url)
        run = client.run("The test fails. Find out why, and fix it.", tools=workspace.tools(), approve=approve)
        for tool in run.tools:
            print(tool.call.name, tool.result.get_text() if tool.result else tool.outcome)
        print(run.text)
        print((folder / "sums.py").read_text())
        client.close()


if __name__ == "__main__":
    main()
