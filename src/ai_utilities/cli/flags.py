"""Flags shared by several commands."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Annotated

import typer


def finite(value: float | None) -> float | None:
    """Rejects `nan` and `inf`."""
    if value is not None and not isfinite(value):
        raise typer.BadParameter(f"{value} is not a finite number")
    return value


ProviderFlag = Annotated[
    str | None,
    typer.Option("--provider", "-p", metavar="NAME", help="Provider; `auto` uses the first configured one."),
]
ModelFlag = Annotated[str | None, typer.Option("--model", "-m", metavar="NAME", help="Model name.")]
SystemFlag = Annotated[str | None, typer.Option("--system", "-s", metavar="TEXT", help="System instructions.")]
TagFlag = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="NAME=VALUE", help="Tag for the usage report; may be repeated."),
]
EnvFileFlag = Annotated[
    Path | None, typer.Option("--env-file", metavar="FILE", help="Read this file instead of ./.env.", dir_okay=False)
]
CacheFlag = Annotated[bool | None, typer.Option("--cache/--no-cache", help="Use the response cache.")]
TemperatureFlag = Annotated[
    float | None,
    typer.Option(metavar="NUMBER", help="Sampling temperature, 0 to 2.", min=0.0, max=2.0, callback=finite),
]
MaxTokensFlag = Annotated[
    int | None, typer.Option("--max-tokens", metavar="COUNT", help="Maximum tokens of the answer.", min=1)
]
ParamFlag = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="NAME=VALUE", help="Parameter of the model, such as top_p=0.9; may be repeated."),
]
TimeoutFlag = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="Timeout of the whole call, including retries.", min=0.001, callback=finite),
]
