"""`ai-utilities chat --mcp`: tools of the servers in a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai.testing import Answer, FakeServer, FakeToolCall

SERVER = Path(__file__).parents[1] / "mcp" / "weather_server.py"


@pytest.fixture
def servers(tmp_path: Path) -> str:
    path = tmp_path / "mcp.json"
    path.write_text(json.dumps({"mcpServers": {"w": {"command": sys.executable, "args": [str(SERVER)]}}}))
    return str(path)


def results(server: FakeServer) -> list[str]:
    return [message["content"] for message in server.exchanges[-1].json["messages"] if message["role"] == "tool"]


def test_a_tool_that_only_reads_runs_without_a_question(cli: Any, at_server: FakeServer, servers: str) -> None:
    at_server.add_replies(Answer(tool_calls=(FakeToolCall("w_degrees", {"city": "Rome"}),)), Answer(text="Warm."))
    done = cli("chat", "--mcp", servers, stdin="How warm is Rome?\n")
    assert done.code == 0, done.err
    assert done.out == "Warm.\n"
    assert results(at_server) == ["Rome: 31"]


@pytest.mark.parametrize(("line", "result"), [("y", "no room for Rome"), ("n", "the user declined this call")])
def test_a_tool_that_may_change_something_asks_first(
    cli: Any, at_server: FakeServer, servers: str, line: str, result: str
) -> None:
    at_server.add_replies(Answer(tool_calls=(FakeToolCall("w_store", {"city": "Rome"}),)), Answer(text="Done."))
    done = cli("chat", "--mcp", servers, stdin=f"Store Rome.\n{line}\n")
    assert 'Call w_store with {"city": "Rome"}? Type y to allow it.' in done.out
    assert result in results(at_server)[0]


def test_a_file_without_servers_is_an_error_without_a_traceback(
    cli: Any, at_server: FakeServer, tmp_path: Path
) -> None:
    (tmp_path / "mcp.json").write_text("{}")
    done = cli("chat", "--mcp", str(tmp_path / "mcp.json"), stdin="Hello\n")
    assert done.code != 0
    assert "has no servers" in done.err
    assert "Traceback" not in done.err
