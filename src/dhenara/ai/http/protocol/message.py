"""HTTP messages as values: HttpRequest, and the head of a response."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from ...wire.secrets import shown_address
from .limits import DEFAULT_LIMITS, ReadLimits


class BodyPieces(Protocol):
    """A body that is too large to be held at once: its size, and its bytes as often as they are asked for."""

    @property
    def size(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request. Header names are lower case; secrets may be in the headers, so they are not in the repr."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | BodyPieces = field(default=b"", repr=False)
    address: str | None = None
    """Where to connect, instead of looking the host up; its name still stands in the request and its certificate."""
    once: bool = False
    """Sent over a connection of its own: on one that rested, nobody can tell whether it was heard before a hang-up."""
    limits: ReadLimits = field(default=DEFAULT_LIMITS, repr=False)
    """How much the server may send as the response."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What in the body no error may repeat."""

    def __repr__(self) -> str:
        return f"HttpRequest({self.method!r}, {shown_address(self.url)!r})"

    @property
    def content(self) -> bytes:
        """The whole body, for those who need all of it at once."""
        return self.body if isinstance(self.body, bytes) else b"".join(self.body)

    def with_headers(self, extra: Mapping[str, str]) -> HttpRequest:
        """The same request with these headers added or replaced."""
        return replace(self, headers={**self.headers, **extra})


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of a response; names are lower case, repeated headers joined by a comma."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
