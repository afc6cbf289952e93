"""Steps of a fake server on a connection."""

from __future__ import annotations

from ..dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Send:
    """Send these bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Pause; ends early when the client closes the connection."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Stall:
    """Send nothing more until the client or the server closes."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Reset the connection."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the connection."""


Step = Send | Wait | Stall | Reset | HangUp
