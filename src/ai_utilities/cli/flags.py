"""Flags that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ProviderFlag = Annotated[
    str | None, typer.Option("--provider", "-p", help="Whom to ask; `auto` takes the first that is configured.")
]
ModelFlag = Annotated[str | None, typer.Option("--model", "-m", help="Which of its models.")]
SystemFlag = Annotated[str | None, typer.Option("--system", "-s", help="Instructions for the model.")]
EnvFileFlag = Annotated[Path | None, typer.Option("--env-file", help="Another file than ./.env.", dir_okay=False)]
TemperatureFlag = Annotated[float | None, typer.Option(help="From 0 (steady) to 2 (wild).", min=0.0, max=2.0)]
MaxTokensFlag = Annotated[int | None, typer.Option("--max-tokens", help="The longest answer.", min=1)]
TimeoutFlag = Annotated[float | None, typer.Option(help="Seconds for the whole call.", min=0.001)]
