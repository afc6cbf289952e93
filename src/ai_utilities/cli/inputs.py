"""What a command is given to say: its argument, its standard input, or both."""

from __future__ import annotations

import sys

import typer

from ..exceptions import ProviderConfigurationError

NOTHING = 'there is nothing to ask: ai-utilities ask "your question", or pipe it in'


def read_prompt(argument: str | None) -> str:
    """`-` stands for standard input; what is piped in follows the argument."""
    piped = "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read()
    said = "" if argument in (None, "-") else str(argument)
    if argument == "-" and not piped and sys.stdin is not None and sys.stdin.isatty():
        piped = sys.stdin.read()
    parts = [part for part in (said.strip(), piped.strip()) if part]
    if not parts:
        raise ProviderConfigurationError(NOTHING)
    return "\n\n".join(parts)


def agreed(question: str, yes: bool) -> bool:
    """Whether to go on: said with a flag, or asked for at the terminal."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise ProviderConfigurationError("there is no terminal to ask at: say --yes")
    if typer.confirm(question):
        return True
    typer.echo("Nothing was done.")
    return False
