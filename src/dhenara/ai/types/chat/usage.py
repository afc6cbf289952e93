"""Token counts and cost of a response. Counts do not overlap; an unknown cost is None, never zero."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Self

from pydantic import Field, ModelWrapValidatorHandler, PrivateAttr, computed_field, model_validator

from ..model_base import FrozenModel


class Usage(FrozenModel):
    """Token counts of a response. Every token is in exactly one field, so the fields can be added.

    Attributes:
        input_tokens: Input tokens that are in no other field.
        cache_read_tokens: Input tokens read from the provider's cache.
        cache_write_tokens: Input tokens written to the cache, for minutes.
        cache_write_1h_tokens: Input tokens written to the cache for an hour.
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
    """Counts of other units than tokens: images, pages, seconds, characters, searches."""

    options: dict[str, Any] = Field(default_factory=dict)
    """Options of the call that determine the price of such units, such as size and quality."""

    server_tool_requests: dict[str, int] = Field(default_factory=dict)
    reported_cost: float | None = None
    unclear: tuple[str, ...] = ()
    """Counts that are invalid or contradict others. They are in no other field; if a price may depend on them, the
    cost is unknown.
    """

    raw: dict[str, Any] = Field(default_factory=dict, repr=False)

    @property
    def prompt_tokens(self) -> int:
        """All input tokens, cached or not."""
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
        return self.output_tokens + self.reasoning_tokens + self.output_audio_tokens + self.output_image_tokens

    @property
    def total_tokens(self) -> int:
        """All input and output tokens."""
        return self.prompt_tokens + self.completion_tokens


class Cost(FrozenModel):
    """Cost of a response.

    Attributes:
        amount: Total, or None if the price is unknown.
        currency: Currency. Default `"USD"`.
        components: Amounts by kind of token or unit.
        source: Source of the price.
        priced_as: Model name in the price list.
        priced_at: Date of the price.
        reason: Why `amount` is None.
        saved: For a cached response (whose amount is 0): cost of a new request, if known.
    """

    amount: Decimal | None = None
    currency: str = "USD"
    components: dict[str, Decimal] = Field(default_factory=dict)
    source: str | None = None
    priced_as: str | None = None
    priced_at: datetime | None = None
    reason: str | None = None
    saved: Decimal | None = None


Pricing = Callable[[Any], Cost | None]
"""Calculates the cost of a response."""


class Costed(FrozenModel):
    """Base class of responses with a cost, calculated when it is first read because the price list takes time to load.

    The cost is part of dumps, comparisons and pickles. `model_validate` and the constructor accept it as `cost`.
    """

    _pricing: Pricing | None = PrivateAttr(default=None)

    @computed_field  # type: ignore[prop-decorator]  # mypy does not support decorators on properties
    @cached_property
    def cost(self) -> Cost | None:
        """Cost in US dollars with the source of its price; None if there was nothing to calculate it from."""
        pricing, self._pricing = self._pricing, None
        return pricing(self) if pricing is not None else None

    @model_validator(mode="wrap")
    @classmethod
    def _read_cost(cls, given: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        """Accept the cost, which is not a field, because dumps contain it."""
        if not isinstance(given, Mapping) or "cost" not in given:
            return read(given)
        cost = None if given["cost"] is None else Cost.model_validate(given["cost"])
        return read({name: value for name, value in given.items() if name != "cost"}).with_cost(cost)

    def with_pricing(self, pricing: Pricing | None) -> Self:
        """Set the function that calculates the cost on first access.

        Args:
            pricing: The function; None leaves the cost as it is.

        Returns:
            This response.
        """
        if pricing is not None:
            vars(self).pop("cost", None)
            self._pricing = pricing
        return self

    def with_cost(self, cost: Cost | None) -> Self:
        """Set a cost that is known.

        Args:
            cost: The cost.

        Returns:
            This response.
        """
        vars(self)["cost"] = cost
        self._pricing = None
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
