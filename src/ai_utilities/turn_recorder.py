"""Records the outcome of one question of a conversation once: an answer, a partial answer, or a tool run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dhenara.ai.dataclass import dataclass

from .results import AskResult, as_answer

if TYPE_CHECKING:
    from dhenara.ai.conversation import Turn
    from dhenara.ai.types import ChatResponse, Run


@dataclass(slots=True)
class TurnRecorder:
    """Writes turns with the conversation's `record` and `record_run`."""

    record: Callable[..., Turn]
    record_run: Callable[..., Turn]
    prompt: Any
    instructions: Sequence[str]
    written: bool = False

    def run(self, run: Run[Any]) -> None:
        """Records a finished run, also a failed one. A run without any step is not recorded."""
        if run.added:
            self._write(self.record_run, run=run)

    def result(self, result: AskResult) -> None:
        if result.run is not None:
            self._write(self.record_run, run=result.run)
            return
        fingerprint = result.response.fingerprint if result.response is not None else None
        self._write(self.record, answer=as_answer(result), fingerprint=fingerprint)

    def record_partial(self, received: ChatResponse) -> None:
        """Records what a stream that was not read to its end had received, if anything."""
        if received.contents:
            self._write(self.record, answer=received)

    def _write(self, record: Callable[..., Turn], **came: Any) -> None:
        if not self.written:
            self.written = True
            record(self.prompt, instructions=self.instructions, **came)
