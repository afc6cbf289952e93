"""Masking of secrets among the arguments of public methods, before any library frame holds them.

Debuggers and error trackers show the local variables of the frames in a traceback. A method that takes `**options`
holds the headers of one call there, so each public method of a class gets a wrapper that masks them first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from types import FunctionType
from typing import Any, TypeVar

from ...wire.secrets import (
    SECRET_NAMES,
    SecretAddress as SecretAddress,
    SecretText as SecretText,
    conceal as conceal,
    mask as mask,
    shown_address as shown_address,
)

C = TypeVar("C", bound=type)

TAKES_OPTIONS = 0x08
"""`inspect.CO_VARKEYWORDS`: the function has a `**` parameter."""

NAMES = frozenset({"headers", "extra_headers", "api_key", "base_url", "redis_url", "provider_config", "credentials"})


def conceal_options(options: dict[str, Any]) -> None:
    """Mask the secrets in these options, in place."""
    for name in NAMES & options.keys():
        value = options[name]
        if isinstance(value, str) and (SECRET_NAMES.search(name) or name.endswith("headers")):
            options[name] = value if isinstance(value, SecretText) else SecretText(value)
        elif isinstance(value, str):
            options[name] = value if isinstance(value, SecretAddress) else SecretAddress(value)
        else:
            options[name] = conceal(value, name)


def with_secret_options(kind: C) -> C:
    """Wrap the public methods of a class so that they mask secrets among their options."""
    for name in dir(kind):
        function = getattr(kind, name, None)
        if not name.startswith("_") and isinstance(function, FunctionType) and takes_options(function):
            setattr(kind, name, concealing(function))
    return kind


def takes_options(function: FunctionType) -> bool:
    return bool(function.__code__.co_flags & TAKES_OPTIONS)


def concealing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function so that it gets its options with masked secrets."""
    if iscoroutinefunction(function):

        @wraps(function)
        async def concealed_async(*args: Any, **options: Any) -> Any:
            if options:
                conceal_options(options)
            return await function(*args, **options)

        return concealed_async

    @wraps(function)
    def concealed(*args: Any, **options: Any) -> Any:
        if options:
            conceal_options(options)
        return function(*args, **options)

    return concealed
