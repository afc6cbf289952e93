"""Definitions of MCP servers by their rules, without a server: limits, variables, tokens and entries of files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.mcp.definitions import LIMITS, TokenCache, check_limits, expand, legal_names, read_definitions

LEAST: dict[str, Any] = {
    "timeout": 0,
    "open_timeout": None,
    "list_timeout": 0.0,
    "max_tools": 1,
    "max_message_bytes": 1,
    "reconnects": 0,
}


def test_the_least_value_of_each_limit_is_accepted() -> None:
    assert tuple(LEAST) == LIMITS
    check_limits(*LEAST.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [("timeout", -1), ("max_tools", 0), ("max_message_bytes", 0), ("reconnects", -1), ("timeout", float("nan"))],
)
def test_less_than_that_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=name):
        check_limits(*{**LEAST, name: value}.values())


@pytest.mark.parametrize(
    ("text", "expected"), [("${A}", "1"), ("${A:-d}", "1"), ("${EMPTY:-d}", "d"), ("${EMPTY}", ""), ("${NONE:-}", "")]
)
def test_a_default_is_used_for_an_empty_variable_too(text: str, expected: str) -> None:
    assert expand([{"x": text}], "here", {"A": "1", "EMPTY": ""}) == [{"x": expected}]


def test_entries_of_a_file_have_their_environment_and_disabled_ones_are_left_out(tmp_path: Path) -> None:
    on = {"command": "run", "args": ["a"], "env": {"KEY": "${KEY}"}, "cwd": "/there"}
    entries = {"on": on, "off": {**on, "disabled": True}, "web": {"url": "https://mcp.test", "headers": {"x": "1"}}}
    path = tmp_path / "mcp.json"
    path.write_text(json.dumps({"mcpServers": entries}))
    assert read_definitions(path, {"KEY": "k"}) == {
        "on": {"server": ["run", "a"], "env": {"KEY": "k"}, "cwd": "/there"},
        "web": {"server": "https://mcp.test", "headers": {"x": "1"}},
    }


def test_a_token_is_fetched_once_and_again_when_it_was_refused() -> None:
    given = iter(["one", "two"])
    cache = TokenCache(lambda: next(given))

    async def fetch() -> list[str]:
        first, same = await cache.fetch(), await cache.fetch()
        return [first, same, await cache.fetch(first), await cache.fetch(first)]

    assert anyio.run(fetch) == ["one", "one", "two", "two"]


def test_each_tool_has_a_legal_name_of_its_own() -> None:
    names = ["a_b", "a.b", "a-b", "x" * 70, "ü"]
    made = legal_names(names, "")
    assert made[0] == "a_b"
    assert made[2] == "a-b"
    assert len(set(made)) == len(names)
    assert all(0 < len(name) <= 64 and name.isascii() for name in made)
    assert legal_names(["a.b"], "s_") == ["s_a_b"]
