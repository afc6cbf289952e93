"""`ai-utilities budget`: reservations of killed processes, and repair of damaged or lost budgets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..flags import EnvFileFlag

if TYPE_CHECKING:
    from ...config_models import AiSettings


FileArgument = Annotated[Path | None, typer.Argument(help="File of budgets; by default the one in the settings.")]
SpentFlag = Annotated[str, typer.Option(metavar="DOLLARS", help="Amount to count as spent for each reservation.")]


def register_budget(app: typer.Typer) -> None:
    commands = typer.Typer(
        help="List and close reservations of ended processes, and repair budgets.",
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
    )
    commands.command("reserved")(reserved)
    commands.command("close")(close_abandoned)
    commands.command("repair")(repair)
    app.add_typer(commands, name="budget")


def reserved(env_file: EnvFileFlag = None) -> None:
    """List reservations of calls that have not ended."""
    from ..exit_codes import print_note
    from ..output import table

    store = store_of(settings_of(env_file))
    try:
        match = store.reservations()
    finally:
        store.close()
    rows = [
        (
            "abandoned" if one.abandoned else "running",
            f"${one.cost:f}",
            ", ".join(window.name for window in one.windows),
            str(one.owner.pid),
            one.owner.host.partition("/")[0],
        )
        for one in match
    ]
    if rows:
        typer.echo(table(("state", "reserved", "budgets", "process", "host"), rows))
    print_note(f"{len(rows)} reservations")


def close_abandoned(spent: SpentFlag = "0", env_file: EnvFileFlag = None) -> None:
    """Close the reservations of ended processes. Each counts as --spent dollars."""
    from decimal import Decimal, InvalidOperation

    try:
        each = Decimal(spent)
    except InvalidOperation as error:
        raise typer.BadParameter(f"{spent!r} is not an amount of money", param_hint="--spent") from error
    store = store_of(settings_of(env_file))
    try:
        closed = store.close_abandoned(each)
    finally:
        store.close()
    total = sum(one.cost for one in closed)
    typer.echo(f"closed {len(closed)} reservations, ${total:f} in total; each counts as ${each:f} spent")


def repair(file: FileArgument = None, env_file: EnvFileFlag = None) -> None:
    """Recover a damaged budget file into a new one, or accept that a Redis server lost its budgets."""
    from ...config.paths import state_path
    from ...usage.budgets.sqlite import SQLiteBudgets

    settings = settings_of(env_file)
    if file is None and settings.limit_store == "redis":
        store = store_of(settings)
        store.repair()
        store.close()
        typer.echo("accepted: budgets continue with the data on the Redis server")
        return
    path = Path(file or settings.limit_path or state_path("limits.sqlite"))
    match = SQLiteBudgets.repair(path)
    typer.echo(f"nothing is wrong with {path}" if match is None else f"{path}: {match}")


def settings_of(env_file: Path | None) -> AiSettings:
    from ..clients import settings_for

    return settings_for(env_file=env_file)


def store_of(settings: AiSettings) -> Any:
    from ... import usage
    from ...exceptions import ProviderConfigurationError
    from ...middleware import make_shared_store

    if settings.limit_store not in ("sqlite", "redis"):
        raise ProviderConfigurationError(
            "budgets are in memory and end with each command. Set AI_LIMIT_STORE to sqlite or redis."
        )
    return make_shared_store(settings, usage, "Budgets")
