"""`ai-utilities models refresh` and `models --explain`: newer tables, and where facts and prices come from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from dhenara.ai.catalog import explain_prices, find_facts
from dhenara.ai.integration import read_model_name

from ...config_resolver import ConfigurationResolver
from ...exceptions import ProviderConfigurationError
from ...tables_folder import use_tables_of
from ...tables_refresh import refresh_tables, undo_refresh
from ...value_types import JsonObject
from ..clients import settings_for
from ..output import print_note, table
from ..streams import show

if TYPE_CHECKING:
    from dhenara.ai.catalog import ExplainedPrice, PriceExplanation

    from ...tables_refresh import HostChanges, TableChanges

MOST_SHOWN = 20
"""Models and rates per host that are listed; --json has all."""


def refresh(url: str | None, dry_run: bool, undo: bool, as_json: bool, env_file: Path | None) -> None:
    """Refreshes the tables, or goes back, and shows what changed."""
    settings = settings_for(env_file=env_file)
    if undo:
        version = undo_refresh(settings)
        show(f"in use now: {version or 'the tables of the package'}")
        return
    changes = refresh_tables(url, settings=settings, dry_run=dry_run)
    if as_json:
        show(json.dumps(asdict(changes), indent=2, default=str))
        return
    for line in describe(changes):
        show(line)


def describe(changes: TableChanges) -> Iterator[str]:
    """Yields what changed, line by line."""
    for host in changes.hosts:
        yield from describe_host(host)
    if not changes.installed and changes.version == changes.previous:
        yield f"version {changes.version} is in use already"
        return
    state = "is in use now" if changes.installed else "would be used (dry run)"
    yield f"version {changes.version} of {changes.date} {state}; {len(changes.fetched)} files fetched"
    yield f"checked: {changes.checked}; before: {changes.previous or 'the tables of the package'}"


def describe_host(host: HostChanges) -> Iterator[str]:
    yield f"{host.host}: {len(host.added)} models added, {len(host.removed)} removed, {len(host.rates)} rates changed"
    lines = [
        *(f"  + {name}" for name in host.added),
        *(f"  - {name}" for name in host.removed),
        *(
            f"  {one.model}{f' ({one.row})' if one.row else ''}: {one.unit} {amount(one.old)} -> {amount(one.new)}"
            for one in host.rates
        ),
    ]
    yield from lines[:MOST_SHOWN]
    if len(lines) > MOST_SHOWN:
        yield f"  … {len(lines) - MOST_SHOWN} more (--json lists all)"


def amount(rate: Decimal | None) -> str:
    return "unknown" if rate is None else f"{rate:f}"


def explain(name: str, provider: str | None, as_json: bool, env_file: Path | None) -> None:
    """Shows every fact and price of a model at a host, with source and date."""
    settings = settings_for(provider, env_file=env_file)
    use_tables_of(settings)
    host, model = host_and_model(name, provider, env_file)
    prices = explain_prices(host, model)
    facts = facts_rows(host, model)
    if as_json:
        show(json.dumps({"model": model, "facts": facts, "prices": asdict(prices)}, indent=2, default=str))
        return
    show(f"{model} at {prices.host}")
    show(table(("fact", "value", "source"), [tuple(row.values()) for row in facts]) if facts else "no facts are known")
    for line in describe_prices(prices):
        show(line)


def host_and_model(name: str, provider: str | None, env_file: Path | None) -> tuple[str, str]:
    """The provider (before the name, in --provider, or the configured one) and the model."""
    read = read_model_name(name)
    if provider is None and read.provider is not None:
        return read.provider, read.model or name
    if provider is not None:
        return provider, name
    try:
        return ConfigurationResolver(settings_for(env_file=env_file)).resolve().provider, name
    except ProviderConfigurationError:
        raise ProviderConfigurationError(f"{name}: at which provider? Pass --provider, or provider/model.") from None


def facts_rows(host: str, model: str) -> list[JsonObject]:
    """Each known fact with its value and source."""
    facts = find_facts(model, host)
    if facts is None:
        return []
    return [
        {"fact": name, "value": str(getattr(facts, name, None)), "source": f"{source.name} ({source.date})"}
        for name, source in sorted(facts.sources.items())
    ]


def describe_prices(prices: PriceExplanation) -> Iterator[str]:
    """Yields the prices, own ones first, and why there are none."""
    for row in prices.own:
        yield f"your own price, which wins: {price_line(row)}"
    if prices.table is not None and prices.model is not None:
        yield f"prices of {prices.model} in {prices.table} (US dollars per million tokens or characters, else per one):"
    for row in prices.prices:
        yield f"  {'now ' if row.is_current else 'then'} {price_line(row)}"
        for other in row.differs:
            rates = ", ".join(f"{unit} {rate}" for unit, rate in other.get("rates", {}).items())
            yield f"       differs: {other.get('source')}: {rates} ({other.get('why', 'no reason is recorded')})"
    if prices.unknown is not None:
        print_note(f"no price: {prices.unknown}")


def price_line(row: ExplainedPrice) -> str:
    rates = ", ".join(f"{unit} {rate:f}" for unit, rate in row.rates.items()) or "unknown"
    estimates = ", ".join(f"{unit} {rate:f}" for unit, rate in row.estimates.items())
    return f"[{row.when or 'usual'}] {rates}{f'; estimated {estimates}' if estimates else ''} - {row.source}"
