"""The most that one call can cost, before it is sent: what budgets reserve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from dhenara.ai import Exchange, Target
from dhenara.ai.catalog.facts import find_facts
from dhenara.ai.catalog.prices import price
from dhenara.ai.types import AIModelEndpoint, AudioModelCostData, Call, ImageModelCostData, SpeechRequest, Usage

from .estimate import estimate_request

FREE = ("batches", "count_tokens", "files", "list_models", "moderate")
"""Operations that nobody charges for. The answers of a batch cost something; asking about it does not."""


def worst_case(exchange: Exchange, target: Target) -> Decimal | None:
    """None where it is not known."""
    call = exchange.call
    return dearest(USAGES.get(call.operation, nobody_knows)(call, estimate_request(exchange).most), call, target)


def worst_for(target: Target, call: Call, read: int) -> Decimal | None:
    """The same for an answer to a prompt of so many tokens."""
    return dearest(answers(call, read), call, target)


def dearest(usages: Sequence[Usage], call: Call, target: Target) -> Decimal | None:
    amounts = [
        cost.amount
        for usage in usages
        if (cost := price(call.endpoint, usage, service_tier=call.config.service_tier, base_url=target.base_url))
        and cost.amount is not None
    ]
    return max(amounts, default=None)


def answers(call: Call, read: int) -> list[Usage]:
    longest = call.config.max_output_tokens or longest_answer(call.endpoint)
    if longest is None:
        return []
    made = longest * (call.config.n or 1)
    return [Usage(input_tokens=read, output_tokens=made), Usage(cache_write_tokens=read, output_tokens=made)]


def embedding(call: Call, read: int) -> list[Usage]:
    """Vectors are not charged for, only what is read."""
    return [Usage(input_tokens=read)]


def drawing(call: Call, read: int) -> list[Usage]:
    """So many pictures at the user's own price; by tokens, as far as the longest answer is known."""
    if not isinstance(prices_of(call.endpoint), ImageModelCostData):
        return answers(call, read)
    n = call.config.n or call.config.options.get("n") or 1
    return [Usage(units={"images": float(n)}, options=dict(call.config.options))]


def speaking(call: Call, read: int) -> list[Usage]:
    """Letters at the user's own price."""
    said, prices = call.request, prices_of(call.endpoint)
    if not isinstance(said, SpeechRequest) or not isinstance(prices, AudioModelCostData):
        return answers(call, read)
    return [Usage(units={"characters": float(len(said.text))})]


def nobody_knows(call: Call, read: int) -> list[Usage]:
    return []


def prices_of(endpoint: AIModelEndpoint) -> Any:
    return endpoint.cost_data or endpoint.ai_model.cost_data


def longest_answer(endpoint: AIModelEndpoint) -> int | None:
    """The most tokens that the model can say at once, as far as that is known."""
    settings = endpoint.ai_model.settings
    if settings is not None and settings.max_output_tokens is not None:
        return settings.max_output_tokens
    facts = find_facts(endpoint)
    return facts.max_output_tokens if facts is not None else None


USAGES: dict[str, Callable[[Call, int], list[Usage]]] = {
    "chat": answers,
    "embed": embedding,
    "image": drawing,
    "speak": speaking,
}
