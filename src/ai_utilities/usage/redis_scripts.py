"""What a Redis ledger does in one step on the server: add rows with their sums, open rows, close rows.

KEYS: rows, hours, open, closed, meta, then the sums of the hours in question. ARGV begins with an epoch, which becomes
that of a server without one: a server whose epoch has changed has lost its data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import to_json

from .data import UsageData
from .redis_sums import hour_of, row_amounts

VERSION = 2
"""Of the layout: 1 was without open rows, epoch and version."""

FIRST_HOUR = 6
"""The number of the first key of sums."""

HEAD = """
local version = tonumber(redis.call('HGET', KEYS[5], 'version') or '0')
if version > 2 then return {'version', tostring(version)} end
if version < 2 then redis.call('HSET', KEYS[5], 'version', '2') end
redis.call('HSETNX', KEYS[5], 'epoch', ARGV[1])
"""
TAIL = "return {'epoch', redis.call('HGET', KEYS[5], 'epoch')}"
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
"""Adds rows and their amounts, each row once: one that is there already is not counted again."""

OPEN = f"""{HEAD}
for at = 2, #ARGV, 2 do redis.call('HSET', KEYS[3], ARGV[at], ARGV[at + 1]) end
{TAIL}
"""


def flattened(
    rows: Iterable[tuple[str, float, UsageData]], hours: Mapping[int, int], keys: list[str] | None
) -> list[Any]:
    """The arguments for rows: each with its name and score, the number of its hour's key, and its open row's id.

    With `keys`, the rows are closed: where the keys of their sums are is kept, so that a late answer can replace them.
    """
    text: list[Any] = []
    for name, score, row in rows:
        counted = row_amounts(row)
        number = hours[hour_of(row)]
        early = {"member": name, "key": keys[number - 1] if keys else "", "amounts": counted}
        closing = to_json(early).decode() if keys else ""
        text += [repr(score), name, hour_of(row), number, len(counted), row.row_id or "", closing]
        text += [word for pair in counted.items() for word in pair]
    return text
