"""What an answer costs, by the prices that the endpoint or its model carries."""

from __future__ import annotations

from decimal import Decimal

from ..types.cost import Cost
from ..types.endpoint import AIModelEndpoint
from ..types.model import ChatModelCostData
from ..types.usage import Usage

MILLION = Decimal(1_000_000)


def price(endpoint: AIModelEndpoint, usage: Usage | None) -> Cost | None:
    """The cost of this usage. The provider's own figure wins; no usage or no prices give no cost, never zero."""
    if usage is None:
        return None
    if usage.reported_cost is not None:
        return Cost(amount=Decimal(str(usage.reported_cost)), source="provider")
    prices = endpoint.cost_data or endpoint.ai_model.cost_data
    return by_tokens(prices, usage) if isinstance(prices, ChatModelCostData) else None


def by_tokens(prices: ChatModelCostData, usage: Usage) -> Cost:
    """Each bucket at its own price; cached tokens cost as much as fresh ones unless a price is given for them."""
    fresh = prices.input_token_cost_per_million
    read = prices.cache_read_cost_per_million
    written = prices.cache_write_cost_per_million
    components = {
        "input": (usage.input_tokens + usage.input_audio_tokens + usage.input_image_tokens) * fresh,
        "cache_read": usage.cache_read_tokens * (fresh if read is None else read),
        "cache_write": (usage.cache_write_tokens + usage.cache_write_1h_tokens)
        * (fresh if written is None else written),
        "output": usage.completion_tokens * prices.output_token_cost_per_million,
    }
    charged = {name: amount / MILLION for name, amount in components.items() if amount}
    return Cost(amount=sum(charged.values(), Decimal(0)), components=charged, source="cost_data")
