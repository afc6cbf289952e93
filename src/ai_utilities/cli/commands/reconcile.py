"""`ai-utilities usage reconcile`: the ledger, compared with a provider's own usage export."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from ...exceptions import ProviderConfigurationError
from ...usage.reconciliation.buckets import ReconciledBucket
from ...usage.reconciliation.reconcile import Reconciliation, read_export, reconcile
from ...value_types import JsonObject
from ..inputs import EnvFileFlag
from ..output import Exit, print_note, table
from ..streams import show
from .usage import open_ledger, read_time, usage

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
    """Compare the ledger with a provider's own usage export, by day (UTC), model and key."""
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
