"""`ai-utilities ledger` and `usage reconcile`: open requests, repairs, and comparison with a provider's export."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dhenara.ai.integration import number_of

from ...config import state_path
from ...exceptions import JsonObject, ProviderConfigurationError
from ...usage.reports.reconcile import ReconciledBucket, Reconciliation, read_export, reconcile
from ...usage.sqlite import SQLiteLedger
from ..clients import settings_for
from ..inputs import EnvFileFlag, add_command_group
from ..output import Exit, print_note, table
from ..streams import show
from .usage import open_ledger, read_time, usage

if TYPE_CHECKING:
    from ...storage.store_io import Owner


def show_open(head: Sequence[str], rows: Sequence[Sequence[str]], note: str) -> None:
    """Prints a table of what is open, if anything is, and a note."""
    if rows:
        show(table(("state", *head, "process", "host"), rows))
    print_note(note)


def open_row(abandoned: bool, cells: Sequence[str], owner: Owner) -> tuple[str, ...]:
    """One line of the table: the state, what is open, and the process that owns it."""
    return ("abandoned" if abandoned else "running", *cells, str(owner.pid), owner.host.partition("/")[0])


def file_to_repair(argument: Path | None, store: str | None, configured: Path | None, what: str, setting: str) -> Path:
    """The file of a store: the argument, or that of the settings.

    Args:
        argument: What the user named.
        store: The kind of the store in the settings.
        configured: The file in the settings.
        what: The name of the file, such as `usage`.
        setting: The setting that names the kind of the store.

    Raises:
        ProviderConfigurationError: If the store in the settings is not a file.
    """
    if argument is None and store != "sqlite":
        raise ProviderConfigurationError(
            f"the store of {what} in the settings is not a file. Set {setting}=sqlite, or pass a file."
        )
    return Path(argument or configured or state_path(f"{what}.sqlite"))


def show_repair(path: Path, repair: object | None) -> None:
    """Prints what was repaired in a file; None if it was intact."""
    show(f"nothing is wrong with {path}" if repair is None else f"{path}: {repair}")


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
    show(f"closed {number_of(len(closed), 'request')} of processes that ended; the ledger is {place}")


def repair_ledger(file: FileArgument = None, env_file: EnvFileFlag = None) -> None:
    """Check the ledger, and recover a damaged one into a new file. Stop programs that use it first."""
    settings = settings_for(env_file=env_file)
    path = file_to_repair(file, settings.usage_store, settings.usage_path, "usage", "AI_USAGE_STORE")
    show_repair(path, SQLiteLedger.repair(path))


ExportArgument = Annotated[Path, typer.Argument(help="Usage or cost export of the provider: JSON or CSV.")]
ProviderFlag = Annotated[str, typer.Option("--provider", metavar="NAME", help="openai or anthropic.")]
KeyFlag = Annotated[
    list[str] | None,
    typer.Option("--key", metavar="THEIRS=OURS", help="Key in the export and in the ledger; may be repeated."),
]
ModelFlag = Annotated[
    list[str] | None,
    typer.Option("--map-model", metavar="OURS=THEIRS", help="Model in the ledger and in the export; may be repeated."),
]
MadeFlag = Annotated[
    str | None, typer.Option("--until", metavar="WHEN", help="When the export was made, if within its last day.")
]
ToleranceFlag = Annotated[
    float, typer.Option("--tolerance", metavar="PART", help="Part of a cost by which both may differ.", min=0, max=1)
]
StrictFlag = Annotated[bool, typer.Option("--strict", help="End with exit code 3 if anything differs.")]
AllFlag = Annotated[bool, typer.Option("--all", help="Show equal days and models too.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register_usage(app: typer.Typer) -> None:
    group = typer.Typer(invoke_without_command=True, rich_markup_mode=None, add_completion=False)
    group.callback()(usage)
    group.command("reconcile")(reconcile_export)
    app.add_typer(group, name="usage")


def reconcile_export(
    file: ExportArgument,
    provider: ProviderFlag,
    key: KeyFlag = None,
    map_model: ModelFlag = None,
    until: MadeFlag = None,
    tolerance: ToleranceFlag = 0,
    strict: StrictFlag = False,
    every: AllFlag = False,
    as_json: JsonFlag = False,
    env_file: EnvFileFlag = None,
) -> None:
    """Compare the ledger with a provider's usage export.

    Compares by day (UTC), model and key.
    """
    export = read_export(file, provider)
    models, keys = read_pairs("--map-model", map_model), read_pairs("--key", key)
    moment = read_time(until) if until else None
    ledger, place = open_ledger(env_file)
    with closing(ledger):
        result = reconcile(ledger, export, models=models, keys=keys, until=moment, tolerance=Decimal(str(tolerance)))
    if as_json:
        show(to_json(result))
    else:
        show_result(result, every)
        print_note(f"the ledger is {place}")
    if strict and not result.is_equal:
        raise typer.Exit(Exit.PARTLY)


def show_result(result: Reconciliation, every: bool) -> None:
    """Prints what differs, each with its reason, then notes and a summary."""
    buckets = result.buckets if every else result.differences
    rows = [line for bucket in buckets for line in lines_of(bucket, every)]
    if rows:
        show(table(("day", "model", "key", "tier", "status", "what", "ledger", "export", "difference"), rows) + "\n")
    for bucket in result.differences:
        show(f"{bucket.place}: {bucket.explanation}")
    for note in result.notes:
        print_note(note)
    show(("\n" if rows else "") + str(result))


def lines_of(bucket: ReconciledBucket, every: bool) -> list[tuple[str, ...]]:
    """One line for each amount that differs, or for each amount of an equal bucket."""
    place = bucket.place
    head = (place.day, place.model, place.key, place.batch, bucket.status)
    names = list(bucket.differences) or ([name for name in bucket.ours if every] or ["cost"])
    return [
        (
            *head,
            name,
            format_number(bucket.ours.get(name)),
            format_number(bucket.theirs.get(name)),
            format_number(bucket.differences.get(name), sign="+"),
        )
        for name in names
    ]


def format_number(number: Decimal | None, sign: str = "") -> str:
    return "" if number is None else f"{number:{sign},f}"


def to_json(result: Reconciliation) -> str:
    """The result as JSON; amounts are texts, so that they stay exact."""
    fields: JsonObject = asdict(result)
    fields["equal"] = result.is_equal
    return json.dumps(fields, indent=2, default=str, ensure_ascii=False)


def read_pairs(flag: str, pairs: Sequence[str] | None) -> dict[str, str]:
    """Pairs of names."""
    split = [pair.partition("=") for pair in pairs or ()]
    if not all(left and right for left, _, right in split):
        raise ProviderConfigurationError(f"{flag} takes two names: {flag} one=other")
    return {left: right for left, _, right in split}
