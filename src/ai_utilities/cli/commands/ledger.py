"""`ai-utilities ledger` and `budget`: requests and reservations of ended processes, and repair of files."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ... import usage
from ...config_origins import state_path
from ...exceptions import ProviderConfigurationError
from ...middleware import make_shared_store
from ...usage.budgets.sqlite import SQLiteBudgets
from ...usage.sqlite import SQLiteLedger
from ..clients import settings_for
from ..inputs import EnvFileFlag
from ..output import print_note, table
from .usage import open_ledger

if TYPE_CHECKING:
    from ...config_models import AiSettings


FileArgument = Annotated[Path | None, typer.Argument(help="Ledger file; by default the one in the settings.")]


def register_ledger(app: typer.Typer) -> None:
    commands = typer.Typer(
        help="Show open requests and repair the usage ledger.",
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
    )
    commands.command("open")(list_open)
    commands.command("close")(close_abandoned_requests)
    commands.command("repair")(repair_ledger)
    app.add_typer(commands, name="ledger")


def list_open(env_file: EnvFileFlag = None) -> None:
    """List requests that were sent and have not ended.

    Requests of killed processes are `abandoned`.
    """
    ledger, place = open_ledger(env_file)
    try:
        requests = ledger.open_rows()
    finally:
        ledger.close()
    rows = [
        (
            "abandoned" if request.abandoned else "running",
            f"{request.row.started_at:%Y-%m-%d %H:%M:%S}" if request.row.started_at else "",
            request.row.model or "",
            request.row.operation,
            f"{request.owner.pid}",
            request.owner.host.partition("/")[0],
        )
        for request in requests
    ]
    if rows:
        typer.echo(table(("state", "began", "model", "operation", "process", "host"), rows))
    print_note(f"{len(rows)} open requests; the ledger is {place}")


def close_abandoned_requests(env_file: EnvFileFlag = None) -> None:
    """Close the requests of ended processes. They become `interrupted`, with unknown cost."""
    ledger, place = open_ledger(env_file)
    try:
        closed = ledger.close_abandoned()
    finally:
        ledger.close()
    typer.echo(f"closed {len(closed)} requests of processes that ended; the ledger is {place}")


def repair_ledger(file: FileArgument = None, env_file: EnvFileFlag = None) -> None:
    """Check the ledger, and recover a damaged one into a new file. Stop programs that use it first."""
    settings = settings_for(env_file=env_file)
    if file is None and settings.usage_store != "sqlite":
        raise ProviderConfigurationError(
            "the ledger in the settings is not a file. Set AI_USAGE_STORE=sqlite, or pass a file."
        )
    path = Path(file or settings.usage_path or state_path("usage.sqlite"))
    recovery = SQLiteLedger.repair(path)
    typer.echo(f"nothing is wrong with {path}" if recovery is None else f"{path}: {recovery}")


BudgetFileArgument = Annotated[Path | None, typer.Argument(help="File of budgets; by default the one in the settings.")]
SpentFlag = Annotated[str, typer.Option(metavar="DOLLARS", help="Amount to count as spent for each reservation.")]


def register_budget(app: typer.Typer) -> None:
    commands = typer.Typer(
        help="Show open reservations and repair budgets.",
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
    )
    commands.command("reserved")(reserved)
    commands.command("close")(close_abandoned_reservations)
    commands.command("repair")(repair_budget)
    app.add_typer(commands, name="budget")


def reserved(env_file: EnvFileFlag = None) -> None:
    """List reservations of calls that have not ended."""
    store = store_of(settings_of(env_file))
    try:
        reservations = store.reservations()
    finally:
        store.close()
    rows = [
        (
            "abandoned" if reservation.abandoned else "running",
            f"${reservation.cost:f}",
            ", ".join(window.name for window in reservation.windows),
            str(reservation.owner.pid),
            reservation.owner.host.partition("/")[0],
        )
        for reservation in reservations
    ]
    if rows:
        typer.echo(table(("state", "reserved", "budgets", "process", "host"), rows))
    print_note(f"{len(rows)} reservations")


def close_abandoned_reservations(spent: SpentFlag = "0", env_file: EnvFileFlag = None) -> None:
    """Close the reservations of ended processes. Each counts as --spent dollars."""
    try:
        each = Decimal(spent)
    except InvalidOperation as error:
        raise typer.BadParameter(f"{spent!r} is not an amount of money", param_hint="--spent") from error
    store = store_of(settings_of(env_file))
    try:
        closed = store.close_abandoned(each)
    finally:
        store.close()
    total = sum(reservation.cost for reservation in closed)
    typer.echo(f"closed {len(closed)} reservations, ${total:f} in total; each counts as ${each:f} spent")


def repair_budget(file: BudgetFileArgument = None, env_file: EnvFileFlag = None) -> None:
    """Recover a damaged budget file into a new one, or accept that a Redis server lost its budgets."""
    settings = settings_of(env_file)
    if file is None and settings.limit_store == "redis":
        store = store_of(settings)
        store.repair()
        store.close()
        typer.echo("accepted: budgets continue with the data on the Redis server")
        return
    path = Path(file or settings.limit_path or state_path("limits.sqlite"))
    repair = SQLiteBudgets.repair(path)
    typer.echo(f"nothing is wrong with {path}" if repair is None else f"{path}: {repair}")


def settings_of(env_file: Path | None) -> AiSettings:
    return settings_for(env_file=env_file)


def store_of(settings: AiSettings) -> Any:
    if settings.limit_store not in ("sqlite", "redis"):
        raise ProviderConfigurationError(
            "budgets are in memory and end with each command. Set AI_LIMIT_STORE to sqlite or redis."
        )
    return make_shared_store(settings, usage, "Budgets")
