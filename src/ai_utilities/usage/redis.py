"""A ledger on a Redis or Valkey server, for all machines that reach it."""

from __future__ import annotations

import heapq
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from pydantic_core import from_json, to_json

from ..storage.redis import DEFAULT_SERVER, RedisClient, RedisServer
from ..storage.store_io import StoreDamagedError, StoreEvictsError, StoreVersionError
from .data import UsageData, matches
from .ledger import Ledger
from .open_rows import OpenRow, closed_row, owner_text, read_open_row, read_row, start_time
from .redis_scripts import (
    ADD,
    FIRST_HOUR,
    HOUR,
    OPEN,
    VERSION,
    Generation,
    Generations,
    HourGroup,
    add_arguments,
    hour_of,
    read_hours,
)
from .totals import (
    OPEN as OPEN_OUTCOMES,
    Group,
    TimeZone,
    Totals,
    check_grouping,
    group_of,
    read_zone,
    splits_hour,
    sum_rows,
)

log = logging.getLogger("ai_utilities.usage")
PAGE = 1000
HOURS = 200
"""Hours whose sums are read at once."""

MOST_UNCONFIRMED = 20_000
"""Maximum rows kept of which it is unknown whether they were written."""

NAME = len(uuid.UUID(int=0).hex)


class RedisLedger(Ledger):
    """A ledger that all machines share which reach the server.

    A server that lost rows, because it restarted empty or with an older copy of its data, is reported in the log.

    Args:
        server: A URL such as `redis://localhost:6379/0`, or a client object.
        prefix: Prefix of all keys.
        generations: A file that stores which data the server had last, so that a process that starts later also
            reports a loss. Without it, only running processes report it.
    """

    def __init__(
        self,
        server: str | RedisClient = DEFAULT_SERVER,
        *,
        prefix: str = "ai_utilities:usage",
        generations: str | Path | None = None,
    ) -> None:
        self._server = RedisServer(server, prefix)
        self._rows = self._server.key_name("rows")
        self._hours = self._server.key_name("hours")
        self._open = self._server.key_name("open")
        self._meta = self._server.key_name("meta")
        self._fixed = [self._rows, self._hours, self._open, self._server.key_name("closed"), self._meta]
        self._unconfirmed: dict[int, tuple[str, UsageData]] = {}
        self._generations = Generations(generations, server, prefix)
        self._evicts: bool | None = None

    def add(self, rows: Sequence[UsageData]) -> None:
        # Each row has a name of its own: otherwise equal rows would be stored once.
        names = [self._unconfirmed.get(id(row), (row.row_id or uuid.uuid4().hex, row))[0] for row in rows]
        # A server that did not answer may have stored them: with the same name, a row is not stored twice.
        self._unconfirmed.update((id(row), (name, row)) for name, row in zip(names, rows, strict=True))
        while len(self._unconfirmed) > MOST_UNCONFIRMED:
            self._unconfirmed.pop(next(iter(self._unconfirmed)))
        self._add(names, rows, closing=False)
        for row in rows:
            self._unconfirmed.pop(id(row), None)

    def _add(self, names: Sequence[str], rows: Sequence[UsageData], *, closing: bool) -> None:
        hours = sorted({hour_of(row) for row in rows})
        numbers = {hour: number for number, hour in enumerate(hours, FIRST_HOUR)}
        keys = [*self._fixed, *map(self._hour, hours)]
        named = [
            (f"{name}{row.model_dump_json(exclude_defaults=True)}", start_time(row), row)
            for name, row in zip(names, rows, strict=True)
        ]
        self._run(ADD, keys, add_arguments(named, numbers, keys if closing else None))

    def open(self, rows: Sequence[UsageData], expires: float) -> None:
        owner = owner_text()
        arguments: list[str] = []
        for row in rows:
            arguments += [
                row.row_id or "",
                to_json([owner, expires, row.model_dump_json(exclude_defaults=True)]).decode(),
            ]
        self._run(OPEN, self._fixed, arguments)

    def open_rows(self) -> list[OpenRow]:
        with self._server.connected_client() as client:
            stored: list[str] = client.hvals(self._open)
        return [read_open(text) for text in stored]

    def close_abandoned(self) -> list[UsageData]:
        closed = [closed_row(open_row.row) for open_row in self.open_rows() if open_row.abandoned]
        if closed:
            self._add([row.row_id or "" for row in closed], closed, closing=True)
        return closed

    def _run(self, script: str, keys: Sequence[str], arguments: Sequence[str | int]) -> None:
        """Runs a script that changes the ledger.

        Raises:
            StoreVersionError: If a newer version of this library has written the ledger.
        """
        self._check_policy()
        before = self._generations.known
        with self._server.connected_client() as client:
            kind, value = client.eval(script, len(keys), *keys, uuid.uuid4().hex, *arguments)
        if kind == "version":
            raise StoreVersionError.between(f"the rows of usage under {self._server.prefix}", value, VERSION, "prefix")
        self._report_loss(before, Generation.from_text(value))

    def _report_loss(self, before: Generation, now: Generation) -> None:
        """Logs a loss of data. Each operation is a change: without a loss there are more than before it."""
        if before.epoch is not None and (now.epoch != before.epoch or now.changes <= before.changes):
            log.error(
                "the Redis server lost the usage ledger %s, or rows of it: it restarted without its data or with an "
                "older copy",
                self._server.prefix,
            )
            self._generations.reset(now)
        else:
            self._generations.observe(now)

    def _check_policy(self) -> None:
        """Logs once whether the server may evict the ledger. Totals are then computed from rows, not from sums."""
        if self._evicts is not None:
            return
        try:
            self._server.check_eviction("the usage ledger", expiring=False)
        except StoreEvictsError as error:
            log.warning("usage may be lost: %s", error)
            self._evicts = True
        else:
            self._evicts = False

    def rows(
        self, since: datetime | None = None, until: datetime | None = None, tags: Mapping[str, str] | None = None
    ) -> Iterator[UsageData]:
        return heapq.merge(self._settled(since, until, tags), self._open_rows(since, until, tags), key=start_time)

    def _settled(
        self, since: datetime | None, until: datetime | None, tags: Mapping[str, str] | None
    ) -> Iterator[UsageData]:
        first = since.timestamp() if since else "-inf"
        last = f"({until.timestamp()}" if until else "+inf"
        start = 0
        while True:
            with self._server.connected_client() as client:
                page: list[str] = client.zrangebyscore(self._rows, first, last, start=start, num=PAGE)
            for stored in page:
                row = read_row(stored[NAME:])
                if matches(row, since, until, tags):
                    yield row
            if len(page) < PAGE:
                return
            start += PAGE

    def _open_rows(
        self, since: datetime | None, until: datetime | None, tags: Mapping[str, str] | None
    ) -> list[UsageData]:
        return sorted(
            (open_row.row for open_row in self.open_rows() if matches(open_row.row, since, until, tags)), key=start_time
        )

    def totals_by(
        self,
        *by: str,
        since: datetime | None = None,
        until: datetime | None = None,
        tags: Mapping[str, str] | None = None,
        time_zone: TimeZone = UTC,
    ) -> dict[Group, Totals]:
        names, zone = [check_grouping(name) for name in by], read_zone(time_zone)
        self._check_policy()
        if self._evicts:
            return sum_rows(self.rows(since, until, tags), names, zone)
        sums: dict[Group, Totals] = {}
        for part, total in self._sums(since, until, tags, zone):
            group = tuple(part.value(name, zone) for name in names)
            sums[group] = sums.get(group, Totals()) + total
        return dict(sorted(sums.items()))

    def tag_names(self, since: datetime | None = None, until: datetime | None = None) -> list[str]:
        return sorted({name for part, _ in self._sums(since, until, None) for name in part.row.tags})

    def _sums(
        self, since: datetime | None, until: datetime | None, tags: Mapping[str, str] | None, zone: tzinfo = UTC
    ) -> Iterator[tuple[HourGroup, Totals]]:
        """Whole hours from their sums; the first and last parts of hours, and hours in which days begin, from rows."""
        first = after = since and hour_after(since)
        last = until and hour_before(until)
        if since and until and first and last and first > last:
            first = after = last = until
        for begin, end in ((since, after), (last, until)):
            if begin and end and begin < end:
                yield from self._row_sums(begin, end, tags)
        hours = self._hours_between(first, last)
        is_split = splits_hour(zone)
        for hour in filter(is_split, hours):
            begin = datetime.fromtimestamp(hour, UTC)
            yield from self._row_sums(begin, begin + timedelta(seconds=HOUR), tags)
        whole = read_hours(self._stored_hours([hour for hour in hours if not is_split(hour)]), zone)
        yield from ((part, total) for part, total in whole if matches(part.row, None, None, tags))
        yield from map(row_sum, self._open_rows(since, until, tags))

    def _row_sums(
        self, since: datetime, until: datetime, tags: Mapping[str, str] | None
    ) -> Iterator[tuple[HourGroup, Totals]]:
        """The settled rows of a time, each as a sum."""
        return map(row_sum, (row for row in self.rows(since, until, tags) if row.outcome not in OPEN_OUTCOMES))

    def _hours_between(self, first: datetime | None, last: datetime | None) -> list[int]:
        """The hours with stored sums. Rows of unknown time belong to the total of all hours only."""
        since = first.timestamp() if first else "-inf" if last is None else "(0"
        until = f"({last.timestamp()}" if last else "+inf"
        with self._server.connected_client() as client:
            return [int(hour) for hour in client.zrangebyscore(self._hours, since, until)]

    def _stored_hours(self, hours: Sequence[int]) -> Iterator[tuple[int, Mapping[str, str]]]:
        """The stored sums of these hours."""
        for at in range(0, len(hours), HOURS):
            some = hours[at : at + HOURS]
            with self._server.connected_client() as client:
                pipe = client.pipeline(transaction=False)
                for hour in some:
                    pipe.hgetall(self._hour(hour))
                yield from zip(some, pipe.execute(), strict=True)

    def _hour(self, hour: int) -> str:
        return self._server.key_name("sums", str(hour))

    def close(self) -> None:
        self._server.close()
        self._generations.close()


def row_sum(row: UsageData) -> tuple[HourGroup, Totals]:
    """One row as a sum."""
    return HourGroup(row, group_of(row, "unit")), Totals().plus(row)


def hour_before(moment: datetime) -> datetime:
    """The start of the hour of a moment."""
    return datetime.fromtimestamp(moment.timestamp() // HOUR * HOUR, UTC)


def hour_after(moment: datetime) -> datetime:
    """The start of the first hour from a moment on."""
    return datetime.fromtimestamp(-(-moment.timestamp() // HOUR) * HOUR, UTC)


def read_open(text: str) -> OpenRow:
    """Reads a stored open row.

    Raises:
        StoreDamagedError: If it is damaged.
    """
    try:
        owner, expires, row = from_json(text)
    except (ValueError, TypeError) as error:
        raise StoreDamagedError(f"an open row of the usage ledger is damaged ({error}).") from error
    return read_open_row(owner, expires, row)
