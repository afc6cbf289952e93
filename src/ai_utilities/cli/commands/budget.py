"""`ai-utilities budget`: what is left, the forecast, open reservations, and repair of budgets."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...config_origins import state_path
from ...exceptions import ProviderConfigurationError
from ...middleware import budget_of, make_budget_store, tags_of
from ...usage.amounts import USD, DisplayCurrency, format_amount
from ...usage.budgets.alerts_and_forecasts import METHOD, BudgetForecast, forecast
from ...usage.budgets.budget import to_dollars
from ...usage.budgets.redis import RedisBudgets
from ...usage.budgets.sqlite import SQLiteBudgets
from ..clients import settings_for
from ..inputs import CurrencyFlag, EnvFileFlag, RateDateFlag, RateFlag, RateSourceFlag, add_command_group, read_currency
from ..output import print_note
from ..streams import show
from .ledger import open_row, show_open, show_repair

if TYPE_CHECKING:
    from ...config_models import AiSettings
    from ...usage.budgets.budget import BudgetStore


BudgetFileArgument = Annotated[Path | None, typer.Argument(help="File of budgets; by default the one in the settings.")]
SpentFlag = Annotated[str, typer.Option(metavar="DOLLARS", help="Amount to count as spent for each reservation.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON, in US dollars.")]


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
    as_json: JsonFlag = False,
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
    show_open(("reserved", "budgets"), rows, f"{len(rows)} reservations")


def close_abandoned_reservations(spent: SpentFlag = "0", env_file: EnvFileFlag = None) -> None:
    """Close the reservations of ended processes. Each counts as --spent dollars."""
    try:
        each = Decimal(spent)
    except InvalidOperation as error:
        raise typer.BadParameter(f"{spent!r} is not an amount of money", param_hint="--spent") from error
    with closing(open_budgets(settings_for(env_file=env_file))) as store:
        closed = store.close_abandoned(each)
    total = sum(reservation.cost for reservation in closed)
    show(f"closed {len(closed)} reservations, ${total:f} in total; each counts as ${each:f} spent")


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
