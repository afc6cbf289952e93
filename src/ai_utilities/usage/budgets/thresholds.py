"""Thresholds of budgets, and the alerts that report them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.integration import require_type


def is_amount(value: object) -> bool:
    """Whether it is a finite amount of money of at least 0."""
    try:
        amount = Decimal(str(value))
        return not isinstance(value, bool) and amount.is_finite() and amount >= 0
    except InvalidOperation:
        return False


def read_thresholds(alerts: Sequence[Decimal | float | str]) -> tuple[Decimal, ...]:
    """Parts of a limit as exact numbers, the lowest first.

    Raises:
        ConfigurationError: If one is not above 0.
    """
    require_type("Budget", "alerts", alerts, (list, tuple), "a list of parts of the limit, such as [0.5, 0.8, 1.0]")
    for threshold in alerts:
        if not is_amount(threshold) or not 0 < Decimal(str(threshold)) < MOST_THRESHOLD:
            raise ConfigurationError(
                f"an alert of a budget is a part of its limit, such as 0.8 for 80 percent, not {threshold!r}"
            )
    return tuple(sorted({Decimal(str(threshold)) for threshold in alerts}))


MOST_THRESHOLD = 10
"""Alerts are parts, not percent: 80 is refused."""


@dataclass(frozen=True, slots=True)
class BudgetAlert:
    """A threshold of a budget that was reached.

    Attributes:
        budget: The name of the budget and its window.
        threshold: The part of the limit, such as 0.8.
        limit: The limit in US dollars.
        spent: What is spent or reserved, in US dollars.
        refused: Whether it is reported because a call did not fit into the budget.
    """

    budget: str
    threshold: Decimal
    limit: Decimal
    spent: Decimal
    refused: bool = False

    def __str__(self) -> str:
        reached = f"has reached {(self.threshold * 100).normalize():f}% of ${self.limit:f}"
        text = f"the budget {self.budget!r} {'refused a call' if self.refused else reached}"
        return f"{text}: ${self.spent:f} of ${self.limit:f} is spent or reserved"
