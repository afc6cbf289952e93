"""HTTP messages as values: HttpRequest, and the head of a response."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from ...wire.secrets import shown_address
from .limits import DEFAULT_LIMITS, ReadLimits


class BodyPieces(Protocol):
    """A body that is not held in memory: its size in bytes, and its pieces, which can be iterated for every attempt."""

    @property
    def size(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request. Header names are lower case. The repr has neither headers nor body, which may contain secrets."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | BodyPieces = field(default=b"", repr=False)
    address: str | None = None
    """IP address to connect to instead of resolving the host, which still names the certificate and the Host header."""
    once: bool = False
    """Sent over a new connection: if a reused one breaks, it is not known whether the server received the request."""
    limits: ReadLimits = field(default=DEFAULT_LIMITS, repr=False)
    """Limits of the response."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Values in the body that are masked in errors."""

    def __repr__(self) -> str:
        return f"HttpRequest({self.method!r}, {shown_address(self.url)!r})"

    @property
    def content(self) -> bytes:
        """The whole body as bytes."""
        return self.body if isinstance(self.body, bytes) else b"".join(self.body)

    def with_headers(self, extra: Mapping[str, str]) -> HttpRequest:
        """Return the request with these headers added or replaced."""
        return replace(self, headers={**self.headers, **extra})


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of a response; names are lower case, repeated headers joined by a comma."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
