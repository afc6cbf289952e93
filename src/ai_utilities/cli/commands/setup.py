"""`ai-utilities setup`: the setup wizard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ...setup.steps import KeyHome
from ..streams import show as print_line


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
    import sys

    from ...exceptions import ProviderConfigurationError
    from ...setup.questions import PresetAnswers
    from ...setup.wizard import OfflineRunner, SetupWizard

    given = PresetAnswers(
        provider or (), api_key, base_url, model, key_home, keep_failing=no_test, new_provider=new_provider
    )
    silent = non_interactive or bool(provider)
    if not silent and not sys.stdin.isatty():
        raise ProviderConfigurationError("no terminal for questions. Pass --provider.")
    prompter: Any = given if silent else load_terminal()
    wizard = SetupWizard(prompter, env_file, runner=OfflineRunner() if no_test else None)
    show(wizard.run_wizard(dry_run=dry_run), dry_run)


def load_terminal() -> Any:
    from ..terminal import TerminalPrompter

    print_line("Ctrl-C exits without changes.\n")
    return TerminalPrompter()


def show(result: Any, dry_run: bool) -> None:
    """Prints what was done, and what to do next."""
    if dry_run:
        print_line(f"Would write to {result.dotenv_path}:")
    elif result.written:
        print_line(f"Written to {result.dotenv_path}:")
    else:
        print_line(f"{result.dotenv_path} is up to date.")
    for line in result.lines:
        print_line(f"  {line}")
    if result.backup is not None:
        print_line(f"Backup of the old file: {result.backup}")
    for name, key in result.shown.items():
        print_line(f"\nAdd this to your secrets:\n  {name}={key}")
    if not dry_run:
        print_line('\nNow try: ai-utilities ask "Why is the sky blue?"')
