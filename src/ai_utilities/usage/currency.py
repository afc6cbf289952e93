"""Amounts in other currencies than US dollars, for display only, at a rate that the user gives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.integration import require_type

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
        """A number that is in this currency already, with the symbol or the code."""
        symbol = SYMBOLS.get(self.code)
        return f"{symbol}{amount}" if symbol else f"{amount} {self.code}"

    def format_axis(self, amount: float) -> str:
        """An amount with four digits, without zeros at the end."""
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
