"""What a person types into a conversation: lines with history at a terminal, plain lines from a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from ..exceptions import ProviderConfigurationError
from .inputs import NO_TEXT, whole

MORE = "\\"
"""A line that ends with this goes on in the next one."""


def lines() -> Iterator[str]:
    """One entry at a time. Ctrl-C drops what is being typed, Ctrl-D ends."""
    read = typed() if sys.stdin.isatty() else piped()
    held: list[str] = []
    for line in read:
        if line.endswith(MORE):
            held.append(line.removesuffix(MORE))
            continue
        yield "\n".join([*held, line])
        held = []
    if held:
        yield "\n".join(held)


def piped() -> Iterator[str]:
    try:
        for line in sys.stdin:
            yield whole(line.rstrip("\n"))
    except UnicodeError as error:
        raise ProviderConfigurationError(NO_TEXT) from error


def typed() -> Iterator[str]:
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
