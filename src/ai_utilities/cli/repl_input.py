"""Input lines of the chat: with history at a terminal, plain lines from a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from ..exceptions import ProviderConfigurationError
from .inputs import NO_TEXT, check_utf8

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
