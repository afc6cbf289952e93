"""Where a price comes from: the provider's figure, the user's prices, the machine's owner, or the list."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from dhenara.ai.catalog.cost_calculation import is_self_hosted
from dhenara.ai.catalog.prices import batch_price, price_usage, scale_cost
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelEndpoint,
    AudioModelCostData,
    ChatModelCostData,
    ChatResponse,
    Cost,
    ImageModelCostData,
    Usage,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CHAT = ChatModelCostData(input_token_cost_per_million=Decimal(2), output_token_cost_per_million=Decimal(8))
MILLION = Usage(input_tokens=1_000_000)


def sold(provider: str, model: str, *, cost_data: Any = None, config: Any = None, **more: Any) -> AIModelEndpoint:
    api = AIModelAPI(provider=provider, api_key="sk-test-secret", config=config or {})
    return AIModelEndpoint(api=api, ai_model=AIModel(model_name=model, **more), cost_data=cost_data)


def cost_of(where: AIModelEndpoint, usage: Usage, **more: Any) -> Cost:
    actual = price_usage(where, usage, **{"at": NOW, **more})
    assert actual is not None
    return actual


def batch_cost(where: AIModelEndpoint, usage: Usage | None, share: str = "0.5", **more: Any) -> Cost | None:
    answer = ChatResponse(model=where.ai_model.model_name, provider="p", usage=usage, choices=[])
    return batch_price(where, answer, NOW, "https://x", share, **more)


def test_the_providers_figure_is_the_cost_to_the_last_digit() -> None:
    cost = cost_of(sold("openai", "gpt-5.2", cost_data=CHAT), Usage(input_tokens=9, reported_cost=0.1))
    assert (cost.amount, cost.source, cost.priced_at, cost.reason) == (Decimal("0.1"), "provider", NOW, None)
    assert cost_of(sold("openai", "gpt-5.2"), Usage(reported_cost=0.0)).amount == 0


def test_a_price_without_a_time_is_the_one_of_today() -> None:
    cost = price_usage(sold("openai", "gpt-5.2"), Usage(reported_cost=1.0))
    assert cost.priced_at is not None
    assert cost.priced_at.tzinfo is UTC
    assert cost.priced_at > datetime(2026, 1, 1, tzinfo=UTC)


def test_an_unclear_report_has_no_cost_unless_the_price_is_the_same_either_way() -> None:
    cost = cost_of(sold("openai", "gpt-5.2"), Usage(input_tokens=1, unclear=("input_tokens", "reasoning_tokens", "x")))
    assert cost.amount is None
    assert cost.reason == "the usage report of the provider is unclear: input_tokens, x"
    assert cost_of(sold("openai", "gpt-5.2"), Usage(output_tokens=1, unclear=("reasoning_tokens",))).amount
    assert cost_of(sold("openai", "gpt-5.2"), Usage(unclear=("x",), reported_cost=2.0)).amount == 2


@pytest.mark.parametrize(
    ("prices", "usage", "amount"),
    [
        (CHAT, MILLION, 2),
        (ImageModelCostData(flat_cost_per_image=Decimal(3)), Usage(units={"images": 2}), 6),
        (AudioModelCostData(cost_per_minute=Decimal(3)), Usage(units={"seconds": 60}), 3),
    ],
)
def test_the_users_prices_of_the_endpoint_come_before_those_of_the_model(
    prices: Any, usage: Usage, amount: int
) -> None:
    other = ChatModelCostData(input_token_cost_per_million=Decimal(99), output_token_cost_per_million=Decimal(99))
    for where in (
        sold("openai", "gpt-5.2", cost_data=prices),
        AIModelEndpoint(
            api=AIModelAPI(provider="vllm"), ai_model=AIModel(model_name="m", cost_data=other), cost_data=prices
        ),
        AIModelEndpoint(api=AIModelAPI(provider="vllm"), ai_model=AIModel(model_name="m", cost_data=prices)),
    ):
        cost = cost_of(where, usage)
        assert (cost.amount, cost.source, cost.priced_at) == (amount, "cost_data", NOW)


def test_a_model_in_this_process_costs_nothing() -> None:
    cost = cost_of(sold("local", "m"), MILLION, base_url="https://api.example.com")
    assert (cost.amount, cost.source, cost.priced_at) == (0, "local", None)


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("192.168.1.5", True),
        ("::1", True),
        ("8.8.8.8", False),
        ("gpu-box", True),
        ("box.local", True),
        ("box.lan", True),
        ("box.internal", True),
        ("box.home.arpa", True),
        ("box.localhost", True),
        ("api.example.com", False),
        ("local.example.com", False),
        ("boxlocal.com", False),
        ("", True),
    ],
)
def test_a_server_of_ones_own_is_known_by_its_address(host: str, own: bool) -> None:
    assert is_self_hosted(host) is own


def test_a_self_hosted_server_costs_nothing_and_a_strangers_is_unknown() -> None:
    stranger = cost_of(sold("vllm", "m"), MILLION, base_url="https://api.example.com/v1")
    assert stranger.amount is None
    assert stranger.reason is not None
    assert stranger.reason.startswith("api.example.com may not be a machine of your own")
    assert cost_of(sold("vllm", "m"), MILLION).amount == 0
    rented = sold("vllm", "m", config={"base_url": "https://api.example.com/v1"})
    assert cost_of(rented, MILLION).amount is None
    assert cost_of(rented, MILLION, base_url="http://localhost:8000").amount == 0


def test_units_without_tokens_have_no_price_on_the_list() -> None:
    cost = cost_of(sold("openai", "gpt-5.2"), Usage(units={"images": 2, "seconds": 3}))
    assert cost.amount is None
    assert cost.reason is not None
    assert cost.reason.startswith("no price is known for images, seconds")
    assert cost_of(sold("openai", "gpt-5.2"), Usage(input_tokens=10, units={"images": 2})).amount


def test_the_list_names_version_row_and_time() -> None:
    cost = cost_of(sold("openai", "gpt-5.2"), Usage(input_tokens=1_000_000, output_tokens=1_000_000))
    assert cost.amount == sum(cost.components.values())
    assert (cost.priced_as, cost.priced_at, cost.reason) == ("openai/gpt-5.2", NOW, None)
    assert (cost.source or "").endswith("(openai)")


def test_tools_are_charged_from_the_usage_or_else_from_what_the_caller_counted() -> None:
    where = sold("anthropic", "claude-opus-5-5")
    fee = cost_of(where, Usage(), server_tools={"web_search_requests": 3}).amount
    assert fee
    counted = Usage(server_tool_requests={"web_search_requests": 6})
    assert cost_of(where, counted, server_tools={"web_search_requests": 3}).amount == 2 * fee


def test_an_unknown_price_names_what_has_none() -> None:
    cost = cost_of(sold("openai", "gpt-5.2"), Usage(input_tokens=10, server_tool_requests={"image_generation_call": 1}))
    assert (cost.amount, set(cost.components)) == (None, {"input"})
    assert cost.reason == "no price is known for image_generation_call; `components` is what is known"


def test_the_model_behind_a_name_is_priced_before_the_one_that_answered() -> None:
    assert (
        cost_of(sold("openai", "ours", base_model="gpt-5.2"), MILLION, served="gpt-5-nano").priced_as
        == "openai/gpt-5.2"
    )
    assert cost_of(sold("openai", "ours"), MILLION, served="gpt-5.2").priced_as == "openai/gpt-5.2"
    assert cost_of(sold("openai", "gpt-5.2"), MILLION, served="no-such").priced_as == "openai/gpt-5.2"
    other = "anthropic.claude-haiku-4-5-20251001-v1:0"
    assert "haiku-4-5" in (cost_of(sold("amazon_bedrock", other), MILLION).priced_as or "")
    bedrock = sold("amazon_bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", base_model=other)
    assert "sonnet-4-5" in (cost_of(bedrock, MILLION).priced_as or "")
    unknown = cost_of(sold("openai", "no-such"), MILLION, served="nor-this").reason
    assert unknown == (
        "the price table of openai (2026-11-29) does not have nor-this or no-such; "
        "set cost_data on the endpoint or the model, or load a file with your prices"
    )


# Batches


def test_a_batch_without_usage_has_no_cost_and_a_reported_one_is_not_scaled() -> None:
    where = sold("openai", "gpt-5.2")
    assert batch_cost(where, Usage.unknown()) == Cost(reason="the provider reported no usage")
    cost = batch_cost(where, Usage(input_tokens=10, reported_cost=0.25))
    assert (cost.amount, cost.source) == (Decimal("0.25"), "provider")


def test_the_users_prices_are_scaled_for_batches() -> None:
    cost = batch_cost(sold("openai", "gpt-5.2", cost_data=CHAT), MILLION, "0.25")
    assert (cost.amount, cost.components) == (Decimal("0.5"), {"input": Decimal("0.5")})


def test_batches_cost_half_unless_the_provider_says_otherwise() -> None:
    answer = ChatResponse(model="gpt-5.2", provider="p", usage=MILLION, choices=[])
    cost = batch_price(sold("openai", "gpt-5.2", cost_data=CHAT), answer, NOW, "https://x")
    assert cost.amount == 1


def test_a_free_model_is_free_in_batches_and_an_unknown_price_unknown() -> None:
    free, unknown = batch_cost(sold("local", "m"), MILLION), batch_cost(sold("openai", "no-such"), MILLION)
    assert free is not None
    assert unknown is not None
    assert (free.amount, free.source, unknown.amount) == (0, "local", None)


def test_the_lists_own_price_for_batches_counts() -> None:
    where = sold("openai", "gpt-5-nano")
    listed, cost = cost_of(where, MILLION, service_tier="batch"), batch_cost(where, MILLION, "0.01")
    assert (cost.amount, cost.priced_as) == (listed.amount, listed.priced_as)


def test_where_the_list_has_no_price_for_batches_the_usual_one_is_scaled() -> None:
    where = sold("together", "MiniMaxAI/MiniMax-M3")
    usual, cost = cost_of(where, MILLION), batch_cost(where, MILLION, "0.25")
    assert usual.amount
    assert cost.amount == usual.amount / 4


def test_fees_of_tools_are_not_scaled() -> None:
    cost = Cost(amount=Decimal(10), components={"input": Decimal(6), "web_search": Decimal(4)}, source="s")
    scaled = scale_cost(cost, "0.25", ("web_search",))
    assert scaled.components == {"input": Decimal("1.5"), "web_search": Decimal(4)}
    assert (scaled.amount, scaled.source) == (Decimal("5.5"), "s")
    assert scale_cost(cost, "0.25") == cost.model_copy(
        update={"amount": Decimal("2.5"), "components": {"input": Decimal("1.5"), "web_search": Decimal(1)}}
    )
    unknown = Cost(reason="r")
    assert scale_cost(unknown, "0.5") is unknown


def test_tools_that_the_caller_counted_keep_their_fee_in_batches() -> None:
    where = sold("anthropic", "claude-haiku-4-5")
    plain = batch_cost(where, MILLION)
    with_tools = batch_cost(where, MILLION, server_tools={"web_search": 2})
    assert plain is not None
    assert with_tools is not None
    assert plain.amount is not None
    assert with_tools.amount == plain.amount + Decimal("0.02")
