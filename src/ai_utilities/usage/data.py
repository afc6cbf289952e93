"""Usage rows (`UsageData`) and their tags; `totals.py` sums them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from dhenara.ai.errors import ConfigurationError, DhenaraError
from dhenara.ai.integration import CheckedModel, ModelTemplate, add_call_tags, not_empty, number_of, short_repr
from dhenara.ai.types import Cost, Usage

from .amounts import USD, Units

if TYPE_CHECKING:
    from dhenara.ai.types import Call

Outcome = Literal["answered", "failed", "cached", "cancelled", "interrupted", "open", "abandoned"]
"""`open`: sent, the outcome is not known yet; `abandoned`: the same, but the process has ended.
`interrupted`: the answer broke off, or its process ended; `cancelled`: the caller stopped it."""

BATCH = "batch"
"""The operation of the items of a batch. Each has one row, even if several processes read the batch."""

TEAM = "team"
"""The tag with the name of the team."""

BUCKETS = (
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "input_audio_tokens",
    "input_image_tokens",
    "output_tokens",
    "reasoning_tokens",
    "output_audio_tokens",
    "output_image_tokens",
)
"""Disjoint token counts: every token is in exactly one. The first six are input, the others output."""

read_buckets = itemgetter(*BUCKETS)
"""The token counts among the fields of a usage."""

COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens", *BUCKETS)
INPUT_BUCKETS = BUCKETS[:6]
OUTPUT_BUCKETS = BUCKETS[6:]

NO_USAGE = "the provider reported no usage"
NO_PRICE = "no price is known"

Facts = Mapping[str, Any]
"""Fields of `UsageData` by name; those that are left out have their defaults."""

RowFields = dict[str, Any]
"""The same, of one row."""


class UsageData(CheckedModel):
    """Usage of one request: tokens and other units, cost, duration and outcome.

    Pass either the totals or the disjoint counts; the others are computed.

    Attributes:
        prompt_tokens: All input tokens.
        completion_tokens: All output tokens.
        total_tokens: Both; what the provider reported, if it reported a total.
        input_tokens: Input tokens that no other count of input has.
        cache_read_tokens: Input tokens that were read from the provider's prompt cache.
        cache_write_tokens: Input tokens that were written to the provider's prompt cache.
        cache_write_1h_tokens: Input tokens that were written to the provider's prompt cache for an hour or longer.
        input_audio_tokens: Input tokens of audio.
        input_image_tokens: Input tokens of images.
        output_tokens: Output tokens that no other count of output has.
        reasoning_tokens: Output tokens of reasoning.
        output_audio_tokens: Output tokens of audio.
        output_image_tokens: Output tokens of images.
        units: What is billed in other units than tokens, such as `images`, `seconds`, `characters`, `pages`,
            `searches`, `web_searches` and `code_sessions`, each with its amount.
        cost: The cost; None if unknown, never 0.
        currency: The currency of the cost.
        cost_source: Where the cost comes from, such as `provider` or `catalog`.
        priced_as: The model whose price was used, if it is another name than `model`.
        cost_reason: Why the cost is unknown.
        saved_cost: For a cached answer, the cost of the original one; its own `cost` is 0.
        provider: The name of the provider.
        model: The name of the model.
        operation: `chat`, `embed`, `image` and so on; `batch` for an item of a batch.
        request_id: The provider's id of the request.
        row_id: The id under which the row was opened before its request.
        outcome: What became of the request.
        cached: Whether the answer came from a cache.
        attempt: The number of the attempt, from 1.
        error: The error as text, redacted and shortened.
        started_at: When the call began.
        duration_s: Seconds until the end of the answer.
        first_token_s: Seconds until the first part of the answer.
        tags: The tags of the call.
        key: The API key: its label, or a fingerprint that it cannot be recovered from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)
    total_tokens: int = Field(default=0, ge=0)

    input_tokens: int = Field(default=0, ge=0)
    cache_read_tokens: int = Field(default=0, ge=0)
    cache_write_tokens: int = Field(default=0, ge=0)
    cache_write_1h_tokens: int = Field(default=0, ge=0)
    input_audio_tokens: int = Field(default=0, ge=0)
    input_image_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    reasoning_tokens: int = Field(default=0, ge=0)
    output_audio_tokens: int = Field(default=0, ge=0)
    output_image_tokens: int = Field(default=0, ge=0)
    units: Units = Field(default_factory=dict)

    cost: Decimal | None = None
    currency: str = "USD"
    cost_source: str | None = None
    priced_as: str | None = None
    cost_reason: str | None = None
    saved_cost: Decimal | None = None

    provider: str | None = None
    model: str | None = None
    operation: str = "chat"
    request_id: str | None = None
    row_id: str | None = None

    outcome: Outcome = "answered"
    cached: bool = False
    attempt: int = Field(default=1, ge=1)
    error: str | None = None

    started_at: datetime | None = None
    duration_s: float | None = Field(default=None, ge=0)
    first_token_s: float | None = Field(default=None, ge=0)
    tags: dict[str, str] = Field(default_factory=dict)
    key: str | None = None

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Fields that differ from their default, and are not empty."""
        fields = type(self).model_fields
        for name, value in not_empty(super().__repr_args__()):
            if name is None or value != fields[name].default:
                yield name, value

    def __repr__(self) -> str:
        return short_repr(type(self).__name__, self.__repr_args__())

    def _repr_markdown_(self) -> str:
        return f"`{self!r}`"

    @model_validator(mode="before")
    @classmethod
    def _reconcile(cls, fields: object) -> object:
        try:
            return reconcile(fields) if isinstance(fields, dict | Mapping) else fields
        except (TypeError, ValueError):
            return fields  # the fields' own checks say what is wrong

    @property
    def known(self) -> bool:
        """Whether the provider reported any usage; if it did not, the counts are 0."""
        used = self.total_tokens > 0 or bool(self.units)
        return used or self.cost is not None or self.cost_reason not in (None, NO_USAGE)

    def to_cost(self) -> Cost:
        """The cost as an object that also has its source, and why it is unknown."""
        if self.cost is None:
            return Cost(reason=self.cost_reason or (NO_PRICE if self.known else NO_USAGE))
        return Cost(
            amount=self.cost,
            currency=self.currency,
            source=self.cost_source,
            priced_as=self.priced_as,
            saved=self.saved_cost,
        )

    @classmethod
    def of(cls, usage: Usage | None, cost: Cost | None = None, **facts: object) -> Self:
        """Makes a row from the usage and cost of an answer.

        Args:
            usage: Tokens and other units, if known.
            cost: The cost, if known.
            **facts: Further fields.

        Raises:
            pydantic.ValidationError: If a field is invalid.
        """
        counts = dict(zip(BUCKETS, read_buckets(vars(usage)), strict=True), units=usage.units) if usage else {}
        return cls.model_validate({**counts, **cost_fields(usage, cost), **facts})


ROW = ModelTemplate(UsageData)

AnswerCounter = Callable[[str, Usage, Cost, Outcome], bool]
"""Counts an answer by its model, usage in tokens only, cost and outcome; False if its row is needed."""

Listener = Callable[[UsageData], None]


def checked_row(usage: Usage | None, cost: Cost | None, facts: Facts) -> UsageData:
    """Like `UsageData.of`, for values that were checked where they come from, so that nothing is validated again.

    Args:
        usage: Tokens and other units, if known.
        cost: The cost, if known.
        facts: Further fields, with values of their types.
    """
    return ROW.make(row_fields(usage, cost, facts))


def row_fields(usage: Usage | None, cost: Cost | None, facts: Facts) -> RowFields:
    """The fields of `checked_row`, for stores that need no object."""
    if usage is None or not usage.known:
        return {**cost_fields(None, cost), **facts}
    if usage.units:  # they are checked here
        return UsageData.of(usage, cost, **facts).model_dump(exclude_defaults=True)
    counts = read_buckets(vars(usage))
    read, made = sum(counts[:6]), sum(counts[6:])
    fields = {**cost_fields(usage, cost), **facts}
    for name, count in zip(COUNTS, (read, made, read + made, *counts), strict=True):
        if count:
            fields[name] = count
    return fields


def reconcile(facts: Facts) -> Facts:
    """Computes totals from the disjoint counts, or plain counts from totals; a given total is kept."""
    fields = dict(facts)
    if any(map(fields.get, BUCKETS)):
        fields.setdefault("prompt_tokens", sum(filter(None, map(fields.get, INPUT_BUCKETS))))
        fields.setdefault("completion_tokens", sum(filter(None, map(fields.get, OUTPUT_BUCKETS))))
    else:
        fields["input_tokens"] = fields.get("prompt_tokens") or 0
        fields["output_tokens"] = fields.get("completion_tokens") or 0
    if "total_tokens" not in fields:
        fields["total_tokens"] = (fields.get("prompt_tokens") or 0) + (fields.get("completion_tokens") or 0)
    return fields


def matches(row: UsageData, since: datetime | None, until: datetime | None, tags: Mapping[str, str] | None) -> bool:
    """Whether a row is from that time and has these tags."""
    at = row.started_at
    if (since and (at is None or at < since)) or (until and (at is None or at >= until)):
        return False
    return all(row.tags.get(name) == value for name, value in (tags or {}).items())


def cost_fields(usage: Usage | None, cost: Cost | None) -> Facts:
    """The fields about cost."""
    if cost is None:
        return {"cost_reason": NO_PRICE if usage else NO_USAGE}
    given = zip(COST_FIELDS, read_cost(vars(cost)), strict=True)
    fields = {name: value for name, value in given if value is not None}
    return fields if cost.currency == USD.code else {**fields, "currency": cost.currency}


COST_FIELDS = ("cost", "cost_source", "priced_as", "cost_reason")
read_cost = itemgetter("amount", "source", "priced_as", "reason")
"""What `COST_FIELDS` are called among the fields of a cost."""


NONE: Mapping[str, str] = MappingProxyType({})
_tags: ContextVar[Mapping[str, str]] = ContextVar("ai_utilities.tags", default=NONE)


def checked_tag(name: str, value: str) -> str:
    """Return the value of a tag. One that cannot be encoded would keep a ledger from writing any row."""
    text = f"{name}={value}"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ConfigurationError(
                f"the tag {text!a} has half of a surrogate pair, which cannot be stored. Remove it from the text."
            ) from None
    return value


@contextmanager
def tagged(**tags: str) -> Iterator[None]:
    """Adds tags to all calls of this thread or task within a `with` block, besides those of outer blocks.

    Args:
        **tags: Names and values; values become text.

    Raises:
        ConfigurationError: If a name or value has half of a surrogate pair, which no store can write.
    """
    token = _tags.set({**_tags.get(), **{name: checked_tag(name, str(value)) for name, value in tags.items()}})
    try:
        yield
    finally:
        _tags.reset(token)


def tags_now(call: "Call | None" = None) -> dict[str, str]:
    """The tags of a call: those of where it is sent, and those of where its run was made, which win."""
    made = NONE if call is None or call.context is None else call.context.get(_tags, NONE)
    sent = _tags.get()
    return {} if made is NONE and sent is NONE else {**sent, **made}


add_call_tags(tags_now)


class PartialWriteError(DhenaraError):
    """Raised by `add` of a ledger that stored some of the rows. Only the others are written again.

    Args:
        rows: The rows that were not stored.
    """

    def __init__(self, rows: Sequence[UsageData]) -> None:
        super().__init__(f"{number_of(len(rows), 'row')} of usage could not be stored")
        self.rows = list(rows)

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.rows,))
