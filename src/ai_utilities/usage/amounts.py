"""Amounts of money and of other units than tokens, other currencies, and the thresholds and windows of budgets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.integration import require_type

UnitName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
"""The name of a unit, such as `images`: stores use it as a part of their keys."""

Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Units = dict[UnitName, Amount]

NO_UNITS = "{}"
EXACT = Context(prec=100)

NOUNS = {
    "code_sessions": ("code session", "code sessions"),
    "annotated_pages": ("annotated page", "annotated pages"),
    "container_hours": ("container hour", "container hours"),
    "social_searches": ("social search", "social searches"),
    "storage_searches": ("storage search", "storage searches"),
    "video_seconds": ("second of video", "seconds of video"),
    "web_searches": ("web search", "web searches"),
    "searches": ("search", "searches"),
}
"""Units whose noun is not their name, in singular and plural."""


def add_units(left: Mapping[str, float], right: Mapping[str, float]) -> dict[str, float]:
    """Adds amounts by unit; decimal fractions are added exactly.

    Args:
        left: Amounts by unit.
        right: Amounts by unit.
    """
    sums = {name: exact(left.get(name, 0)) + exact(right.get(name, 0)) for name in dict.fromkeys((*left, *right))}
    return {name: float(amount) for name, amount in sums.items() if amount}


def exact(amount: float | str) -> Decimal:
    """The amount as a decimal number, as it is written."""
    return Decimal(str(amount))


def format_units(units: Mapping[str, float]) -> Iterator[str]:
    """Yields each amount with its unit, such as `2 images`.

    Args:
        units: Amounts by unit.
    """
    for name, amount in units.items():
        one, many = NOUNS.get(name, (name.removesuffix("s"), name))
        yield f"{amount:,.10g} {one if amount == 1 else many}".replace("_", " ")


class UnitsSum:
    """An exact sum of amounts by unit for SQLite, from JSON and to JSON."""

    def __init__(self) -> None:
        self._sums: dict[str, Decimal] = {}

    def step(self, units: str | None) -> None:
        for name, amount in read_units(units).items():
            self._sums[name] = EXACT.add(self._sums.get(name, Decimal(0)), amount)

    def finalize(self) -> str:
        return write_units(self._sums)


def units_add(left: str, right: str) -> str:
    """Adds two stored texts of amounts by unit."""
    if right == NO_UNITS:
        return left
    total = UnitsSum()
    total.step(left)
    total.step(right)
    return total.finalize()


def read_units(text: str | None) -> dict[str, Decimal]:
    """Reads stored amounts; none if they are damaged."""
    if not text or text == NO_UNITS:
        return {}
    try:
        units: object = json.loads(text)
        return {name: exact(amount) for name, amount in units.items()} if isinstance(units, dict) else {}
    except (ValueError, ArithmeticError):
        return {}


def write_units(units: Mapping[str, Decimal]) -> str:
    """The text in which amounts are stored."""
    return json.dumps({name: str(amount) for name, amount in units.items() if amount}) if units else NO_UNITS


SYMBOLS = {"USD": "$", "EUR": "\u20ac", "GBP": "\u00a3"}


@dataclass(frozen=True, slots=True)
class DisplayCurrency:
    """A currency in which amounts are shown. Ledgers and budgets stay in US dollars, and no rate is fetched.

    Attributes:
        code: The code of the currency, such as `EUR`.
        rate: Units of it for one US dollar.
        rate_date: The date of the rate, as a date or `2026-11-20`.
        source: Where the rate is from, such as `ECB`.

    Raises:
        ConfigurationError: If the code is not three letters, or the rate is not above 0.
    """

    code: str
    rate: Decimal | float | str
    rate_date: date | str | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        require_type("DisplayCurrency", "code", self.code, str, "a code of three letters, such as 'EUR'")
        if not (len(self.code) == 3 and self.code.isascii() and self.code.isalpha()):
            raise ConfigurationError(f"a currency is a code of three letters, such as EUR, not {self.code!r}")
        object.__setattr__(self, "code", self.code.upper())
        object.__setattr__(self, "rate", read_rate(self.rate))

    def convert(self, dollars: Decimal) -> Decimal:
        """An amount of US dollars in this currency.

        Args:
            dollars: The amount.
        """
        return dollars * Decimal(self.rate)

    @property
    def label(self) -> str:
        """The rate with its date and source, for notes under amounts."""
        about = ", ".join(str(part) for part in (self.source, self.rate_date) if part)
        return f"Amounts in {self.code} at {self.rate} for 1 USD{f' ({about})' if about else ''}."

    def format(self, amount: str) -> str:
        """A number that is in this currency already, with the symbol or the code.

        Args:
            amount: The number, as text.
        """
        symbol = SYMBOLS.get(self.code)
        return f"{symbol}{amount}" if symbol else f"{amount} {self.code}"

    def format_axis(self, amount: float) -> str:
        """An amount with four digits, without zeros at the end.

        Args:
            amount: The amount in this currency.
        """
        return self.format(f"{Decimal(f'{amount:.4g}').normalize():f}" if amount else "0")


def read_rate(rate: object) -> Decimal:
    """A rate as an exact number.

    Raises:
        ConfigurationError: If it is not a number above 0.
    """
    try:
        exact = Decimal(str(rate))
    except InvalidOperation:
        exact = Decimal(0)
    if isinstance(rate, bool) or not exact.is_finite() or exact <= 0:
        raise ConfigurationError(f"a rate is a number above 0: units of the currency for one US dollar, not {rate!r}")
    return exact


USD = DisplayCurrency("USD", 1)


def format_amount(dollars: Decimal, currency: DisplayCurrency = USD) -> str:
    """An amount of US dollars for tables, in a currency.

    Args:
        dollars: The amount in US dollars.
        currency: The currency to show it in.
    """
    amount = currency.convert(dollars)
    if 0 < amount < Decimal("0.0001"):
        return f"<{currency.format('0.0001')}"
    return currency.format(f"{amount:,.2f}" if amount >= 1 else f"{amount:.4f}" if amount else "0")


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


Window = Literal["hour", "day", "month", "total"]
# The part of a time in ISO 8601 that names the window; `strftime` takes several times as long.
WINDOWS = {"hour": slice(13), "day": slice(10), "month": slice(7), "total": slice(0)}
HOUR = 3600


def window_bounds(window: Window, at: datetime) -> tuple[datetime, datetime] | None:
    """The start and the end of the window of a moment in UTC; None for `total`."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    match window:
        case "hour":
            return hour, hour + timedelta(hours=1)
        case "day":
            return day, day + timedelta(days=1)
        case "month":
            return day.replace(day=1), (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return None


@lru_cache(64)
def period_at(window: Window, hour: int) -> tuple[str, float | None]:
    """The period of a window at a time, the same for all calls in it.

    Args:
        window: The kind of window.
        hour: The time, in hours of Unix time.

    Returns:
        The name of the period, and from when on stores may delete its window.
    """
    at = datetime.fromtimestamp(hour * HOUR, UTC)
    bounds = window_bounds(window, at)
    if bounds is None:
        return "total", None
    begins, ends = bounds
    return at.isoformat()[WINDOWS[window]], (ends + 2 * (ends - begins)).timestamp()
