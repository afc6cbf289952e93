"""`ai-utilities embed`: texts in, vectors out."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from .flags import EnvFileFlag, ModelFlag, ProviderFlag, TagFlag
from .terminal_escape import show

TextsArgument = Annotated[
    list[str] | None, typer.Argument(help="The texts; without any, each line of standard input is one.")
]
WholeFlag = Annotated[bool, typer.Option("--whole", help="All of standard input is one text.")]
DimensionsFlag = Annotated[
    int | None, typer.Option("--dimensions", metavar="COUNT", help="How long vectors shall be.", min=1)
]
PurposeFlag = Annotated[
    str | None, typer.Option("--for", metavar="WHAT", help="What they are for: query, document, similarity, ...")
]


def register(app: typer.Typer) -> None:
    app.command("embed")(embed)


def embed(
    texts: TextsArgument = None,
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    dimensions: DimensionsFlag = None,
    purpose: PurposeFlag = None,
    whole: WholeFlag = False,
    tag: TagFlag = None,
    env_file: EnvFileFlag = None,
) -> None:
    """Make vectors of texts.

    Each is a line of JSON with `text` and `vector`. Such as: ai-utilities embed < titles.txt > vectors.jsonl
    """
    from ..providers.default_models import EMBEDDERS
    from .engine_clients import engine_for
    from .exit_codes import print_note
    from .streams import require_output

    require_output()
    fields: dict[str, Any] = {"dimensions": dimensions, "input_type": purpose}
    options = {name: value for name, value in fields.items() if value is not None}
    wanted = list(texts or read_texts(whole))
    with engine_for("embedding", EMBEDDERS, provider, model, env_file, tag) as client:
        match = client.embed(wanted, **options)
    for warning in match.warnings:
        print_note(f"warning: {warning.message}")
    for text, vector in zip(wanted, match.vectors, strict=True):
        show(json.dumps({"text": text, "vector": vector}, ensure_ascii=False))


def read_texts(whole: bool) -> list[str]:
    """What is piped in."""
    from ..exceptions import ProviderConfigurationError
    from .inputs import read_input

    piped = "" if sys.stdin is None or sys.stdin.isatty() else read_input()
    match = [piped.strip()] if whole else [line for line in piped.splitlines() if line.strip()]
    if not any(match):
        raise ProviderConfigurationError('there is nothing to embed: ai-utilities embed "a text", or pipe lines in')
    return match
