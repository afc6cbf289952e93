"""`ai-utilities cache` and `ai-utilities budget`: what the stores hold, what is left, forecasts, repairs."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dhenara.ai.integration import number_of

from ...cache.backend import CacheBackend
from ...cache.entry import read_entry
from ...config import cache_path, state_path
from ...exceptions import JsonObject, ProviderConfigurationError
from ...middleware import budget_of, make_budget_store, make_cache, make_ledger, tags_of
from ...usage.amounts import USD, DisplayCurrency, format_amount
from ...usage.budgets.budget import to_dollars
from ...usage.budgets.early_warning import METHOD, BudgetForecast, forecast
from ...usage.budgets.redis import RedisBudgets
from ...usage.budgets.sqlite import SQLiteBudgets
from ..clients import settings_for
from ..inputs import (
    CurrencyFlag,
    EnvFileFlag,
    RateDateFlag,
    RateFlag,
    RateSourceFlag,
    add_command_group,
    confirm_action,
    read_currency,
)
from ..output import print_note, table
from ..streams import show
from .ledger import open_row, show_open, show_repair

if TYPE_CHECKING:
    from ...config_models import AiSettings
    from ...usage.budgets.budget import BudgetStore


NamespaceFlag = Annotated[
    str | None, typer.Option("--namespace", "-n", metavar="NAME", help="Only this namespace; default: `default`.")
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON.")]
YesFlag = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
MostFlag = Annotated[int, typer.Option("--most", metavar="COUNT", help="Maximum number of entries.", min=1)]
KeyArgument = Annotated[str | None, typer.Argument(help="First characters of a key; by default all are listed.")]

PREVIEW = 44
SHORT = 10


def register_cache(app: typer.Typer) -> None:
    add_command_group(app, "cache", "Show or clear the cache.", {"stats": stats, "inspect": inspect, "clear": clear})


def stats(as_json: JsonFlag = False, env_file: EnvFileFlag = None) -> None:
    """Show the size of the cache and what it saved.

    Savings come from the ledger of `ai-utilities usage`; one in memory has only those of this process.
    """
    with open_cache(env_file) as (cache, place):
        entries, size = cache.size()
        spaces = Counter(key.partition(":")[0] for key in cache.stored_keys())
    facts: JsonObject = {"place": place, "entries": entries, "bytes": size, "namespaces": dict(spaces)}
    savings = total_savings(env_file)
    if as_json:
        show(json.dumps({**facts, **savings}, indent=2, default=str))
        return
    show(f"{place}: {entries:,} entries, {size:,} bytes")
    if spaces:
        show("\n" + table(("namespace", "entries"), spaces.most_common()))
    if savings:
        saved = f"{savings['saved_tokens']:,} tokens and {format_amount(savings['saved_cost'])}"
        show(f"\n{savings['answers_given']:,} answers came from the cache and saved {saved}")


def inspect(
    key: KeyArgument = None, namespace: NamespaceFlag = None, most: MostFlag = 20, env_file: EnvFileFlag = None
) -> None:
    """List entries, or show one answer in full as JSON."""
    with open_cache(env_file) as (cache, place):
        keys = [
            stored_key
            for stored_key in cache.stored_keys(namespace)
            if key is None or key in (stored_key, stored_key[: len(key)], strip_prefix(stored_key, key))
        ]
        if key is not None:
            if len(keys) != 1:
                raise ProviderConfigurationError(
                    f"{len(keys)} keys in {place} begin with {key!r}; pass a longer prefix"
                )
            show(json.dumps(cache.get(keys[0]), indent=2, ensure_ascii=False))
            return
        rows = [
            (short_hash(stored_key), *summarize_entry(cache.get_text(stored_key), PREVIEW))
            for stored_key in islice(keys, most)
        ]
    if rows:
        show(table(("key", "model", "tokens", "bytes", "answer"), rows))
    print_note(f"{len(rows)} of {len(keys)} entries in {place}")


def clear(namespace: NamespaceFlag = None, yes: YesFlag = False, env_file: EnvFileFlag = None) -> None:
    """Delete entries. Repeated requests are then sent and charged again."""
    with open_cache(env_file) as (cache, place):
        count = sum(1 for _ in cache.stored_keys(namespace))
        if not confirm_action(f"Delete {count:,} entries of {place}?", yes):
            return
        cache.clear() if namespace is None else cache.clear_namespace(namespace)
    show(f"deleted {count:,} entries of {place}")


def strip_prefix(key: str, beginning: str) -> str:
    """The hash part of a key, cut to the length of the prefix."""
    return key.partition(":")[2][: len(beginning)]


def short_hash(key: str) -> str:
    """The key with its hash shortened."""
    space, colon, rest = key.partition(":")
    return f"{space}{colon}{rest[:SHORT]}"


LASTING = ("sqlite", "redis")


@contextmanager
def open_cache(env_file: Path | None) -> Iterator[tuple[CacheBackend, str]]:
    """The cache, and where it is."""
    settings = settings_for(env_file=env_file)
    if settings.cache_backend not in LASTING:
        raise ProviderConfigurationError(
            f"a {settings.cache_backend!r} cache exists only while its program runs. Set "
            f"AI_CACHE_BACKEND to {' or '.join(LASTING)}"
        )
    file = settings.cache_path or cache_path("cache.sqlite")
    with make_cache(settings) as cache:
        yield cache, "the Redis server" if settings.cache_backend == "redis" else str(file)


def total_savings(env_file: Path | None) -> JsonObject:
    """What cached answers saved, from the ledger; empty without one."""
    settings = settings_for(env_file=env_file)
    stored = settings.usage_tracking and settings.usage_store in LASTING
    ledger = make_ledger(settings) if stored else None
    if ledger is None:
        return {}
    try:
        total = ledger.total()
    finally:
        ledger.close()
    return {"answers_given": total.cached, "saved_tokens": total.saved_tokens, "saved_cost": total.saved_cost}


def summarize_entry(stored: str | None, wide: int) -> tuple[str | None, str | None, str, str]:
    """Model, tokens, bytes and first characters of an answer; of unknown entries only the text."""
    text = stored or ""
    answer = read_entry(text)
    line = " ".join((text if answer is None else answer.text).split())
    shown = line if len(line) <= wide else f"{line[: wide - 1]}…"
    size = f"{len(text.encode()):,}"
    if answer is None:
        return None, None, size, shown
    return answer.model, f"{answer.usage.total_tokens:,}" if answer.usage else None, size, shown


BudgetFileArgument = Annotated[Path | None, typer.Argument(help="File of budgets; by default the one in the settings.")]
SpentFlag = Annotated[str, typer.Option(metavar="DOLLARS", help="Amount to count as spent for each reservation.")]
DollarsJsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON, in US dollars.")]


def register_budget(app: typer.Typer) -> None:
    commands: dict[str, Callable[..., None]] = {
        "show": show_budget,
        "reserved": list_reservations,
        "close": close_abandoned_reservations,
        "repair": repair_budget,
    }
    add_command_group(app, "budget", "Show a budget, its forecast and open reservations; repair it.", commands)


def show_budget(
    currency: CurrencyFlag = None,
    rate: RateFlag = None,
    rate_date: RateDateFlag = None,
    rate_source: RateSourceFlag = None,
    as_json: DollarsJsonFlag = False,
    env_file: EnvFileFlag = None,
) -> None:
    """Show what is spent and left of the budget, and a forecast.

    The forecast for the end of the window is what is spent so far, divided by the part of the window that has passed.
    """
    shown_in = read_currency(currency, rate, rate_date, rate_source)
    settings = settings_for(env_file=env_file)
    if settings.budget_usd is None:
        raise ProviderConfigurationError("no budget is set. Set AI_BUDGET_USD to an amount of US dollars.")
    budget, now = budget_of(settings), time.time()
    with closing(open_budgets(settings)) as store:
        spent = to_dollars(store.spent(budget.window_at(tags_of(settings), now)))
    known = forecast(budget, spent, now)
    if as_json:
        facts = {**asdict(known), "window": budget.window, "left": budget.amount - spent, "method": METHOD}
        show(json.dumps(facts, indent=2, default=str))
        return
    limit, left = format_amount(known.limit, shown_in), format_amount(known.limit - spent, shown_in)
    period = "in total" if budget.window == "total" else f"per {budget.window}"
    show(f"{limit} {period}: {format_amount(spent, shown_in)} spent or reserved, {left} left")
    show(describe_forecast(known, shown_in))
    if shown_in.code != USD.code:
        print_note(shown_in.label)


def describe_forecast(known: BudgetForecast, currency: DisplayCurrency) -> str:
    """The forecast in one line."""
    if known.expected is None or known.ends is None:
        return f"forecast: unknown, {known.reason}"
    end = f"forecast: {format_amount(known.expected, currency)} by {known.ends:%Y-%m-%d %H:%M} UTC, if it goes on so"
    reached = f"; the limit is reached on {known.exhausted_at:%Y-%m-%d %H:%M} UTC" if known.exhausted_at else ""
    return end + reached


def list_reservations(env_file: EnvFileFlag = None) -> None:
    """List reservations of calls that have not ended."""
    with closing(open_budgets(settings_for(env_file=env_file))) as store:
        reservations = store.reservations()
    rows = [
        open_row(
            reservation.abandoned,
            (f"${reservation.cost:f}", ", ".join(window.name for window in reservation.windows)),
            reservation.owner,
        )
        for reservation in reservations
    ]
    show_open(("reserved", "budgets"), rows, number_of(len(rows), "reservation"))


def close_abandoned_reservations(spent: SpentFlag = "0", env_file: EnvFileFlag = None) -> None:
    """Close the reservations of ended processes. Each counts as --spent dollars."""
    try:
        each = Decimal(spent)
    except InvalidOperation as error:
        raise typer.BadParameter(f"{spent!r} is not an amount of money", param_hint="--spent") from error
    with closing(open_budgets(settings_for(env_file=env_file))) as store:
        closed = store.close_abandoned(each)
    total = sum(reservation.cost for reservation in closed)
    show(f"closed {number_of(len(closed), 'reservation')}, ${total:f} in total; each counts as ${each:f} spent")


def repair_budget(file: BudgetFileArgument = None, env_file: EnvFileFlag = None) -> None:
    """Repair a budget file, or accept that Redis lost its data.

    What can be read of the file is copied into a new one. A Redis server that lost its budgets continues with the data
    that it has.
    """
    settings = settings_for(env_file=env_file)
    if file is None and settings.limit_store == "redis":
        with closing(open_budgets(settings)) as store:
            if isinstance(store, RedisBudgets):
                store.repair()
        show("accepted: budgets continue with the data on the Redis server")
        return
    path = Path(file or settings.limit_path or state_path("limits.sqlite"))
    show_repair(path, SQLiteBudgets.repair(path))


def open_budgets(settings: AiSettings) -> BudgetStore:
    """The store of budgets in the settings, if it is one that lasts."""
    if settings.limit_store not in ("sqlite", "redis"):
        raise ProviderConfigurationError(
            "budgets are in memory and end with each command. Set AI_LIMIT_STORE to sqlite or redis."
        )
    return make_budget_store(settings)
