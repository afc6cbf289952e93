"""Discretion: what was sent as a secret is not repeated, whatever the server does with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..dataclass import replace
from ..errors import CallError
from ..wire.http import Head

HIDDEN = "**********"
SHORTEST = 8
"""Shorter secrets, such as servers of one's own take, are words like any other."""

WORDS = ("auth", "key", "token", "secret", "cookie")
"""A header whose name has one of them carries a secret, whoever set it."""

FACTS = ("message", "request_id", "provider_code", "provider_type", "body")


class Discretion:
    """The secrets of one request. Errors are logged and answers are kept, and some servers repeat what they hear."""

    __slots__ = ("_secrets",)

    def __init__(self, headers: Mapping[str, str], token: str | None = None, further: Sequence[str] = ()) -> None:
        self._secrets = (*secrets(headers if token is None else {**headers, "token": token}), *further)

    def text(self, said: str) -> str:
        for secret in self._secrets:
            said = said.replace(secret, HIDDEN)
        return said

    def body(self, said: bytes) -> bytes:
        for secret in self._secrets:
            said = said.replace(secret.encode(), HIDDEN.encode())
        return said

    def head(self, head: Head) -> Head:
        """The same head, unless it repeats a secret."""
        told = head.headers
        if not any(secret in value for secret in self._secrets for value in told.values()):
            return head
        return replace(head, headers={name: self.text(value) for name, value in told.items()})

    def error(self, error: CallError) -> CallError:
        """The same error, which says nothing secret any more."""
        for name in FACTS:
            setattr(error, name, self._value(getattr(error, name)))
        error.args = (error.message,)
        if self._told(error.__cause__):
            error.__cause__, error.__suppress_context__ = None, True
        return error

    def _told(self, cause: BaseException | None) -> bool:
        return cause is not None and any(secret in str(cause) for secret in self._secrets)

    def _value(self, told: Any) -> Any:
        match told:
            case str():
                return self.text(told)
            case dict():
                return {self._value(name): self._value(one) for name, one in told.items()}
            case list():
                return [self._value(one) for one in told]
        return told


def secrets(headers: Mapping[str, str]) -> Iterator[str]:
    """What proves who asks, without the word before it that says how."""
    for name, value in headers.items():
        if any(word in name for word in WORDS):
            secret = value.rpartition(" ")[2]
            if len(secret) >= SHORTEST:
                yield secret
