"""`ai-utilities settings`: every setting with its source."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ..flags import EnvFileFlag, ModelFlag, ProviderFlag
from ..streams import show

WordsArgument = Annotated[
    list[str] | None, typer.Argument(help="Only settings whose name contains one of these words.")
]
ExplicitFlag = Annotated[bool, typer.Option("--said", help="Only settings that are set; no defaults.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register_settings(app: typer.Typer) -> None:
    app.command("settings")(settings)


def settings(
    words: WordsArgument = None,
    text: ExplicitFlag = False,
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    as_json: JsonFlag = False,
    env_file: EnvFileFlag = None,
) -> None:
    """Show every setting and its source.

    Secrets are masked. Each setting is also a variable: `timeout` is AI_TIMEOUT in the environment or in `.env`.
    """
    from ...config_resolver import ConfigurationResolver
    from ..clients import settings_for
    from ..exit_codes import print_note
    from ..output import table

    lines = ConfigurationResolver(settings_for(provider, model, env_file)).explain().lines
    shown = [
        line
        for line in lines
        if not (text and line.source == "default") and (not words or any(word in line.name for word in words))
    ]
    if as_json:
        show(json.dumps({line.name: {"value": line.value, "source": line.source} for line in shown}, indent=2))
        return
    if not shown:
        print_note("no such setting is set. Without --said, defaults are shown.")
        return
    rows = [(line.name, line.value, f"{line.source}: {line.note}" if line.note else line.source) for line in shown]
    show(table(("setting", "value", "source"), rows))
