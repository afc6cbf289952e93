"""Batches: many calls that the provider processes asynchronously, usually within a day and at half price."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import Field, SkipValidation

from ...errors import CallError
from ..chat.cost import Cost
from ..chat.message import AnswerParts, Text
from ..chat.report import OperationResponse
from ..chat.response import ChatResponse
from ..chat.structured import StructuredOutput
from ..chat.usage import Usage
from ..display import ShortRepr, Shown, ShownAsText
from ..model_base import FrozenModel

BatchState = Literal["running", "done", "failed", "cancelling", "cancelled", "expired"]
OVER = ("done", "failed", "cancelled", "expired")


class BatchRequest(FrozenModel):
    """One request to a provider's batch API.

    Attributes:
        action: What to do with the batch.
        batch_id: The provider's id of the batch.
        name: Name of a new batch. Default None.
        file_id: Id of an uploaded file that contains the calls. Default None.
        cursor: Where the last page of a list ended. Default None: the first page.
        path: URL path of the calls.
        call_headers: HTTP headers of the calls.
        lines: Encoded calls that are sent inside the request.
        bodies: Body of each call, for layers that inspect what is submitted.
        sample_call: One of the calls, for layers that inspect what is submitted.
    """

    action: Literal["create", "add", "get", "cancel", "list", "results"]
    batch_id: str | None = None
    name: str | None = None
    file_id: str | None = None
    cursor: str | None = None
    path: str = ""
    call_headers: dict[str, str] = Field(default_factory=dict)
    lines: SkipValidation[Any] = Field(default=None, repr=False)
    bodies: SkipValidation[Any] = Field(default=(), repr=False)
    sample_call: SkipValidation[Any] = Field(default=None, repr=False)


class BatchLine(OperationResponse):
    """One result line of a batch, decoded."""

    result: SkipValidation[Any] = Field(default=None, repr=False)


class BatchItemContext(FrozenModel):
    """One batch result as it is passed to layers.

    Attributes:
        job: The batch.
        index: Index of the call in the batch.
        total: Number of calls in the batch.
        response: The response. None if the call failed.
        error: The error. None if the call succeeded.
        shared: Data that layers share while one batch is read.
    """

    job: SkipValidation[Any] = Field(repr=False)
    index: int
    total: int
    response: SkipValidation[Any] = Field(default=None, repr=False)
    error: SkipValidation[Any] = None
    was_sent: bool = True
    """Whether the item was sent to the model; False if the batch ended before."""

    shared: SkipValidation[Any] = Field(default_factory=dict, repr=False)


class BatchJob(OperationResponse):
    """A submitted batch. It can be stored as JSON and read by another process.

    Attributes:
        batch_id: The provider's id of the batch.
        state: Current state.
        protocol: Protocol that the results are encoded in.
        total: Number of calls.
        succeeded: Number of calls that succeeded so far.
        failed: Number of calls that failed so far.
        created_at: When the batch was created.
        expires_at: When the batch expires.
        raw: The provider's full description of the batch.
    """

    batch_id: str
    state: BatchState = "running"
    protocol: str | None = None
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    created_at: datetime | None = None
    expires_at: datetime | None = None
    files: tuple[str, ...] = ()
    """Ids of result and error files, for providers that write results to files."""

    reason: str | None = None
    """Why the whole batch failed, if it did."""

    name: str | None = None
    """Name that was given when the batch was submitted."""

    shape: StructuredOutput | None = Field(default=None, repr=False)
    """Schema of the structured output that the calls requested."""

    answer_tool: str | None = None
    """Name of the output tool, for models whose structured output is the arguments of a tool call."""

    layer_data: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Data that layers such as budgets and ledgers keep until the results arrive."""

    raw: dict[str, Any] = Field(default_factory=dict, repr=False)

    @property
    def over(self) -> bool:
        """Whether the batch has ended."""
        return self.state in OVER


class BatchPage(OperationResponse):
    """One page of batches, or of the results of one batch. `cursor` starts the next page; None on the last page."""

    jobs: tuple[BatchJob, ...] = ()
    lines: SkipValidation[Any] = Field(default=(), repr=False)
    cursor: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class BatchItem(ShownAsText, AnswerParts, ShortRepr):
    """The response or the error of one call in a batch.

    Attributes:
        index: Index of the call in the batch.
        response: The response. None if the call failed.
        error: The error. None if the call succeeded.
    """

    index: int
    response: ChatResponse | None = None
    error: CallError | None = None

    def _shown(self) -> Shown:
        yield "index", self.index
        yield "response", self.response
        yield "error", self.error

    @property
    def text(self) -> Text | None:
        """The text of the response; None if the call failed."""
        return None if self.response is None else self.response.text

    @property
    def usage(self) -> Usage:
        """Token counts of the response; unknown if the call failed."""
        return Usage.unknown() if self.response is None else self.response.usage

    @property
    def cost(self) -> Cost:
        """Cost of the response; if it is unknown, `amount` is None and `reason` says why."""
        return Cost(reason="the call failed") if self.response is None else self.response.cost

    def _answer(self) -> ChatResponse | None:
        return self.response


@dataclass(frozen=True, slots=True, repr=False)
class BatchResults(ShortRepr):
    """One item for each call, in the order of the calls; `usage` and `cost` are totals.

    Attributes:
        items: One item for each call, in the order of the calls.
        usage: Token counts of all calls.
        cost: Cost of all calls; its `amount` is None if that of one call is unknown.
        job: The batch that the results belong to.
    """

    items: tuple[BatchItem, ...]
    usage: Usage = field(default_factory=Usage.unknown)
    cost: Cost = field(default_factory=Cost)
    job: BatchJob | None = field(default=None, repr=False)

    def _shown(self) -> Shown:
        yield "items", len(self.items)
        yield "failed", sum(item.error is not None for item in self.items) or None
        yield "usage", self.usage
        yield "cost", self.cost

    def __iter__(self) -> Iterator[BatchItem]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> BatchItem:
        return self.items[index]
