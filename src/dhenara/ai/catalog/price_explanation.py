"""Every price that is known of a model at a host, with its source, and which of them holds now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ..providers.provider import find_provider
from ..types.config.api import AIModelAPI, AIModelEndpoint
from ..types.config.model import AIModel
from .own_tables import own_rows
from .price_rows import PriceRow
from .price_tables import NoPrice, find_model, load_table
from .prices import billing_names, price_host
from .table_checks import conditions_of


@dataclass(frozen=True, slots=True)
class ExplainedPrice:
    """One row of prices.

    Attributes:
        when: When it applies: tier, region, size of the prompt, dates, options. Empty: the usual price.
        rates: Unit to price in US dollars: per million tokens or characters, else per one.
        source: Source and date, or your own file.
        is_current: Whether its dates include the time in question.
        estimates: Prices of other units, for calls whose tokens are not known.
        differs: What other sources say, with the reason for the choice.
    """

    when: str
    rates: Mapping[str, Decimal]
    source: str
    is_current: bool
    estimates: Mapping[str, Decimal]
    differs: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class PriceExplanation:
    """Every price that is known of a model at a host.

    Attributes:
        host: The provider.
        table: The price table, with its date. None: there is none for this host.
        model: Name in the table. None: the table does not have the model.
        names: Other names of the model in the table.
        prices: Rows of the table.
        own: Rows of your own files, which win over the table.
        unknown: Why no price is known, if none is.
    """

    host: str
    table: str | None
    model: str | None
    names: tuple[str, ...]
    prices: tuple[ExplainedPrice, ...]
    own: tuple[ExplainedPrice, ...]
    unknown: str | None


def explain_prices(provider: str, model: str, at: datetime | None = None) -> PriceExplanation:
    """Return every price that is known of a model at a host.

    Args:
        provider: The provider that is called.
        model: Name of the model there.
        at: Time of the call. Default None: now.

    Returns:
        The rows of the table and of your own files, and why there is no price.
    """
    at = at or datetime.now(UTC)
    endpoint = AIModelEndpoint(api=AIModelAPI(provider=provider, api_key="-"), ai_model=AIModel(model_name=model))
    known = find_provider(provider)
    host, names = price_host(endpoint, known), billing_names(endpoint, known, None)
    table = load_table(host)
    located, unknown = None, None
    try:
        if table is None:
            raise NoPrice(f"no price table is known for {host}")
        located = find_model(table, names, at)[0]
        rows = table.rows(located)
        unknown = table.models[located].get("unknown")
    except NoPrice as error:
        rows, unknown = [], str(error)
    own = own_rows(known.name if known else host, (*names, *filter(None, [located])))
    return PriceExplanation(
        host=known.name if known else host,
        table=None if table is None else f"prices/{host}.json of {table.date}",
        model=located,
        names=tuple(table.models[located].get("names", ())) if table is not None and located else (),
        prices=tuple(explain_row(row, at) for row in rows),
        own=tuple(explain_row(row, at) for row in own),
        unknown=None if own else unknown,
    )


def explain_row(row: PriceRow, at: datetime) -> ExplainedPrice:
    return ExplainedPrice(conditions_of(row), row.rates, row.source, row.holds_at(at), row.estimates, row.differs)
