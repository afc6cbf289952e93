"""A long recording, heard piece by piece by several at once. What was heard is kept, whatever becomes of the rest."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dhenara.ai.types import AudioContent, TranscriptionResponse

from ..exceptions import AIUtilitiesError
from .errors import UnfinishedTranscriptError
from .recordings import join_transcripts
from .splitting import AudioPart

if TYPE_CHECKING:
    from ..operations import ClientCore


class PieceQueue:
    """Shared by whoever hears pieces. After a failure no new piece is begun; those on their way are heard out."""

    def __init__(self, parts: Iterator[AudioPart], known: Mapping[str, TranscriptionResponse]) -> None:
        self._parts = parts
        self._known = dict(known)
        self._lock = threading.Lock()
        self._count = 0
        self._keys: dict[int, str] = {}
        self._places: dict[int, AudioPart] = {}
        self._received: dict[int, TranscriptionResponse] = {}
        self._failed: dict[int, Exception] = {}

    def next_piece(self) -> tuple[int, AudioPart] | None:
        """The next piece that nobody has heard yet, and its number; None when none is to be begun any more."""
        with self._lock:
            while not self._failed and (part := next(self._parts, None)) is not None:
                number = self._count
                self._count += 1
                self._places[number] = AudioPart(part.start, part.seconds, b"")
                key = self._keys[number] = hashlib.sha256(part.data).hexdigest()
                if key not in self._known:
                    return number, part
                self._received[number] = self._known[key]
            return None

    def record_result(self, number: int, text: TranscriptionResponse) -> None:
        with self._lock:
            self._received[number] = text

    def record_failure(self, number: int, error: Exception) -> None:
        with self._lock:
            self._failed[number] = error

    def result(self) -> TranscriptionResponse:
        """Everything that was said, or an error with as much of it as was heard."""
        numbers = sorted(self._received)
        parts, received = [self._places[n] for n in numbers], [self._received[n] for n in numbers]
        if not self._failed:
            return join_transcripts(parts, received)
        first = self._failed[min(self._failed)]
        if not received:
            raise first
        raise UnfinishedTranscriptError(
            f"{len(received)} pieces of the recording were heard, and {len(self._failed)} could not be: {first}",
            partial=join_transcripts(parts, received),
            missing=self._missing_ranges(),
            received={**self._known, **{self._keys[n]: text for n, text in self._received.items()}},
        ) from first

    def _missing_ranges(self) -> tuple[tuple[float, float | None], ...]:
        """From when to when nothing was heard; the end is unknown where the rest was not begun."""
        gaps: list[tuple[float, float | None]] = [
            (part.start, part.start + part.seconds) for n, part in sorted(self._places.items()) if n in self._failed
        ]
        rest = next(self._parts, None)
        return tuple(gaps) if rest is None else (*gaps, (rest.start, None))


async def transcribe_pieces(
    operations: ClientCore, task: str, listening: PieceQueue, options: Mapping[str, Any]
) -> None:
    """Hears pieces until there are none left."""
    while (match := await operations.mode.call(listening.next_piece)) is not None:
        number, part = match
        content = AudioContent(data=part.data, mime_type="audio/wav", name="part.wav")
        try:
            listening.record_result(number, await operations.operate(task, (content,), dict(options)))
        except (AIUtilitiesError, OSError) as error:
            listening.record_failure(number, error)
