"""Tokens that have to be fetched, and their sources."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import field
from typing import Any

from ..dataclass import dataclass
from ..wire.io_protocol import IO
from ..wire.transport_protocol import AttemptTimeouts
from .secret_values import texts


@dataclass(frozen=True, slots=True)
class Token:
    """A token, or the keys of an account. Never shown in a repr.

    `good_until` is in seconds since 1970; None if it must be fetched for every request.
    """

    token: str | None = field(default=None, repr=False)
    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)
    good_until: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    account: str | None = field(default=None, repr=False)
    """Account of the token, if known: the same for every token of one account."""

    def is_valid_for(self, seconds: float, now: float) -> bool:
        return self.good_until is not None and self.good_until - now > seconds

    def secrets(self) -> tuple[str, ...]:
        """The secret strings in it."""
        return tuple(filter(None, (self.token, *texts(self.credentials))))

    def is_same(self, other: Token) -> bool:
        """Whether both have the same secrets, whatever their expiry."""
        return (self.token, self.credentials) == (other.token, other.credentials)


Source = Callable[[IO, AttemptTimeouts], Coroutine[Any, Any, Token]]
"""Fetches one token. The caller caches it while it is valid."""

Finder = Callable[[Mapping[str, Any] | None, Mapping[str, Any], Mapping[str, str]], Source | None]
"""Creates a token source from credentials (None if there are none), config and environment."""
