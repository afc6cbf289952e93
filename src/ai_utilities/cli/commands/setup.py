"""`ai-utilities setup`, `settings` and `doctor`: configure providers, show the settings, and check them."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ...config_resolver import ConfigurationResolver
from ...doctor import check_routes, run_checks
from ...exceptions import ProviderConfigurationError
from ...setup.questions import PresetAnswers
from ...setup.steps import KeyHome
from ...setup.wizard import OfflineRunner, Prompter, SetupResult, SetupWizard
from ..clients import settings_for
from ..inputs import EnvFileFlag, ModelFlag, ProviderFlag, TimeoutFlag
from ..output import print_note, table, wrap_text
from ..streams import show


def register_setup(app: typer.Typer) -> None:
    app.command("setup")(setup)


def setup(
    provider: Annotated[
        list[str] | None,
        typer.Option("--provider", "-p", metavar="NAME", help="Provider to set up; may be repeated, in order."),
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="API key of the first provider; it stays in the shell history, so prefer a variable."
        ),
    ] = None,
    base_url: Annotated[str | None, typer.Option(metavar="URL", help="Base URL of the first provider.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="NAME", help="Model of the first provider.")
    ] = None,
    new_provider: Annotated[bool, typer.Option("--new-provider", help="Allow a --provider that is not known.")] = False,
    key_home: Annotated[KeyHome, typer.Option(help="Where to store keys.")] = "dotenv",
    env_file: Annotated[Path, typer.Option("--env-file", metavar="FILE", help="File to write.")] = Path(".env"),
    non_interactive: Annotated[bool, typer.Option("--non-interactive", "-y", help="Do not ask questions.")] = False,
    no_test: Annotated[bool, typer.Option("--no-test", help="Send no network requests.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the result without writing.")] = False,
) -> None:
    """Set up one or several providers.

    Settings are written to a `.env` file. Other lines of the file stay, and a backup is made.
    """
    answers = PresetAnswers(
        provider or (), api_key, base_url, model, key_home, keep_failing=no_test, new_provider=new_provider
    )
    silent = non_interactive or bool(provider)
    if not silent and not sys.stdin.isatty():
        raise ProviderConfigurationError("no terminal for questions. Pass --provider.")
    prompter: Prompter = answers if silent else load_terminal()
    wizard = SetupWizard(prompter, env_file, runner=OfflineRunner() if no_test else None)
    show_result(wizard.run_wizard(dry_run=dry_run), dry_run)


def load_terminal() -> Prompter:
    """The questions at the terminal."""
    from ..terminal import TerminalPrompter

    show("Ctrl-C exits without changes.\n")
    return TerminalPrompter()


def show_result(result: SetupResult, dry_run: bool) -> None:
    """Prints what was done, and what to do next."""
    if dry_run:
        show(f"Would write to {result.dotenv_path}:")
    elif result.written:
        show(f"Written to {result.dotenv_path}:")
    else:
        show(f"{result.dotenv_path} is up to date.")
    for line in result.lines:
        show(f"  {line}")
    if result.backup is not None:
        show(f"Backup of the old file: {result.backup}")
    for name, key in result.shown.items():
        show(f"\nAdd this to your secrets:\n  {name}={key}")
    if not dry_run:
        show('\nNow try: ai-utilities ask "Why is the sky blue?"')


WordsArgument = Annotated[
    list[str] | None, typer.Argument(help="Only settings whose name contains one of these words.")
]
ExplicitFlag = Annotated[bool, typer.Option("--set", help="Only settings that are set; no defaults.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register_settings(app: typer.Typer) -> None:
    app.command("settings")(settings)


def settings(
    words: WordsArgument = None,
    only_set: ExplicitFlag = False,
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    as_json: JsonFlag = False,
    env_file: EnvFileFlag = None,
) -> None:
    """Show every setting and its source.

    Secrets are masked. Each setting is also a variable: `timeout` is AI_TIMEOUT in the environment or in `.env`.
    """
    lines = ConfigurationResolver(settings_for(provider, model, env_file)).explain().lines
    shown = [
        line
        for line in lines
        if not (only_set and line.source == "default") and (not words or any(word in line.name for word in words))
    ]
    if as_json:
        show(json.dumps({line.name: {"value": line.value, "source": line.source} for line in shown}, indent=2))
        return
    if not shown:
        print_note("no such setting is set. Without --set, defaults are shown.")
        return
    rows = [(line.name, line.value, f"{line.source}: {line.note}" if line.note else line.source) for line in shown]
    show(table(("setting", "value", "source"), rows))


INDENT = 27
"""Column at which the finding begins."""


def register_doctor(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(
    provider: ProviderFlag = None,
    model: ModelFlag = None,
    offline: Annotated[bool, typer.Option("--offline", help="Send no network requests.")] = False,
    routes: Annotated[bool, typer.Option("--routes", help="Show only the deployments of routes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines.")] = False,
    timeout: TimeoutFlag = None,
    env_file: EnvFileFlag = None,
) -> None:
    """Check the setup.

    Checks settings, stores, key, network, certificates, clock, model and limits. Sends one small request.
    """
    failed, settings = False, settings_for(provider, model, env_file)
    findings = check_routes(settings) if routes else run_checks(settings, network=not offline, timeout=timeout)
    for finding in findings:
        show(json.dumps(asdict(finding)) if as_json else wrap_text(str(finding), sys.stdout, INDENT))
        failed = failed or finding.health == "failure"
    if failed:
        raise typer.Exit(1)
