"""Parses system instructions, under any of their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError
from ..types.config.other_names import use_own_names

if TYPE_CHECKING:
    from ..types.config.call_options import AnswerOptions

Instructions = str | Sequence[str] | None
"""System instructions of a conversation or a call."""


def read_instructions(given: object) -> tuple[str, ...]:
    """Return instructions as a tuple of strings without empty ones."""
    if given is None:
        return ()
    text = (
        (given,) if isinstance(given, str) or not isinstance(given, Iterable) or isinstance(given, Mapping) else given
    )
    stored: list[str] = []
    for one in text:
        if not isinstance(one, str):
            raise ConfigurationError(f"instructions must be a string or a list of strings, not {type(one).__name__}")
        stored.append(one)
    return tuple(filter(None, stored))


def take_instructions(given: object, options: AnswerOptions | dict[str, Any]) -> tuple[str, ...]:
    """Return the instructions of a call; those that the options have under another name are removed there.

    Raises:
        ConfigurationError: If they are given under two names with different values.
    """
    stated = {"instructions": given} if given is not None and given != () else {}
    others = {"system": options.pop("system", None), "system_prompt": options.pop("system_prompt", None)}
    stated |= {name: value for name, value in others.items() if value is not None}
    return read_instructions(use_own_names(stated).get("instructions"))
