"""`ai-utilities ledger`: open requests, and repair of damaged ledgers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..flags import EnvFileFlag

FileArgument = Annotated[Path | None, typer.Argument(help="Ledger file; by default the one in the settings.")]


def register_ledger(app: typer.Typer) -> None:
    commands = typer.Typer(
        help="List and close requests of ended processes, and repair the usage ledger.",
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
    )
    commands.command("open")(list_open)
    commands.command("close")(close_abandoned)
    commands.command("repair")(repair)
    app.add_typer(commands, name="ledger")


def list_open(env_file: EnvFileFlag = None) -> None:
    """List requests that were sent and have not ended.

    Requests of killed processes are `abandoned`.
    """
    from ..exit_codes import print_note
    from ..output import table
    from .usage import open_ledger

    ledger, place = open_ledger(env_file)
    try:
        match = ledger.open_rows()
    finally:
        ledger.close()
    rows = [
        (
            "abandoned" if one.abandoned else "running",
            f"{one.row.started_at:%Y-%m-%d %H:%M:%S}" if one.row.started_at else "",
            one.row.model or "",
            one.row.operation,
            f"{one.owner.pid}",
            one.owner.host.partition("/")[0],
        )
        for one in match
    ]
    if rows:
        typer.echo(table(("state", "began", "model", "operation", "process", "host"), rows))
    print_note(f"{len(rows)} open requests; the ledger is {place}")


def close_abandoned(env_file: EnvFileFlag = None) -> None:
    """Close the requests of ended processes. They become `interrupted`, with unknown cost."""
    from .usage import open_ledger

    ledger, place = open_ledger(env_file)
    try:
        closed = ledger.close_abandoned()
    finally:
        ledger.close()
    typer.echo(f"closed {len(closed)} requests of processes that ended; the ledger is {place}")


def repair(file: FileArgument = None, env_file: EnvFileFlag = None) -> None:
    """Check the ledger, and recover a damaged one into a new file. Stop programs that use it first."""
    from ...config.paths import state_path
    from ...exceptions import ProviderConfigurationError
    from ...usage.sqlite import SQLiteLedger
    from ..clients import settings_for

    settings = settings_for(env_file=env_file)
    if file is None and settings.usage_store != "sqlite":
        raise ProviderConfigurationError(
            "the ledger in the settings is not a file. Set AI_USAGE_STORE=sqlite, or pass a file."
        )
    path = Path(file or settings.usage_path or state_path("usage.sqlite"))
    match = SQLiteLedger.repair(path)
    typer.echo(f"nothing is wrong with {path}" if match is None else f"{path}: {match}")
