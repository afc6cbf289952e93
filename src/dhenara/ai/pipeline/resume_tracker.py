"""Watched frames: where in an answer a stream has come to, so that it can be taken up there."""

from __future__ import annotations

from ..wire import json
from ..wire.frame import Frame, Frames


class ResumeTracker:
    """Frames on their way, and the place that was reached: the answer's id and the last event's number."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self.answer_id: str | None = None
        self.reached: int | None = None

    def feed(self, chunk: bytes) -> list[Frame]:
        return self._track(self._frames.feed(chunk))

    def finish(self) -> list[Frame]:
        """A half event is told again, whole, on the next line."""
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
