"""Tokens from the user: a string, a function, or an object with `get_token`, as in Azure's SDK."""

from __future__ import annotations

from inspect import isawaitable
from typing import Any

from ...errors import ConfigurationError, SyncAsyncMismatchError
from ...http.protocol.interfaces import AttemptTimeouts
from ...io.protocol import IO
from ...wire.secrets import SecretText
from ..auth import Source, Token
from .exchange import is_header_safe

FOREVER = float("inf")


def user_token_source(token: Any, scope: str) -> Source:
    """Return a source. A function is called before every request and caches its tokens itself."""
    if isinstance(token, str):
        return constant_source(text(token, "credentials['token']"))
    if hasattr(token, "get_token"):
        return from_credential(token, scope)
    if callable(token):
        return from_function(token)
    raise ConfigurationError(
        "credentials['token'] must be a text, a function that returns one, or an object with get_token, "
        f"not {type(token).__name__}"
    )


def constant_source(token: str) -> Source:
    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        return Token(token, good_until=FOREVER)

    return fetch


def from_function(function: Any) -> Source:
    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        return Token(text(await await_if_needed(await io.call(function)), "the function in credentials['token']"))

    return fetch


def from_credential(credential: Any, scope: str) -> Source:
    async def fetch(io: IO, timeouts: AttemptTimeouts) -> Token:
        match = await await_if_needed(await io.call(credential.get_token, *([scope] if scope else ())))
        token = text(getattr(match, "token", None), f"{type(credential).__name__}.get_token")
        ends = getattr(match, "expires_on", None)
        return Token(token, good_until=float(ends) if isinstance(ends, int | float) else None)

    return fetch


async def await_if_needed(value: Any) -> Any:
    """Await the value if it is awaitable and there is an event loop."""
    if not isawaitable(value):
        return value
    try:
        return await value
    except RuntimeError as error:
        if "no running event loop" not in str(error) and "async context" not in str(error):
            raise
        raise SyncAsyncMismatchError(
            "the token comes from an async function, and this is a sync call: use generate_async, or a sync function"
        ) from error


def text(token: Any, who: str) -> str:
    """Return the token if it is valid in a header; errors do not show it."""
    if not isinstance(token, str):
        raise ConfigurationError(f"{who} gave no token but {type(token).__name__}; a token is a text")
    stripped = SecretText(token.strip())
    if not is_header_safe(stripped):
        raise ConfigurationError(f"{who} gave a token that is empty or has characters that no token has")
    return stripped
