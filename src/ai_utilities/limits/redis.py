"""Rate limits on a Redis or Valkey server, shared by all machines; each step is one script, timed by the server's
clock.

The time of an account only goes forward. Each process compares it with a monotonic clock: if the server's clock is set
ahead, the difference is subtracted. A server that lost an account is reported in the log.
"""

from __future__ import annotations

import hashlib
import logging
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic_core import from_json, to_json

from ..storage.errors import StoreEvictsError, StoreVersionError
from ..storage.process import steady
from ..storage.redis import RedisServer, load_redis
from .store import LimitStore
from .window_state import GRACE, NEVER_LONGER, SHORTLY, SLOTS, Ask

log = logging.getLogger("ai_utilities.limits")
VERSION = 2
"""Version of the account layout: 1 had no clock and no version."""

STORED_SECONDS = 172_800
"""Seconds for which an account is kept after its last step."""

TOLERANCE = 5.0
"""Seconds by which the server's clock may run ahead of this machine's between two steps."""


class RedisLimits(LimitStore):
    """`server` is a URL such as `redis://localhost:6379/0`, or a client object.

    Raises:
        StoreEvictsError: If the server's `maxmemory-policy` may evict the limits.
    """

    def __init__(self, server: Any = "redis://127.0.0.1:6379/0", *, prefix: str = "ai_utilities:limits") -> None:
        self._server = RedisServer(server, prefix)
        self._times: dict[str, tuple[float, float]] = {}
        self._stored = STORED_SECONDS

    def step(self, account: str, step: str, ask: Ask) -> dict[str, Any]:
        self._check_policy()
        text, name = load_script()
        expected = "" if "now" in ask else self._expected(account)
        constants = (SLOTS, GRACE, NEVER_LONGER, SHORTLY, self._stored, expected, VERSION)
        options = (1, self._server.key_name(account), step, to_json(ask).decode(), *constants)
        with self._server.connected_client() as client:
            try:
                match = client.evalsha(name, *options)
            except load_redis().exceptions.NoScriptError:
                match = client.eval(text, *options)
        if match[0] == "version":
            raise StoreVersionError(
                f"the limits under {self._server.prefix} have version {match[1]}, and this version of dhenara knows "
                f"{VERSION}: upgrade dhenara, or use another prefix."
            )
        answer, now, jumped, state = match
        self._report(account, state, float(jumped))
        self._times[account] = (float(now), steady())
        read: dict[str, Any] = from_json(answer)
        return read

    def close(self) -> None:
        self._server.close()

    def _expected(self, account: str) -> float | str:
        """The latest that the account's time can be, where this process has seen it before."""
        if account not in self._times:
            return ""
        at, seen = self._times[account]
        return at + (steady() - seen) + TOLERANCE

    def _check_policy(self) -> None:
        """Keys without an expiry are not evicted by the `volatile-` policies."""
        try:
            self._server.check_eviction("the limits", expiring=self._stored > 0)
        except StoreEvictsError:
            if not self._stored:
                raise
            self._stored = 0
            self._server.check_eviction("the limits", expiring=False)

    def _report(self, account: str, state: str, jumped: float) -> None:
        if state == "damaged":
            log.warning("the limits of %s on the Redis server were damaged; they are counted anew", account)
        elif state == "new" and account in self._times and steady() - self._times[account][1] < STORED_SECONDS:
            log.warning("the Redis server lost the limits of %s; they are counted anew", account)
        if jumped:
            log.warning("the clock of the Redis server jumped ahead by %.0f s; limits do not follow it", jumped)


@cache
def load_script() -> tuple[str, str]:
    """The script, and the name by which a server that has run it knows it."""
    text = files("ai_utilities.limits").joinpath("account.lua").read_text(encoding="utf-8")
    return text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
