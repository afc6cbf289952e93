"""Prices by host, from `tables/prices/<host>.json`: the lookup of the rates of one call.

A table belongs to one host. It is loaded at the first price of this host, and only the rows of the model in question
are read. A model is looked up by exact name, by the rules of `price_names`, or by an alias with its date; a region or
tier that was used and has no price is unknown, never that of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from .price_names import plain_names, snapshot_of
from .table_files import clear_on_change, read_table

ORDINARY = frozenset({"", "default", "standard", "auto", "on_demand"})
"""Names of the default tier."""

FEES = frozenset({"web_searches", "social_searches", "storage_searches", "code_sessions", "container_hours"})
"""Units whose price is the same in every tier."""

ELSEWHERE = "cn"
"""Region that only a row that names it has prices for."""

TOKEN_UNITS = (
    "input", "cache_read", "cache_write", "cache_write_1h", "input_audio", "cache_read_audio", "input_image", "output",
    "reasoning", "output_audio", "output_image",
)  # fmt: skip
PER_MILLION = frozenset({*TOKEN_UNITS, "characters"})
"""Units with a price per million; all others have a price per one."""

ROW_FIELDS = frozenset({"source", "tier", "region", "from", "until", "above", "options", "rates", "differs", "note"})


class NoPrice(Exception):
    """The table does not have the model, tier or region; the message says which."""


class InvalidRow(ValueError):
    """A row of a table is invalid; the message names the field."""


@dataclass(frozen=True, slots=True)
class PriceRow:
    """Prices of a model under some conditions.

    Attributes:
        rates: Unit to price in US dollars: per million tokens or characters, else per one.
        source: Name and date of the source.
        tier: Service tier. Default None: the default tier.
        region: Region. Default None: any that no other row names.
        starts: First day on which it holds. Default None: since ever.
        ends: Day from which it does not hold any more.
        above: It holds for prompts with more tokens than this.
        options: Options of the call, with the values of which one must have been used.
        differs: Prices of other sources that disagree, with the reason for the choice.
    """

    rates: Mapping[str, Decimal]
    source: str
    tier: str | None = None
    region: str | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    above: int = 0
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    differs: Any = None

    def holds_at(self, at: datetime) -> bool:
        """Whether the row holds at this time."""
        return (self.starts is None or self.starts <= at) and (self.ends is None or at < self.ends)

    def has_options(self, used: Mapping[str, Any]) -> bool:
        """Whether each option of the row was used with one of its values."""
        return all(str(used.get(name)).lower() in values for name, values in self.options.items())


@dataclass(frozen=True, slots=True)
class Conditions:
    """What determines the price of a call.

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
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates of a call.

    Attributes:
        by_unit: Unit to price.
        source: Sources of these prices, with date and host.
        priced_as: Host and model in the table, with tier and region where they have their own price.
    """

    by_unit: Mapping[str, Decimal]
    source: str
    priced_as: str


@dataclass(frozen=True, slots=True, eq=False)
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
            for bare in snapshot_of(self.host, plain, self.date, self.prefixes):
                if model := self._exact(bare):
                    return model, region
        return None

    def is_alias(self, name: str) -> bool:
        return any(plain in self.aliases for plain, _ in plain_names(self.host, name))

    def _exact(self, name: str) -> str | None:
        if name in self.models:
            return name
        return self.other_names.get(name.lower())

    def _aliased(self, name: str, at: datetime) -> str | None:
        current = [entry for entry in self.aliases.get(name, ()) if parse_day(entry.get("from"), "from", START) <= at]
        latest = max(current, key=lambda entry: entry.get("from", ""), default=None)
        return self._exact(latest["model"]) if latest is not None else None

    def rows(self, model: str) -> list[PriceRow]:
        """Return the rows of a model of the table."""
        rows = self.read_rows.get(model)
        if rows is None:
            rows = [parse_row(row, self.sources) for row in self.models[model].get("prices", ())]
            self.read_rows[model] = rows
        return rows


START = datetime(1970, 1, 1, tzinfo=UTC)


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
    model, region = find_model(table, tuple(dict.fromkeys(names)), conditions.at)
    reason = table.models[model].get("unknown")
    if reason:
        raise NoPrice(f"the price of {host}/{model} is unknown: {reason}")
    rows = matching_rows(table.rows(model), f"{host}/{model}", conditions, region or conditions.region)
    return merge_rows(rows, host, model)


def find_model(table: PriceTable, names: tuple[str, ...], at: datetime) -> tuple[str, str | None]:
    """Return the model of the first name that the table has, and the region that a name contains; raises `NoPrice`."""
    regions = [region for name in names for _, region in plain_names(table.host, name) if region]
    for alias in (False, True):
        # What a moving alias stood for is known from the server; a name of its that the table lacks is a newer model.
        usable = names if not alias or all(table.is_alias(name) for name in names) else ()
        for name in usable:
            if located := table.find_model(name, at, alias=alias):
                return located[0], located[1] or next(iter(regions), None)
    missing = " or ".join(names) or "a model without a name"
    raise NoPrice(f"the price table of {table.host} ({table.date}) does not have {missing}")


def matching_rows(rows: list[PriceRow], model: str, conditions: Conditions, region: str | None) -> list[PriceRow]:
    """Return the rows that apply to a call; raises `NoPrice` if its tier, region, day or options have none."""
    tier = (conditions.tier or "").lower()
    wanted = None if tier in ORDINARY else tier
    current = [row for row in rows if row.holds_at(conditions.at)]
    if not current:
        raise NoPrice(f"no price is known for {model} on {conditions.at:%Y-%m-%d}")
    local = rows_in_region(current, region)
    if not local:
        raise NoPrice(f"no price is known for the region {region!r} of {model}")
    in_tier = [row for row in local if row.tier == wanted]
    if not in_tier:
        raise NoPrice(f"no price is known for the tier {tier or 'default'!r} of {model}")
    fitting = [row for row in in_tier if row.has_options(conditions.options)]
    if not fitting:
        used = ", ".join(f"{name}={value}" for name, value in conditions.options.items()) or "no options"
        raise NoPrice(f"no price is known for {model} with {used}")
    fees = () if wanted is None else (only_fees(row) for row in local if row.tier is None)
    return [*fees, *(row for row in fitting if row.above == 0 or conditions.prompt_tokens > row.above)]


def rows_in_region(rows: list[PriceRow], region: str | None) -> list[PriceRow]:
    """Return the rows of the region, else those of any region.

    If rows name other places of the same kind (data centres have a digit in their name), the price depends on the
    place, so that of a place without a row is unknown.
    """
    named = {row.region for row in rows if row.region is not None}
    if region is None or (not named and region != ELSEWHERE):
        return [row for row in rows if row.region is None]
    if region in named:
        return [row for row in rows if row.region == region]
    if "regional" in named and region != "global":
        return [row for row in rows if row.region == "regional"]
    same_kind = any(is_data_centre(one) == is_data_centre(region) for one in named if one != "global")
    if region == ELSEWHERE or (same_kind and region != "global"):
        return []
    return [row for row in rows if row.region is None]


def is_data_centre(region: str) -> bool:
    return any(character.isdigit() for character in region)


def only_fees(row: PriceRow) -> PriceRow:
    return PriceRow({unit: rate for unit, rate in row.rates.items() if unit in FEES}, row.source)


def merge_rows(rows: list[PriceRow], host: str, model: str) -> Rates:
    """Return the rate of each unit, from the most specific row that has it."""
    ordered = sorted(rows, key=lambda row: (row.above, len(row.options), row.starts or START))
    by_unit = {unit: (rate, row) for row in ordered for unit, rate in row.rates.items()}
    used = [row for _, row in by_unit.values()]
    qualities = dict.fromkeys(value for row in used for value in (row.tier, row.region) if value)
    return Rates(
        by_unit={unit: rate for unit, (rate, _) in by_unit.items()},
        source=f"{', '.join(dict.fromkeys(row.source for row in used))} ({host})",
        priced_as=f"{host}/{model}" + (f" ({', '.join(qualities)})" if qualities else ""),
    )


def parse_row(row: Mapping[str, Any], sources: Mapping[str, Mapping[str, str]]) -> PriceRow:
    """Return a row of a table; raises `InvalidRow`."""
    if unknown := sorted(row.keys() - ROW_FIELDS):
        raise InvalidRow(f"{unknown[0]}: no such field")
    if row.get("source") not in sources:
        raise InvalidRow(f"source: {row.get('source')!r} is not in sources")
    source = sources[row["source"]]
    return PriceRow(
        rates=parse_rates(row.get("rates")),
        source=" ".join(filter(None, (source["name"], source.get("date")))),
        tier=row.get("tier"),
        region=row.get("region"),
        starts=parse_day(row.get("from"), "from"),
        ends=parse_day(row.get("until"), "until"),
        above=parse_count(row.get("above", 0)),
        options=dict(parse_options(row.get("options") or {})),
        differs=row.get("differs"),
    )


def parse_rates(rates: Any) -> dict[str, Decimal]:
    if not isinstance(rates, Mapping) or not rates:
        raise InvalidRow("rates: at least one unit with its price is needed")
    return {str(unit): parse_price(price, f"rates.{unit}") for unit, price in rates.items()}


def parse_price(price: Any, name: str) -> Decimal:
    """Return a price; raises `InvalidRow` unless it is a finite number that is not negative."""
    try:
        rate = Decimal(str(price)) if isinstance(price, str | int | float | Decimal) else None
    except InvalidOperation:
        rate = None
    if rate is None or isinstance(price, bool) or not rate.is_finite() or rate < 0:
        raise InvalidRow(f"{name}: {price!r} is not a price; write a number that is not negative")
    return rate


def parse_count(above: Any) -> int:
    if isinstance(above, bool) or not isinstance(above, int) or above < 0:
        raise InvalidRow(f"above: {above!r} is not a number of tokens")
    return above


def parse_day(day: Any, name: str, default: Any = None) -> Any:
    """Return the beginning of the day in UTC; raises `InvalidRow` unless it is `YYYY-MM-DD`."""
    if day is None:
        return default
    try:
        return datetime.combine(date.fromisoformat(str(day)), time(), UTC)
    except ValueError:
        raise InvalidRow(f"{name}: {day!r} is not a date; write YYYY-MM-DD") from None


def parse_options(options: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    if not isinstance(options, Mapping):
        raise InvalidRow("options: a table of option names with their values is needed")
    for name, values in options.items():
        yield name, tuple(str(value).lower() for value in (values if isinstance(values, list) else [values]))
