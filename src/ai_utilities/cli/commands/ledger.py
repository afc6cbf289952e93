"""`ai-utilities ledger` and `budget`: requests and reservations of ended processes, and repair of files."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...config_origins import state_path
from ...exceptions import ProviderConfigurationError
from ...middleware import make_budget_store
from ...usage.budgets.redis import RedisBudgets
from ...usage.budgets.sqlite import SQLiteBudgets
from ...usage.sqlite import SQLiteLedger
from ..clients import settings_for
from ..inputs import EnvFileFlag, add_command_group
from ..output import print_note, table
from ..streams import show
from .usage import open_ledger

if TYPE_CHECKING:
    from ...config_models import AiSettings
    from ...storage.process import Owner
    from ...usage.budgets.budget import BudgetStore


FileArgument = Annotated[Path | None, typer.Argument(help="Ledger file; by default the one in the settings.")]


def register_ledger(app: typer.Typer) -> None:
    add_command_group(
        app,
        "ledger",
        "Show open requests and repair the usage ledger.",
        {"open": list_open, "close": close_abandoned_requests, "repair": repair_ledger},
    )


def list_open(env_file: EnvFileFlag = None) -> None:
    """List requests that were sent and have not ended.

    Requests of killed processes are `abandoned`.
    """
    ledger, place = open_ledger(env_file)
    with closing(ledger):
        requests = ledger.open_rows()
    rows = [
        (
            format_state(request.abandoned),
            f"{request.row.started_at:%Y-%m-%d %H:%M:%S}" if request.row.started_at else "",
            request.row.model or "",
            request.row.operation,
            *format_owner(request.owner),
        )
        for request in requests
    ]
    if rows:
        show(table(("state", "began", "model", "operation", "process", "host"), rows))
    print_note(f"{len(rows)} open requests; the ledger is {place}")


def close_abandoned_requests(env_file: EnvFileFlag = None) -> None:
    """Close the requests of ended processes. They become `interrupted`, with unknown cost."""
    ledger, place = open_ledger(env_file)
    with closing(ledger):
        closed = ledger.close_abandoned()
    show(f"closed {len(closed)} requests of processes that ended; the ledger is {place}")


def repair_ledger(file: FileArgument = None, env_file: EnvFileFlag = None) -> None:
    """Check the ledger, and recover a damaged one into a new file. Stop programs that use it first."""
    settings = settings_for(env_file=env_file)
    if file is None and settings.usage_store != "sqlite":
        raise ProviderConfigurationError(
            "the ledger in the settings is not a file. Set AI_USAGE_STORE=sqlite, or pass a file."
        )
    path = Path(file or settings.usage_path or state_path("usage.sqlite"))
    show_repair(path, SQLiteLedger.repair(path))


BudgetFileArgument = Annotated[Path | None, typer.Argument(help="File of budgets; by default the one in the settings.")]
SpentFlag = Annotated[str, typer.Option(metavar="DOLLARS", help="Amount to count as spent for each reservation.")]


def register_budget(app: typer.Typer) -> None:
    add_command_group(
        app,
        "budget",
        "Show open reservations and repair budgets.",
        {"reserved": list_reservations, "close": close_abandoned_reservations, "repair": repair_budget},
    )


def list_reservations(env_file: EnvFileFlag = None) -> None:
    """List reservations of calls that have not ended."""
    with closing(open_budgets(settings_for(env_file=env_file))) as store:
        reservations = store.reservations()
    rows = [
        (
            format_state(reservation.abandoned),
            f"${reservation.cost:f}",
            ", ".join(window.name for window in reservation.windows),
            *format_owner(reservation.owner),
        )
        for reservation in reservations
    ]
    if rows:
        show(table(("state", "reserved", "budgets", "process", "host"), rows))
    print_note(f"{len(rows)} reservations")


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


def show_repair(path: Path, repair: object | None) -> None:
    """Prints what was repaired in a file; None if it was intact."""
    show(f"nothing is wrong with {path}" if repair is None else f"{path}: {repair}")


def format_state(abandoned: bool) -> str:
    """The state of an open request or reservation."""
    return "abandoned" if abandoned else "running"


def format_owner(owner: Owner) -> tuple[str, str]:
    """The process id and the host of an open request or reservation."""
    return str(owner.pid), owner.host.partition("/")[0]
