"""Totals of a ledger in SQLite: whole hours are read from their sums, the others from their rows.

Days of some time zones begin within an hour of UTC. The rows of such hours are read, if days or months are asked for.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, tzinfo
from decimal import Decimal

from ..storage.sqlite_files import Row
from .amounts import read_units
from .sqlite_tables import HOUR, tag_of, tag_value
from .totals import PARTIAL, PERIODS, Group, Totals, period_label, split_amounts, splits_hour, tag_name

PARTLY = f"outcome IN ({', '.join(map(repr, PARTIAL))})"
SUMMED = f"""
sum(requests), sum(CASE WHEN outcome = 'failed' THEN requests ELSE 0 END),
sum(CASE WHEN cached THEN requests ELSE 0 END),
sum(CASE WHEN cached THEN 0 ELSE prompt_tokens END), sum(CASE WHEN cached THEN 0 ELSE completion_tokens END),
sum(CASE WHEN cached THEN prompt_tokens + completion_tokens ELSE 0 END),
decimal_sum(cost), decimal_sum(saved_cost), sum(unknown),
sum(CASE WHEN {PARTLY} THEN requests - unknown ELSE 0 END), sum(CASE WHEN {PARTLY} THEN requests ELSE 0 END),
units_sum(CASE WHEN cached THEN NULL ELSE amounts END)
"""
SUM_NAMES = [field.name for field in fields(Totals)][:11]
"""The fields of `Totals` in the columns `SUMMED`, but the last one."""

ROWS = """(SELECT at, provider, model, outcome, cached, tags, json_extract(place, '$[0]') AS key,
    json_extract(place, '$[1]') AS operation, json_extract(place, '$[2]') AS unit, 1 AS requests, prompt_tokens,
    completion_tokens, cost, saved_cost, cost IS NULL AS unknown, row_amounts(CAST(row AS BLOB)) AS amounts
    FROM (SELECT *, row_place(CAST(row AS BLOB)) AS place FROM usage))"""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a total is read: from sums of hours, or from rows.

    Attributes:
        sums: Whether these are sums.
        where: The condition for the time. Its bounds are numbers, and so part of the statement.
    """

    sums: bool
    where: str

    def table(self, scope: int) -> str:
        """The table or subquery to select from."""
        return f"(SELECT * FROM usage_sums WHERE scope = {scope})" if self.sums else ROWS

    def group(self, by: str) -> tuple[str, list[str]]:
        """The expression to group by, and its values."""
        if by in PERIODS:
            return f"usage_{by}({'hour' if self.sums else 'at'})", []
        if (name := tag_name(by)) is not None:
            tag, values = tag_of(name)
            return f"coalesce({tag}, '')", values
        return f"coalesce({by}, '')", []


def add_periods(file: sqlite3.Connection, zone: tzinfo) -> None:
    """Adds the functions that write days and months of a time zone to a connection."""
    for name, form in PERIODS.items():
        file.create_function(f"usage_{name}", 1, period_label(zone, form))
    file.create_function("is_split", 1, splits_hour(zone))


def read_sums(
    file: sqlite3.Connection,
    by: Sequence[str],
    since: datetime | None,
    until: datetime | None,
    tags: Mapping[str, str] | None,
    *,
    split: bool,
) -> Iterator[tuple[Group, Totals]]:
    """Reads totals of groups; the parts of one group come one after the other.

    Args:
        file: The connection, with the functions of `add_periods`.
        by: The groupings.
        since: The first moment.
        until: The moment after the last one.
        tags: Only rows with these tags.
        split: Whether days may begin within hours.
    """
    scope = 1 if tags or any(tag_name(name) is not None for name in by) else 0
    hours, edges = whole_hours(since, until)
    sources = [hours, *edges]
    if split and any(name in PERIODS for name in by):
        sources = [*split_hours(file, hours), *edges]
    for source in sources:
        groups = [source.group(name) for name in by]
        expressions = "".join(f"{expression}, " for expression, _ in groups)
        values = [value for _, named in groups for value in named]
        wanted, wanted_values = tag_value(tags)
        numbers = ", ".join(str(number + 1) for number in range(len(by)))
        query = f"SELECT {expressions}{SUMMED} FROM {source.table(scope)} WHERE {source.where}{wanted}"
        query += f" GROUP BY {numbers}" if by else " HAVING count(*) > 0"
        for row in file.execute(query, [*values, *wanted_values]):
            yield tuple(map(str, row[: len(by)])), read_totals(row[len(by) :])


def split_hours(file: sqlite3.Connection, hours: Source) -> list[Source]:
    """The hours in which no day begins, and the rows of each of the others."""
    begun = file.execute(f"SELECT DISTINCT hour FROM usage_sums WHERE scope = 0 AND {hours.where} AND is_split(hour)")
    split = [between(hour, hour + HOUR) for (hour,) in begun]
    return [Source(True, f"{hours.where} AND NOT is_split(hour)"), *split] if split else [hours]


def whole_hours(since: datetime | None, until: datetime | None) -> tuple[Source, list[Source]]:
    """The whole hours within a time, and the parts of hours before and after them."""
    first = None if since is None else since.timestamp()
    last = None if until is None else until.timestamp()
    begin = None if first is None else math.ceil(max(first, 0.0) / HOUR) * HOUR
    end = None if last is None else math.floor(last / HOUR) * HOUR
    if first is not None and last is not None and begin is not None and end is not None and begin > end:
        return Source(True, "0"), [between(first, last)]
    edges = []
    if first is not None and begin is not None and first < begin:
        edges.append(between(first, begin))
    if last is not None and end is not None and end < last:
        edges.append(between(end, last))
    bounds = [f"hour >= {begin}"] if begin is not None else []
    bounds += [f"hour < {end} AND hour >= 0"] if end is not None else []
    return Source(True, " AND ".join(bounds) or "1"), edges


def between(first: float, last: float) -> Source:
    """The rows of a part of an hour."""
    return Source(False, f"at >= {first!r} AND at < {last!r}")


def read_totals(row: Row) -> Totals:
    """The totals from the columns `SUMMED`."""
    values = list(row)
    values[6:8] = map(Decimal, values[6:8])
    units, kinds = split_amounts(read_units(values[-1]))
    return Totals(**dict(zip(SUM_NAMES, values[:-1], strict=True)), units=units, kinds=kinds)
