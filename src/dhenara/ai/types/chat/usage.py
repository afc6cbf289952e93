"""Token counts and cost of a response. Counts do not overlap; what is unknown is None, never zero."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Annotated, Any, Self

from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    SerializerFunctionWrapHandler,
    computed_field,
    field_serializer,
    model_serializer,
    model_validator,
)

from ..display import markdown_table
from ..model_base import FrozenModel, ModelTemplate, read_old_fields
from .cost import NO_PRICE, Cost, sum_tables, unique

NO_USAGE = "the provider reported no usage"


class Usage(FrozenModel):
    """Token counts of a response. Every token is in exactly one field, so the fields can be added.

    If the provider reported nothing, `known` is False, the object is falsy, and every count is None. The type is `int`
    nevertheless, so that the usual case needs no check. Dumps contain None in place of an unknown usage.

    Attributes:
        input_tokens: Input tokens that are in no other field.
        cache_read_tokens: Input tokens read from the provider's cache.
        cache_write_tokens: Input tokens written to the cache, for minutes.
        cache_write_1h_tokens: Input tokens written to the cache for an hour, or for 12 hours at OpenAI.
        input_audio_tokens: Input tokens of audio.
        input_image_tokens: Input tokens of images, where the provider counts them separately.
        output_tokens: Output tokens that are in no other field.
        reasoning_tokens: Output tokens of reasoning.
        output_audio_tokens: Output tokens of audio.
        output_image_tokens: Output tokens of images.
        server_tool_requests: Number of calls of each tool that the provider ran.
        reported_cost: Cost in US dollars that the provider reports. Default None.
        raw: The provider's report.
    """

    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    input_audio_tokens: int = 0
    input_image_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    output_audio_tokens: int = 0
    output_image_tokens: int = 0
    units: dict[str, float] = Field(default_factory=dict)
    """Amounts in other units than tokens, such as `images`, `seconds`, `characters`, `pages`, `searches`,
    `web_searches` and `code_sessions`.
    """

    counted: tuple[str, ...] = ()
    """Names of units that the provider did not report: they were counted from the request or the answer."""

    options: dict[str, Any] = Field(default_factory=dict)
    """Options of the call that determine the price of such units, such as size and quality."""

    server_tool_requests: dict[str, int] = Field(default_factory=dict)
    reported_cost: float | None = None
    unclear: tuple[str, ...] = ()
    """Counts that are invalid or contradict others. They are in no other field; if a price may depend on them, the
    cost is unknown.
    """

    raw: dict[str, Any] = Field(default_factory=dict, repr=False)

    @classmethod
    def unknown(cls) -> Self:
        """Create the usage of a response whose provider reported none."""
        unknown: Any = dict.fromkeys(COUNTS)
        return cls.model_construct(None, **unknown)  # type: ignore[return-value]  # mypy's plugin loses Self

    @property
    def known(self) -> bool:
        """Whether the provider reported any usage."""
        return self.input_tokens is not None

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        return super().__repr_args__() if self.known else iter([("known", False)])

    def _repr_markdown_(self) -> str:
        if not self.known:
            return NO_USAGE
        counts = {name: getattr(self, name) for name in COUNTS}
        every = {**counts, "total_tokens": self.total_tokens, **self.units}
        rows = [(name, f"{count:,.10g}") for name, count in every.items() if count]
        return markdown_table(("tokens", "count"), rows)

    def __bool__(self) -> bool:
        """Whether the provider reported any usage."""
        return self.known

    @model_serializer(mode="wrap")
    def _write_unknown(self, write: SerializerFunctionWrapHandler) -> Any:
        return write(self) if self.known else None

    @property
    def prompt_tokens(self) -> int:
        """All input tokens, cached or not."""
        if self.input_tokens is None:
            return self.input_tokens
        return (
            self.input_tokens
            + self.cache_read_tokens
            + self.cache_write_tokens
            + self.cache_write_1h_tokens
            + self.input_audio_tokens
            + self.input_image_tokens
        )

    @property
    def completion_tokens(self) -> int:
        """All output tokens, including reasoning."""
        if self.output_tokens is None:
            return self.output_tokens
        return self.output_tokens + self.reasoning_tokens + self.output_audio_tokens + self.output_image_tokens

    @property
    def total_tokens(self) -> int:
        """All input and output tokens."""
        if self.input_tokens is None:
            return self.input_tokens
        return sum(read_counts(vars(self)))


COUNTS = tuple(name for name, field in Usage.model_fields.items() if field.annotation is int)
"""Names of the token counts."""

read_counts = itemgetter(*COUNTS)
"""The token counts among the fields of a usage."""


REPORTED = ModelTemplate(Usage)


def reported_usage(fields: dict[str, Any]) -> Usage:
    """Make the usage of fields that were checked while they were read, in a dict that it may keep; those that are left
    out have their defaults.
    """
    return REPORTED.make(fields)


def modality_tokens(report: Mapping[str, Any], name: str, modality: str) -> int:
    """Return the tokens of a modality in a list of a report, such as `[{"modality": "AUDIO", "tokenCount": 32}]`."""
    details = report.get(name)
    if not isinstance(details, list):
        return 0
    same = [one for one in details if isinstance(one, Mapping) and one.get("modality") == modality]
    counts: list[Any] = [one.get("tokenCount") for one in same]
    return sum([int(count) for count in counts if type(count) in (int, float) and 0 <= count <= 2**53])


def read_reported(value: Any) -> Any:
    """Read None, as dumps contain it, as an unknown usage."""
    return Usage.unknown() if value is None else value


ReportedUsage = Annotated[Usage, BeforeValidator(read_reported)]
"""The usage of a response: never None, but possibly unknown."""


Pricing = Callable[[Any], Cost | None]
"""Calculates the cost of a response."""

PRICING = "_pricing"
"""Where a response has its pricing until its cost is read: beside the cost, among the attributes that are no fields."""


OLD_FIELDS = frozenset({"api_provider", "metadata", "provider_response", "usage_charge"})
"""Fields of responses in version 1."""


class Costed(FrozenModel):
    """Base class of responses with a cost, calculated when it is first read because the price list takes time to load.

    The cost is part of dumps, comparisons and pickles. `model_validate` and the constructor accept it as `cost`.
    Dumps contain None in place of a cost that nothing was calculated from.
    """

    @computed_field(repr=False)  # type: ignore[prop-decorator]  # mypy does not support decorators on properties
    @cached_property
    def cost(self) -> Cost:
        """Cost in US dollars with the source of its price; if it is unknown, `amount` is None and `reason` says why."""
        pricing: Pricing | None = vars(self).pop(PRICING, None)
        cost = pricing(self) if pricing is not None else None
        return self._uncalculated() if cost is None else cost

    def _uncalculated(self) -> Cost:
        return Cost(reason=NO_PRICE if vars(self).get("usage") else NO_USAGE)

    @field_serializer("cost")
    def _write_cost(self, cost: Cost) -> Cost | None:
        return None if cost.amount is None and cost == self._uncalculated() else cost

    @model_validator(mode="wrap")
    @classmethod
    def _read_cost(cls, given: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        """Accept the cost, which is not a field, because dumps contain it."""
        if type(given) is not dict and not isinstance(given, Mapping):
            return read(given)
        if not OLD_FIELDS.isdisjoint(given):
            given = read_old_fields("ChatResponse", given)
        if "cost" not in given:
            return read(given)
        fields = {**given}
        cost = fields.pop("cost")
        return read(fields).with_cost(None if cost is None else Cost.model_validate(cost))

    def with_pricing(self, pricing: Pricing | None) -> Self:
        """Set the function that calculates the cost on first access.

        Args:
            pricing: The function; None leaves the cost as it is.

        Returns:
            This response.
        """
        if pricing is not None:
            fields = vars(self)
            fields.pop("cost", None)
            fields[PRICING] = pricing
        return self

    def with_cost(self, cost: Cost | None) -> Self:
        """Set a cost that is known.

        Args:
            cost: The cost. None if nothing is known that it could be calculated from.

        Returns:
            This response.
        """
        fields = vars(self)
        fields["cost"] = self._uncalculated() if cost is None else cost
        fields.pop(PRICING, None)
        return self

    def __eq__(self, other: object) -> bool:
        """Compare the costs as well, whether or not they were read before."""
        if not isinstance(other, Costed):
            return NotImplemented
        self.with_cost(self.cost)
        other.with_cost(other.cost)
        return self.cost == other.cost and super().__eq__(other)

    def __getstate__(self) -> dict[Any, Any]:
        """Calculate the cost before pickling, because the pricing function holds the endpoint with its API key."""
        self.with_cost(self.cost)
        return super().__getstate__()

    def __setstate__(self, state: dict[Any, Any]) -> None:
        """Restore a pickle, also one in which an unknown usage or cost was None."""
        super().__setstate__(state)
        fields = vars(self)
        if "usage" in fields and fields["usage"] is None:
            fields["usage"] = Usage.unknown()
        if fields.get("cost", ...) is None:
            del fields["cost"]


def total_usage(usages: Iterable[Usage]) -> Usage:
    """Return the sum of the known usages; unknown if there are some, but none is known."""
    given = list(usages)
    known = [usage for usage in given if usage.known]
    if given and not known:
        return Usage.unknown()
    requests: dict[str, int] = {}
    for usage in known:
        for name, count in usage.server_tool_requests.items():
            requests[name] = requests.get(name, 0) + count
    reported = [usage.reported_cost for usage in known if usage.reported_cost is not None]
    counts: dict[str, Any] = {name: sum(getattr(usage, name) for usage in known) for name in COUNTS}
    cost = sum(reported) if reported else None
    return Usage(server_tool_requests=requests, reported_cost=cost, **counts, **added_units(known))


def add_usages(usages: Sequence[Usage]) -> Usage:
    """Return the sum of the known usages; unknown if none is known."""
    known = [usage for usage in usages if usage.known]
    if not known:
        return Usage.unknown()
    costs = [usage.reported_cost for usage in known]
    counts: dict[str, Any] = {name: sum(getattr(usage, name) for usage in known) for name in COUNTS}
    return Usage(
        **counts,
        **added_units(known),
        server_tool_requests=sum_tables([usage.server_tool_requests for usage in known], 0),
        reported_cost=None if None in costs else sum(cost for cost in costs if cost is not None),
    )


def added_units(usages: Sequence[Usage]) -> dict[str, Any]:
    """Return the units of all usages, and the options that all of them share."""
    options = usages[0].options if usages else {}
    shared = {name: value for name, value in options.items() if all(one.options.get(name) == value for one in usages)}
    return {
        "units": sum_tables([usage.units for usage in usages], 0.0),
        "counted": tuple(unique(unit for usage in usages for unit in usage.counted)),
        "options": shared,
        "unclear": tuple(unique(name for usage in usages for name in usage.unclear)),
    }
