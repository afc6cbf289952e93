"""Proof of identity that has to be fetched: what it is, and who fetches it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import field
from typing import Any

from ..dataclass import dataclass
from ..wire.io_protocol import IO, AttemptTimeouts
from .secret_values import texts


@dataclass(frozen=True, slots=True)
class Token:
    """A token, or the keys of an account. Never in a repr.

    `good_until` is in seconds since 1970; None for one that is good for this moment only.
    """

    token: str | None = field(default=None, repr=False)
    credentials: Mapping[str, Any] = field(default_factory=dict, repr=False)
    good_until: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    account: str | None = field(default=None, repr=False)
    """Whose it is, where that is known: the same for every token of one account."""

    def is_valid_for(self, seconds: float, now: float) -> bool:
        return self.good_until is not None and self.good_until - now > seconds

    def secrets(self) -> tuple[str, ...]:
        """The texts in it that prove something."""
        return tuple(filter(None, (self.token, *texts(self.credentials))))

    def is_same(self, other: Token) -> bool:
        """Whether it shows the same, however long it is good."""
        return (self.token, self.credentials) == (other.token, other.credentials)


Source = Callable[[IO, AttemptTimeouts], Coroutine[Any, Any, Token]]
"""Fetches one proof. Whoever asks keeps it while it is good."""

Finder = Callable[[Mapping[str, Any] | None, Mapping[str, Any], Mapping[str, str]], Source | None]
"""From the credentials that were given (None for none), config and environment to whoever fetches the proof."""
