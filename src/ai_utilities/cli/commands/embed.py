"""`ai-utilities embed`: create embedding vectors."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from ...exceptions import ProviderConfigurationError
from ...providers.defaults import EMBEDDING_MODELS
from ...value_types import Options
from ..clients import engine_for
from ..inputs import EnvFileFlag, ModelFlag, ProviderFlag, TagFlag, read_input
from ..output import show_warnings
from ..streams import require_output, show

TextsArgument = Annotated[list[str] | None, typer.Argument(help="The texts; by default each line of standard input.")]
WholeFlag = Annotated[bool, typer.Option("--whole", help="Treat all of standard input as one text.")]
DimensionsFlag = Annotated[int | None, typer.Option("--dimensions", metavar="COUNT", help="Vector length.", min=1)]
PurposeFlag = Annotated[
    str | None, typer.Option("--for", metavar="WHAT", help="Purpose: query, document, similarity, ...")
]


def register_embed(app: typer.Typer) -> None:
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
    """Create an embedding vector for each text.

    Prints JSON lines with `text` and `vector`. Example: ai-utilities embed < titles.txt > vectors.jsonl
    """
    require_output()
    fields: Options = {"dimensions": dimensions, "input_type": purpose}
    options = {name: value for name, value in fields.items() if value is not None}
    wanted = list(texts or read_texts(whole))
    with engine_for("embedding", EMBEDDING_MODELS, provider, model, env_file, tag) as client:
        response = client.embed(wanted, **options)
    show_warnings(response)
    for text, vector in zip(wanted, response.vectors, strict=True):
        show(json.dumps({"text": text, "vector": vector}, ensure_ascii=False))


def read_texts(whole: bool) -> list[str]:
    """The texts on standard input."""
    piped = "" if sys.stdin is None or sys.stdin.isatty() else read_input()
    texts = [piped.strip()] if whole else [line for line in piped.splitlines() if line.strip()]
    if not any(texts):
        raise ProviderConfigurationError('no text to embed. Use ai-utilities embed "a text", or pipe lines in.')
    return texts
