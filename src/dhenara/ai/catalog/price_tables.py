"""Prices by host, from `tables/prices/<host>.json`: the lookup of the rates of one call.

A table belongs to one host. It is loaded at the first price of this host, and only the rows of the model in question
are read. A model is looked up by exact name, by the rules of `price_names`, or by an alias with its date; a region or
tier that was used and has no price is unknown, never that of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from .host_facts import clear_on_change, read_table
from .price_rows import InvalidRow, PriceRow, is_older, parse_day, parse_row, plain_names, snapshot_of

ORDINARY = frozenset({"", "default", "standard", "auto", "on_demand"})
"""Names of the default tier."""

FEES = frozenset({"web_searches", "social_searches", "storage_searches", "code_sessions", "container_hours"})
"""Units whose price is the same in every tier."""

APART = ("cn", "us-gov")
"""Beginnings of regions whose prices only a row that names them has: China, and the government of the USA."""

START = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
"""The shortest time for which prices hold."""


class NoPrice(Exception):
    """The table does not have the model, tier or region; the message says which."""


NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


class Conditions(NamedTuple):
    """What determines the price of a call; a tuple, because one is made for each cost.

    Attributes:
        at: Time of the call.
        tier: Service tier.
        region: Region that processed it.
        prompt_tokens: Size of the prompt.
        options: Options of the call, such as size and quality of an image.
    """

    at: datetime
    tier: str | None = None
    region: str | None = None
    prompt_tokens: int = 0
    options: Mapping[str, Any] = NO_OPTIONS


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """Rates of a call.

    Attributes:
        by_unit: Unit to price.
        estimates: The same for calls whose tokens are not known.
        source: Sources of these prices, with date and host.
        priced_as: Host and model in the table, with tier and region where they have their own price.
    """

    by_unit: Mapping[str, Decimal]
    estimates: Mapping[str, Decimal]
    source: str
    priced_as: str


@dataclass(slots=True, eq=False)
class PriceTable:
    """The table of a host, as its file has it."""

    host: str
    date: str
    sources: Mapping[str, Mapping[str, str]]
    models: Mapping[str, Mapping[str, Any]]
    aliases: Mapping[str, list[Mapping[str, str]]]
    prefixes: Mapping[str, str]
    other_names: Mapping[str, str]
    read_rows: dict[str, list[PriceRow]] = field(default_factory=dict)
    latest: datetime = START

    def minute_of(self, at: datetime) -> datetime:
        """Return the begin of the minute; the same object for one call after another, which has its hash already."""
        at = at if at.tzinfo is UTC else at.astimezone(UTC)
        minute = self.latest
        if not minute <= at < minute + MINUTE:
            self.latest = minute = at.replace(second=0, microsecond=0)
        return minute

    def find_model(self, name: str, at: datetime, *, alias: bool = True) -> tuple[str, str | None] | None:
        """Return the model of this name and the region that the name contains; None if there is none.

        Args:
            name: The name.
            at: Time of the call, for aliases.
            alias: Whether the name may be an alias.
        """
        names = list(plain_names(self.host, name))
        for plain, region in names:
            if model := self._exact(plain):
                return model, region
        for plain, region in names if alias else ():
            if model := self._aliased(plain, at):
                return model, region
        for plain, region in names:
            for bare, day in snapshot_of(self.host, plain, self.date, self.prefixes):
                model = self._exact(bare)
                if model and not (day and is_older(day, (model, *self.models[model].get("names", ())))):
                    return model, region
        return None

    def is_alias(self, name: str) -> bool:
        return any(plain in self.aliases for plain, _ in plain_names(self.host, name))

    def name_to_show(self, model: str, names: Iterable[str]) -> str:
        """Return the name of a call for a model, unless it is the table's own with a date or other suffix."""
        others = self.models[model].get("names", ())
        named = (plain for name in names for plain, _ in plain_names(self.host, name))
        return next((name for name in named if name in others and not name.startswith(model)), model)

    def _exact(self, name: str) -> str | None:
        if name in self.models:
            return name
        return self.other_names.get(name.lower())

    def _aliased(self, name: str, at: datetime) -> str | None:
        current = [entry for entry in self.aliases.get(name, ()) if parse_day(entry.get("from"), "from", START) <= at]
        latest = max(current, key=lambda entry: entry.get("from", ""), default=None)
        return self._exact(latest["model"]) if latest is not None else None

    def rows(self, model: str) -> list[PriceRow]:
        """Return the rows of a model of the table; raises `NoPrice` if one is invalid."""
        rows = self.read_rows.get(model)
        if rows is None:
            try:
                rows = [parse_row(row, self.sources) for row in self.models[model].get("prices", ())]
            except InvalidRow as error:
                raise NoPrice(f"the prices of {self.host}/{model} are invalid: {error}") from None
            self.read_rows[model] = rows
        return rows


@cache
def load_table(host: str) -> PriceTable | None:
    """Return the table of a host; None if there is none."""
    content = read_table(f"prices/{host}")
    return None if content is None else make_table(host, content)


clear_on_change(load_table.cache_clear)


def make_table(host: str, content: Mapping[str, Any]) -> PriceTable:
    models = content["models"]
    # Models win over other names, and names as they are written over those in lower case.
    others = {name.lower(): name for name in models}
    for model, entry in models.items():
        for name in entry.get("names", ()):
            others[name.lower()] = model
    return PriceTable(
        host=host,
        date=content["date"],
        sources=content["sources"],
        models=models,
        aliases=content.get("aliases", {}),
        prefixes=content.get("prefixes", {}),
        other_names=others,
    )


def units_of(host: str) -> frozenset[str]:
    """Return the units by which models of the host are billed."""
    table = load_table(host)
    return frozenset() if table is None else billed_units(table)


@lru_cache(64)
def billed_units(table: PriceTable) -> frozenset[str]:
    rows = [row for model in table.models.values() for row in model.get("prices", ()) if isinstance(row, Mapping)]
    return frozenset([unit for row in rows for kind in ("rates", "estimates") for unit in row.get(kind) or ()])


def find_rates(host: str, names: Iterable[str], conditions: Conditions) -> Rates:
    """Return the rates of a call.

    Args:
        host: The host.
        names: Names of the model in the order of preference. An alias counts only if no name is the model itself.
        conditions: What else determines the price.

    Raises:
        NoPrice: No price is known.
    """
    table = load_table(host)
    if table is None:
        raise NoPrice(f"no price table is known for {host}")
    names = tuple(dict.fromkeys(names))
    if not conditions.options:
        minute = table.minute_of(conditions.at)
        steps = prompt_steps(table, names, minute)
        if steps is None:
            raise not_listed(table, names)
        step = prompt_step(steps, conditions.prompt_tokens) if steps else 0
        try:
            return usual_rates(table, names, minute, conditions.tier, conditions.region, step)
        except NoPrice:
            pass  # the error below has the numbers of this call
    return rates_of(table, names, conditions)


@lru_cache(1_024)
def prompt_steps(table: PriceTable, names: tuple[str, ...], at: datetime) -> tuple[int, ...] | None:
    """Return the numbers of prompt tokens above which a model has other prices; None if the table does not have it."""
    located = find_named(table, names, day_of(at))
    return None if located is None else tuple(sorted({row.above for row in table.rows(located[0]) if row.above > 0}))


def prompt_step(steps: tuple[int, ...], prompt_tokens: int) -> int:
    """Return the shortest prompt that has the price of this one."""
    step = 0
    for above in steps:
        if above < prompt_tokens:
            step = above + 1
    return step


@lru_cache(1_024)
def usual_rates(
    table: PriceTable, names: tuple[str, ...], at: datetime, tier: str | None, region: str | None, prompt_tokens: int
) -> Rates:
    """Return the rates of calls without options. Prices change by the minute at the most."""
    return rates_of(table, names, Conditions(at, tier, region, prompt_tokens))


def rates_of(table: PriceTable, names: tuple[str, ...], conditions: Conditions) -> Rates:
    """Return the rates in a table; raises `NoPrice`."""
    host = table.host
    model, region = find_model(table, names, conditions.at)
    reason = table.models[model].get("unknown")
    if reason:
        raise NoPrice(f"the price of {host}/{model} is unknown: {reason}")
    place = region or conditions.region
    row = matching_row(table.rows(model), f"{host}/{model}", conditions, place)
    fees = default_fees(table.rows(model), conditions.at, place) if row.tier else {}
    qualities = ", ".join(filter(None, (row.tier, row.region)))
    return Rates(
        by_unit={**fees, **row.rates},
        estimates=row.estimates,
        source=f"{row.source} ({host})",
        priced_as=f"{host}/{table.name_to_show(model, names)}" + (f" ({qualities})" if qualities else ""),
    )


def find_model(table: PriceTable, names: tuple[str, ...], at: datetime) -> tuple[str, str | None]:
    """Return the model of the first name that the table has, and the region that a name contains; raises `NoPrice`."""
    located = find_named(table, names, day_of(at))
    if located is None:
        raise not_listed(table, names)
    return located


def day_of(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def not_listed(table: PriceTable, names: tuple[str, ...]) -> NoPrice:
    missing = " or ".join(names) or "a model without a name"
    return NoPrice(f"the price table of {table.host} ({table.date}) does not have {missing}")


@lru_cache(1_024)
def find_named(table: PriceTable, names: tuple[str, ...], day: datetime) -> tuple[str, str | None] | None:
    """Return what `find_model` returns, or None; the meaning of aliases changes by the day."""
    regions = [region for name in names for _, region in plain_names(table.host, name) if region]
    for alias in (False, True):
        # What a moving alias stood for is known from the server; a name of its that the table lacks is a newer model.
        usable = names if not alias or all(table.is_alias(name) for name in names) else ()
        for name in usable:
            if located := table.find_model(name, day, alias=alias):
                return located[0], located[1] or next(iter(regions), None)
    return None


def matching_row(rows: list[PriceRow], model: str, conditions: Conditions, region: str | None) -> PriceRow:
    """Return the row that applies to a call; raises `NoPrice` if its tier, region, day or options have none."""
    tier = (conditions.tier or "").lower()
    wanted = None if tier in ORDINARY else tier
    current = [row for row in rows if row.holds_at(conditions.at)]
    if not current:
        raise NoPrice(f"no price is known for {model} on {conditions.at:%Y-%m-%d}")
    local = rows_in_region(current, region)
    if not local:
        if region is None:
            raise NoPrice(f"the price of {model} depends on the region, and that of the call is not known")
        raise NoPrice(f"no price is known for the region {region!r} of {model}")
    in_tier = [row for row in local if row.tier == wanted]
    if not in_tier:
        raise NoPrice(f"no price is known for the tier {tier or 'default'!r} of {model}")
    fitting = [row for row in in_tier if row.has_options(conditions.options)]
    if not fitting:
        used = ", ".join(f"{name}={value}" for name, value in conditions.options.items()) or "no options"
        raise NoPrice(f"no price is known for {model} with {used}")
    row = most_specific([row for row in fitting if row.above == 0 or conditions.prompt_tokens > row.above])
    if row is None or not (row.rates or row.estimates):
        size = f"prompts of {conditions.prompt_tokens} tokens"
        raise NoPrice(f"no price is known for {size} at {model}" + (f" in the tier {tier!r}" if wanted else ""))
    return row


def most_specific(rows: list[PriceRow]) -> PriceRow | None:
    return max(rows, key=lambda row: (bool(row.times), len(row.options), row.above, row.starts or START), default=None)


def rows_in_region(rows: list[PriceRow], region: str | None) -> list[PriceRow]:
    """Return the rows of the region, else those of any region.

    If rows name other places of the same kind (data centres have a digit in their name), the price depends on the
    place, so that of a place without a row is unknown.
    """
    named = {row.region for row in rows if row.region is not None}
    if region in named:
        return [row for row in rows if row.region == region]
    if region is not None:
        if region.startswith(APART):
            return []
        others = [one for one in named if one != "global" and not one.startswith(APART)]
        if region != "global" and any(is_data_centre(one) == is_data_centre(region) for one in others):
            return []
    return [row for row in rows if row.region is None]


def is_data_centre(region: str) -> bool:
    return any(character.isdigit() for character in region)


def default_fees(rows: list[PriceRow], at: datetime, region: str | None) -> dict[str, Decimal]:
    """Return the fees of the default tier, which hold in every tier."""
    usual = [row for row in rows_in_region(rows, region) if row.tier is None and row.holds_at(at) and not row.above]
    row = most_specific([row for row in usual if not row.options])
    return {unit: rate for unit, rate in row.rates.items() if unit in FEES} if row is not None else {}
