"""Totals of a ledger in SQLite as queries: over the sums of whole hours, and over the rows of cut ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from dhenara.ai.dataclass import dataclass

from .sqlite_layout import HOUR
from .totals import PARTIAL, Totals

PARTLY = f"outcome IN ({', '.join(map(repr, PARTIAL))})"
SUMMED = f"""
sum(requests), sum(CASE WHEN outcome = 'failed' THEN requests ELSE 0 END),
sum(CASE WHEN cached THEN requests ELSE 0 END),
sum(CASE WHEN cached THEN 0 ELSE prompt_tokens END), sum(CASE WHEN cached THEN 0 ELSE completion_tokens END),
sum(CASE WHEN cached THEN prompt_tokens + completion_tokens ELSE 0 END),
decimal_sum(cost), decimal_sum(saved_cost), sum(unknown),
sum(CASE WHEN {PARTLY} THEN requests - unknown ELSE 0 END), sum(CASE WHEN {PARTLY} THEN requests ELSE 0 END)
"""
ROWS = """(SELECT at, day, provider, model, outcome, cached, tags, 1 AS requests, prompt_tokens, completion_tokens,
    cost, saved_cost, cost IS NULL AS unknown FROM usage)"""
VALID = "CASE WHEN json_valid(tags) THEN tags ELSE '{}' END"
"""The tags of a row; none where they are damaged."""

DAY = "CASE WHEN hour < 0 THEN '' ELSE strftime('%Y-%m-%d', hour, 'unixepoch') END"


@dataclass(frozen=True, slots=True)
class Source:
    """Sums of hours, or rows, between two moments. The bounds are numbers of ours, and so part of the statement."""

    sums: bool
    where: str

    def table(self, scope: int) -> str:
        return f"(SELECT * FROM usage_sums WHERE scope = {scope})" if self.sums else ROWS

    def group(self, by: str | None) -> tuple[str, list[str]]:
        """The expression to group by, and its values."""
        if by is None:
            return "''", []
        if by == "day" and self.sums:
            return DAY, []
        if by.startswith("tag:"):
            match, values = tag_of(by.removeprefix("tag:"))
            return f"coalesce({match}, '')", values
        return f"coalesce({by}, '')", []


def whole_hours(since: datetime | None, until: datetime | None) -> tuple[Source, list[Source]]:
    """The hours that are whole within a time, and what is left before and after them."""
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
    return Source(False, f"at >= {first!r} AND at < {last!r}")


def tag_of(name: str) -> tuple[str, list[str]]:
    """The expression for the value of a tag."""
    if '"' in name or "\\" in name:  # neither can be part of a JSON path
        return f"(SELECT value FROM json_each({VALID}) WHERE key = ?)", [name]
    return f"json_extract({VALID}, ?)", [f'$."{name}"']


def tag_value(tags: Mapping[str, str] | None) -> tuple[str, list[str]]:
    """The condition that rows have these tags, after another condition."""
    text, values = "", []
    for name, value in (tags or {}).items():
        match, named = tag_of(name)
        text += f" AND {match} = ?"
        values += [*named, value]
    return text, values


def condition(
    since: datetime | None, until: datetime | None, tags: Mapping[str, str] | None
) -> tuple[str, list[float | str]]:
    """The WHERE clause for rows, and its values."""
    text: list[str] = []
    values: list[float | str] = []
    for at, comparison in ((since, "at >= ?"), (until, "at < ?")):
        if at is not None:
            text.append(comparison)
            values.append(at.timestamp())
    wanted, named = tag_value(tags)
    clause = " AND ".join(text) + wanted if text else wanted.removeprefix(" AND ")
    return (f"WHERE {clause}" if clause else ""), [*values, *named]


def read_totals(row: Sequence[Any]) -> Totals:
    values = list(row)
    values[6:8] = map(Decimal, values[6:8])
    return Totals(*values)
