"""The highest cost of an answer is the same whether its kinds of tokens are priced together or each alone."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from tools.catalogue.prices.coverage import read_tables

from ai_utilities.usage.budgets.cost_upper_bound import highest_of_each
from ai_utilities.usage.budgets.request_terms import BoundedCall, RequestTerms
from dhenara.ai.catalog import EndpointPrices, forget_own_tables, load_own_tables, prices
from dhenara.ai.catalog.cost_calculation import highest_rate
from dhenara.ai.catalog.price_tables import Rates
from dhenara.ai.types import AIModelCallConfig, AIModelEndpoint, Call, ChatModelCostData
from support.thorough import examples

NAMED = [
    (host, model)
    for host, table in read_tables().items()
    if host not in ("azure", "elevenlabs", "meta")
    for model, entry in table["models"].items()
    if any("input" in row.get("rates", {}) for row in entry.get("prices", ()))
]
INPUTS = ("cache_write_tokens", "cache_write_1h_tokens", "input_audio_tokens", "input_image_tokens")
OUTPUTS = ("reasoning_tokens", "output_audio_tokens", "output_image_tokens")


def bounded_call(name: str, terms: RequestTerms = RequestTerms(), **config: Any) -> BoundedCall:  # noqa: B008  # frozen
    endpoint = AIModelEndpoint.of(name, "k")
    call = Call(endpoint=endpoint, messages=(), config=AIModelCallConfig(**config))
    return BoundedCall(call, EndpointPrices(endpoint, "https://api.example.com"), 1, terms=terms)


@settings(max_examples=examples(300))
@given(
    st.sampled_from(NAMED),
    st.integers(0, 2_000_000),
    st.lists(st.sampled_from(INPUTS), unique=True),
    st.integers(0, 200_000),
    st.lists(st.sampled_from(OUTPUTS), unique=True),
    st.sampled_from([None, "batch", "flex", "priority"]),
    st.sampled_from([{}, {"inference_geo": "us"}, {"speed": "fast"}]),
)
def test_kinds_that_are_priced_together_cost_what_each_alone_would(
    named: tuple[str, str],
    read: int,
    inputs: list[str],
    longest: int,
    outputs: list[str],
    tier: str | None,
    report: dict[str, str],
) -> None:
    bounded = bounded_call("/".join(named), RequestTerms(tier=tier, report=report))
    kinds = ["input_tokens", *inputs], ["output_tokens", *outputs]
    together = bounded.highest_sum(read, kinds[0], longest, kinds[1])
    if together is not None:
        assert together == highest_of_each(bounded, 0.0, read, kinds[0], longest, kinds[1])


def test_a_kind_without_a_price_is_not_left_out_of_the_highest_rate() -> None:
    rates = {"input": Decimal(1), "cache_write": Decimal(3)}
    assert highest_rate(rates, ["input_tokens", "cache_write_tokens"]) == 3
    assert highest_rate(rates, ["input_tokens", "cache_write_1h_tokens"]) is None
    assert highest_rate(rates, ["output_tokens"]) is None


@pytest.mark.parametrize("unit", ["cache_write_1h", "cache_write_12h"])
def test_a_price_of_long_writes_is_that_of_all_of_them(unit: str) -> None:
    rates = {"input": Decimal(1), "cache_write": Decimal(3), unit: Decimal(4)}
    assert highest_rate(rates, ["input_tokens", "cache_write_1h_tokens"]) == 4


@pytest.mark.parametrize("fee", ["requests", "none"])
def test_a_fee_for_each_request_is_not_left_out_of_the_highest_cost(monkeypatch: pytest.MonkeyPatch, fee: str) -> None:
    rates = {"input": Decimal(1), "output": Decimal(2), fee: Decimal("0.5")}
    monkeypatch.setattr(prices, "find_rates", lambda *_: Rates(rates, {}, "", "openai/m"))
    bounded = bounded_call("openai/m")
    together = bounded.highest_sum(10**6, ["input_tokens"], 10**6, ["output_tokens"])
    assert together == (None if fee == "requests" else 3)


@pytest.mark.parametrize("read", [100_000, 150_000, 200_001])
def test_the_size_of_the_prompt_is_not_that_of_all_its_kinds(read: int) -> None:
    bounded = bounded_call("anthropic/claude-sonnet-4-5")
    kinds = ["input_tokens", "cache_write_tokens"], ["output_tokens", "reasoning_tokens"]
    together = bounded.highest_sum(read, kinds[0], 100, kinds[1])
    assert together == highest_of_each(bounded, 0.0, read, kinds[0], 100, kinds[1])


def test_the_highest_rates_are_a_list_of_the_caller() -> None:
    listed = bounded_call("openai/gpt-5.2").prices
    rates = [listed.highest_rates(["input_tokens"], ["output_tokens"], prompt_tokens=1) for _ in range(2)]
    assert rates[0] is not None
    rates[0].clear()
    assert rates[1]
    assert listed.highest_rates(["input_tokens"], ["output_tokens"], prompt_tokens=1) == rates[1]


def test_a_listed_model_is_priced_together() -> None:
    bounded = bounded_call("anthropic/claude-sonnet-5")
    most = bounded.highest_sum(1_000_000, ["input_tokens", "cache_write_tokens"], 1_000, ["output_tokens"])
    plain = bounded.highest_sum(1_000_000, ["input_tokens"], 1_000, ["output_tokens"])
    assert most is not None
    assert plain is not None
    assert most > plain > 0


@pytest.mark.parametrize(
    ("terms", "config"), [(RequestTerms(tier="auto"), {}), (RequestTerms(), {"service_tier": "auto"})]
)
def test_the_dearest_tier_is_looked_for_kind_by_kind(terms: RequestTerms, config: dict[str, Any]) -> None:
    bounded = bounded_call("openai/gpt-5.2", terms, **config)
    assert bounded.highest_sum(1, ["input_tokens"], 1, ["output_tokens"]) is None


def test_prices_of_the_user_are_looked_up_kind_by_kind() -> None:
    prices = ChatModelCostData(input_token_cost_per_million=Decimal(1), output_token_cost_per_million=Decimal(4))
    own = AIModelEndpoint.of("openai/gpt-5.2", "k").model_copy(update={"cost_data": prices})
    call = Call(endpoint=own, messages=(), config=AIModelCallConfig())
    bounded = BoundedCall(call, EndpointPrices(own), 1)
    kinds = ["input_tokens"], ["output_tokens", "reasoning_tokens"]
    assert bounded.highest_sum(10**6, kinds[0], 10**6, kinds[1]) is None
    assert highest_of_each(bounded, 0.0, 10**6, kinds[0], 10**6, kinds[1]) == 5


def test_prices_that_the_user_has_loaded_are_looked_up_kind_by_kind(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('[[prices]]\nhost = "openai"\nmodel = "gpt-5.2"\nunit = "output"\nprice = 1000\n')
    bounded = bounded_call("openai/gpt-5.2")
    kinds = ["input_tokens"], ["output_tokens", "reasoning_tokens"]
    load_own_tables(file)
    try:
        assert bounded.highest_sum(1, kinds[0], 10**6, kinds[1]) is None
        assert (highest_of_each(bounded, 0.0, 1, kinds[0], 10**6, kinds[1]) or 0) > 900
    finally:
        forget_own_tables()


def test_models_without_a_price_list_have_no_highest_rates() -> None:
    for name in ("ollama/gpt-oss", "local/SmolLM2"):
        listed = bounded_call(name).prices
        assert listed.highest_rates(["input_tokens"], ["output_tokens"], prompt_tokens=1) is None


def test_citations_are_priced_only_at_hosts_that_bill_them() -> None:
    assert bounded_call("perplexity/sonar").prices.may_bill("citations")
    assert not bounded_call("openai/gpt-5.2").prices.may_bill("citations")


def test_prices_of_the_user_may_bill_any_unit(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('[[prices]]\nhost = "openai"\nmodel = "m"\nunit = "pages"\nprice = 1\nper = 1\n')
    assert not bounded_call("openai/gpt-5.2").prices.may_bill("pages")
    load_own_tables(file)
    try:
        assert bounded_call("openai/gpt-5.2").prices.may_bill("pages")
    finally:
        forget_own_tables()
