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
    """Cuts a body into frames as its bytes arrive. One per answer; holds only the unfinished tail."""

    def feed(self, chunk: bytes) -> list[Frame]:
        """The frames that are complete now."""
        ...

    def finish(self) -> list[Frame]:
        """What can still be said of the tail when no more bytes come."""
        ...


class BytesAsFrames:
    """Whatever arrives is a frame: a stream of sound, or a file, has no messages in it."""

    def feed(self, chunk: bytes) -> list[Frame]:
        return [Frame(chunk)]

    def finish(self) -> list[Frame]:
        return []


class BrokenFraming(Exception):
    """The bytes do not follow the framing they claim to have."""


class ForeignFraming(BrokenFraming):
    """The bytes are in no way the framing that was expected: something else answered."""
