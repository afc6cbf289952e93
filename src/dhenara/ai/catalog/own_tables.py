"""The user's own prices and limits from a file such as `prices.toml`, for the whole process.

An own price replaces that of the table for one unit of one model at one host; its tier and region are those of its
row, so a row without a tier leaves the prices of batches as they are in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from ..errors import ConfigurationError
from ..providers.provider_names import known_names, provider_name
from ..wire.text import similar_names
from .host_facts import FactSource, HostRow, forget_own_limits, use_own_limits
from .price_rows import PER_MILLION, UNITS, InvalidRow, PriceRow, parse_price, parse_row, plain_names
from .price_tables import ORDINARY, START, Conditions, NoPrice, find_model, load_table

CONDITIONS = ("from", "until", "tier", "region", "above", "options")
PRICE_FIELDS = frozenset({"host", "model", "unit", "price", "per", "rates", "source", *CONDITIONS})
LIMITS = ("max_output_tokens", "max_input_tokens", "context_window")
LIMIT_FIELDS = frozenset({"host", "model", "source", *LIMITS})

Row = TypeVar("Row")
Prices = dict[tuple[str, str], list[PriceRow]]


@dataclass(frozen=True, slots=True)
class OwnTables:
    """The user's prices and limits of one file.

    Attributes:
        path: The file.
        prices: Host and model (in lower case) to its rows.
        limits: Host to rows of limits.
    """

    path: Path
    prices: Prices
    limits: Mapping[str, list[HostRow]]


_loaded: dict[Path, OwnTables] = {}


def load_own_tables(path: str | Path) -> OwnTables:
    """Read your own prices and limits, and use them for all calls of this process.

    Of several files, what was loaded last wins for the same host, model and unit. Loading a file again replaces what it
    had before.

    Args:
        path: A TOML file with `[[prices]]` and `[[limits]]`.

    Returns:
        What the file contains.

    Raises:
        ConfigurationError: The file cannot be read or is invalid; the message names file, row and field. What was
            loaded before stays in use.
    """
    file = Path(path)
    tables = parse_own_tables(file, read_toml(file))
    _loaded.pop(file, None)
    _loaded[file] = tables
    forget_own_limits()
    for one in _loaded.values():
        for host, rows in one.limits.items():
            use_own_limits(host, rows)
    return tables


def forget_own_tables() -> None:
    """Use no own prices and limits any more."""
    _loaded.clear()
    forget_own_limits()


def read_toml(file: Path) -> dict[str, Any]:
    import tomllib  # Only for those who have a file: most calls do without.

    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read ({error.strerror}). Name an existing file.") from None
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{file}: no valid TOML: {error}") from None


def parse_own_tables(file: Path, content: Mapping[str, Any]) -> OwnTables:
    """Return the rows of a file; raises `ConfigurationError`."""
    if unknown := sorted(content.keys() - {"prices", "limits"}):
        raise ConfigurationError(f"{file}: unknown table [{unknown[0]}]. Write [[prices]] and [[limits]].")
    prices: Prices = {}
    limits: dict[str, list[HostRow]] = {}
    for host, model, price in read_rows(file, content.get("prices", []), "prices", own_price):
        earlier = prices.setdefault((host, model.lower()), [])
        for other in earlier:
            if unit := contradiction(other, price):
                raise ConfigurationError(
                    f"{file}, [[prices]]: two prices of {unit} for {host}/{model} under the same conditions, "
                    f"{other.rates[unit]} and {price.rates[unit]}. Delete one, or tell them apart by tier, region, "
                    "from, above or options."
                )
        earlier.append(price)
    for host, _, limit in read_rows(file, content.get("limits", []), "limits", own_limit):
        limits.setdefault(host, []).append(limit)
    return OwnTables(file, prices, limits)


def contradiction(one: PriceRow, other: PriceRow) -> str | None:
    """Return a unit for which two rows have different prices under the same conditions; None if there is none."""
    conditions = [(row.tier, row.region, row.starts, row.ends, row.above, row.options) for row in (one, other)]
    if conditions[0] != conditions[1]:
        return None
    return next((unit for unit, rate in one.rates.items() if other.rates.get(unit, rate) != rate), None)


def read_rows(
    file: Path, rows: Any, table: str, read: Callable[[Path, Mapping[str, Any]], Row]
) -> Iterator[tuple[str, str, Row]]:
    """Yield host, model and content of each row; raises `ConfigurationError` with the number of an invalid row."""
    if not isinstance(rows, list):
        raise ConfigurationError(f"{file}: write [[{table}]] with two brackets, once for each row")
    for number, row in enumerate(rows, 1):
        try:
            yield host_of(row), row["model"], read(file, row)
        except InvalidRow as error:
            raise ConfigurationError(f"{file}, [[{table}]] row {number}, {error}") from None


def host_of(row: Any) -> str:
    """Return the provider that a row is for; raises `InvalidRow`."""
    if not isinstance(row, dict):
        raise InvalidRow("host: a row is a table with host and model")
    for name in ("host", "model"):
        if not isinstance(row.get(name), str) or not row[name]:
            raise InvalidRow(f"{name}: write the name in quotes")
    own = provider_name(row["host"])
    if own is None:
        similar = similar_names(row["host"], known_names())
        hint = f"; did you mean {similar[0]}?" if similar else ""
        raise InvalidRow(f"host: there is no provider {row['host']!r}{hint}")
    return own


def own_price(file: Path, row: Mapping[str, Any]) -> PriceRow:
    """Return a row of `[[prices]]`; raises `InvalidRow`."""
    check_fields(row, PRICE_FIELDS)
    if ("rates" in row) == ("unit" in row or "price" in row):
        raise InvalidRow("rates: write either rates = { input = ..., output = ... } or unit and price")
    rates = row["rates"] if "rates" in row else {str(row.get("unit")): row.get("price")}
    per = row.get("per")
    if per is not None and (isinstance(per, bool) or not isinstance(per, int) or per < 1):
        raise InvalidRow(f"per: {per!r} is not a number of units, such as 1000")
    if not isinstance(rates, dict) or not rates:
        raise InvalidRow("rates: at least one unit with its price is needed")
    for unit in rates:
        if unit not in UNITS:
            similar = similar_names(str(unit), UNITS)
            raise InvalidRow(f"{unit}: no such unit" + (f"; did you mean {similar[0]}?" if similar else ""))
    name = "rates.{}" if "rates" in row else "price"
    each = {unit: price_each(unit, parse_price(price, name.format(unit)), per) for unit, price in rates.items()}
    conditions = {field: row[field] for field in CONDITIONS if field in row}
    source = f"{file.name}: {row['source']}" if row.get("source") else file.name
    parsed = parse_row({**conditions, "rates": {}, "source": "own"}, {"own": {"name": source}})
    tier = parsed.tier.lower() if parsed.tier else ""
    return replace(parsed, rates=each, tier=None if tier in ORDINARY else tier)


def price_each(unit: str, price: Decimal, per: int | None) -> Decimal:
    """Return the price of a unit as tables have it: per million tokens or characters, else per one."""
    return price if per is None else price / per * (1_000_000 if unit in PER_MILLION else 1)


def own_limit(file: Path, row: Mapping[str, Any]) -> HostRow:
    """Return a row of `[[limits]]`; raises `InvalidRow`."""
    check_fields(row, LIMIT_FIELDS)
    limits = {name: row[name] for name in LIMITS if name in row}
    if not limits:
        raise InvalidRow(f"{LIMITS[0]}: write at least one of {', '.join(LIMITS)}")
    for name, limit in limits.items():
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise InvalidRow(f"{name}: {limit!r} is not a number of tokens; write a number from 1")
    source = FactSource(f"{file.name}: {row['source']}" if row.get("source") else file.name, "")
    return HostRow(row["model"], limits, dict.fromkeys(limits, source))


def check_fields(row: Mapping[str, Any], fields: frozenset[str]) -> None:
    if unknown := sorted(row.keys() - fields):
        raise InvalidRow(f"{unknown[0]}: no such field; the fields are {', '.join(sorted(fields))}")
    if not isinstance(row.get("source", ""), str):
        raise InvalidRow("source: write a text in quotes")


def has_own_tables() -> bool:
    """Return whether the user has loaded prices."""
    return bool(_loaded)


def own_rates(
    host: str, price_list: str, names: tuple[str, ...], conditions: Conditions
) -> tuple[dict[str, Decimal], str] | None:
    """Return the user's rates that apply to a call, with their sources; None if there are none.

    Args:
        host: Name of the provider.
        price_list: Name of its price table, which says what a name stands for.
        names: Names of the model.
        conditions: What else determines the price.
    """
    if not _loaded:
        return None
    names = (*names, *listed_name(price_list, names, conditions.at))
    fitting = [row for row in own_rows(host, names) if applies(row, conditions)]
    if not fitting:
        return None
    # What was loaded last comes last, and the sort keeps the order of equals.
    ordered = sorted(fitting, key=lambda row: (bool(row.region), len(row.options), row.above, row.starts or START))
    rates = {unit: (rate, row.source) for row in ordered for unit, rate in row.rates.items()}
    sources = ", ".join(dict.fromkeys(source for _, source in rates.values()))
    return {unit: rate for unit, (rate, _) in rates.items()}, sources


def listed_name(host: str, names: tuple[str, ...], at: datetime) -> tuple[str, ...]:
    """Return the name in the table of the model that these names stand for; empty if the table does not have it."""
    table = load_table(host)
    try:
        return (find_model(table, names, at)[0],) if table is not None else ()
    except NoPrice:
        return ()


def own_rows(host: str, names: tuple[str, ...]) -> list[PriceRow]:
    """Return the user's rows for a model at a host, of all files in the order in which they were loaded."""
    return [row for tables in _loaded.values() for row in rows_of(tables.prices, host, names)]


def rows_of(prices: Prices, host: str, names: Iterable[str]) -> list[PriceRow]:
    """Return the rows of the first of these names that has some."""
    plain = (name.lower() for given in names for name, _ in plain_names(host, given))
    return next((prices[host, name] for name in plain if (host, name) in prices), [])


def applies(row: PriceRow, conditions: Conditions) -> bool:
    tier = (conditions.tier or "").lower()
    return (
        row.holds_at(conditions.at)
        and row.tier == (None if tier in ORDINARY else tier)
        and row.region in (None, conditions.region)
        and (row.above == 0 or conditions.prompt_tokens > row.above)
        and row.has_options(conditions.options)
    )
