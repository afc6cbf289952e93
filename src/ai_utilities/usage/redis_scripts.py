"""Lua scripts of the Redis ledger, and the hourly sums that they update, so that no total reads all rows.

KEYS: rows, hours, open, closed, meta, then the sums of the hours concerned. ARGV begins with an epoch, which is stored
if the server has none: a server with another epoch, or with fewer changes than before, has lost data.

The sums of an hour are a hash: the name of an amount and the facts of a row as JSON, to the sum. Money is added in
whole numbers, one for each group of decimal places, so that sums are exact.

`Generations` remember in a file which data a server had when this machine last used it, for new processes.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from types import NoneType
from typing import NamedTuple

from pydantic_core import to_json

from dhenara.ai.integration import require_type

from ..storage.redis import RedisClient
from ..storage.sqlite import SQLiteFile
from ..storage.store_io import StoreError
from .data import UsageData
from .totals import PARTIAL, PERIODS, Totals, amounts_of, group_of, period_label, split_amounts

log = logging.getLogger("ai_utilities.storage")
LONGEST_WAIT = 2.0
"""Seconds to wait for the file."""

GENERATIONS = """
CREATE TABLE IF NOT EXISTS generations (name TEXT PRIMARY KEY, epoch TEXT NOT NULL, changes INTEGER NOT NULL)
    WITHOUT ROWID;
"""
READ_GENERATION = "SELECT epoch, changes FROM generations WHERE name = ?"
OBSERVE = """
INSERT INTO generations (name, epoch, changes) VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, changes = excluded.changes
    WHERE epoch <> excluded.epoch OR changes < excluded.changes
"""
RESET = "REPLACE INTO generations (name, epoch, changes) VALUES (?, ?, ?)"

HOUR = 3600
UNIT = "unit."
"""Before the names of sums of other units than plain tokens."""

DIGITS = 9
"""Digits of an amount in one number: integers of Redis have 64 bits, enough for 9 * 10^9 such numbers."""


def hour_of(row: UsageData) -> int:
    """The start of the row's hour in Unix seconds; 0 if its time is unknown."""
    return int(row.started_at.timestamp() // HOUR * HOUR) if row.started_at else 0


def row_amounts(row: UsageData) -> dict[str, int]:
    """The amounts that a row adds to the sums of its hour, by name."""
    place = [row.key, row.operation, group_of(row, "unit")]
    about = json.dumps([row.provider, row.model, row.outcome, row.cached, row.tags, *place], sort_keys=True)
    amounts = {
        "requests": 1,
        "prompt": row.prompt_tokens,
        "completion": row.completion_tokens,
        "total": row.total_tokens if row.cached else 0,
        "unknown": int(row.cost is None),
        **dict(money_amounts("cost", row.cost)),
        **dict(money_amounts("saved", row.saved_cost)),
    }
    for name, amount in amounts_of(row).items():
        amounts.update(money_amounts(f"{UNIT}{name}", amount))
    return {f"{name} {about}": amount for name, amount in amounts.items() if amount}


def money_amounts(name: str, amount: Decimal | None) -> Iterator[tuple[str, int]]:
    """An exact amount as whole numbers, each named after its decimal place."""
    sign, digits, place = (amount or Decimal(0)).as_tuple()
    left = int("".join(map(str, digits)))
    while left:
        left, part = divmod(left, 10**DIGITS)
        yield f"{name}:{place}", -part if sign else part
        place = int(place) + DIGITS


def read_hours(
    hours: Iterable[tuple[int, Mapping[str, str]]], zone: tzinfo = UTC
) -> Iterator[tuple[HourGroup, Totals]]:
    """Reads the stored sums of hours.

    Args:
        hours: The start of each hour, and its hash.
        zone: The time zone of days. No day may begin within one of the hours.

    Returns:
        For each group and day, what its rows have in common, and their sums.
    """
    groups: dict[tuple[str, str], dict[str, int]] = {}
    starts: dict[str, int] = {}
    day_of = period_label(zone, PERIODS["day"])
    for hour, stored in hours:
        day = day_of(hour) if hour else ""
        starts.setdefault(day, hour)
        for field, amount in stored.items():
            name, _, about = field.partition(" ")
            sums = groups.setdefault((about, day), {})
            sums[name] = sums.get(name, 0) + int(amount)
    for (about, day), sums in groups.items():
        if not any(sums.values()):
            continue  # rows that were closed too early and replaced
        provider, model, outcome, cached, tags, *place = json.loads(about)
        key, operation, unit = place or (None, "", "")  # sums of older versions have neither
        at = datetime.fromtimestamp(starts[day], UTC) if day else None
        facts = {"provider": provider, "model": model, "outcome": outcome, "cached": cached, "tags": tags, "key": key}
        row = UsageData.model_validate({**facts, "operation": operation, "started_at": at})
        yield HourGroup(row, unit), totals_of(row, sums)


@dataclass(frozen=True, slots=True)
class HourGroup:
    """What the rows of one sum have in common.

    Attributes:
        row: Their common fields.
        unit: Their unit.
    """

    row: UsageData
    unit: str

    def value(self, by: str, zone: tzinfo) -> str:
        """The value of these rows for one grouping."""
        return self.unit if by == "unit" else group_of(self.row, by, zone)


def totals_of(row: UsageData, sums: Mapping[str, int]) -> Totals:
    """The totals of one group."""
    requests, unknown = sums["requests"], sums.get("unknown", 0)
    units, kinds = split_amounts(sum_units(sums))
    return Totals(
        requests=requests,
        failed=requests if row.outcome == "failed" else 0,
        cached=requests if row.cached else 0,
        prompt_tokens=0 if row.cached else sums.get("prompt", 0),
        completion_tokens=0 if row.cached else sums.get("completion", 0),
        saved_tokens=sums.get("total", 0),
        cost=sum_money("cost:", sums),
        saved_cost=sum_money("saved:", sums),
        unknown_costs=unknown,
        partial_costs=requests - unknown if row.outcome in PARTIAL else 0,
        interrupted=requests if row.outcome in PARTIAL else 0,
        units={} if row.cached else units,
        kinds={} if row.cached else kinds,
    )


def sum_units(sums: Mapping[str, int]) -> dict[str, Decimal]:
    """The sums of other units than plain tokens, by unit."""
    names = {name.removeprefix(UNIT).partition(":")[0] for name in sums if name.startswith(UNIT)}
    return {name: sum_money(f"{UNIT}{name}:", sums) for name in sorted(names)}


def sum_money(prefix: str, sums: Mapping[str, int]) -> Decimal:
    """The reverse of `money_amounts`, for sums."""
    parts = ((int(name.removeprefix(prefix)), amount) for name, amount in sums.items() if name.startswith(prefix))
    return sum((Decimal(amount).scaleb(place) for place, amount in parts), Decimal(0))


VERSION = 3
"""Version of the layout: 1 had no open rows, epoch and version, 2 no keys, operations and units in sums."""

FIRST_HOUR = 6
"""The number of the first key with sums, in Lua."""

HEAD = """
local version = tonumber(redis.call('HGET', KEYS[5], 'version') or '0')
if version > 3 then return {'version', tostring(version)} end
if version < 3 then redis.call('HSET', KEYS[5], 'version', '3') end
redis.call('HSETNX', KEYS[5], 'epoch', ARGV[1])
"""
TAIL = "return {'state', redis.call('HGET', KEYS[5], 'epoch') .. '#' .. redis.call('HINCRBY', KEYS[5], 'changes', 1)}"
ADD = f"""{HEAD}
local at = 2
while at <= #ARGV do
  local id, closing = ARGV[at + 5], ARGV[at + 6]
  local was_open = id ~= '' and redis.call('HDEL', KEYS[3], id) == 1
  local add = closing == '' or was_open
  if closing == '' and id ~= '' and not was_open then
    local early = redis.call('HGET', KEYS[4], id)
    if early then
      early = cjson.decode(early)
      redis.call('HDEL', KEYS[4], id)
      redis.call('ZREM', KEYS[1], early.member)
      for name, amount in pairs(early.amounts) do redis.call('HINCRBY', early.key, name, -amount) end
    end
  end
  if closing ~= '' and was_open then redis.call('HSET', KEYS[4], id, closing) end
  local new = add and redis.call('ZADD', KEYS[1], 'NX', ARGV[at], ARGV[at + 1]) == 1
  local hour, key, amounts = ARGV[at + 2], KEYS[tonumber(ARGV[at + 3])], tonumber(ARGV[at + 4])
  if new then redis.call('ZADD', KEYS[2], hour, hour) end
  at = at + 7
  for _ = 1, amounts do
    if new then redis.call('HINCRBY', key, ARGV[at], ARGV[at + 1]) end
    at = at + 2
  end
end
{TAIL}
"""
"""Adds rows and their amounts; a row that is stored already is not counted again."""

OPEN = f"""{HEAD}
for at = 2, #ARGV, 2 do redis.call('HSET', KEYS[3], ARGV[at], ARGV[at + 1]) end
{TAIL}
"""


def add_arguments(
    rows: Iterable[tuple[str, float, UsageData]], hours: Mapping[int, int], closing_keys: list[str] | None
) -> list[str | int]:
    """The arguments of `ADD` for some rows.

    Args:
        rows: Each row with its stored text and its score.
        hours: For each hour, the number of the key of its sums.
        closing_keys: All keys, if the rows are closed because their process ended. Where their amounts were added is
            stored then, so that a late answer can replace them.
    """
    arguments: list[str | int] = []
    for stored, score, row in rows:
        amounts = row_amounts(row)
        number = hours[hour_of(row)]
        closed = {"member": stored, "key": closing_keys[number - 1] if closing_keys else "", "amounts": amounts}
        closing = to_json(closed).decode() if closing_keys else ""
        arguments += [repr(score), stored, hour_of(row), number, len(amounts), row.row_id or "", closing]
        arguments += [part for pair in amounts.items() for part in pair]
    return arguments


class Generation(NamedTuple):
    """A state of the data of one store: a server with another epoch, or with fewer changes, has lost data.

    Attributes:
        epoch: The id of the data; None if no data are known.
        changes: How many changes were made to it.
    """

    epoch: str | None
    changes: int

    def to_text(self) -> str:
        """The form in which scripts take and return it."""
        return f"{self.epoch or ''}#{self.changes}"

    @classmethod
    def from_text(cls, text: str) -> Generation:
        """Reads `epoch#changes`."""
        epoch, _, changes = text.rpartition("#")
        return cls(epoch or None, int(changes))


class Generations:
    """The latest generation of one store. Addresses may contain passwords and are stored as hashes only.

    Args:
        file: An SQLite file with an entry for each store; None: in the memory of this process only.
        server: The address of the server, or a client.
        prefix: The prefix of the store's keys.
    """

    def __init__(self, file: str | os.PathLike[str] | None, server: str | RedisClient, prefix: str) -> None:
        require_type("Redis store", "generations", file, (str, os.PathLike, NoneType), "a path or None")
        address = server if isinstance(server, str) else ""
        self._name = hashlib.blake2b(f"{address}|{prefix}".encode(), digest_size=16).hexdigest()
        self._lock = threading.Lock()
        self._known = Generation(None, 0)
        self._failed = False
        self._file: SQLiteFile | None = None
        if file is not None:
            try:
                self._file = SQLiteFile(file, GENERATIONS, LONGEST_WAIT)
                row = self._file.fetch_one(READ_GENERATION, (self._name,))
            except StoreError as error:
                self._warn(error)
            else:
                self._known = self._known if row is None else Generation(*row)

    @property
    def known(self) -> Generation:
        """What this process has seen last, or the file at its start."""
        with self._lock:
            return self._known

    def observe(self, seen: Generation) -> None:
        """Stores the generation of the server, unless a later one is stored."""
        with self._lock:
            if seen.epoch == self._known.epoch and seen.changes <= self._known.changes:
                return
            self._known = seen
        self._write(OBSERVE, seen)

    def reset(self, seen: Generation) -> None:
        """Stores a generation although a later one was stored: the loss has been reported."""
        with self._lock:
            self._known = seen
        self._write(RESET, seen)

    def close(self) -> None:
        """Closes the file; it is opened again when it is used."""
        if self._file is not None:
            self._file.close()

    def _write(self, statement: str, seen: Generation) -> None:
        if self._file is None:
            return
        try:
            self._file.fetch_all(statement, (self._name, seen.epoch or "", seen.changes))
        except StoreError as error:
            self._warn(error)

    def _warn(self, error: StoreError) -> None:
        if not self._failed:
            log.warning("processes that start later will not notice a loss of data on the Redis server: %s", error)
        self._failed = True
