"""Names that users of other libraries type: those that are accepted here, and what to write for the others."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ...errors import ConfigurationError

ALTERNATIVE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "max_tokens": "max_output_tokens",
        "max_completion_tokens": "max_output_tokens",
        "max_retries": "retries",
        "num_retries": "retries",
        "stop_sequences": "stop",
        "extra_headers": "headers",
        "extra_body": "options",
        "stream": "streaming",
        "system": "instructions",
        "system_prompt": "instructions",
    }
)
"""Names of other libraries that mean exactly one option, and the name of that option. Both are accepted everywhere."""


def use_own_names(options: Mapping[str, Any], names: Mapping[str, str] = ALTERNATIVE_NAMES) -> dict[str, Any]:
    """Return options under the names of this library.

    Args:
        options: Options under any accepted name.
        names: Alternative names, and the name that each stands for.

    Returns:
        The options under their own names, in the same order.

    Raises:
        ConfigurationError: If an option is given twice, under two names, with different values.
    """
    own: dict[str, Any] = {}
    for name, value in options.items():
        known = names.get(name, name)
        if known in own and own[known] != value:
            raise ConfigurationError(
                f"{name} and {given_as(known, name, options, names)} are the same option. Pass one."
            )
        own[known] = value
    return own


def given_as(own: str, other: str, options: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return the name under which the option was given first."""
    return next(name for name in options if name != other and names.get(name, name) == own)


def refuse_streaming(options: Any, instead: str | None) -> None:
    """Remove the option to stream from the options of a method whose name says whether it streams.

    Args:
        options: The options of the call.
        instead: The method that streams; None if this method does.

    Raises:
        ConfigurationError: If a stream is wanted of a method that returns a whole answer.
    """
    wanted = [name for name in ("streaming", "stream") if options.pop(name, None)]
    if wanted and instead:
        raise ConfigurationError(f"{wanted[0]}=True: this method returns the whole answer. Use {instead} for a stream.")
