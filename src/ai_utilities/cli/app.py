"""The Typer application: all commands of `ai-utilities`; each module loads its imports when it is called."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Protocol, cast

import typer

from dhenara.ai import __version__

from .commands.ask import register_ask, register_batch, register_replay
from .commands.chat import register_chat
from .commands.ledger import register_ledger, register_usage
from .commands.media import register_embed, register_image, register_speak, register_transcribe
from .commands.models import register_models, register_providers
from .commands.setup import register_doctor, register_local, register_settings, register_setup
from .commands.stores import register_budget, register_cache
from .output import Exit, print_error, run_guarded
from .streams import show

EPILOG = "Exit codes: 0 done, 1 the provider failed, 2 wrong usage or settings, 3 some items failed, 130 interrupted."

app = typer.Typer(
    name="ai-utilities",
    help="Use language models of any provider from the command line.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
PROMPT_COMMANDS = (register_ask, register_chat, register_batch, register_replay)
OPERATION_COMMANDS = (register_embed, register_image, register_transcribe, register_speak)
SETUP_COMMANDS = (
    register_setup,
    register_doctor,
    register_settings,
    register_providers,
    register_models,
    register_local,
)
RECORD_COMMANDS = (register_usage, register_ledger, register_budget, register_cache)
for register in (*PROMPT_COMMANDS, *OPERATION_COMMANDS, *SETUP_COMMANDS, *RECORD_COMMANDS):
    register(app)


def show_version(wanted: bool) -> None:
    if wanted:
        show(f"ai-utilities {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Use language models of any provider from the command line."""


# Base class of typer's usage errors. Typer vendors click and does not export the class.
WRONG_USAGE: type[Exception] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


def run_app(arguments: Sequence[str]) -> int:
    """Runs one command; usage errors give exit code 2."""
    return run_guarded(lambda: run_command(arguments))


class UsageError(Protocol):
    """What an error of typer about flags or arguments has."""

    ctx: typer.Context | None

    def format_message(self) -> str: ...


def describe_wrong_usage(error: UsageError) -> str:
    """The message for wrong flags or arguments, with a pointer to --help."""
    command = error.ctx.command_path if error.ctx is not None else "ai-utilities"
    message = error.format_message().rstrip(".")
    return f"{message}{'' if message.endswith('?') else '.'} See {command} --help"


build_commands = cache(typer.main.get_command)
"""Typer's objects of all commands; a program that runs several commands builds them once."""


def run_command(arguments: Sequence[str]) -> int:
    try:
        result = build_commands(app).main(args=list(arguments), prog_name="ai-utilities", standalone_mode=False)
    except typer.Exit as end:
        return end.exit_code
    except SystemExit:
        # With `standalone_mode=False` typer exits itself only if the reader of its output has closed the pipe.
        raise BrokenPipeError from None
    except typer.Abort:
        return Exit.INTERRUPTED
    except WRONG_USAGE as error:
        usage = cast("UsageError", error)
        if usage.format_message().startswith("Usage:"):  # a command without arguments that needs some
            typer.echo(usage.format_message(), err=True)
        else:
            print_error(describe_wrong_usage(usage))
        return Exit.MISUSED
    return int(result or Exit.OK)
