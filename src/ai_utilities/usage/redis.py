"""A ledger on a Redis or Valkey server, for all machines that reach it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..storage.redis import RedisServer
from .data import UsageData
from .ledger import Ledger, fits

PAGE = 1000
MOST_UNSURE = 20_000
"""Rows of which nobody knows whether they were written."""
NAME = len(uuid.UUID(int=0).hex)


class RedisLedger(Ledger):
    """`server` is an address such as `redis://localhost:6379/0`, or a client that you made yourself."""

    def __init__(self, server: Any = "redis://127.0.0.1:6379/0", *, prefix: str = "ai_utilities:usage") -> None:
        self._server = RedisServer(server, prefix)
        self._rows = self._server.named("rows")
        self._unsure: dict[int, tuple[str, UsageData]] = {}

    def add(self, rows: Sequence[UsageData]) -> None:
        # Equal rows are two rows: a name of its own keeps each.
        names = [self._unsure.get(id(row), (uuid.uuid4().hex, row))[0] for row in rows]
        named = {
            f"{name}{row.model_dump_json(exclude_defaults=True)}": began(row)
            for name, row in zip(names, rows, strict=True)
        }
        # A server that did not answer may have written them all the same: told again, they keep their names.
        self._unsure.update((id(row), (name, row)) for name, row in zip(names, rows, strict=True))
        while len(self._unsure) > MOST_UNSURE:
            self._unsure.pop(next(iter(self._unsure)))
        with self._server.asked() as client:
            client.zadd(self._rows, named)
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

    def close(self) -> None:
        self._server.close()


def began(row: UsageData) -> float:
    return row.started_at.timestamp() if row.started_at else 0.0
