"""Sums of usage rows (`Totals`), and what rows can be grouped by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from operator import itemgetter
from typing import Final
from zoneinfo import ZoneInfo

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.integration import ShortRepr, Shown
from dhenara.ai.types import Cost, Usage

from .amounts import add_units, exact, format_units
from .data import BUCKETS, TEAM, Facts, Outcome, UsageData, read_buckets

PARTIAL = ("interrupted", "cancelled")
"""Outcomes whose real usage and cost may be higher than reported."""

OPEN = ("open", "abandoned")
"""Outcomes of requests that are not finished."""

SPECIAL_TOKENS = tuple(name for name in BUCKETS if name not in ("input_tokens", "output_tokens"))
"""Kinds of tokens that sums have by name; the plain ones are the rest of the prompt and of the answer."""
read_special = itemgetter(*SPECIAL_TOKENS)
NO_COUNTS = (0,) * len(BUCKETS)

PERIODS: Final = {"day": "%Y-%m-%d", "month": "%Y-%m"}
GROUPS = ("day", "month", "model", "provider", "operation", "key", "team", "unit", "outcome")

Group = tuple[str, ...]
"""The values of a group, in the order in which the groupings were named."""

TimeZone = str | tzinfo
"""The name of a time zone, such as `Europe/Berlin`, or a time zone."""


@dataclass(frozen=True, slots=True, repr=False)
class Totals(ShortRepr):
    """Sums of usage rows.

    Attributes:
        requests: The number of rows.
        failed: Rows of failed requests.
        cached: Rows of cached answers.
        prompt_tokens: Input tokens of answers that were not cached.
        completion_tokens: Output tokens of answers that were not cached.
        saved_tokens: Tokens of cached answers.
        cost: The sum of known costs.
        saved_cost: The sum of known costs that caches saved.
        unknown_costs: Rows without a known cost.
        partial_costs: Rows that may have cost more than their known cost.
        interrupted: Rows of answers that broke off or were stopped early.
        open: Requests that are not finished.
        abandoned: Those of them whose process has ended.
        units: Sums of other units than tokens of answers that were not cached, such as `images` and `seconds`.
        kinds: Tokens of answers that were not cached by kind, where they are not plain: `cache_read_tokens` and so on.
    """

    requests: int = 0
    failed: int = 0
    cached: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    saved_tokens: int = 0
    cost: Decimal = Decimal(0)
    saved_cost: Decimal = Decimal(0)
    unknown_costs: int = 0
    partial_costs: int = 0
    interrupted: int = 0
    open: int = 0
    abandoned: int = 0
    units: dict[str, float] = field(default_factory=dict, hash=False)
    kinds: dict[str, int] = field(default_factory=dict, hash=False)

    @property
    def total_tokens(self) -> int:
        """All tokens of answers that were not cached."""
        return self.prompt_tokens + self.completion_tokens

    def tokens(self, kind: str) -> int:
        """The tokens of one kind.

        Args:
            kind: A field of `UsageData`, such as `cache_read_tokens` or `input_tokens`.
        """
        if kind in ("input_tokens", "output_tokens"):
            whole = self.prompt_tokens if kind == "input_tokens" else self.completion_tokens
            others = BUCKETS[1:6] if kind == "input_tokens" else BUCKETS[7:]
            return whole - sum(self.tokens(other) for other in others)
        return self.kinds.get(kind, 0)

    def _shown(self) -> Shown:
        return ((known.name, value) for known in fields(self) if (value := getattr(self, known.name)))

    @property
    def is_exact(self) -> bool:
        """Whether `cost` is the complete cost."""
        return not (self.unknown_costs or self.partial_costs)

    def __str__(self) -> str:
        used = "".join(f", {part}" for part in format_units(self.units))
        text = f"{self.requests} requests, {self.total_tokens} tokens{used}, ${self.cost:f}"
        inexact = [f"{self.unknown_costs} of unknown cost"] if self.unknown_costs else []
        inexact += [f"{self.partial_costs} that may have cost more"] if self.partial_costs else []
        return f"{text} (and {', '.join(inexact)})" if inexact else text

    def __add__(self, other: Totals) -> Totals:
        """The sums of both."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in COUNTS}
        kinds = add_kinds(self.kinds, other.kinds)
        return Totals(**sums, units=add_units(self.units, other.units), kinds=kinds)

    def plus(self, row: UsageData) -> Totals:
        """The totals with one more row.

        Args:
            row: A row of usage.
        """
        running = RunningTotals(self)
        running.add(row)
        return running.totals()


COUNTS = tuple(known.name for known in fields(Totals) if known.name not in ("units", "kinds"))
"""Names of the sums that are numbers."""


class RunningTotals:
    """Sums that rows are added to one by one; the attributes are those of `Totals`.

    Args:
        begin: The sums so far.
    """

    def __init__(self, begin: Totals | None = None) -> None:
        begin = begin or NOTHING
        self.requests, self.failed, self.cached = begin.requests, begin.failed, begin.cached
        self.prompt_tokens, self.completion_tokens = begin.prompt_tokens, begin.completion_tokens
        self.saved_tokens = begin.saved_tokens
        self.cost, self.saved_cost = begin.cost, begin.saved_cost
        self.unknown_costs, self.partial_costs = begin.unknown_costs, begin.partial_costs
        self.interrupted, self.open, self.abandoned = begin.interrupted, begin.open, begin.abandoned
        self.units, self.kinds = begin.units, begin.kinds

    def add(self, row: UsageData) -> None:
        """Adds a row.

        Args:
            row: The row.
        """
        self.add_fields(vars(row))

    def add_fields(self, fields: Facts) -> None:
        """Adds a row of which only the fields are known.

        Args:
            fields: Its fields.
        """
        get = fields.get
        if get("cached"):
            self._add_cached(get("total_tokens", 0))
        else:
            special = tuple(map(get, SPECIAL_TOKENS, NO_COUNTS))
            self._add_tokens(get("prompt_tokens", 0), get("completion_tokens", 0), special)
            if units := get("units"):
                self.units = add_units(self.units, units)
        cost, outcome = get("cost"), get("outcome", "answered")
        self._add_cost(cost, get("saved_cost"))
        if outcome != "answered":
            self._add_outcome(outcome, cost)

    def add_answer(self, usage: Usage, cost: Cost, outcome: Outcome) -> None:
        """Adds what the row of an answer would add.

        Args:
            usage: What was used, in tokens only.
            cost: Its cost.
            outcome: Whether it came from the provider or from a cache.
        """
        counts = read_buckets(vars(usage)) if usage.known else NO_COUNTS
        read, made = sum(counts[:6]), sum(counts[6:])
        if outcome == "cached":
            self._add_cached(read + made)
        else:
            self._add_tokens(read, made, (*counts[1:6], *counts[7:]))
        self._add_cost(cost.amount, cost.saved)

    def _add_cached(self, tokens: int) -> None:
        self.cached += 1
        self.saved_tokens += tokens

    def _add_tokens(self, read: int, made: int, special: Sequence[int]) -> None:
        self.prompt_tokens += read
        self.completion_tokens += made
        if any(special):
            self.kinds = add_kinds(self.kinds, named_kinds(special))

    def _add_cost(self, cost: Decimal | None, saved: Decimal | None) -> None:
        self.requests += 1
        if cost is None:
            self.unknown_costs += 1
        else:
            self.cost += cost
        if saved is not None:
            self.saved_cost += saved

    def _add_outcome(self, outcome: Outcome, cost: Decimal | None) -> None:
        self.failed += outcome == "failed"
        self.partial_costs += cost is not None and outcome in PARTIAL
        self.interrupted += outcome in PARTIAL
        self.open += outcome in OPEN
        self.abandoned += outcome == "abandoned"

    def totals(self) -> Totals:
        """The sums now."""
        return Totals(**vars(self))


NOTHING = Totals()


def add_kinds(left: dict[str, int], right: dict[str, int]) -> dict[str, int]:
    """Adds tokens by kind."""
    if not (left and right):
        return left or right
    return {name: left.get(name, 0) + right.get(name, 0) for name in {**left, **right}}


def kinds_of(row: UsageData) -> dict[str, int]:
    """The tokens of a row by kind, where they are not plain."""
    return named_kinds(read_special(vars(row)))


def named_kinds(counts: Sequence[int]) -> dict[str, int]:
    """The counts of `read_special` by kind, without those that are 0."""
    return {name: count for name, count in zip(SPECIAL_TOKENS, counts, strict=True) if count}


def amounts_of(row: UsageData) -> dict[str, Decimal]:
    """Units and kinds of tokens of a row in one, as stores add them up."""
    units = {name: exact(amount) for name, amount in row.units.items() if amount}
    return {**units, **{name: Decimal(count) for name, count in kinds_of(row).items()}}


def split_amounts(amounts: Mapping[str, Decimal]) -> tuple[dict[str, float], dict[str, int]]:
    """The reverse of `amounts_of`, for sums: units and kinds of tokens."""
    units = {name: float(amount) for name, amount in amounts.items() if amount and name not in SPECIAL_TOKENS}
    return units, {name: int(amount) for name, amount in amounts.items() if amount and name in SPECIAL_TOKENS}


def unit_of(tokens: int, units: Iterable[str]) -> str:
    """The units of a row: `tokens`, `images`, `tokens+web_searches` and so on; empty if it used none."""
    return "+".join([*(["tokens"] if tokens else []), *sorted(units)])


def sum_rows(rows: Iterable[UsageData], by: Sequence[str], zone: tzinfo = UTC) -> dict[Group, Totals]:
    """Sums rows by several values at once.

    Args:
        rows: The rows.
        by: The groupings.
        zone: The time zone of days and months.

    Returns:
        Totals by the values of `by`, sorted.
    """
    sums: dict[Group, RunningTotals] = {}
    for row in rows:
        group = tuple([group_of(row, name, zone) for name in by])
        if group not in sums:
            sums[group] = RunningTotals()
        sums[group].add(row)
    return {group: running.totals() for group, running in sorted(sums.items(), key=itemgetter(0))}


def group_of(row: UsageData, by: str, zone: tzinfo = UTC) -> str:
    """The value of a row for one grouping; empty if it has none."""
    if by in PERIODS:
        return row.started_at.astimezone(zone).strftime(PERIODS[by]) if row.started_at else ""
    if by == "unit":
        return unit_of(
            row.prompt_tokens + row.completion_tokens, (name for name, amount in row.units.items() if amount)
        )
    if (tag := tag_name(by)) is not None:
        return row.tags.get(tag, "")
    return str(getattr(row, by) or "")


def tag_name(by: str) -> str | None:
    """The tag that a grouping stands for; None if it is another one."""
    return TEAM if by == "team" else by.removeprefix("tag:") if by.startswith("tag:") else None


def check_grouping(by: str) -> str:
    """Returns `by` if rows can be summed by it.

    Raises:
        ConfigurationError: If they cannot.
    """
    if by in GROUPS or (by.startswith("tag:") and len(by) > len("tag:")):
        return by
    raise ConfigurationError(f"usage is summed by {', '.join(GROUPS)} or 'tag:<name>', not by {by!r}")


def read_zone(zone: TimeZone) -> tzinfo:
    """The time zone of this name.

    Raises:
        ConfigurationError: If there is none.
    """
    if isinstance(zone, tzinfo):
        return zone
    if zone.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"{zone!r} is not a time zone of this system. Use a name such as Europe/Berlin; if none works, install the "
            "package tzdata."
        ) from error


HOUR = 3600


def period_label(zone: tzinfo, format: str) -> Callable[[float | None], str]:
    """A function that writes the day or month of a moment in Unix seconds in a time zone; empty if it is unknown."""
    return lambda at: "" if at is None or at < 0 else datetime.fromtimestamp(at, zone).strftime(format)


def splits_hour(zone: tzinfo) -> Callable[[int], bool]:
    """A function that says whether a day of a time zone begins within the hour of UTC that begins at this moment.

    Sums of hours cannot be used there: days begin at 18:30 UTC in India.
    """
    if zone is UTC:
        return lambda hour: False
    day = period_label(zone, PERIODS["day"])
    return lambda hour: hour >= 0 and day(hour) != day(hour + HOUR - 0.001)
