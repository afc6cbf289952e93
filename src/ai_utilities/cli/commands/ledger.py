"""`ai-utilities ledger`: requests that have not ended, and repair of the ledger."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from ...usage.sqlite import SQLiteLedger
from ..clients import settings_for
from ..inputs import EnvFileFlag, add_command_group
from ..streams import show
from .stores import file_to_repair, open_row, show_open, show_repair
from .usage import open_ledger

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
        open_row(
            request.abandoned,
            (
                f"{request.row.started_at:%Y-%m-%d %H:%M:%S}" if request.row.started_at else "",
                request.row.model or "",
                request.row.operation,
            ),
            request.owner,
        )
        for request in requests
    ]
    show_open(("began", "model", "operation"), rows, f"{len(rows)} open requests; the ledger is {place}")


def close_abandoned_requests(env_file: EnvFileFlag = None) -> None:
    """Close the requests of ended processes. They become `interrupted`, with unknown cost."""
    ledger, place = open_ledger(env_file)
    with closing(ledger):
        closed = ledger.close_abandoned()
    show(f"closed {len(closed)} requests of processes that ended; the ledger is {place}")


def repair_ledger(file: FileArgument = None, env_file: EnvFileFlag = None) -> None:
    """Check the ledger, and recover a damaged one into a new file. Stop programs that use it first."""
    settings = settings_for(env_file=env_file)
    path = file_to_repair(file, settings.usage_store, settings.usage_path, "usage", "AI_USAGE_STORE")
    show_repair(path, SQLiteLedger.repair(path))
