"""Files that define MCP servers, as other clients have them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.mcp import MCPServer, load_mcp_servers
from dhenara.ai.mcp.definitions import read_definitions

SCRIPT = Path(__file__).with_name("weather_server.py")


def write(folder: Path, content: Any) -> Path:
    path = folder / "mcp.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def defined(folder: Path, entry: Any, **environment: str) -> dict[str, Any]:
    return read_definitions(write(folder, {"mcpServers": {"one": entry}}), environment)["one"]


def test_servers_of_a_file_are_opened_with_names_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_FOR_MCP", sys.executable)
    entry = {"command": "${PYTHON_FOR_MCP}", "args": [str(SCRIPT)]}
    path = write(tmp_path, {"mcpServers": {"weather": entry, "off": {"command": "x", "disabled": True}}})
    servers = load_mcp_servers(path, needs_approval=True)
    assert list(servers) == ["weather"]
    with servers["weather"] as server:
        tools = server.tools()
    assert [tool.name for tool in tools] == ["weather_degrees", "weather_store", "weather_weather_map"]
    assert all(tool.needs_approval for tool in tools)


@pytest.mark.parametrize("section", ["mcpServers", "servers"])
def test_sections_of_other_clients_are_read(tmp_path: Path, section: str) -> None:
    path = write(tmp_path, {section: {"one": {"type": "http", "url": "https://one.example/mcp"}}})
    assert read_definitions(path, {})["one"] == {"server": "https://one.example/mcp", "headers": {}}


def test_a_command_has_arguments_environment_and_folder(tmp_path: Path) -> None:
    entry = {"command": "npx", "args": ["-y", "it"], "env": {"KEY": "v"}, "cwd": "/tmp", "type": "stdio", "other": 1}
    assert defined(tmp_path, entry) == {"server": ["npx", "-y", "it"], "env": {"KEY": "v"}, "cwd": "/tmp"}


@pytest.mark.parametrize(
    ("text", "environment", "expanded"),
    [
        ("Bearer ${TOKEN}", {"TOKEN": "t"}, "Bearer t"),
        ("${TOKEN:-none}", {}, "none"),
        ("${TOKEN:-none}", {"TOKEN": ""}, "none"),
        ("${TOKEN:-}", {}, ""),
        ("${A}${B:-b}$C", {"A": "${B}"}, "${B}b$C"),
    ],
)
def test_variables_are_replaced(tmp_path: Path, text: str, environment: dict[str, str], expanded: str) -> None:
    entry = {"url": "https://one.example/mcp", "headers": {"Authorization": text}}
    assert defined(tmp_path, entry, **environment)["headers"] == {"Authorization": expanded}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "is not JSON"),
        ([], "has no servers"),
        ({"mcpServers": []}, "has no servers"),
        ({"mcpServers": {"one": "npx"}}, "server 'one' must be an object"),
        ({"mcpServers": {"one": {}}}, "needs either `command` or `url`"),
        ({"mcpServers": {"one": {"command": "a", "url": "b"}}}, "needs either `command` or `url`"),
        ({"mcpServers": {"one": {"command": ["a"]}}}, "`command` must be a text"),
        ({"mcpServers": {"one": {"command": "a", "args": "b"}}}, "`args` must be a list of texts"),
        ({"mcpServers": {"one": {"command": "a", "env": {"B": 1}}}}, "`env` must be an object of texts"),
        ({"mcpServers": {"one": {"url": "a", "type": "sse"}}}, "is a transport of 2024"),
        ({"mcpServers": {"one": {"url": "a", "type": "odd"}}}, "unknown type 'odd'"),
        ({"mcpServers": {"one": {"url": "${NOT_SET_ANYWHERE}"}}}, "variable NOT_SET_ANYWHERE is not set"),
    ],
)
def test_a_file_that_is_not_as_expected_is_a_typed_error(tmp_path: Path, content: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        load_mcp_servers(write(tmp_path, content))


def test_a_file_that_does_not_exist_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no\.json: cannot be read"):
        load_mcp_servers(tmp_path / "no.json")


@pytest.mark.parametrize(
    ("server", "options", "message"),
    [
        ("python server.py --key sk-1234", {}, "Pass a command as a list"),
        ("ftp://files.example", {}, "no http(s) address"),
        (["python", 5], {}, "a part that is not a text"),
        (["python"], {"headers": {"a": "b"}}, "headers= is for a URL"),
        ("https://tools.example", {"env": {"a": "b"}}, "env= is for a command"),
        ("https://tools.example", {"headers": {"X-Key": "sk-1234\n"}}, "'X-Key' cannot be sent"),
        ("https://tools.example", {"headers": {"X-Key": " sk-1234"}}, "'X-Key' cannot be sent"),
        ("https://tools.example", {"headers": {"X-Key": "sk-1234ä"}}, "'X-Key' cannot be sent"),
        (["python"], {"needs_approval": "change"}, '"changes"'),
        (["python"], {"needs_approval": None}, '"changes"'),
        (["python"], {"timeout": -1}, "timeout=...) takes 0 or more"),
        (["python"], {"timeout": float("nan")}, "timeout=...) takes 0 or more"),
        (["python"], {"open_timeout": "60"}, "open_timeout=...) takes a number, not str"),
        (["python"], {"max_tools": 0}, "max_tools=...) takes 1 or more"),
        (["python"], {"max_message_bytes": None}, "max_message_bytes=...) takes a number"),
        (["python"], {"reconnects": -1}, "reconnects=...) takes 0 or more"),
    ],
)
def test_an_option_that_cannot_work_is_refused_at_once(server: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        MCPServer(server, **options)
    assert message in str(refused.value)
    assert "sk-1234" not in str(refused.value)


def test_a_file_with_an_address_that_is_none_names_the_server(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="server 'one': `url` must begin with http"):
        defined(tmp_path, {"url": "localhost:8000/mcp"})


def test_a_path_of_another_type_is_refused() -> None:
    path: Any = None
    with pytest.raises(ConfigurationError, match=r"load_mcp_servers\(path=...\) takes the path of a file"):
        load_mcp_servers(path)
