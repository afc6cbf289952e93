"""Cost of a response, with the source of its price. An unknown cost is None, never zero."""

from datetime import datetime
from decimal import Decimal

from pydantic import Field

from .model_base import FrozenModel


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
