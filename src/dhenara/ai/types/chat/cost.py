"""The cost of a response: an amount with its source, that calculates like a number; unknown is None, never zero."""

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from numbers import Number
from typing import Any, TypeVar

from pydantic import (
    Field,
)

from ..display import markdown_table
from ..model_base import FrozenModel, InvalidValueError, ModelTemplate

NO_PRICE = "no price is known"


class Cost(FrozenModel):
    """Cost of a response. It calculates, compares and formats like its amount: `sum(costs)`, `cost < 0.01`,
    `f"{cost:.4f}"`.

    An unknown cost is falsy. A sum with one is unknown; comparing it with a number is a TypeError.

    Attributes:
        amount: Total, or None if the price is unknown.
        currency: Currency. Default `"USD"`.
        components: Amounts by kind of token or unit.
        source: Source of the price.
        priced_as: Model name in the price list.
        priced_at: Date of the price.
        reason: Why `amount` is None. None if it is known.
        saved: For a cached response (whose amount is 0): cost of a new request, if known.
        charge: The amount with the `cost_multiplier_percentage` of your prices. Default None: no margin is set.
    """

    amount: Decimal | None = None
    currency: str = "USD"
    components: dict[str, Decimal] = Field(default_factory=dict)
    source: str | None = None
    priced_as: str | None = None
    priced_at: datetime | None = None
    reason: str | None = None
    saved: Decimal | None = None
    charge: Decimal | None = None

    def in_currency(
        self, currency: str, rate: Decimal | float, *, rate_date: object = None, source: str | None = None
    ) -> "Cost":
        """Return this cost in another currency, for display, at a rate of yours.

        Args:
            currency: Code of the currency, such as `EUR`.
            rate: Units of it for one unit of the currency of this cost.
            rate_date: Date of the rate. Default None.
            source: Where the rate is from, such as `ECB`. Default None.

        Returns:
            A new cost whose `source` names the rate. An unknown cost stays unknown.

        Raises:
            ValueError: If the rate is not a number above 0.
        """
        by = as_decimal(rate)
        if not (by.is_finite() and by > 0):
            raise InvalidValueError.because("Cost.in_currency", f"rate must be a number above 0, not {rate}", "rate")
        about = ", ".join(str(part) for part in (source, rate_date) if part)
        note = f"{by} {currency} for 1 {self.currency}{f' ({about})' if about else ''}"
        shares = {name: getattr(self, name) for name in ("saved", "charge")}
        converted = {name: None if amount is None else amount * by for name, amount in shares.items()}
        named = "; ".join(part for part in (self.source, note) if part)
        return (self * by).model_copy(update={**converted, "currency": currency, "source": named})

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield None if name == "amount" else name, value

    def _repr_markdown_(self) -> str:
        if self.amount is None:
            return str(self)
        rows = [(name, f"{amount:f}") for name, amount in {**self.components, "total": self.amount}.items()]
        return markdown_table(("part", self.currency), rows)

    def __bool__(self) -> bool:
        """Whether the cost is known; one of 0 is."""
        return self.amount is not None

    def __str__(self) -> str:
        return f"unknown: {self.reason or NO_PRICE}" if self.amount is None else f"{self.amount:f}"

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        return "unknown" if self.amount is None else format(self.amount, spec)

    def __float__(self) -> float:
        """The amount; a TypeError if it is unknown."""
        return float(self.amount)  # type: ignore[arg-type]  # the TypeError of float says what is wrong

    def __eq__(self, other: object) -> bool:
        """Whether the costs are the same in every field; compared with a number, whether the amount is that number."""
        if isinstance(other, Number):
            return bool(self.amount == other)
        return isinstance(other, Cost) and super().__eq__(other)

    def __lt__(self, other: "Cost | Decimal | float") -> bool:
        return self._compare(operator.lt, other)

    def __le__(self, other: "Cost | Decimal | float") -> bool:
        return self._compare(operator.le, other)

    def __gt__(self, other: "Cost | Decimal | float") -> bool:
        return self._compare(operator.gt, other)

    def __ge__(self, other: "Cost | Decimal | float") -> bool:
        return self._compare(operator.ge, other)

    def _compare(self, compare: Callable[[Any, Any], bool], other: "Cost | Decimal | float") -> bool:
        amount = other.amount if isinstance(other, Cost) else other
        if self.amount is None or not isinstance(amount, Number):
            return NotImplemented  # type: ignore[no-any-return]  # for Python, as in any comparison
        return compare(self.amount, amount)

    def __add__(self, other: "Cost | Decimal | float") -> "Cost":
        other = as_cost(other, self.currency)
        if not isinstance(other, Cost):
            return NotImplemented
        if self.amount is None or other.amount is None:
            return Cost(reason=self.reason if self.amount is None else other.reason)
        if self.currency != other.currency:
            return Cost(reason=f"the costs are in {self.currency} and {other.currency}")
        zero, names = Decimal(0), dict.fromkeys((*self.components, *other.components))
        components = {name: self.components.get(name, zero) + other.components.get(name, zero) for name in names}
        return Cost(amount=self.amount + other.amount, currency=self.currency, components=components)

    __radd__ = __add__

    def __mul__(self, factor: Decimal | float) -> "Cost":
        if not isinstance(factor, Decimal | int | float):
            return NotImplemented
        by = as_decimal(factor)
        components = {name: amount * by for name, amount in self.components.items()}
        return self.model_copy(
            update={"amount": None if self.amount is None else self.amount * by, "components": components}
        )

    __rmul__ = __mul__

    def __truediv__(self, divisor: Decimal | float) -> "Cost":
        if not isinstance(divisor, Decimal | int | float):
            return NotImplemented
        return self * (1 / as_decimal(divisor))

    def __neg__(self) -> "Cost":
        return self * -1

    def __sub__(self, other: "Cost | Decimal | float") -> "Cost":
        cost = as_cost(other, self.currency)
        return self + -cost if isinstance(cost, Cost) else NotImplemented

    def __rsub__(self, other: Decimal | float) -> "Cost":
        return -self + other

    def __round__(self, digits: int = 0) -> "Cost":
        return self.model_copy(update={"amount": None if self.amount is None else round(self.amount, digits)})


def as_decimal(number: Decimal | float) -> Decimal:
    """Return the number with the digits that it shows."""
    return number if isinstance(number, Decimal) else Decimal(str(number))


def as_cost(value: Any, currency: str) -> Any:
    """Return a number as a cost in this currency; anything else as it is."""
    if isinstance(value, Decimal | int | float):
        return Cost(amount=as_decimal(value), currency=currency)
    return value


def total_cost(costs: Iterable[Cost]) -> Cost:
    given = list(costs)
    known = [cost for cost in given if cost.amount is not None]
    currencies = {cost.currency for cost in known}
    if len(known) < len(given):
        return Cost(reason=f"{len(given) - len(known)} of {len(given)} responses have no known price")
    if len(currencies) > 1:
        return Cost(reason=f"the responses are priced in {' and '.join(sorted(currencies))}")
    components: dict[str, Decimal] = {}
    for cost in known:
        for name, amount in cost.components.items():
            components[name] = components.get(name, Decimal(0)) + amount
    amount = sum((cost.amount or Decimal(0) for cost in known), Decimal(0))
    return Cost(amount=amount, currency=next(iter(currencies), "USD"), components=components)


def add_costs(costs: Sequence[Cost]) -> Cost:
    """Return the sum; unknown if any part is unknown."""
    amounts = [cost.amount for cost in costs if cost.amount is not None]
    if not amounts:
        return costs[0] if costs else Cost(reason="there is no response")
    if len(amounts) < len(costs):
        return costs[0].model_copy(
            update={"amount": None, "components": {}, "reason": "the cost of one of the requests is unknown"}
        )
    components = sum_tables([cost.components for cost in costs], Decimal(0))
    total = sum(amounts, Decimal(0))
    # A cached response has cost 0 and does not name the prices used for the rest.
    paid = next((cost for cost in costs if cost.amount), costs[0])
    return paid.model_copy(update={"amount": total, "components": components})


COST = ModelTemplate(Cost)
T = TypeVar("T")
N = TypeVar("N", int, float, Decimal)


def sum_tables(tables: Sequence[Mapping[str, N]], zero: N) -> dict[str, N]:
    """Add the tables entry by entry."""
    names = unique(name for table in tables for name in table)
    return {name: sum((table.get(name, zero) for table in tables), zero) for name in names}


def unique(items: Iterable[T]) -> list[T]:
    result: list[T] = []
    for one in items:
        if one not in result:
            result.append(one)
    return result
