"""The list of tools that an MCP server offers: all of its pages, in bounded time and size, under names of their own."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import anyio

from ..errors import MCPServerError, MCPTimeoutError
from .connection import UNREACHABLE, root_cause

if TYPE_CHECKING:
    from mcp import Client

ILLEGAL = re.compile(r"[^A-Za-z0-9_-]")
LONGEST_NAME = 64
HASH_LENGTH = 6


async def list_tools(client: Client, server: str, timeout: float | None, most: int) -> list[Any]:
    """Every tool, each name once.

    Raises:
        MCPTimeoutError: The pages took longer than `timeout` seconds.
        MCPServerError: There are more than `most` tools, or pages without end, or the server failed.
    """
    try:
        with anyio.fail_after(timeout):
            return await read_pages(client, server, most)
    except TimeoutError as error:
        raise MCPTimeoutError(
            f"the MCP server {server} did not list its tools within {timeout:g} seconds. "
            "Check that it runs, or raise list_timeout.",
            limit="list",
        ) from error
    except UNREACHABLE as error:
        raise MCPServerError(f"the MCP server {server} did not list its tools: {root_cause(error)}") from error


async def read_pages(client: Client, server: str, most: int) -> list[Any]:
    match: dict[str, Any] = {}
    cursors: set[str] = set()
    cursor: str | None = None
    while True:
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            match.setdefault(tool.name, tool)
        cursor = page.next_cursor
        if cursor and cursor in cursors:
            raise MCPServerError(f"the MCP server {server} lists its tools in a circle: its cursors repeat")
        cursors.add(cursor or "")
        if len(match) <= most and not cursor:
            return list(match.values())
        if len(match) > most or len(cursors) > most:
            raise MCPServerError(
                f"the MCP server {server} lists more than {most} tools or pages. Raise max_tools if it has so many."
            )


def legal_names(names: Sequence[str], prefix: str) -> list[str]:
    """A name for each tool that providers take, and no two alike.

    A name that is legal stays as it is. Others have their illegal letters replaced; where that makes two alike, or cuts
    one off, a hash of the original name tells them apart, so that a tool is called the same in every session.
    """
    wanted = [prefix + name for name in names]
    plain = [ILLEGAL.sub("_", name) for name in wanted]
    shared = Counter(name[:LONGEST_NAME] for name in plain)
    given = {name for name in wanted if is_legal(name)}
    return [
        name if is_legal(name) else hashed(name, simple) if needs_hash(simple, shared, given) else simple
        for name, simple in zip(wanted, plain, strict=True)
    ]


def is_legal(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and not ILLEGAL.search(name)


def needs_hash(simple: str, shared: Counter[str], given: set[str]) -> bool:
    return not simple or len(simple) > LONGEST_NAME or shared[simple] > 1 or simple in given


def hashed(name: str, simple: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_LENGTH]
    return f"{simple[: LONGEST_NAME - HASH_LENGTH - 1] or 'tool'}_{digest}"
