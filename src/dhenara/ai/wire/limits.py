"""Limits on what a server may send. Each is enforced where the bytes are read, before they are kept in memory."""

from __future__ import annotations

from typing import Protocol

from ..dataclass import dataclass
from .frame import BrokenFraming


class ReadLimits(Protocol):
    """What is allowed for one response. `types.ResponseLimits` is the form that users set."""

    @property
    def body_bytes(self) -> int | None: ...

    @property
    def error_body_bytes(self) -> int: ...

    @property
    def event_bytes(self) -> int: ...

    @property
    def head_bytes(self) -> int: ...

    @property
    def interim_responses(self) -> int: ...

    @property
    def chunk_extension_bytes(self) -> int: ...

    @property
    def trailer_bytes(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that hold when nothing else is set. Sizes of bodies and events count after decompression."""

    body_bytes: int | None = 268_435_456
    """2,048 embeddings of 3,072 full-precision numbers are about 130 MB of JSON."""

    error_body_bytes: int = 262_144
    event_bytes: int = 67_108_864
    """Generated images arrive as one event of base64."""

    head_bytes: int = 262_144
    interim_responses: int = 64
    chunk_extension_bytes: int = 65_536
    trailer_bytes: int = 65_536


DEFAULT_LIMITS = Limits()


class LimitExceeded(BrokenFraming):
    """The server sent more than `limit`, a field of `ReadLimits`, allows."""

    def __init__(self, what: str, limit: str, most: int, unit: str = "bytes") -> None:
        super().__init__(f"{what} is longer than {most} {unit}")
        self.limit = limit
        self.most = most
