"""`ai-utilities models` and `ai-utilities providers`: what can be called, newer tables, and where prices are from."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ai_utilities.providers.models import all_models, models_from_catalog, models_from_listing
from dhenara.ai import AIModelClient
from dhenara.ai.catalog import explain_prices, find_facts
from dhenara.ai.integration import read_model_name

from ...config_resolver import ConfigurationResolver
from ...exceptions import AIUtilitiesError, JsonObject, ProviderConfigurationError
from ...providers.endpoint import connection_options, make_endpoint
from ...providers.engine_provider import ANY
from ...providers.facts import list_providers
from ...providers.tables_folder import use_tables_of
from ...providers.tables_refresh import refresh_tables, undo_refresh
from ..clients import provider_row, settings_for
from ..inputs import EnvFileFlag, ProviderFlag
from ..output import GAP, print_note, table
from ..streams import fact_text, show

if TYPE_CHECKING:
    from ai_utilities.providers.models import ModelInfo
    from dhenara.ai.catalog import ExplainedPrice, PriceExplanation
    from dhenara.ai.types import ModelListing

    from ...config_models import AiSettings
    from ...config_resolver import ResolvedConfiguration
    from ...providers.tables_refresh import HostChanges, TableChanges


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
    yield (
        f"{host.host}: {len(host.added)} models added, {len(host.removed)} removed, {len(host.rates)} rates and "
        f"{len(host.limits)} limits changed"
    )
    lines = [
        *(f"  + {name}" for name in host.added),
        *(f"  - {name}" for name in host.removed),
        *(
            f"  {one.model}{f' ({one.row})' if one.row else ''}: {one.unit} {amount(one.old)} -> {amount(one.new)}"
            for one in host.rates
        ),
        *(f"  {one.model}: {one.limit} {one.old or 'unknown'} -> {one.new or 'unknown'}" for one in host.limits),
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
    rows = [(fact["fact"], fact_text(fact["value"]), fact["source"]) for fact in facts]
    show(table(("fact", "value", "source"), rows) if facts else "no facts are known")
    for line in describe_prices(prices):
        show(line)


def host_and_model(name: str, provider: str | None, env_file: Path | None) -> tuple[str, str]:
    """The provider (before the name, in --provider, or the configured one) and the model."""
    read = read_model_name(name, provider)
    if read.provider is not None:
        return read.provider, read.model or name
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
        {"fact": name, "value": getattr(facts, name, None), "source": str(source)}
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


WordsArgument = Annotated[list[str] | None, typer.Argument(help="Only models that match all of these words.")]
AllFlag = Annotated[bool, typer.Option("--all", help="Every model of the catalogue, of all providers.")]
OfflineFlag = Annotated[bool, typer.Option("--offline", help="Only the catalogue; send no network requests.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON.")]

ExplainFlag = Annotated[str | None, typer.Option("--explain", metavar="NAME", help="Facts and prices of a model.")]
UrlFlag = Annotated[str | None, typer.Option("--url", metavar="URL", help="With refresh: address of the manifest.")]
DryRunFlag = Annotated[bool, typer.Option("--dry-run", help="With refresh: check and compare only.")]
UndoFlag = Annotated[bool, typer.Option("--undo", help="With refresh: use the previous tables again.")]

REFRESH = "refresh"
TIMEOUT = 60.0
HEAD = ("model", "context", "output", "$ in/M", "$ out/M", "can", "takes", "kind", "until")
COLUMN_PRIORITY = ("model", "$ in/M", "$ out/M", "context", "can", "until", "output", "takes", "kind")
"""The order in which columns are kept if the terminal is too narrow for all."""


def register_models(app: typer.Typer) -> None:
    app.command("models")(models)


def models(
    words: WordsArgument = None,
    provider: ProviderFlag = None,
    every: AllFlag = False,
    offline: OfflineFlag = False,
    as_json: JsonFlag = False,
    explained: ExplainFlag = None,
    url: UrlFlag = None,
    dry_run: DryRunFlag = False,
    undo: UndoFlag = False,
    env_file: EnvFileFlag = None,
) -> None:
    """List models with capabilities and prices.

    Models come from the provider's own list if it can be reached, else from the catalogue, which also has sizes,
    capabilities and prices in US dollars per million tokens. The column `takes` lists input types other than text.

    `models refresh` fetches newer tables of prices and facts from --url or AI_TABLES_URL, checks them and shows what
    changed; `models refresh --undo` goes back. `--explain NAME` shows each fact and price of one model with its source.

    Example: ai-utilities models -p anthropic reasoning image
    """
    if words == [REFRESH]:
        refresh(url, dry_run, undo, as_json, env_file)
        return
    if url is not None or dry_run or undo:
        raise ProviderConfigurationError("--url, --dry-run and --undo belong to `ai-utilities models refresh`.")
    if explained is not None:
        explain(explained, provider, as_json, env_file)
        return
    listed, source = (all_models(), "the catalogue") if every else load_models(provider, offline, env_file)
    shown = [model for model in listed if model.matches(words or [])]
    if as_json:
        show(json.dumps([asdict(model) for model in shown], indent=2, default=to_json_value))
        return
    if shown:
        show(render_table(shown))
    print_note(f"{len(shown)} of {len(listed)} models, from {source}")


def load_models(provider: str | None, offline: bool, env_file: Path | None) -> tuple[list[ModelInfo], str]:
    """The models of one provider and the source of the list; all models if no provider is configured."""
    settings = settings_for(provider, env_file=env_file)
    use_tables_of(settings)
    try:
        resolved = ConfigurationResolver(settings).resolve()
    except ProviderConfigurationError:
        if provider is not None:
            raise
        return all_models(), "the catalogue, because no provider is configured"
    name = resolved.provider
    if offline:
        return models_from_catalog(name), f"the catalogue, for {name}"
    try:
        return models_from_listing(name, fetch_listing(resolved, settings)), f"the list of {name}"
    except AIUtilitiesError as error:
        known = models_from_catalog(name)
        if not known:
            raise
        why = "no key is set for its own list" if cannot_list(resolved) else str(error)
        return known, f"the catalogue, for {name}: {why}"


def cannot_list(resolved: ResolvedConfiguration) -> bool:
    return resolved.facts.needs_key and resolved.api_key.value is None


def fetch_listing(resolved: ResolvedConfiguration, settings: AiSettings) -> list[ModelListing]:
    """Requests the provider's model list, without retries."""
    endpoint = make_endpoint(resolved, settings, resolved.model.value or ANY)
    with AIModelClient(endpoint, **connection_options(settings)) as client:
        return client.list_models(timeout=TIMEOUT, retries=0)


def render_table(models: list[ModelInfo]) -> str:
    """A table without empty columns and those that do not fit the terminal."""
    rows: list[dict[str, str | None]] = [dict(zip(HEAD, row(model), strict=True)) for model in models]
    left = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    chosen: set[str] = set()
    for name in COLUMN_PRIORITY:
        wide = max(len(name), *(len(row[name] or "-") for row in rows))
        if any(row[name] for row in rows) and (wide <= left or not chosen):
            chosen.add(name)
            left -= wide + GAP
    names = [name for name in HEAD if name in chosen]
    return table(names, [[row[name] for name in names] for row in rows])


def row(model: ModelInfo) -> tuple[str | None, ...]:
    other_inputs = [kind for kind in model.takes if kind != "text"]
    return (
        model.model,
        count(model.context_window),
        count(model.max_output_tokens),
        format_price(model.price_in),
        format_price(model.price_out),
        " ".join(model.can),
        " ".join(other_inputs),
        model.kind,
        model.retires,
    )


def count(tokens: int | None) -> str | None:
    """A short form: 128k, 1M."""
    if tokens is None or tokens < 1_000:
        return None if tokens is None else str(tokens)
    return f"{tokens / 1e6:.3g}M" if tokens >= 1_000_000 else f"{tokens / 1000:.0f}k"


def format_price(price: Decimal | None) -> str | None:
    """At least two decimals, more if the price has more."""
    return None if price is None else max(f"{price:.2f}", f"{price:f}", key=len)


def to_json_value(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def register_providers(app: typer.Typer) -> None:
    app.command("providers")(providers)


def providers(
    ready: Annotated[bool, typer.Option("--ready", help="Only providers that are ready to use.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    env_file: EnvFileFlag = None,
) -> None:
    """List the providers.

    Shows the variables for their API keys, and whether they are set.
    """
    rows = [provider_row(name, settings_for(env_file=env_file)) for name in provider_names()]
    shown = [facts for facts in rows if facts["ready"] or not ready]
    if as_json:
        show(json.dumps(shown, indent=2))
        return
    cells = [(f["name"], f["key_variable"], f["state"], f["address"]) for f in shown]
    show(table(("provider", "key in", "state", "address"), cells))


def provider_names() -> list[str]:
    return list_providers()
