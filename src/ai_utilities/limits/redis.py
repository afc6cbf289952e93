"""Limits on a Redis or Valkey server, for all machines that reach it: one script is one step, by the server's clock."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic_core import from_json, to_json

from ..storage.redis import RedisServer, library
from .account import GRACE, NEVER_LONGER, SHORTLY, SLOTS, Ask
from .store import LimitStore


class RedisLimits(LimitStore):
    """`server` is an address such as `redis://localhost:6379/0`, or a client that you made yourself."""

    def __init__(self, server: Any = "redis://127.0.0.1:6379/0", *, prefix: str = "ai_utilities:limits") -> None:
        self._server = RedisServer(server, prefix)

    def step(self, account: str, step: str, ask: Ask) -> dict[str, Any]:
        text, name = script()
        said = (1, self._server.named(account), step, to_json(ask).decode(), SLOTS, GRACE, NEVER_LONGER, SHORTLY)
        with self._server.asked() as client:
            try:
                found = client.evalsha(name, *said)
            except library().exceptions.NoScriptError:
                found = client.eval(text, *said)
        read: dict[str, Any] = from_json(found)
        return read

    def close(self) -> None:
        self._server.close()


@cache
def script() -> tuple[str, str]:
    """The script, and the name by which a server that has run it knows it."""
    text = files(__package__).joinpath("account.lua").read_text(encoding="utf-8")
    return text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
