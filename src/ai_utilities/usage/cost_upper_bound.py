"""The upper bound of the cost of one call, which budgets reserve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from dhenara.ai import Exchange, Target
from dhenara.ai.catalog.model_info import find_facts
from dhenara.ai.catalog.prices import price_usage
from dhenara.ai.types import AIModelEndpoint, AudioModelCostData, Call, ImageModelCostData, SpeechRequest, Usage

from .estimate import estimate_request


def cost_upper_bound(exchange: Exchange, target: Target) -> Decimal | None:
    """The upper bound; None if unknown."""
    call = exchange.call
    return highest_cost(USAGES.get(call.operation, unknown_usages)(call, estimate_request(exchange).most), call, target)


def upper_bound_for(target: Target, call: Call, read: int) -> Decimal | None:
    """The upper bound for a prompt of this many tokens."""
    return highest_cost(answer_usages(call, read), call, target)


def highest_cost(usages: Sequence[Usage], call: Call, target: Target) -> Decimal | None:
    amounts = [
        cost.amount
        for usage in usages
        if (cost := price_usage(call.endpoint, usage, service_tier=call.config.service_tier, base_url=target.base_url))
        and cost.amount is not None
    ]
    return max(amounts, default=None)


def answer_usages(call: Call, read: int) -> list[Usage]:
    longest = call.config.max_output_tokens or longest_answer(call.endpoint)
    if longest is None:
        return []
    made = longest * (call.config.n or 1)
    return [Usage(input_tokens=read, output_tokens=made), Usage(cache_write_tokens=read, output_tokens=made)]


def embedding_usages(call: Call, read: int) -> list[Usage]:
    """Embeddings are charged by input tokens only."""
    return [Usage(input_tokens=read)]


def image_usages(call: Call, read: int) -> list[Usage]:
    """Images at the endpoint's own price, or by tokens as far as the answer limit is known."""
    if not isinstance(prices_of(call.endpoint), ImageModelCostData):
        return answer_usages(call, read)
    n = call.config.n or call.config.options.get("n") or 1
    return [Usage(units={"images": float(n)}, options=dict(call.config.options))]


def speech_usages(call: Call, read: int) -> list[Usage]:
    """Characters at the endpoint's own price."""
    options, prices = call.request, prices_of(call.endpoint)
    if not isinstance(options, SpeechRequest) or not isinstance(prices, AudioModelCostData):
        return answer_usages(call, read)
    return [Usage(units={"characters": float(len(options.text))})]


def unknown_usages(call: Call, read: int) -> list[Usage]:
    return []


def prices_of(endpoint: AIModelEndpoint) -> Any:
    return endpoint.cost_data or endpoint.ai_model.cost_data


def longest_answer(endpoint: AIModelEndpoint) -> int | None:
    """The maximum output tokens of the model, if known."""
    settings = endpoint.ai_model.settings
    if settings is not None and settings.max_output_tokens is not None:
        return settings.max_output_tokens
    facts = find_facts(endpoint)
    return facts.max_output_tokens if facts is not None else None


USAGES: dict[str, Callable[[Call, int], list[Usage]]] = {
    "chat": answer_usages,
    "embed": embedding_usages,
    "image": image_usages,
    "speak": speech_usages,
}
