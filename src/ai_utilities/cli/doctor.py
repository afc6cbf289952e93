"""`ai-utilities doctor`: what is well, what is not, and what to do about it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from .flags import EnvFileFlag, ModelFlag, ProviderFlag, TimeoutFlag
from .terminal_escape import show
from .wrapping import wrap_text

INDENT = 27
"""Where what was seen begins."""


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nothing over the network.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON lines.")] = False,
    timeout: TimeoutFlag = None,
    env_file: EnvFileFlag = None,
) -> None:
    """Check the whole set-up.

    Settings, stores, key, network, certificates, clock, model and limits. One tiny request is sent.
    """
    from ..doctor.run_checks import run_checks
    from .clients import settings_for

    ill = False
    for finding in run_checks(settings_for(provider, model, env_file), network=not offline, timeout=timeout):
        show(json.dumps(asdict(finding)) if as_json else wrap_text(str(finding), sys.stdout, INDENT))
        ill = ill or finding.health == "failure"
    if ill:
        raise typer.Exit(1)
