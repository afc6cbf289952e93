"""What a person types into a conversation: lines with history at a terminal, plain lines from a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from ..exceptions import ProviderConfigurationError
from .inputs import NO_TEXT, check_utf8

MORE = "\\"
"""A line that ends with this goes on in the next one."""


def read_lines() -> Iterator[str]:
    """One entry at a time. Ctrl-C drops what is being typed, Ctrl-D ends."""
    read = read_typed_lines() if sys.stdin.isatty() else read_piped_lines()
    held: list[str] = []
    for line in read:
        if line.endswith(MORE):
            held.append(line.removesuffix(MORE))
            continue
        yield "\n".join([*held, line])
        held = []
    if held:
        yield "\n".join(held)


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
