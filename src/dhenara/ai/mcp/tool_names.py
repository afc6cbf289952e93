"""Names of MCP tools that all providers accept, and names of servers for messages."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

from ..wire.secrets import shown_address


def server_name(server: str | Sequence[str]) -> str:
    """Return the server's name for messages: its command, or its URL without the query, which may contain a key."""
    return shown_address(server) if isinstance(server, str) else repr(server[0])


ILLEGAL = re.compile(r"[^A-Za-z0-9_-]")
LONGEST_NAME = 64
HASH_LENGTH = 6


def legal_names(names: Sequence[str], prefix: str) -> list[str]:
    """Return a unique name for each tool that all providers accept.

    A valid name is unchanged. In others, invalid characters become `_`; if that makes two equal or a name is cut off, a
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
