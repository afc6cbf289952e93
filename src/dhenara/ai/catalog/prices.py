"""Cost of a response: the provider's figure, the user's prices, or the price list; also in batches."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from ipaddress import ip_address
from urllib.parse import urlsplit

from ..providers.provider import Provider
from ..providers.registry import find_provider
from ..types.chat.response import ChatResponse
from ..types.chat.usage import Cost, Usage
from ..types.config.api import AIModelEndpoint
from ..types.config.model import AudioModelCostData, ChatModelCostData, ImageModelCostData
from .cost_calculation import audio_cost, cost_by_bucket, image_cost, token_cost

# A private network's names: nothing behind them sends a bill per token.
OWN_NAMES = (".local", ".lan", ".internal", ".home.arpa", ".localhost")
# Thinking costs what the rest of the completion costs, so it does not matter how much of it there was.
SAME_PRICE = ("reasoning_tokens",)
# What has no price has no day on which it held.
FREE = Cost(amount=Decimal(0), source="local")


def price_usage(
    endpoint: AIModelEndpoint,
    usage: Usage | None,
    *,
    served: str | None = None,
    service_tier: str | None = None,
    server_tools: Mapping[str, int] | None = None,
    at: datetime | None = None,
    base_url: str | None = None,
) -> Cost | None:
    """The cost of this usage at this time. An unknown price is an amount of None with the reason, never zero.

    `served` is the model that the provider says has answered, `server_tools` what it ran beside it, `base_url`
    where it was asked when that is not in the endpoint. No usage gives no cost.
    """
    if usage is None:
        return None
    at = at or datetime.now(UTC)
    if usage.reported_cost is not None:
        return Cost(amount=Decimal(str(usage.reported_cost)), source="provider", priced_at=at)
    if unclear := [name for name in usage.unclear if name not in SAME_PRICE]:
        return Cost(reason=f"the usage report of the provider is unclear: {', '.join(unclear)}")
    prices = endpoint.cost_data or endpoint.ai_model.cost_data
    if isinstance(prices, ChatModelCostData):
        return token_cost(prices, usage).model_copy(update={"priced_at": at})
    if isinstance(prices, ImageModelCostData):
        return image_cost(prices, usage, endpoint.ai_model).model_copy(update={"priced_at": at})
    if isinstance(prices, AudioModelCostData):
        return audio_cost(prices, usage).model_copy(update={"priced_at": at})
    provider = find_provider(str(endpoint.api.provider))
    if provider is not None and provider.embedded:
        return FREE
    if provider is not None and provider.local:
        return self_hosted_cost(base_url or str(endpoint.api.config.get("base_url") or provider.base_url))
    if usage.units and not usage.total_tokens:
        counted = ", ".join(usage.units)
        return Cost(reason=f"no price is known for {counted}; set cost_data on the endpoint or the model")
    return list_price_cost(
        (provider.price_list if provider else None) or str(endpoint.api.provider),
        billing_names(endpoint, provider, served),
        usage,
        service_tier,
        usage.server_tool_requests or server_tools or {},
        at,
    )


def billing_names(endpoint: AIModelEndpoint, provider: Provider | None, served: str | None) -> tuple[str, ...]:
    """What the model may be called on the list. A cloud's own name says the region too; a deployment's says nothing."""
    model = endpoint.ai_model
    normalized = provider is not None and provider.named is not None
    names = (model.model_name, model.base_model, served) if normalized else (model.base_model, served, model.model_name)
    return tuple(name for name in names if name)


def self_hosted_cost(base_url: str) -> Cost:
    """A server of one's own charges nothing; the same software on somebody else's machine may."""
    host = urlsplit(base_url).hostname or ""
    if is_self_hosted(host):
        return FREE
    return Cost(reason=f"{host} may not be a machine of your own, so what it charges is unknown; set cost_data")


def is_self_hosted(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(OWN_NAMES)


def list_price_cost(
    name: str,
    models: tuple[str, ...],
    usage: Usage,
    tier: str | None,
    tools: Mapping[str, int],
    at: datetime,
) -> Cost:
    """By the public list, at the prices that held at that time."""
    from .price_list import VERSION, NoPrice, find_row

    try:
        row = find_row(name, models, tier)
    except NoPrice as unknown:
        return Cost(reason=f"{unknown}; set cost_data on the endpoint or the model to price it")
    components, missing = cost_by_bucket(row.prices(at), usage, tools)
    reason = f"no price is known for {', '.join(missing)}; `components` is what is known" if missing else None
    return Cost(
        amount=None if missing else sum(components.values(), Decimal(0)),
        components=components,
        source=VERSION,
        priced_as=row.name,
        priced_at=at,
        reason=reason,
    )


def batch_price(
    endpoint: AIModelEndpoint,
    answer: ChatResponse,
    at: datetime,
    base_url: str,
    share: str = "0.5",
    server_tools: Mapping[str, int] | None = None,
) -> Cost | None:
    """`share` is for tokens; what the provider's own tools cost is the same for everybody."""
    usage = answer.usage
    if usage is None:
        return None
    if usage.reported_cost is not None:
        return price_usage(endpoint, usage, at=at, base_url=base_url)
    ask = partial(
        price_usage, endpoint, usage, served=answer.model, server_tools=server_tools, at=at, base_url=base_url
    )
    tools = usage.server_tool_requests or server_tools or {}
    usual = ask()
    if usual is None or usual.amount is None or usual.source in ("cost_data", "local"):
        return scale_cost(usual, share, tools)
    listed = ask(service_tier="batch")
    # A list that knows no price for batches answers with the usual one.
    return (
        listed if listed is not None and listed.amount not in (None, usual.amount) else scale_cost(usual, share, tools)
    )


def scale_cost(cost: Cost | None, share: str, tools: Collection[str] = ()) -> Cost | None:
    """This part of the usual price, but for the fees of tools."""
    if cost is None or cost.amount is None:
        return cost
    saved = Decimal(1) - Decimal(share)
    fees = sum((fee for name, fee in cost.components.items() if name in tools), Decimal(0))
    parts = {name: part if name in tools else part * Decimal(share) for name, part in cost.components.items()}
    return cost.model_copy(update={"amount": cost.amount - (cost.amount - fees) * saved, "components": parts})
