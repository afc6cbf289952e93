"""What a fake server does on a connection, one step after the other."""

from __future__ import annotations

from ..dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Send:
    """These bytes, now."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause, cut short when the client leaves."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing more until the client leaves or the server closes."""


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection breaks without a word."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """The connection is closed politely."""


Step = Send | Wait | Stall | Reset | HangUp
