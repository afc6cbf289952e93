"""Token counts and cost of a response. Counts do not overlap; an unknown cost is None, never zero."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, PrivateAttr
from pydantic_core import core_schema

from ..model_base import FrozenModel


class Usage(FrozenModel):
    """Token counts of a response. Every token is in exactly one field, so the fields can be added; `raw` is the
    provider's report.
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


class Costed(FrozenModel):
    """Base class of responses with a `cost`, calculated on first access because loading the price list takes time."""

    if TYPE_CHECKING:
        cost: Cost | None = None

    _pricing: Pricing | None = PrivateAttr(default=None)

    def with_pricing(self, pricing: Pricing | None) -> Self:
        """Return this response; its cost is calculated with `pricing` on first access."""
        if pricing is not None:
            vars(self).pop("cost", None)
            self._pricing = pricing
        return self

    def settle_cost(self) -> None:
        """Calculate the cost now."""
        if "cost" not in self.__dict__:
            pricing, self._pricing = self._pricing, None
            known = {**self.__dict__, "cost": pricing(self) if pricing is not None else None}
            # In the order of the fields, so that a response and its copy from JSON are serialised in the same order.
            object.__setattr__(self, "__dict__", {name: known[name] for name in type(self).model_fields})
            # A new set: the old one is shared by many responses.
            object.__setattr__(self, "__pydantic_fields_set__", {*self.__pydantic_fields_set__, "cost"})

    # Hidden from type checkers: for them `cost` is a normal field, and the dump keeps the fields' schema.
    if not TYPE_CHECKING:

        def __getattr__(self, name):
            if name != "cost":
                return super().__getattr__(name)
            self.settle_cost()
            return self.__dict__["cost"]

        @classmethod
        def __get_pydantic_core_schema__(cls, source, handler):
            """Do what `model_serializer` does, without importing its module."""
            written = core_schema.wrap_serializer_function_ser_schema(with_cost)
            return {**handler(source), "serialization": written}

    def __eq__(self, other: object) -> bool:
        for one in (self, other):
            if isinstance(one, Costed):
                one.settle_cost()
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]  # responses hold lists

    def __repr_args__(self) -> Any:
        self.settle_cost()
        return super().__repr_args__()

    def __iter__(self) -> Any:
        self.settle_cost()
        return super().__iter__()

    def __getstate__(self) -> dict[Any, Any]:
        """Leave out the pricing object when pickling, because it holds the endpoint with its API key."""
        self.settle_cost()
        return super().__getstate__()

    def __copy__(self) -> Self:
        self.settle_cost()
        return super().__copy__()

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        self.settle_cost()
        return super().__deepcopy__(memo)


def with_cost(answer: Costed, write: Callable[[Any], Any]) -> Any:
    answer.settle_cost()
    return write(answer)
