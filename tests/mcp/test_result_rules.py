"""What is read from an MCP server by its rules, without a server: pages of a list, and results of tools."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import anyio
import pytest

pytest.importorskip("mcp")

from dhenara.ai.errors import MCPServerError
from dhenara.ai.mcp.requests import STRUCTURED, read_base64, read_pages, read_result

Page = tuple[list[str], str | None]


def listed(*pages: Page, most: int = 10) -> list[str]:
    """The descriptions of the tools that a server lists on these pages."""
    cursors: list[str | None] = []

    async def list_tools(cursor: str | None) -> Any:
        cursors.append(cursor)
        names, following = pages[min(len(cursors), len(pages)) - 1]
        tools = [SimpleNamespace(name=name, place=f"{name}{len(cursors)}") for name in names]
        return SimpleNamespace(tools=tools, next_cursor=following)

    client: Any = SimpleNamespace(list_tools=list_tools)
    settings: Any = SimpleNamespace(name="test", max_tools=most)
    return [tool.place for tool in anyio.run(read_pages, client, "tools", settings)]


def test_all_pages_are_read_and_the_first_of_two_equal_names_counts() -> None:
    assert listed((["a", "b"], "2"), (["b", "c"], None)) == ["a1", "b1", "c2"]


def test_as_many_tools_as_are_allowed_are_read() -> None:
    assert len(listed((["a", "b", "c"], None), most=3)) == 3
    with pytest.raises(MCPServerError, match="more than 3 tools"):
        listed((["a", "b", "c", "d"], None), most=3)


def test_pages_without_end_are_an_error() -> None:
    with pytest.raises(MCPServerError, match="repeats its pages"):
        listed((["a"], "2"), (["a"], "2"))


def result(*texts: str, structured: Any = None, is_error: bool = False) -> Any:
    content = [SimpleNamespace(type="text", text=text) for text in texts]
    return SimpleNamespace(content=content, structured_content=structured, is_error=is_error)


@pytest.mark.parametrize("is_error", [False, True])
def test_a_result_says_whether_the_tool_failed(is_error: bool) -> None:
    assert read_result(result("x", is_error=is_error)).is_error is is_error


@pytest.mark.parametrize(
    ("texts", "output"), [(["text"], "text"), (['{"a": 1}'], {"a": 1}), ([], {"a": 1})], ids=["text", "equal", "alone"]
)
def test_a_structured_value_is_an_extra_and_the_output_where_the_text_says_the_same(
    texts: list[str], output: Any
) -> None:
    read = read_result(result(*texts, structured={"a": 1}))
    assert (read.output, read.extras) == (output, {STRUCTURED: {"a": 1}})


def test_base64_may_be_broken_into_lines_and_nothing_else() -> None:
    assert read_base64("aGVs\r\nbG8=\n") == b"hello"
    with pytest.raises(ValueError, match="base64"):
        read_base64("aGVs!bG8=")
