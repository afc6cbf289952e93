"""What a command is given to say: its argument, its standard input, or both."""

from __future__ import annotations

import os
import sys

import typer

from ..exceptions import ProviderConfigurationError
from .terminal_escape import show

NOTHING = 'there is nothing to ask: ai-utilities ask "your question", or pipe it in'
NO_TEXT = "what is piped in is not UTF-8 text: convert it (iconv -f latin1 -t utf-8), or send it as a file with --file"


def read_prompt(argument: str | None) -> str:
    """`-` stands for standard input; what is piped in follows the argument."""
    piped = "" if sys.stdin is None or sys.stdin.isatty() else read_input()
    text = "" if argument in (None, "-") else decode_argument(str(argument))
    if argument == "-" and not piped and sys.stdin is not None and sys.stdin.isatty():
        piped = read_input()
    parts = [part for part in (text.strip(), piped.strip()) if part]
    if not parts:
        raise ProviderConfigurationError(NOTHING)
    return "\n\n".join(parts)


def read_input() -> str:
    """Everything on standard input, which must be text."""
    try:
        return check_utf8(sys.stdin.read())
    except UnicodeError as error:
        raise ProviderConfigurationError(NO_TEXT) from error


def check_utf8(text: str) -> str:
    """The text, or UnicodeError where bytes are in it that are no UTF-8."""
    text.encode()
    return text


def decode_argument(argument: str) -> str:
    """What was typed as the terminal meant it, also where the locale knows no UTF-8."""
    try:
        return check_utf8(argument)
    except UnicodeError:
        return os.fsencode(argument).decode("utf-8", "replace")


def confirm_action(question: str, yes: bool) -> bool:
    """Whether to go on: said with a flag, or asked for at the terminal."""
    if yes:
        return True
    if sys.stdin is None or not sys.stdin.isatty():
        raise ProviderConfigurationError("there is no terminal to ask at: say --yes")
    if typer.confirm(question):
        return True
    show("Nothing was done.")
    return False
