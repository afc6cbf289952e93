"""`ai-utilities batch`: process a file of prompts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .flags import EnvFileFlag, MaxTokensFlag, ModelFlag, ProviderFlag, SystemFlag, TagFlag, TemperatureFlag, finite


def register(app: typer.Typer) -> None:
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
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", "-c", metavar="COUNT", help="Number of concurrent requests.", min=1)
    ] = None,
    on: Annotated[
        str,
        typer.Option(
            "--on",
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
    tag: TagFlag = None,
    env_file: EnvFileFlag = None,
) -> None:
    """Process every row of a file. Run it again to resume an interrupted run or to retry failed rows."""
    from ..batch import OnProvider, run_bulk
    from .bulk_progress import progress_line
    from .clients import ClusterSettings, CommandSettings, client_for
    from .exit_codes import Exit, print_note

    text = {"system": system, "temperature": temperature, "max_tokens": max_tokens}
    options = {name: value for name, value in text.items() if value is not None}
    if wait is not None and on != "provider":
        raise typer.BadParameter("--wait needs --on provider")
    where = on if wait is None else OnProvider(wait=wait)
    kind = ClusterSettings if on == "ray" else CommandSettings
    with client_for(provider, model, env_file, tag, kind=kind) as client, progress_line() as line:
        report = run_bulk(
            source,
            output,
            prompt=prompt,
            client=client,
            concurrency=concurrency,
            on=where,
            fail_fast=fail_fast,
            on_progress=line,
            **options,
        )
    print_note(str(report))
    if not report.ok:
        some = report.answered or report.reused or report.waiting
        raise typer.Exit(Exit.PARTLY if some else Exit.FAILED)
