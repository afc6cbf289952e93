"""Batches: many calls that a provider answers within a day, at half the price."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import Field, SkipValidation

from ..errors import CallError
from .base import Value
from .cost import Cost
from .response import ChatResponse
from .result import OperationResponse
from .usage import Usage

BatchState = Literal["running", "done", "failed", "cancelling", "cancelled", "expired"]
OVER = ("done", "failed", "cancelled", "expired")


class BatchRequest(Value):
    """`requests` are written calls; `file_id` is where they were uploaded, for hosts that want them so."""

    action: Literal["create", "get", "cancel", "results"]
    batch_id: str | None = None
    file_id: str | None = None
    requests: SkipValidation[Any] = Field(default=(), repr=False)


class BatchJob(OperationResponse):
    """A batch on its way. It may be kept as JSON and asked about by another process."""

    batch_id: str
    state: BatchState = "running"
    protocol: str | None = None
    """What its answers are written in."""

    total: int = 0
    succeeded: int = 0
    failed: int = 0
    created_at: datetime | None = None
    expires_at: datetime | None = None
    files: tuple[str, ...] = ()
    """Where answers and errors are, for hosts that write them into files."""

    reason: str | None = None
    """Why the whole batch failed, if it did."""

    raw: dict[str, Any] = Field(default_factory=dict, repr=False)

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in OVER


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One answer, or why there is none."""

    index: int
    response: ChatResponse | None = None
    error: CallError | None = None

    @property
    def text(self) -> str | None:
        return None if self.response is None else self.response.text()


@dataclass(frozen=True, slots=True)
class BatchResults:
    """An item for each call, in the order of the calls; `usage` and `cost` are those of all together."""

    items: tuple[BatchItem, ...]
    usage: Usage | None = None
    cost: Cost | None = None
    job: BatchJob | None = field(default=None, repr=False)

    def __iter__(self) -> Iterator[BatchItem]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> BatchItem:
        return self.items[index]
