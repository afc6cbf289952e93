"""`ai-utilities setup`: a few questions, and then it works."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..setup.steps import KeyHome
from .terminal_escape import show as print_line


def register(app: typer.Typer) -> None:
    app.command("setup")(setup)


def setup(
    provider: Annotated[
        list[str] | None,
        typer.Option("--provider", "-p", metavar="NAME", help="Whom to set up; repeat it for several, in order."),
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="The first provider's key; better in a variable, where no history keeps it."),
    ] = None,
    base_url: Annotated[str | None, typer.Option(metavar="URL", help="The first provider's address.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="NAME", help="The first provider's model.")
    ] = None,
    new_provider: Annotated[
        bool, typer.Option("--new-provider", help="A --provider may be one of your own, which nobody knows here.")
    ] = False,
    key_home: Annotated[KeyHome, typer.Option(help="Where keys go.")] = "dotenv",
    env_file: Annotated[Path, typer.Option("--env-file", metavar="FILE", help="The file to write.")] = Path(".env"),
    non_interactive: Annotated[bool, typer.Option("--non-interactive", "-y", help="Ask nothing.")] = False,
    no_test: Annotated[bool, typer.Option("--no-test", help="Ask nothing over the network, either.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written.")] = False,
) -> None:
    """Set up one or several providers.

    They are written to a `.env` file. Nothing that is in it gets lost; a copy is kept.
    """
    import sys

    from ..exceptions import ProviderConfigurationError
    from ..setup.actions import OfflineRunner
    from ..setup.answers import PresetAnswers
    from ..setup.wizard import SetupWizard

    given = PresetAnswers(
        provider or (), api_key, base_url, model, key_home, keep_failing=no_test, new_provider=new_provider
    )
    silent = non_interactive or bool(provider)
    if not silent and not sys.stdin.isatty():
        raise ProviderConfigurationError("there is no terminal to ask questions at: name a --provider")
    face: Any = given if silent else load_terminal()
    wizard = SetupWizard(face, env_file, runner=OfflineRunner() if no_test else None)
    show(wizard.run_wizard(dry_run=dry_run), dry_run)


def load_terminal() -> Any:
    from .terminal import TerminalPrompter

    print_line("A few questions; Ctrl-C leaves everything as it is.\n")
    return TerminalPrompter()


def show(result: Any, dry_run: bool) -> None:
    """What was done, and what to do next."""
    if dry_run:
        print_line(f"This would be written to {result.dotenv_path}:")
    elif result.written:
        print_line(f"Written to {result.dotenv_path}:")
    else:
        print_line(f"{result.dotenv_path} says all that already.")
    for line in result.lines:
        print_line(f"  {line}")
    if result.backup is not None:
        print_line(f"The file as it was is kept in {result.backup}.")
    for name, key in result.shown.items():
        print_line(f"\nPut this where your secrets live:\n  {name}={key}")
    if not dry_run:
        print_line('\nNow try: ai-utilities ask "Why is the sky blue?"')
