"""Tokens from the user: a text, a function, or an object with `get_token`, as Azure's SDK has them."""

from __future__ import annotations

from inspect import isawaitable
from typing import Any

from ...errors import ConfigurationError, WrongColourError
from ...wire.io import IO, Patience
from ...wire.secrets import SecretText
from ..proof import Proof, Source
from .exchange import fits

FOREVER = float("inf")


def given_token(token: Any, scope: str) -> Source:
    """A function is asked before every request, for it knows itself how long its tokens are good."""
    if isinstance(token, str):
        return constant(text(token, "credentials['token']"))
    if hasattr(token, "get_token"):
        return from_credential(token, scope)
    if callable(token):
        return from_function(token)
    raise ConfigurationError(
        "credentials['token'] must be a text, a function that returns one, or an object with get_token, "
        f"not {type(token).__name__}"
    )


def constant(token: str) -> Source:
    async def fetch(io: IO, patience: Patience) -> Proof:
        return Proof(token, good_until=FOREVER)

    return fetch


def from_function(function: Any) -> Source:
    async def fetch(io: IO, patience: Patience) -> Proof:
        return Proof(text(await settled(await io.call(function)), "the function in credentials['token']"))

    return fetch


def from_credential(credential: Any, scope: str) -> Source:
    async def fetch(io: IO, patience: Patience) -> Proof:
        found = await settled(await io.call(credential.get_token, *([scope] if scope else ())))
        token = text(getattr(found, "token", None), f"{type(credential).__name__}.get_token")
        ends = getattr(found, "expires_on", None)
        return Proof(token, good_until=float(ends) if isinstance(ends, int | float) else None)

    return fetch


async def settled(value: Any) -> Any:
    """What an async function promised, where there is a loop to wait on."""
    if not isawaitable(value):
        return value
    try:
        return await value
    except RuntimeError as error:
        if "no running event loop" not in str(error) and "async context" not in str(error):
            raise
        raise WrongColourError(
            "the token comes from an async function, and this is a sync call: use generate_async, or a sync function"
        ) from error


def text(token: Any, who: str) -> str:
    """A token that fits into a header; one that does not is named, not shown."""
    if not isinstance(token, str):
        raise ConfigurationError(f"{who} gave no token but {type(token).__name__}; a token is a text")
    stripped = SecretText(token.strip())
    if not fits(stripped):
        raise ConfigurationError(f"{who} gave a token that is empty or has characters that no token has")
    return stripped
