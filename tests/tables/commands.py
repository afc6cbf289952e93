"""The end of the page about the command line: every command with its flags, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from ai_utilities.cli.app import app

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
LINKS = """
## See also

[Setup and doctor](setup.md), [Settings](settings.md), [Bulk runs](bulk.md), and
[examples/command_line.py](https://github.com/dhenara/dhenara/blob/main/examples/command_line.py).
"""
MARK = "<!-- from here on, the page is made by `make tables` -->\n"


def page() -> str:
    """What somebody wrote, and what is made."""
    written, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    return f"{written}{MARK}\n## All commands and flags\n\n" + "\n".join(reported()) + LINKS


def reported() -> Iterator[str]:
    root: Any = typer.main.get_command(app)
    for name, command in walk(root, ""):
        arguments = [f"`{shown}`" for shown in usage(command)]
        yield f"### `{name}`\n"
        yield f"{first_line(command.help)}{' Takes ' + ', '.join(arguments) + '.' if arguments else ''}\n"
        yield from table(command)


def walk(command: Any, before: str) -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its full name."""
    for name, inner in command.commands.items():
        full = f"{before} {name}".strip()
        if getattr(inner, "invoke_without_command", False):
            yield full, inner
        if hasattr(inner, "commands"):
            yield from walk(inner, full)
        else:
            yield full, inner


def first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def usage(command: Any) -> list[str]:
    return [parameter.name for parameter in command.params if parameter.param_type_name == "argument"]


def table(command: Any) -> Iterator[str]:
    flags = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    if not flags:
        return
    yield "| flag | |"
    yield "| --- | --- |"
    for flag in flags:
        names = ", ".join(f"`{name}`" for name in (*flag.opts, *flag.secondary_opts))
        yield f"| {names} | {flag.help} |"
    yield ""
