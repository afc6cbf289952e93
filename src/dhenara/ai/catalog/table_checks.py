"""Checks of tables that were fetched, what differs between two price tables, and every price known of a model."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ..providers.provider import find_provider
from ..types.config.api import AIModelAPI, AIModelEndpoint
from ..types.config.model import AIModel
from ..wire import json
from .host_facts import host_table, package_bytes
from .own_tables import own_rows
from .price_rows import InvalidRow, PriceRow, parse_day, parse_row
from .price_tables import NoPrice, find_model, load_table
from .prices import billing_names, price_host

TOKEN_LIMITS = frozenset({"context_window", "max_input_tokens", "max_output_tokens"})


class InvalidTable(ValueError):
    """A table is invalid; the message names model and field."""


@dataclass(frozen=True, slots=True)
class RateChange:
    """A rate that differs.

    Attributes:
        model: The model.
        row: Tier, region and size of the prompt of the row; empty for the usual price.
        unit: The unit.
        old: The price before; None if there was none.
        new: The price now; None if there is none.
    """

    model: str
    row: str
    unit: str
    old: Decimal | None
    new: Decimal | None


@dataclass(frozen=True, slots=True)
class LimitChange:
    """A limit of tokens that differs.

    Attributes:
        model: The model.
        limit: `context_window`, `max_input_tokens` or `max_output_tokens`.
        old: The number before; None if it was not known.
        new: The number now; None if it is not known any more.
    """

    model: str
    limit: str
    old: int | None
    new: int | None


def check_table(name: str, content: bytes) -> Mapping[str, Any]:
    """Return a table, after all of its rows were read.

    Args:
        name: Name of the table, such as `prices/openai` or `facts`.
        content: The file.

    Raises:
        InvalidTable: The file is no such table.
    """
    try:
        table = json.loads(content)
    except ValueError as error:
        raise InvalidTable(f"no valid JSON: {error}") from None
    if not isinstance(table, dict):
        raise InvalidTable("no JSON object")
    if name.startswith("prices/"):
        check_host(name.removeprefix("prices/"), table, check_model)
    elif name.startswith("hosts/"):
        check_host(name.removeprefix("hosts/"), table, check_facts)
    else:
        check_objects(table)
        check_vendors(table)
    return table


def check_objects(table: Mapping[str, Any]) -> None:
    for field in ("sources", "models"):
        if not isinstance(table.get(field), dict):
            raise InvalidTable(f"{field}: an object is needed")
    if not table["models"]:
        raise InvalidTable("models: at least one is needed")


def check_vendors(table: Mapping[str, Any]) -> None:
    """Raise `InvalidTable` unless the table of models of all hosts has facts by vendor, model and source."""
    for vendor, models in table["models"].items():
        if not isinstance(models, dict):
            raise InvalidTable(f"{vendor}: an object with models is needed")
        for model, entry in models.items():
            check_facts(f"{vendor}/{model}", entry, table["sources"])


def check_host(host: str, table: Mapping[str, Any], check: Callable[[str, Any, Mapping[str, Any]], None]) -> None:
    """Raise `InvalidTable` unless every row of the table of a host can be read."""
    if table.get("host") != host:
        raise InvalidTable(f"host: {table.get('host')!r} is not {host!r}")
    check_objects(table)
    try:
        if parse_day(table.get("date"), "date") is None:
            raise InvalidTable("date: missing")
        for model, entry in table["models"].items():
            check(model, entry, table["sources"])
        known = {*table["models"], *(name for entry in table["models"].values() for name in entry.get("names", ()))}
        for alias, entries in table.get("aliases", {}).items():
            check_alias(alias, entries, known if check is check_model else None)
        for prefix, kind in table.get("prefixes", {}).items():
            if kind not in ("dated", "tuned") or prefix.rstrip("-@:") not in known:
                raise InvalidTable(f"prefixes, {prefix}: {kind!r} is not dated or tuned, or there is no such model")
    except (AttributeError, KeyError, TypeError) as error:
        raise InvalidTable(f"another form than that of price tables ({type(error).__name__}: {error})") from None
    except InvalidRow as error:
        raise InvalidTable(str(error)) from None


def check_alias(alias: str, entries: list[Mapping[str, Any]], known: Container[str] | None) -> None:
    for entry in entries:
        parse_day(entry.get("from"), "from")
        # Facts of a model that an alias stood for may be unknown; a price must not be.
        if not isinstance(entry["model"], str) or (known is not None and entry["model"] not in known):
            raise InvalidTable(f"aliases, {alias}: model: {entry['model']!r} is not in the table")


def check_facts(model: str, entry: Any, sources: Mapping[str, Any]) -> None:
    """Raise `InvalidTable` unless the facts of a model stand under sources, and limits are numbers of tokens."""
    if not isinstance(entry, dict):
        raise InvalidTable(f"{model}: an object with facts by source is needed")
    for source, facts in entry.items():
        if source not in sources or not isinstance(facts, dict):
            raise InvalidTable(f"{model}: {source}: no source of the table, or no object with facts")
        for name in TOKEN_LIMITS & facts.keys():
            if type(facts[name]) is not int or facts[name] < 1:
                raise InvalidTable(f"{model}: {name}: {facts[name]!r} is not a number of tokens")


def check_model(model: str, entry: Mapping[str, Any], sources: Mapping[str, Any]) -> None:
    if unknown := sorted(entry.keys() - {"names", "prices", "unknown"}):
        raise InvalidTable(f"{model}: {unknown[0]}: no such field")
    if "unknown" not in entry and not entry.get("prices"):
        raise InvalidTable(f"{model}: prices: at least one row is needed, or the reason in `unknown`")
    if not all(isinstance(name, str) for name in entry.get("names", [])):
        raise InvalidTable(f"{model}: names: texts are needed")
    for number, row in enumerate(entry.get("prices", []), 1):
        try:
            parse_row(row, sources)
        except InvalidRow as error:
            raise InvalidTable(f"{model}, row {number}, {error}") from None


def compare_prices(host: str, table: Mapping[str, Any]) -> tuple[list[str], list[str], list[RateChange]]:
    """Return what a new price table changes, compared with the one in use.

    Args:
        host: The host.
        table: The new table.

    Returns:
        Models that are new, models that are gone, and changed rates.
    """
    table = newer_of_package(f"prices/{host}", table)
    current = load_table(host)
    old_models = current.models if current is not None else {}
    old_sources = current.sources if current is not None else {}
    new_models = table["models"]
    changes: list[RateChange] = []
    for model in new_models.keys() & old_models.keys():
        if new_models[model] != old_models[model]:
            old = dict(iter_rates(old_models[model], old_sources))
            changes.extend(changed_rates(model, old, dict(iter_rates(new_models[model], table["sources"]))))
    changes.sort(key=lambda change: (change.model, change.row))
    return sorted(new_models.keys() - old_models.keys()), sorted(old_models.keys() - new_models.keys()), changes


def compare_limits(host: str, table: Mapping[str, Any]) -> list[LimitChange]:
    """Return the limits that a new table of facts changes, compared with the one in use.

    Args:
        host: The host.
        table: The new table.
    """
    old, new = (merged_facts(one) for one in (host_table(host), newer_of_package(f"hosts/{host}", table)))
    changes = []
    for model in sorted(old.keys() | new.keys()):
        for limit in sorted(TOKEN_LIMITS):
            before, now = (facts.get(model, {}).get(limit) for facts in (old, new))
            if before != now:
                changes.append(LimitChange(model, limit, before, now))
    return changes


def merged_facts(table: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the facts of each model of a table of facts; later sources win."""
    models = table.get("models", {}).items()
    return {model: {name: fact for facts in entry.values() for name, fact in facts.items()} for model, entry in models}


def newer_of_package(name: str, table: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the table of the package if it is newer than this one, because it will be the one in use."""
    packaged: Mapping[str, Any] = json.loads(package_bytes(name) or b"{}")
    return packaged if str(packaged.get("date", "")) > table["date"] else table


def changed_rates(
    model: str, old: Mapping[tuple[str, str], Decimal], new: Mapping[tuple[str, str], Decimal]
) -> Iterator[RateChange]:
    for row, unit in dict.fromkeys([*old, *new]):
        before, now = old.get((row, unit)), new.get((row, unit))
        if before != now:
            yield RateChange(model, row, unit, before, now)


def iter_rates(entry: Mapping[str, Any], sources: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Decimal]]:
    for row in entry.get("prices", ()):
        parsed = parse_row(row, sources)
        for unit, rate in parsed.rates.items():
            yield (conditions_of(parsed), unit), rate


def conditions_of(row: PriceRow) -> str:
    """Return in words when a row applies; empty for the usual price."""
    options = [f"{name} {' or '.join(values)}" for name, values in row.options.items()]
    parts = [
        row.tier,
        row.region,
        f"prompts above {row.above:,} tokens" if row.above else None,
        f"from {row.starts:%Y-%m-%d}" if row.starts else None,
        f"until {row.ends:%Y-%m-%d}" if row.ends else None,
        "at certain hours" if row.times else None,
        *options,
    ]
    return ", ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class ExplainedPrice:
    """One row of prices.

    Attributes:
        when: When it applies: tier, region, size of the prompt, dates, options. Empty: the usual price.
        rates: Unit to price in US dollars: per million tokens or characters, else per one.
        source: Source and date, or your own file.
        is_current: Whether its dates include the time in question.
        estimates: Prices of other units, for calls whose tokens are not known.
        differs: What other sources say, with the reason for the choice.
    """

    when: str
    rates: Mapping[str, Decimal]
    source: str
    is_current: bool
    estimates: Mapping[str, Decimal]
    differs: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class PriceExplanation:
    """Every price that is known of a model at a host.

    Attributes:
        host: The provider.
        table: The price table, with its date. None: there is none for this host.
        model: Name in the table. None: the table does not have the model.
        names: Other names of the model in the table.
        prices: Rows of the table.
        own: Rows of your own files, which win over the table.
        unknown: Why no price is known, if none is.
    """

    host: str
    table: str | None
    model: str | None
    names: tuple[str, ...]
    prices: tuple[ExplainedPrice, ...]
    own: tuple[ExplainedPrice, ...]
    unknown: str | None


def explain_prices(provider: str, model: str, at: datetime | None = None) -> PriceExplanation:
    """Return every price that is known of a model at a host.

    Args:
        provider: The provider that is called.
        model: Name of the model there.
        at: Time of the call. Default None: now.

    Returns:
        The rows of the table and of your own files, and why there is no price.

    Raises:
        ConfigurationError: If the provider is unknown, or the name of the model is not text or empty.
    """
    at = at or datetime.now(UTC)
    endpoint = AIModelEndpoint(api=AIModelAPI(provider=provider, api_key="-"), ai_model=AIModel(model_name=model))
    known = find_provider(provider)
    host, names = price_host(endpoint, known), billing_names(endpoint, known, None)
    table = load_table(host)
    located, unknown = None, None
    try:
        if table is None:
            raise NoPrice(f"no price table is known for {host}")
        located = find_model(table, names, at)[0]
        rows = table.rows(located)
        unknown = table.models[located].get("unknown")
    except NoPrice as error:
        rows, unknown = [], str(error)
    own = own_rows(known.name if known else host, (*names, *filter(None, [located])))
    return PriceExplanation(
        host=known.name if known else host,
        table=None if table is None else f"prices/{host}.json of {table.date}",
        model=located,
        names=tuple(table.models[located].get("names", ())) if table is not None and located else (),
        prices=tuple(explain_row(row, at) for row in rows),
        own=tuple(explain_row(row, at) for row in own),
        unknown=None if own else unknown,
    )


def explain_row(row: PriceRow, at: datetime) -> ExplainedPrice:
    return ExplainedPrice(conditions_of(row), row.rates, row.source, row.holds_at(at), row.estimates, row.differs)
