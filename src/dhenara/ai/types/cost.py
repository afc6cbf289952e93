"""Cost: what an answer costs, and who says so. Unknown is unknown, never zero."""

from datetime import datetime
from decimal import Decimal

from pydantic import Field

from .model_base import FrozenModel


class Cost(FrozenModel):
    """`amount` is None when no price is known; `reason` then says why.

    A cached answer costs nothing; `saved` is then what asking again would have cost, if that is known.
    """

    amount: Decimal | None = None
    currency: str = "USD"
    components: dict[str, Decimal] = Field(default_factory=dict)
    source: str | None = None
    priced_as: str | None = None
    priced_at: datetime | None = None
    reason: str | None = None
    saved: Decimal | None = None
