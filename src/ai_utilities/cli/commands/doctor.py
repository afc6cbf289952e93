"""`ai-utilities doctor`: check the setup and say how to fix problems."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from ..exit_codes import wrap_text
from ..flags import EnvFileFlag, ModelFlag, ProviderFlag, TimeoutFlag
from ..streams import show

INDENT = 27
"""Column at which the finding begins."""


def register_doctor(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    offline: Annotated[bool, typer.Option("--offline", help="Send no network requests.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
    timeout: TimeoutFlag = None,
    env_file: EnvFileFlag = None,
) -> None:
    """Check the setup.

    Checks settings, stores, key, network, certificates, clock, model and limits. Sends one small request.
    """
    from ...doctor import run_checks
    from ..clients import settings_for

    failed = False
    for finding in run_checks(settings_for(provider, model, env_file), network=not offline, timeout=timeout):
        show(json.dumps(asdict(finding)) if as_json else wrap_text(str(finding), sys.stdout, INDENT))
        failed = failed or finding.health == "failure"
    if failed:
        raise typer.Exit(1)
