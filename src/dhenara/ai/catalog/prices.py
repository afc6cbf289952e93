"""Cost of a response: the provider's figure, the user's prices, or the price table of the host; also in batches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

from ..providers.provider import Provider, find_provider
from ..types.chat.cost import COST, Cost
from ..types.chat.response import ChatResponse
from ..types.chat.usage import NO_USAGE, Usage
from ..types.config.api import AIModelEndpoint
from ..types.config.model import AnyCostData, ChatModelCostData, ImageModelCostData
from .cost_calculation import (
    FREE,
    as_billed,
    audio_cost,
    cost_by_unit,
    default_options,
    highest_rate,
    image_cost,
    self_hosted_cost,
    token_cost,
)
from .own_tables import has_own_tables, own_rates
from .price_rows import region_of_call
from .price_tables import FEES, Conditions, NoPrice, Rates, find_rates, units_of

# Reasoning tokens cost as much as other output, so their share does not matter.
SAME_PRICE = ("reasoning_tokens",)
OWN_PRICE_HINT = "set cost_data on the endpoint or the model, or load a file with your prices"

MOST_NAMES = 64
"""Names of models that answered for an endpoint, of which the names to look up are kept."""

NO_RATES: tuple[Mapping[str, Decimal], str] = ({}, "")
NO_REPORT: Mapping[str, Any] = {}


def price_usage(
    endpoint: AIModelEndpoint,
    usage: Usage | None,
    *,
    served: str | None = None,
    service_tier: str | None = None,
    server_tools: Mapping[str, int] | None = None,
    at: datetime | None = None,
    base_url: str | None = None,
    region: str | None = None,
) -> Cost:
    """Return the cost of a usage: the provider's own figure, else the user's prices, else the table of the host.

    Args:
        endpoint: The endpoint that was called.
        usage: What was used; None or an unknown usage if the provider reported nothing.
        served: Model that answered, as the provider reports it.
        service_tier: The provider's service tier, if it is not the default.
        server_tools: Calls of tools that the provider ran, by name.
        at: Time of the call, for prices that change. Default None: now.
        base_url: Base URL of the call, if it is not in the endpoint's config.
        region: Region that processed the call. Default None: as the usage, the base URL or the endpoint's config says.

    Returns:
        The cost. If the price is unknown, `amount` is None and `reason` says why; it is never zero.
    """
    prices = EndpointPrices(endpoint, base_url)
    return prices.cost(usage, served=served, service_tier=service_tier, server_tools=server_tools, at=at, region=region)


class EndpointPrices:
    """The prices of one endpoint: what does not depend on an answer is looked up once.

    Args:
        endpoint: The endpoint that is called.
        base_url: Base URL of the calls, if it is not in the endpoint's config.
    """

    def __init__(self, endpoint: AIModelEndpoint, base_url: str | None = None) -> None:
        self.endpoint = endpoint
        self.provider = find_provider(str(endpoint.api.provider))
        self.host = price_host(endpoint, self.provider)
        self._base_url = base_url
        self._region = region_of_call(self.host, base_url, endpoint.api.config, None)
        self._options = default_options(endpoint.ai_model)
        self._own = own_prices(endpoint)
        self._names: dict[tuple[str | None, str | None], tuple[str, ...]] = {}

    def cost(
        self,
        usage: Usage | None,
        *,
        served: str | None = None,
        service_tier: str | None = None,
        server_tools: Mapping[str, int] | None = None,
        at: datetime | None = None,
        region: str | None = None,
    ) -> Cost:
        """Return the cost of a usage, as `price_usage` does.

        Args:
            usage: What was used; None or an unknown usage if the provider reported nothing.
            served: Model that answered, as the provider reports it.
            service_tier: The provider's service tier, if it is not the default.
            server_tools: Calls of tools that the provider ran, by name.
            at: Time of the call. Default None: now.
            region: Region that processed the call. Default None: as usage, base URL or config say.
        """
        if usage is None or not usage.known:
            return Cost(reason=NO_USAGE)
        at = at or datetime.now(UTC)
        known = vars(usage)
        if known["reported_cost"] is not None:
            return Cost(amount=Decimal(str(usage.reported_cost)), source="provider", priced_at=at)
        if known["unclear"] and (unclear := [name for name in usage.unclear if name not in SAME_PRICE]):
            return Cost(reason=f"the usage report of the provider is unclear: {', '.join(unclear)}")
        raw = known["raw"]
        if "billed_units" in raw:
            usage = as_billed(usage)
        if region is None and "inference_geo" in raw:
            region = raw["inference_geo"]
        where = self._region if region is None else self._region_of(region)
        conditions = Conditions(
            at=at,
            tier="fast" if "speed" in raw and raw["speed"] == "fast" else service_tier,
            region=where,
            prompt_tokens=usage.prompt_tokens,
            options={**self._options, **known["options"]} if known["options"] else self._options,
        )
        names = self._names_of(served, where)
        host, provider = self.host, self.provider
        own = own_rates(provider.name if provider else host, host, names, conditions)
        if self._own is not None and (given := cost_data_cost(self.endpoint, usage, at, own is not None)) is not None:
            return given
        if own is None and provider is not None and provider.embedded:
            return FREE
        if own is None and provider is not None and provider.local:
            address = self._base_url or str(self.endpoint.api.config.get("base_url") or provider.base_url)
            return self_hosted_cost(address)
        return table_cost(host, names, usage, conditions, known["server_tool_requests"] or server_tools or {}, own)

    def highest_rates(
        self,
        *groups: Iterable[str],
        prompt_tokens: int,
        service_tier: str | None = None,
        report: Mapping[str, Any] = NO_REPORT,
    ) -> list[Decimal] | None:
        """Return the highest present price of a million tokens of each group, where a cost is but the sum of these.

        Args:
            *groups: Fields of `Usage`: the kinds of tokens that a group of them may be.
            prompt_tokens: Size of the prompt.
            service_tier: The provider's service tier, if it is not the default.
            report: Fields of a usage report that change prices.

        Returns:
            The prices of the list; None if one is not in it, or if other prices or fees may apply.
        """
        provider = self.provider
        if self._own is not None or has_own_tables() or (provider and (provider.embedded or provider.local)):
            return None
        where = self._region_of(report["inference_geo"]) if "inference_geo" in report else self._region
        tier = "fast" if report.get("speed") == "fast" else service_tier
        conditions = Conditions(datetime.now(UTC), tier, where, prompt_tokens, self._options)
        try:
            rates = find_rates(self.host, self._names_of(None, where), conditions)
        except NoPrice:
            return None
        highest = highest_rates(rates, tuple([tuple(kinds) for kinds in groups]))
        return None if highest is None else list(highest)

    def may_bill(self, unit: str) -> bool:
        """Whether some model of the host is billed by this unit, or the user has prices that may be.

        Args:
            unit: The name of the unit.
        """
        return bool(has_own_tables() or unit in units_of(self.host))

    def _region_of(self, reported: Any) -> str | None:
        """Return the region of a call whose usage report may name it."""
        return region_of_call(self.host, self._base_url, self.endpoint.api.config, reported)

    def _names_of(self, served: str | None, region: str | None) -> tuple[str, ...]:
        key = served, region
        if key not in self._names:
            if len(self._names) >= MOST_NAMES:
                self._names.clear()
            self._names[key] = billing_names(self.endpoint, self.provider, served, region)
        return self._names[key]


@lru_cache(256)
def highest_rates(rates: Rates, groups: tuple[tuple[str, ...], ...]) -> tuple[Decimal, ...] | None:
    """Return the highest price of a million tokens of each group of kinds; None if the rates do not have one."""
    highest = [highest_rate(rates.by_unit, kinds) for kinds in groups]
    known = tuple([rate for rate in highest if rate is not None])
    return None if "requests" in rates.by_unit or len(known) < len(highest) else known


def cost_data_cost(endpoint: AIModelEndpoint, usage: Usage, at: datetime, has_own_rates: bool) -> Cost | None:
    """Return the cost by the `cost_data` of endpoint or model; None if another source has the price."""
    prices = own_prices(endpoint)
    if prices is None or (has_own_rates and getattr(prices, "source", None) is not None):
        return None
    if isinstance(prices, ChatModelCostData):
        return with_charge(token_cost(prices, usage), prices, at)
    if isinstance(prices, ImageModelCostData):
        return with_charge(image_cost(prices, usage, endpoint.ai_model), prices, at)
    return audio_cost(prices, usage).model_copy(update={"priced_at": at})


def own_prices(endpoint: AIModelEndpoint) -> AnyCostData | None:
    """Return the prices of the endpoint or model that calculate the cost; None where the price list does.

    Token prices that constants show are from that list, which has tiers and more kinds of tokens than `cost_data`.
    """
    prices = endpoint.cost_data or endpoint.ai_model.cost_data
    return None if isinstance(prices, ChatModelCostData) and prices.source is not None else prices


def with_charge(cost: Cost, prices: ChatModelCostData | ImageModelCostData, at: datetime) -> Cost:
    """Return the cost with its date, and with what the user charges for it."""
    charge = None
    if prices.cost_multiplier_percentage is not None and cost.amount is not None:
        charge = cost.amount * (1 + Decimal(str(prices.cost_multiplier_percentage)) / 100)
    return cost.model_copy(update={"priced_at": at, "charge": charge})


def price_host(endpoint: AIModelEndpoint, provider: Provider | None) -> str:
    """Return the name of the price table of an endpoint."""
    return (provider and (provider.price_list or provider.name)) or str(endpoint.api.provider)


def billing_names(
    endpoint: AIModelEndpoint, provider: Provider | None, served: str | None, region: str | None = None
) -> tuple[str, ...]:
    """Return names of the model to look up, in order. Names of deployments (Azure) come last: they may be any text."""
    model = endpoint.ai_model
    if provider is not None and provider.named is not None:
        config = {**endpoint.api.config, "region": region} if region else endpoint.api.config
        own = provider.named(model.model_name, config)
        return tuple([name for name in (own, model.model_name, model.base_model, served) if name])
    return tuple([name for name in (model.base_model, served, model.model_name) if name])


def table_cost(
    host: str,
    names: tuple[str, ...],
    usage: Usage,
    conditions: Conditions,
    tools: Mapping[str, int],
    own: tuple[Mapping[str, Decimal], str] | None = None,
) -> Cost:
    """Return the cost by the price table of the host, and by the user's rates where there are some."""
    own_by_unit, own_source = own or NO_RATES
    try:
        rates = find_rates(host, names, conditions)
    except NoPrice as unknown:
        if own is None:
            return COST.make({"reason": f"{unknown}; {OWN_PRICE_HINT}"})
        rates = Rates({}, {}, "", f"{host}/{names[0]}")
    estimated = (
        bool(usage.units and rates.estimates)
        and not usage.total_tokens
        and not usage.units.keys().isdisjoint(rates.estimates.keys() - own_by_unit)
    )
    by_unit = rates.by_unit
    if estimated or own_by_unit:
        by_unit = {**by_unit, **(rates.estimates if estimated else {}), **own_by_unit}
    components, missing = cost_by_unit(by_unit, usage, tools)
    reason = f"no price is known for {', '.join(missing)}; `components` is what is known" if missing else None
    listed = rates.source if not own_by_unit or components.keys() - own_by_unit else ""
    return COST.make(
        {
            "amount": None if missing else sum(components.values(), Decimal(0)),
            "components": components,
            "source": listed if own is None else ", ".join(filter(None, (own_source, listed))),
            "priced_as": f"{rates.priced_as}, estimated" if estimated else rates.priced_as,
            "priced_at": conditions.at,
            "reason": reason,
        }
    )


def batch_price(
    endpoint: AIModelEndpoint,
    answer: ChatResponse,
    at: datetime,
    base_url: str,
    share: str = "0.5",
    server_tools: Mapping[str, int] | None = None,
) -> Cost:
    """Return the cost of an answer in a batch: reported, by the price for batches, or a share of the usual cost.

    Args:
        endpoint: The endpoint of the batch.
        answer: The answer.
        at: Time of the batch.
        base_url: Base URL of the batch.
        share: Share of the usual token prices, if the table has none for batches. Fees of tools are not reduced.
        server_tools: Calls of tools that the provider ran, by name.
    """
    usage = answer.usage
    if not usage:
        return Cost(reason=NO_USAGE)
    if usage.reported_cost is not None:
        return price_usage(endpoint, usage, at=at, base_url=base_url)
    ask = partial(
        price_usage, endpoint, usage, served=answer.model, server_tools=server_tools, at=at, base_url=base_url
    )
    tools = usage.server_tool_requests or server_tools or {}
    regular_cost = ask()
    if regular_cost.amount is None or regular_cost.source in ("cost_data", "local"):
        return scale_cost(regular_cost, share, tools)
    listed = ask(service_tier="batch")
    return listed if listed.amount is not None else scale_cost(regular_cost, share, tools)


def scale_cost(cost: Cost, share: str, tools: Collection[str] = ()) -> Cost:
    """Return the cost with token prices reduced to this share; fees of tools stay."""
    if cost.amount is None:
        return cost
    saved, unscaled = Decimal(1) - Decimal(share), {*tools, *FEES}
    fees = sum((fee for name, fee in cost.components.items() if name in unscaled), Decimal(0))
    parts = {name: part if name in unscaled else part * Decimal(share) for name, part in cost.components.items()}
    return cost.model_copy(update={"amount": cost.amount - (cost.amount - fees) * saved, "components": parts})


SHOWN_RATES = {
    "input_token_cost_per_million": "input",
    "output_token_cost_per_million": "output",
    "cache_read_cost_per_million": "cache_read",
    "cache_write_cost_per_million": "cache_write",
}


def listed_prices(host: str, name: str) -> dict[str, Any]:
    """Return the token prices of a model constant, with the price table that they are from; empty if unknown."""
    try:
        rates = find_rates(host, (name,), Conditions(at=datetime.now(UTC)))
    except NoPrice:
        return {}
    prices = {field: rates.by_unit[unit] for field, unit in SHOWN_RATES.items() if unit in rates.by_unit}
    if not {"input_token_cost_per_million", "output_token_cost_per_million"} <= prices.keys():
        return {}
    return {"cost_data": ChatModelCostData.model_validate({**prices, "source": rates.source})}
