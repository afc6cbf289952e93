"""Names that users of other libraries type: those that are accepted here, and what to write for the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from string import Template
from types import MappingProxyType
from typing import Any

from ...errors import ConfigurationError
from ...wire.text import similar_names
from .name_hints import GENERATION_HINTS, OPERATION_HINTS, REQUEST_HINTS

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

ENGINE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "call": "generate",
        "typed": "generate_typed",
        "json": "write structured_output=Person, or a JSON Schema (dict)",
        "system": "instructions",
        "files": 'write them in the prompt: generate(["What is this?", Path("a.png")])',
        "repairs": "repairs",
        "many": "it belongs to ask_many of ai_utilities",
        "model": 'one client has one model: write AIModelClient("openai/gpt-5.4-mini")',
        "provider": 'one client has one provider: write AIModelClient("openai/gpt-5.4-mini")',
        "cache": "answers are cached by ai_utilities: write AiClient(cache_enabled=True)",
        "tags": 'usage is counted by tags in ai_utilities: write AiClient(...).ask(prompt, tags={"team": "a"})',
        "progress": "it belongs to ask_many of ai_utilities",
        "limits": "write run(prompt, tools=[...], limits=RunLimits(rounds=5))",
    }
)
"""What the hints call things in the engine."""

GENERATING = ("chat", "count_tokens")
"""Operations with the options of generated text."""

CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


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
            first = next(one for one in options if one != name and names.get(one, one) == known)
            raise ConfigurationError(f"{first} and {name} are the same option. Pass one of them")
        own[known] = value
    return own


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
        raise ConfigurationError(f"{wanted[0]}=True: this method returns the whole answer. Use {instead} for a stream")


def describe_unknown(
    name: str, known: Iterable[str], *, operation: str = "chat", words: Mapping[str, str] = ENGINE_WORDS
) -> str:
    """Say that an option does not exist, and what to write instead if that is certain.

    Args:
        name: The name that was given.
        known: Names that exist there.
        operation: Kind of request; hints about generated text are for `"chat"` only.
        words: What the hints call things; of the engine, or of a package that is built on it.

    Returns:
        One line without a full stop, such as `unknown setting 'topP'; write top_p=...`.
    """
    hint = find_hint(name, tuple(known), operation, words)
    return f"unknown setting {name!r}{f'; {hint}' if hint else ''}"


def find_hint(name: str, known: tuple[str, ...], operation: str, words: Mapping[str, str]) -> str | None:
    plain = CAMEL.sub("_", name).replace("-", "_").lower()
    if plain in known:
        return f"write {plain}=..."
    own = ALTERNATIVE_NAMES.get(plain)
    if own is not None and operation != "settings":
        return f"write {words['system'] if own == 'instructions' else own}=..."
    special = GENERATION_HINTS if operation in GENERATING else OPERATION_HINTS.get(operation, {})
    hint = special.get(plain) or (None if operation == "settings" else REQUEST_HINTS.get(plain))
    if hint is not None:
        return Template(hint).substitute(words, name=plain)
    similar = similar_names(plain, known)
    return f"did you mean {similar[0]!r}?" if len(similar) == 1 else None


CALL_ARGUMENTS = ("prompt", "context", "messages", "instructions")
"""Arguments of calls that are no settings."""


def describe_unknown_field(name: str, known: Iterable[str]) -> str:
    """Say that a setting of calls does not exist, in particular where it is an argument of the call itself."""
    own = ALTERNATIVE_NAMES.get(name, name)
    if own not in CALL_ARGUMENTS:
        return describe_unknown(name, known)
    form = "generate(prompt)" if own == "prompt" else f"generate(prompt, {own}=...)"
    return f"{name!r} is an argument of the call, not a setting: write {form}"
