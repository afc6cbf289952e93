"""Budgets on a Redis or Valkey server.

All windows are fields of one hash without an expiry, together with the epoch of the data. A server that restarted
empty, was flushed or evicted the hash has lost both: it has another epoch, or none, and nothing is spent until the user
accepts the loss. Each change raises a number: a server that returned with an older copy of the data has a lower number
than the processes that used it. Windows that have ended are deleted by a sorted set of their ends.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from ...storage.redis import DEFAULT_SERVER, RedisClient, RedisServer
from ...storage.store_io import StoreLostError, StoreVersionError
from ..redis_scripts import Generation, Generations
from .budget import BudgetStore, BudgetWindow, Refused, Reservation

VERSION = 2
"""Version of the layout: 1 had a key for each window."""

ACCEPTED = "accepted:"
"""Prefix of the epoch after a user accepted a data loss; running processes continue with it."""

# KEYS: amounts by window, ends of windows, open reservations.
# ARGV: expected epoch#changes, new epoch, prefix of old keys, now.
HEAD = """
local version = tonumber(redis.call('HGET', KEYS[1], 'version') or '0')
if version > 2 then return {'version', tostring(version)} end
local epoch = redis.call('HGET', KEYS[1], 'epoch')
local accepted = epoch and string.sub(epoch, 1, 9) == 'accepted:'
local changes = tonumber(redis.call('HGET', KEYS[1], 'changes') or '0')
local before, seen = string.match(ARGV[1], '^(.*)#(%d+)$')
if before ~= '' and epoch ~= before and not accepted then return {'lost', epoch or ''} end
if before ~= '' and epoch == before and changes < tonumber(seen) then return {'lost', epoch} end
if not epoch then
  epoch = ARGV[2]
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'version', '2')
end
local function spent(name)
  local found = redis.call('HGET', KEYS[1], 'a:' .. name)
  if found then return found end
  local old = redis.call('GET', ARGV[3] .. name)
  if old then
    redis.call('HSET', KEYS[1], 'a:' .. name, old)
    redis.call('DEL', ARGV[3] .. name)
  end
  return old
end
local function state() return epoch .. '#' .. changes end
local function add(name, amount, ends)
  changes = redis.call('HINCRBY', KEYS[1], 'changes', 1)
  spent(name)
  redis.call('HINCRBY', KEYS[1], 'a:' .. name, amount)
  if ends ~= '' then redis.call('ZADD', KEYS[2], ends, name) end
end
"""
RESERVE = (
    HEAD
    + """
for at = 8, #ARGV, 3 do
  local known = spent(ARGV[at])
  if not known then
    for _, old in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[4], 'LIMIT', 0, 100)) do
      redis.call('HDEL', KEYS[1], 'a:' .. old)
      redis.call('ZREM', KEYS[2], old)
    end
  end
  if tonumber(known or '0') + tonumber(ARGV[5]) > tonumber(ARGV[at + 1]) then
    return {'refused', tostring((at - 8) / 3), known or '0', state()}
  end
end
for at = 8, #ARGV, 3 do add(ARGV[at], ARGV[5], ARGV[at + 2]) end
if ARGV[6] ~= '' then redis.call('HSET', KEYS[3], ARGV[6], ARGV[7]) end
return {'done', state()}
"""
)
# ARGV: the difference, the key of a reservation or nothing, what to add where it was closed meanwhile, then windows.
SETTLE = (
    HEAD
    + """
local amount = ARGV[5]
if ARGV[6] ~= '' and redis.call('HDEL', KEYS[3], ARGV[6]) == 0 then amount = ARGV[7] end
for at = 8, #ARGV, 3 do add(ARGV[at], amount, ARGV[at + 2]) end
return {'done', state()}
"""
)
SPENT = HEAD + "return {'spent', spent(ARGV[5]) or '0', state()}"


class RedisBudgets(BudgetStore):
    """Budgets shared by all machines that use the same Redis or Valkey server.

    Args:
        server: A URL such as `redis://localhost:6379/0`, or a client object.
        prefix: Prefix of all keys.
        generations: A file that stores which data the server had last, so that a process that starts later also
            detects a loss. Without it, only running processes detect it.

    Raises:
        StoreLostError: If the server has lost its data; see `repair`.
        StoreEvictsError: If the server's `maxmemory-policy` may evict the budgets.
    """

    def __init__(
        self,
        server: str | RedisClient = DEFAULT_SERVER,
        *,
        prefix: str = "ai_utilities:budget",
        generations: str | Path | None = None,
    ) -> None:
        self._server = RedisServer(server, prefix)
        self._keys = [self._server.key_name(name) for name in ("accounts", "ends", "open")]
        self._generations = Generations(generations, server, prefix)

    def reserve(self, windows: Sequence[BudgetWindow], amount: int) -> Refused | None:
        return self._reserve(windows, amount, "", "")

    def settle(self, windows: Sequence[BudgetWindow], difference: int) -> None:
        self._run(SETTLE, difference, "", "", *window_arguments(windows))

    def spent(self, window: BudgetWindow) -> int:
        return int(self._run(SPENT, window.name)[1])

    def open(self, reservation: Reservation) -> Refused | None:
        return self._reserve(reservation.windows, reservation.amount, reservation.key, reservation.to_text())

    def finish(self, reservation: Reservation, spent: int) -> None:
        difference = spent - reservation.amount
        self._run(SETTLE, difference, reservation.key, spent, *window_arguments(reservation.windows))

    def reservations(self) -> list[Reservation]:
        with self._server.connected_client() as client:
            stored: dict[str, str] = client.hgetall(self._keys[2])
        return [Reservation.from_text(key, text) for key, text in stored.items()]

    def repair(self) -> None:
        """Accepts a data loss of the server: budgets continue with the data that is there, usually none."""
        epoch = f"{ACCEPTED}{uuid.uuid4().hex}"
        with self._server.connected_client() as client:
            client.hset(self._keys[0], mapping={"epoch": epoch, "version": VERSION})
        self._generations.observe(Generation(epoch, 0))

    def close(self) -> None:
        self._server.close()
        self._generations.close()

    def _reserve(self, windows: Sequence[BudgetWindow], amount: int, key: str, text: str) -> Refused | None:
        result = self._run(RESERVE, amount, key, text, *window_arguments(windows))
        return (int(float(result[1])), int(result[2])) if result[0] == "refused" else None

    def _run(self, script: str, *arguments: str | int) -> list[str]:
        """Runs a script, and checks that no data was lost.

        Raises:
            StoreVersionError: If a newer version of this library has written the budgets.
            StoreLostError: If the server has lost data.
        """
        self._server.check_eviction("the budgets", expiring=False)
        fixed = (self._generations.known.to_text(), uuid.uuid4().hex, self._server.key_name(""), time.time())
        with self._server.connected_client() as client:
            result: list[str] = client.eval(script, len(self._keys), *self._keys, *fixed, *arguments)
        if result[0] == "version":
            raise StoreVersionError.between(f"the budgets under {self._server.prefix}", result[1], VERSION, "prefix")
        if result[0] == "lost":
            raise StoreLostError(
                f"the Redis server has lost the budgets under {self._server.prefix}: it restarted without its data or "
                "with an older copy, or they were flushed or evicted. What was spent is unknown, so nothing was sent. "
                "Restore its data, or accept the loss with `ai-utilities budget repair` or RedisBudgets.repair()."
            )
        self._generations.observe(Generation.from_text(result[-1]))
        return result


def window_arguments(windows: Sequence[BudgetWindow]) -> list[str | int]:
    """The arguments of a script for windows: name, limit and end of each."""
    arguments: list[str | int] = []
    for window in windows:
        arguments += [window.name, window.limit, "" if window.expires is None else int(window.expires)]
    return arguments
