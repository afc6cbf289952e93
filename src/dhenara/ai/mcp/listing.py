"""Lists the tools of an MCP server, all pages, within time and size limits, and makes their names unique."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import anyio
from pydantic import ValidationError

from ..errors import MCPServerError, MCPTimeoutError
from .connection import UNREACHABLE, root_cause

if TYPE_CHECKING:
    from mcp import Client

ILLEGAL = re.compile(r"[^A-Za-z0-9_-]")
LONGEST_NAME = 64
HASH_LENGTH = 6


async def list_tools(client: Client, server: str, timeout: float | None, most: int) -> list[Any]:
    """Return every tool, each name once.

    Raises:
        MCPTimeoutError: If listing took longer than `timeout` seconds.
        MCPServerError: If there are more than `most` tools, pages repeat, or the server failed.
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
    except (*UNREACHABLE, ValidationError) as error:
        raise MCPServerError(f"the MCP server {server} did not list its tools: {root_cause(error)}") from error


async def read_pages(client: Client, server: str, most: int) -> list[Any]:
    listed: dict[str, Any] = {}
    cursors: set[str] = set()
    cursor: str | None = None
    while True:
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            listed.setdefault(tool.name, tool)
        cursor = page.next_cursor
        if cursor and cursor in cursors:
            raise MCPServerError(f"the MCP server {server} repeats its pages of tools")
        cursors.add(cursor or "")
        if len(listed) <= most and not cursor:
            return list(listed.values())
        if len(listed) > most or len(cursors) > most:
            raise MCPServerError(
                f"the MCP server {server} lists more than {most} tools or pages. Raise max_tools to allow more."
            )


def legal_names(names: Sequence[str], prefix: str) -> list[str]:
    """Return a unique name for each tool that all providers accept.

    A valid name is unchanged. In others, invalid characters become `_`; if that makes two equal or a name is cut off,
    a
    hash of the original name is appended, so that a tool has the same name in every session.
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
