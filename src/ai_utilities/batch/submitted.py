"""What was handed over to the provider: batches on their way, and the rows that wait for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dhenara.ai.dataclass import dataclass

if TYPE_CHECKING:
    from dhenara.ai.types import BatchJob


@dataclass(slots=True)
class SubmittedBatch:
    """`rows` are in the order of its calls. Without a job, nobody knows whether the batch was made."""

    name: str
    rows: list[int]
    at: datetime
    job: BatchJob | None = None


class SubmittedBatches:
    """As the journal tells it, note by note."""

    def __init__(self) -> None:
        self.open: dict[str, SubmittedBatch] = {}
        self._batch_of: dict[int, str] = {}

    def __len__(self) -> int:
        """How many rows wait."""
        return len(self._batch_of)

    def batch_of(self, index: int) -> str | None:
        """The batch that a row waits for."""
        return self._batch_of.get(index)

    def pending_rows(self, name: str) -> list[int]:
        """The rows that wait for this batch."""
        return [index for index in self.open[name].rows if self._batch_of.get(index) == name]

    def discard_row(self, index: int) -> None:
        """There is news of a row, so it waits for nothing any more."""
        self._batch_of.pop(index, None)

    def apply_note(self, name: str, note: Mapping[str, Any]) -> None:
        """Rows were handed over, the provider told its handle, or the batch is over."""
        if "rows" in note:
            self.open[name] = SubmittedBatch(name, list(note["rows"]), datetime.fromisoformat(note["at"]))
            self._batch_of.update(dict.fromkeys(note["rows"], name))
        if "job" in note:
            from dhenara.ai.types import BatchJob

            self.open[name].job = BatchJob.model_validate(note["job"])
        if "over" in note and name in self.open:
            for index in self.pending_rows(name):
                del self._batch_of[index]
            del self.open[name]
