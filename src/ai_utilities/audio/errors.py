"""What is wrong with a sound before anybody is asked about it, or with what was heard of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..exceptions import AIUtilitiesError

if TYPE_CHECKING:
    from dhenara.ai.types import TranscriptionResponse


class AudioProcessingError(AIUtilitiesError, ValueError):
    """The sound cannot be read, sent or converted."""


class UnfinishedTranscriptError(AIUtilitiesError):
    """Some pieces of a long recording could not be heard. The first reason is the cause of this error.

    `partial` is what was heard, with times of the whole; `missing` says from which second to which nothing was.
    `transcribe(..., resume=error)` asks for the missing pieces alone.
    """

    advice = "What was heard is in `partial`; transcribe(..., resume=error) goes on from there."

    def __init__(
        self,
        message: str,
        *,
        partial: TranscriptionResponse,
        missing: tuple[tuple[float, float | None], ...],
        received: Mapping[str, TranscriptionResponse],
    ) -> None:
        super().__init__(message)
        self.partial = partial
        self.missing = missing
        self.results = received
        """What was heard in each piece, by the hash of its sound."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (restore_error, (str(self), self.partial, self.missing, dict(self.results)))


def restore_error(message: str, partial: Any, missing: Any, received: Any) -> UnfinishedTranscriptError:
    return UnfinishedTranscriptError(message, partial=partial, missing=missing, received=received)
