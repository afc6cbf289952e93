"""Tracks how far a stream has been read, so that it can be resumed."""

from __future__ import annotations

from ..wire import json
from ..wire.frame import Frame, Frames


class ResumeTracker:
    """Frames that record the response id and the number of the last event."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self.answer_id: str | None = None
        self.reached: int | None = None

    def feed(self, chunk: bytes) -> list[Frame]:
        return self._track(self._frames.feed(chunk))

    def finish(self) -> list[Frame]:
        """Drop an incomplete event; it is sent again after resuming."""
        return [frame for frame in self._track(self._frames.finish()) if parse_event(frame)]

    def renew(self, frames: Frames) -> None:
        self._frames = frames

    def _track(self, frames: list[Frame]) -> list[Frame]:
        for frame in frames:
            try:
                event = json.loads(frame.data)
            except ValueError:
                continue
            if isinstance(event, dict):
                self.reached = event.get("sequence_number", self.reached)
                self.answer_id = self.answer_id or (event.get("response") or {}).get("id")
        return frames


def parse_event(frame: Frame) -> bool:
    try:
        json.loads(frame.data)
    except ValueError:
        return False
    return True
