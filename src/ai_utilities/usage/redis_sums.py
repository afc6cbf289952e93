"""Sums that a Redis server keeps of the rows of each hour, so that no total reads all rows.

An hour is a hash: who and what a row is about, as JSON, and the name of an amount, to its sum. Money is added in whole
numbers of one decimal place each, so that sums are exact.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from .data import UsageData
from .totals import PARTIAL, Totals

HOUR, DAY = 3600, 86_400
DIGITS = 9
"""Digits of a sum that are added together: a server's numbers have room for thousands of millions of them."""


def hour_of(row: UsageData) -> int:
    """The beginning of the row's hour in seconds since 1970; 0 where nobody knows when it was."""
    return int(row.started_at.timestamp() // HOUR * HOUR) if row.started_at else 0


def row_amounts(row: UsageData) -> dict[str, int]:
    """What is added for this row, under which names."""
    about = json.dumps([row.provider, row.model, row.outcome, row.cached, row.tags], sort_keys=True)
    text = {
        "requests": 1,
        "prompt": row.prompt_tokens,
        "completion": row.completion_tokens,
        "total": row.total_tokens if row.cached else 0,
        "unknown": int(row.cost is None),
        **dict(money_amounts("cost", row.cost)),
        **dict(money_amounts("saved", row.saved_cost)),
    }
    return {f"{name} {about}": amount for name, amount in text.items() if amount}


def money_amounts(name: str, amount: Decimal | None) -> Iterator[tuple[str, int]]:
    """A sum of money as whole numbers, named after their decimal place."""
    sign, digits, place = (amount or Decimal(0)).as_tuple()
    left = int("".join(map(str, digits)))
    while left:
        left, part = divmod(left, 10**DIGITS)
        yield f"{name}:{place}", -part if sign else part
        place = int(place) + DIGITS


def read_hours(hours: Iterable[tuple[int, Mapping[str, str]]]) -> Iterator[tuple[UsageData, Totals]]:
    """The sums of some hours: rows that say who and what they are about and on which day, and their sums."""
    match: dict[tuple[str, int], dict[str, int]] = {}
    for hour, stored in hours:
        day = hour // DAY * DAY
        for field, amount in stored.items():
            name, _, about = field.partition(" ")
            sums = match.setdefault((about, day), {})
            sums[name] = sums.get(name, 0) + int(amount)
    for (about, day), sums in match.items():
        if not any(sums.values()):
            continue  # rows that were closed too early and replaced
        provider, model, outcome, cached, tags = json.loads(about)
        at = datetime.fromtimestamp(day, UTC) if day else None
        row = UsageData(provider=provider, model=model, outcome=outcome, cached=cached, tags=tags, started_at=at)
        yield row, totals_of(row, sums)


def totals_of(row: UsageData, sums: Mapping[str, int]) -> Totals:
    requests, unknown = sums["requests"], sums.get("unknown", 0)
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
    )


def sum_money(prefix: str, sums: Mapping[str, int]) -> Decimal:
    parts = ((int(name.removeprefix(prefix)), amount) for name, amount in sums.items() if name.startswith(prefix))
    return sum((Decimal(amount).scaleb(place) for place, amount in parts), Decimal(0))
