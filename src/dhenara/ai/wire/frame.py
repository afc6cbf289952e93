"""One message of a streamed answer, whatever framing carried it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(slots=True)
class Frame:
    """`data` is the payload; `event` its name where the framing has names."""

    data: bytes
    event: str | None = None
    id: str | None = None
    retry: int | None = None
    headers: Mapping[str, object] = field(default_factory=dict)


class Frames(Protocol):
    """Splits a body into frames as its bytes arrive; one per response. Holds only the incomplete rest."""

    def feed(self, chunk: bytes) -> list[Frame]:
        """Return the frames that are now complete."""
        ...

    def finish(self) -> list[Frame]:
        """Return the frames in the rest, after the last bytes have arrived."""
        ...


class BytesAsFrames:
    """Every piece that arrives is a frame, for audio streams and files, which contain no messages."""

    def feed(self, chunk: bytes) -> list[Frame]:
        return [Frame(chunk)]

    def finish(self) -> list[Frame]:
        return []


class BrokenFraming(Exception):
    """The bytes violate their framing."""


class ForeignFraming(BrokenFraming):
    """The bytes are not the expected framing at all: something other than the API answered."""
