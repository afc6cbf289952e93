"""The page about the command line names every command and flag, and its examples could be run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from ai_utilities.cli.app import app
from ai_utilities.cli.output import Exit
from tables.commands import MARK, PAGE, page, walk

TEXT = PAGE.read_text(encoding="utf-8")
COMMANDS = dict(walk(typer.main.get_command(app), ""))
SHELL = ("|", "<", ">")


def examples() -> Iterator[list[str]]:
    """What follows `ai-utilities` in each command, up to a pipe or a file; a backslash continues a line."""
    for name in ("cli.md", "setup.md"):
        text = PAGE.with_name(name).read_text(encoding="utf-8").replace("\\\n", "")
        for line in re.findall(r"^\$ (.*)$", text, re.MULTILINE):
            words = shlex.split(line)
            while "ai-utilities" in words:
                words = words[words.index("ai-utilities") + 1 :]
                end = next((place for place, word in enumerate(words) if word in SHELL), len(words))
                yield words[:end]


def test_the_end_of_the_page_is_up_to_date() -> None:
    assert page() == TEXT, "run `make tables` to write it anew"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example(name: str) -> None:
    assert any(" ".join(words).startswith(name) for words in examples())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_flag_is_named_and_explained(name: str) -> None:
    reported = TEXT.partition(MARK)[2].partition(f"### `{name}`\n")[2].partition("###")[0]
    for parameter in COMMANDS[name].params:
        assert parameter.help
        assert parameter.name in reported or all(f"`{flag}`" in reported for flag in parameter.opts)


@pytest.mark.parametrize("words", list(examples()), ids=" ".join)
def test_the_flags_of_an_example_are_there(words: list[str]) -> None:
    if words[0].startswith("--"):
        assert words[0] in ("--install-completion", "--show-completion")
        return
    command: Any = COMMANDS[" ".join(words[:2]) if " ".join(words[:2]) in COMMANDS else words[0]]
    flags = {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("-") and word != "-"} <= flags


def test_every_exit_code_is_in_the_table() -> None:
    assert re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE) == [str(int(code)) for code in Exit]


@pytest.mark.parametrize("name", COMMANDS)
def test_descriptions_in_lists_of_commands_are_complete(name: str) -> None:
    assert not COMMANDS[name].get_short_help_str(62).endswith("...")


def test_descriptions_in_the_list_of_all_commands_are_complete() -> None:
    every = typer.main.get_command(app)
    assert not [line for line in every.get_help(typer.Context(every)).splitlines() if re.search(r"\w\.\.\.$", line)]


@pytest.mark.parametrize("name", COMMANDS)
def test_values_of_flags_have_a_name_of_their_own(name: str) -> None:
    help_text = COMMANDS[name].get_help(typer.Context(COMMANDS[name]))
    assert not re.findall(r"--[a-z-]+ <(?:str|float|int|list)", help_text)
