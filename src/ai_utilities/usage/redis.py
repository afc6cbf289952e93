"""A ledger on a Redis or Valkey server, for all machines that reach it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..storage.redis import RedisServer
from .data import UsageData
from .ledger import Ledger, fits, grouping
from .redis_sums import ADD, HOUR, flattened, hour_of, read_hours
from .totals import Totals, group_of

PAGE = 1000
HOURS = 200
"""Whose sums are asked for at once."""

MOST_UNSURE = 20_000
"""Rows of which nobody knows whether they were written."""
NAME = len(uuid.UUID(int=0).hex)


class RedisLedger(Ledger):
    """`server` is an address such as `redis://localhost:6379/0`, or a client that you made yourself."""

    def __init__(self, server: Any = "redis://127.0.0.1:6379/0", *, prefix: str = "ai_utilities:usage") -> None:
        self._server = RedisServer(server, prefix)
        self._rows = self._server.named("rows")
        self._hours = self._server.named("hours")
        self._unsure: dict[int, tuple[str, UsageData]] = {}

    def add(self, rows: Sequence[UsageData]) -> None:
        # Equal rows are two rows: a name of its own keeps each.
        names = [self._unsure.get(id(row), (uuid.uuid4().hex, row))[0] for row in rows]
        hours = sorted({hour_of(row) for row in rows})
        numbers = {hour: number for number, hour in enumerate(hours, 3)}
        named = [
            (f"{name}{row.model_dump_json(exclude_defaults=True)}", began(row), row)
            for name, row in zip(names, rows, strict=True)
        ]
        # A server that did not answer may have written them all the same: told again, they keep their names.
        self._unsure.update((id(row), (name, row)) for name, row in zip(names, rows, strict=True))
        while len(self._unsure) > MOST_UNSURE:
            self._unsure.pop(next(iter(self._unsure)))
        keys = [self._rows, self._hours, *map(self._hour, hours)]
        with self._server.asked() as client:
            client.eval(ADD, len(keys), *keys, *flattened(named, numbers))
        for row in rows:
            self._unsure.pop(id(row), None)

    def rows(
        self, since: datetime | None = None, until: datetime | None = None, tags: Mapping[str, str] | None = None
    ) -> Iterator[UsageData]:
        first = since.timestamp() if since else "-inf"
        last = f"({until.timestamp()}" if until else "+inf"
        start = 0
        while True:
            with self._server.asked() as client:
                page = client.zrangebyscore(self._rows, first, last, start=start, num=PAGE)
            for kept in page:
                row = UsageData.model_validate_json(kept[NAME:])
                if fits(row, since, until, tags):
                    yield row
            if len(page) < PAGE:
                return
            start += PAGE

    def totals(
        self,
        by: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> dict[str, Totals]:
        by = grouping(by)
        found: dict[str, Totals] = {}
        for row, total in self._sums(since, until, tags):
            group = group_of(row, by)
            found[group] = found.get(group, Totals()) + total
        return dict(sorted(found.items()))

    def tag_names(self, since: datetime | None = None, until: datetime | None = None) -> list[str]:
        return sorted({name for row, _ in self._sums(since, until, None) for name in row.tags})

    def _sums(
        self, since: datetime | None, until: datetime | None, tags: Mapping[str, str] | None
    ) -> Iterator[tuple[UsageData, Totals]]:
        """Whole hours from their sums; what is left of the first and the last hour, row by row."""
        first = after = since and hour_after(since)
        last = until and hour_before(until)
        if since and until and first and last and first > last:
            first = after = last = until
        for begin, end in ((since, after), (last, until)):
            if begin and end and begin < end:
                yield from ((row, Totals().plus(row)) for row in self.rows(begin, end, tags))
        hours = read_hours(self._kept(first, last))
        yield from ((row, total) for row, total in hours if fits(row, None, None, tags))

    def _kept(self, first: datetime | None, last: datetime | None) -> Iterator[tuple[int, Mapping[str, str]]]:
        """The hours from the first to the last. Rows of which nobody knows when are in none, but in all of them."""
        since = first.timestamp() if first else "-inf" if last is None else "(0"
        with self._server.asked() as client:
            hours = [int(hour) for hour in client.zrangebyscore(
                self._hours, since, f"({last.timestamp()}" if last else "+inf"
            )]  # fmt: skip
        for at in range(0, len(hours), HOURS):
            some = hours[at : at + HOURS]
            with self._server.asked() as client:
                pipe = client.pipeline(transaction=False)
                for hour in some:
                    pipe.hgetall(self._hour(hour))
                yield from zip(some, pipe.execute(), strict=True)

    def _hour(self, hour: int) -> str:
        return self._server.named("sums", str(hour))

    def close(self) -> None:
        self._server.close()


def hour_before(moment: datetime) -> datetime:
    """The beginning of its hour."""
    return datetime.fromtimestamp(moment.timestamp() // HOUR * HOUR, UTC)


def hour_after(moment: datetime) -> datetime:
    """The first full hour from then on."""
    return datetime.fromtimestamp(-(-moment.timestamp() // HOUR) * HOUR, UTC)


def began(row: UsageData) -> float:
    return row.started_at.timestamp() if row.started_at else 0.0
