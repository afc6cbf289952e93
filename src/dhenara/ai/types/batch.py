"""Batches: many calls that a provider answers within a day, at half the price."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from datetime import datetime
from typing import Any, Literal

from pydantic import Field, SkipValidation

from ..dataclass import dataclass
from ..errors import CallError
from .cost import Cost
from .model_base import FrozenModel
from .response import ChatResponse
from .result import OperationResponse
from .structured import StructuredOutput
from .usage import Usage

BatchState = Literal["running", "done", "failed", "cancelling", "cancelled", "expired"]
OVER = ("done", "failed", "cancelled", "expired")


class BatchRequest(FrozenModel):
    """`lines` are written calls that travel in the request; `file_id` is where they were uploaded instead.

    `path` and `headers` are those of the calls. `bodies` and `asked` are for layers that want to know what is handed
    over: every body in turn, and one of the calls.
    """

    action: Literal["create", "add", "get", "cancel", "list", "results"]
    batch_id: str | None = None
    name: str | None = None
    file_id: str | None = None
    cursor: str | None = None
    path: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    lines: SkipValidation[Any] = Field(default=None, repr=False)
    bodies: SkipValidation[Any] = Field(default=(), repr=False)
    sample_call: SkipValidation[Any] = Field(default=None, repr=False)


class BatchLine(OperationResponse):
    """One result, as the provider tells it."""

    result: SkipValidation[Any] = Field(default=None, repr=False)


class BatchItemContext(FrozenModel):
    """What layers are told of each item whose answer has come. `shared` is theirs, while one batch is read."""

    job: SkipValidation[Any] = Field(repr=False)
    index: int
    total: int
    response: SkipValidation[Any] = Field(default=None, repr=False)
    error: SkipValidation[Any] = None
    was_sent: bool = True
    """Whether the model was asked at all: a batch may end before."""

    shared: SkipValidation[Any] = Field(default_factory=dict, repr=False)


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

    name: str | None = None
    """What it was called when it was handed over."""

    shape: StructuredOutput | None = Field(default=None, repr=False)
    """The shape that its answers must have."""

    answer_tool: str | None = None
    """The tool whose arguments are the answer, for models that can only be held to a shape by one."""

    layer_data: dict[str, Any] = Field(default_factory=dict, repr=False)
    """What budgets and ledgers know of it until its answers come."""

    raw: dict[str, Any] = Field(default_factory=dict, repr=False)

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in OVER


class BatchPage(OperationResponse):
    """Some of the batches, or of the results of one, and where the next page begins; None after the last."""

    jobs: tuple[BatchJob, ...] = ()
    lines: SkipValidation[Any] = Field(default=(), repr=False)
    cursor: str | None = None


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
