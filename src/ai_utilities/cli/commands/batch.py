"""`ai-utilities batch`: many prompts from a file, with progress on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ...batch import OnProvider, run_bulk
from ...batch.rows import BulkProgress, OnProgress
from ...value_types import Options
from ..clients import ClusterSettings, CommandSettings, ForceFlag, client_for
from ..inputs import (
    EnvFileFlag,
    MaxTokensFlag,
    ModelFlag,
    ParamFlag,
    ProviderFlag,
    SystemFlag,
    TagFlag,
    TemperatureFlag,
    finite,
    read_parameters,
)
from ..output import Exit, format_cost, print_note
from ..streams import drawing


def register_batch(app: typer.Typer) -> None:
    app.command("batch")(batch)


def batch(
    source: Annotated[Path, typer.Argument(help="Input file: .jsonl, .csv or .parquet.", exists=True, dir_okay=False)],
    output: Annotated[Path, typer.Argument(help="Output file: .jsonl, .csv or .parquet.")],
    prompt: Annotated[
        str | None,
        typer.Option("--prompt", metavar="TEXT", help="Prompt template with row fields: 'Summarise: {text}'."),
    ] = None,
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    system: SystemFlag = None,
    temperature: TemperatureFlag = None,
    max_tokens: MaxTokensFlag = None,
    param: ParamFlag = None,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", "-c", metavar="COUNT", help="Number of concurrent requests.", min=1)
    ] = None,
    on: Annotated[
        str,
        typer.Option(
            "--on",
            metavar="WHERE",
            help="Where to run: 'here'; 'provider': its batch API, within a day at half the price; or 'ray': the "
            "machines of the Ray cluster in RAY_ADDRESS.",
        ),
    ] = "here",
    wait: Annotated[
        float | None,
        typer.Option(
            "--wait",
            metavar="SECONDS",
            help="With --on provider: maximum wait; run again for the rest.",
            min=0,
            callback=finite,
        ),
    ] = None,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Start no further request after a failure.")] = False,
    force: ForceFlag = False,
    tag: TagFlag = None,
    env_file: EnvFileFlag = None,
) -> None:
    """Process every row of a file. Run it again to resume an interrupted run or to retry failed rows.

    An output that exists is not overwritten, and a finished run is not made again, without --force.
    """
    fields = {"system": system, "temperature": temperature, "max_tokens": max_tokens}
    options: Options = {name: value for name, value in fields.items() if value is not None} | read_parameters(param)
    if wait is not None and on != "provider":
        raise typer.BadParameter("--wait needs --on provider")
    backend = on if wait is None else OnProvider(wait=wait)
    kind = ClusterSettings if on == "ray" else CommandSettings
    with client_for(provider, model, env_file, tag, kind=kind) as client, progress_line() as line:
        report = run_bulk(
            source,
            output,
            prompt=prompt,
            client=client,
            concurrency=concurrency,
            on=backend,
            fail_fast=fail_fast,
            overwrite=force,
            on_progress=line,
            **options,
        )
    print_note(str(report))
    if not report.ok:
        some = report.answered or report.reused or report.waiting
        raise typer.Exit(Exit.PARTLY if some else Exit.FAILED)


EVERY = 0.1


@contextmanager
def progress_line() -> Iterator[OnProgress]:
    shown = sys.stderr.isatty()
    drawn_at = 0.0

    def draw(now: BulkProgress) -> None:
        nonlocal drawn_at
        if shown and time.monotonic() - drawn_at >= EVERY:
            drawn_at = time.monotonic()
            drawing(sys.stderr)(f"\r{format_progress(now)}\033[K")
            sys.stderr.flush()

    try:
        yield draw
    finally:
        if drawn_at:
            drawing(sys.stderr)("\r\033[K")


def format_progress(now: BulkProgress) -> str:
    of = f"/{now.total}" if now.total is not None else ""
    failed = f", {now.failed} failed" if now.failed else ""
    cost = format_cost(now.cost) if not now.unpriced else f"{format_cost(now.cost)} and more"
    return f"{now.done}{of} rows{failed}, {now.tokens} tokens, {cost}"
