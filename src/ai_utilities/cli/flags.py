"""Flags that several commands take."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Annotated

import typer


def finite(value: float | None) -> float | None:
    """Numbers that are none (`nan`) or without end (`inf`) are refused."""
    if value is not None and not isfinite(value):
        raise typer.BadParameter(f"{value} is not a number with an end")
    return value


ProviderFlag = Annotated[
    str | None,
    typer.Option("--provider", "-p", metavar="NAME", help="Whom to ask; `auto` takes the first that is configured."),
]
ModelFlag = Annotated[str | None, typer.Option("--model", "-m", metavar="NAME", help="Which of its models.")]
SystemFlag = Annotated[str | None, typer.Option("--system", "-s", metavar="TEXT", help="Instructions for the model.")]
TagFlag = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="NAME=VALUE", help="Book it under this, for `usage`; may be repeated."),
]
EnvFileFlag = Annotated[
    Path | None, typer.Option("--env-file", metavar="FILE", help="Read this file instead of ./.env.", dir_okay=False)
]
CacheFlag = Annotated[
    bool | None, typer.Option("--cache/--no-cache", help="Take the answer from the cache, and keep it there.")
]
TemperatureFlag = Annotated[
    float | None, typer.Option(metavar="NUMBER", help="From 0 (steady) to 2 (wild).", min=0.0, max=2.0, callback=finite)
]
MaxTokensFlag = Annotated[
    int | None, typer.Option("--max-tokens", metavar="COUNT", help="The longest answer, in tokens.", min=1)
]
TimeoutFlag = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="For the whole call, retries included.", min=0.001, callback=finite),
]
