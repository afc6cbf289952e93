"""What a bulk run came to."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from dhenara.ai.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """How far a run is. `total` is None where nobody knows how many rows there are. Unknown cost stays unknown."""

    answered: int = 0
    failed: int = 0
    reused: int = 0
    tokens: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    total: int | None = None
    waiting: int = 0
    """Rows that were handed over to the provider and have no answer yet."""

    @property
    def done(self) -> int:
        return self.answered + self.failed + self.reused


@dataclass(frozen=True, slots=True)
class BulkReport(BulkProgress):
    """The end of a run. `kept` answers were there from an earlier run and were not paid for again."""

    seconds: float = 0.0
    output: str = ""

    @property
    def ok(self) -> bool:
        """Whether every row has an answer."""
        return self.failed == 0 and self.waiting == 0

    def __str__(self) -> str:
        money = f"${self.cost.normalize():f}" if not self.unpriced else f"${self.cost.normalize():f} and more"
        stored = f", {self.reused} kept from before" if self.reused else ""
        stored += f", {self.waiting} not answered yet" if self.waiting else ""
        return (
            f"{self.answered} answered, {self.failed} failed{stored}; {self.tokens} tokens, {money}, "
            f"{self.seconds:.1f} s -> {self.output}"
        )


OnProgress = Callable[[BulkProgress], object]
