"""Flags shared by several commands, and prompts from arguments, standard input, and the keyboard."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from dhenara.ai.types import PARAMETERS

from ..exceptions import Json, JsonObject, ProviderConfigurationError
from ..usage.amounts import USD, DisplayCurrency
from .streams import show

PARAMETERS_PAGE = "https://dhenara.github.io/dhenara/parameters/"
NO_TEXT = "standard input is not UTF-8 text. Convert it (iconv -f latin1 -t utf-8), or attach it with --file."


def read_prompt(argument: str | None, command: str) -> str:
    """The text for a command: its argument, then what is piped in; `-` is standard input alone."""
    piped = "" if sys.stdin is None or sys.stdin.isatty() else read_input()
    text = "" if argument in (None, "-") else decode_argument(str(argument))
    if argument == "-" and not piped and sys.stdin is not None and sys.stdin.isatty():
        piped = read_input()
    parts = [part for part in (text.strip(), piped.strip()) if part]
    if not parts:
        raise ProviderConfigurationError(f'no text given. Use ai-utilities {command} "your text", or pipe it in.')
    return "\n\n".join(parts)


def read_input() -> str:
    """All of standard input, which must be UTF-8 text."""
    try:
        return check_utf8(sys.stdin.read())
    except UnicodeError as error:
        raise ProviderConfigurationError(NO_TEXT) from error


def check_utf8(text: str) -> str:
    """The text; raises UnicodeError if it has bytes that are not UTF-8."""
    text.encode()
    return text


def decode_argument(argument: str) -> str:
    """The argument as UTF-8, also if the locale is not UTF-8."""
    try:
        return check_utf8(argument)
    except UnicodeError:
        return os.fsencode(argument).decode("utf-8", "replace")


def add_command_group(app: typer.Typer, name: str, help_text: str, commands: Mapping[str, Callable[..., None]]) -> None:
    """Adds a command with commands below it.

    Args:
        app: The application.
        name: The name of the command.
        help_text: Its description.
        commands: The commands below it, by name.
    """
    group = typer.Typer(help=help_text, no_args_is_help=True, rich_markup_mode=None, add_completion=False)
    for command_name, function in commands.items():
        group.command(command_name)(function)
    app.add_typer(group, name=name)


def confirm_action(question: str, yes: bool) -> bool:
    """Whether the user agrees, by flag or at the terminal."""
    if yes:
        return True
    if sys.stdin is None or not sys.stdin.isatty():
        raise ProviderConfigurationError("no terminal to confirm at. Pass --yes.")
    if typer.confirm(question):
        return True
    show("Cancelled.")
    return False


MORE = "\\"
"""A line that ends with this continues on the next one."""


def read_lines() -> Iterator[str]:
    """One entry at a time. Ctrl-C discards the current line, Ctrl-D ends."""
    read = read_typed_lines() if sys.stdin.isatty() else read_piped_lines()
    pending: list[str] = []
    for line in read:
        if line.endswith(MORE):
            pending.append(line.removesuffix(MORE))
            continue
        yield "\n".join([*pending, line])
        pending = []
    if pending:
        yield "\n".join(pending)


def read_piped_lines() -> Iterator[str]:
    try:
        for line in sys.stdin:
            yield check_utf8(line.rstrip("\n"))
    except UnicodeError as error:
        raise ProviderConfigurationError(NO_TEXT) from error


def read_typed_lines() -> Iterator[str]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import InMemoryHistory

    session: PromptSession[str] = PromptSession(history=InMemoryHistory())
    while True:
        try:
            yield session.prompt("> ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            return


def read_parameters(pairs: list[str] | None) -> JsonObject:
    """Return the parameters of `--param NAME=VALUE`; values are JSON, or text if they are none.

    Args:
        pairs: What the user passed; None if nothing.

    Raises:
        ProviderConfigurationError: If a pair has no `=`, or the engine has no parameter of the name.
    """
    return dict(map(read_parameter, pairs or ()))


def read_parameter(pair: str) -> tuple[str, Json]:
    name, equals, value = pair.partition("=")
    if not equals:
        raise ProviderConfigurationError(f"--param takes name=value, such as top_p=0.9, not {pair!r}")
    if name not in PARAMETERS:
        close = get_close_matches(name, PARAMETERS, 1)
        hint = f"Did you mean {close[0]!r}?" if close else f"All are listed at {PARAMETERS_PAGE}."
        raise ProviderConfigurationError(f"--param: unknown parameter {name!r}. {hint}")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def finite(value: float | None) -> float | None:
    """Rejects `nan` and `inf`."""
    if value is not None and not isfinite(value):
        raise typer.BadParameter(f"{value} is not a finite number")
    return value


ProviderFlag = Annotated[
    str | None,
    typer.Option("--provider", "-p", metavar="NAME", help="Provider; `auto` uses the first configured one."),
]
ModelFlag = Annotated[
    str | None,
    typer.Option("--model", "-m", metavar="NAME", help="Model, also with its provider: openai/gpt-5.4-mini."),
]
SystemFlag = Annotated[str | None, typer.Option("--system", "-s", metavar="TEXT", help="System instructions.")]
TagFlag = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="NAME=VALUE", help="Tag for the usage report; may be repeated."),
]
EnvFileFlag = Annotated[
    Path | None,
    typer.Option(
        "--env-file",
        metavar="FILE",
        help="Read this file instead of ./.env.",
        exists=True,
        dir_okay=False,
        readable=True,
    ),
]
CacheFlag = Annotated[bool | None, typer.Option("--cache/--no-cache", help="Use the response cache.")]
TemperatureFlag = Annotated[
    float | None,
    typer.Option(metavar="NUMBER", help="Sampling temperature, 0 to 2.", min=0.0, max=2.0, callback=finite),
]
MaxTokensFlag = Annotated[
    int | None, typer.Option("--max-tokens", metavar="COUNT", help="Maximum tokens of the answer.", min=1)
]
ParamFlag = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="NAME=VALUE", help="Parameter of the model, such as top_p=0.9; may be repeated."),
]
TimeoutFlag = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="Timeout of the whole call, including retries.", min=0.001, callback=finite),
]


CurrencyFlag = Annotated[
    str | None, typer.Option("--currency", metavar="CODE", help="Show amounts in this currency; needs --rate.")
]
RateFlag = Annotated[
    str | None, typer.Option("--rate", metavar="NUMBER", help="Units of the currency for one US dollar.")
]
RateDateFlag = Annotated[str | None, typer.Option("--rate-date", metavar="DATE", help="Date of the rate.")]
RateSourceFlag = Annotated[str | None, typer.Option("--rate-source", metavar="NAME", help="Where the rate is from.")]


def read_currency(code: str | None, rate: str | None, rate_date: str | None, source: str | None) -> DisplayCurrency:
    """The currency of the flags; US dollars without them.

    Raises:
        ProviderConfigurationError: If there is a currency without a rate, or a rate without a currency.
    """
    if code is None and rate is None:
        return USD
    if code is None or rate is None:
        raise ProviderConfigurationError(
            "a currency needs a rate: --currency EUR --rate 0.92 (units of the currency for one US dollar)"
        )
    return DisplayCurrency(code, rate, rate_date, source)
