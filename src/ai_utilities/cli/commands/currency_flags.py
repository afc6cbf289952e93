"""Flags for amounts in another currency than US dollars."""

from __future__ import annotations

from typing import Annotated

import typer

from ...exceptions import ProviderConfigurationError
from ...usage.currency import USD, DisplayCurrency

CurrencyFlag = Annotated[
    str | None, typer.Option("--currency", metavar="CODE", help="Show amounts in this currency; needs --rate.")
]
RateFlag = Annotated[
    str | None, typer.Option("--rate", metavar="NUMBER", help="Units of the currency for one US dollar.")
]
RateDateFlag = Annotated[str | None, typer.Option("--rate-date", metavar="DATE", help="Date of the rate.")]
RateSourceFlag = Annotated[str | None, typer.Option("--rate-source", metavar="NAME", help="Where the rate is from.")]


def read_currency(code: str | None, rate: str | None, rate_date: str | None, source: str | None) -> DisplayCurrency:
    """The currency of the flags; US dollars without them.

    Raises:
        ProviderConfigurationError: If there is a currency without a rate, or a rate without a currency.
    """
    if code is None and rate is None:
        return USD
    if code is None or rate is None:
        raise ProviderConfigurationError(
            "a currency needs a rate: --currency EUR --rate 0.92 (units of the currency for one US dollar)"
        )
    return DisplayCurrency(code, rate, rate_date, source)
