"""Laws of every cost: never negative, the sum of its parts, never smaller for more, and unknown if a part is."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from tools.catalogue.prices.coverage import read_tables

from dhenara.ai.catalog import EndpointPrices, price_usage
from dhenara.ai.catalog.cost_calculation import BUCKETS, cost_by_unit
from dhenara.ai.catalog.price_rows import UNITS
from dhenara.ai.catalog.price_tables import Conditions, NoPrice, find_rates
from dhenara.ai.types import AIModelEndpoint, Usage
from support.thorough import examples

NOW = datetime(2026, 11, 29, tzinfo=UTC)
COUNTS = [bucket for _, bucket, _ in BUCKETS]
RATES = st.dictionaries(st.sampled_from(UNITS), st.decimals(0, 1000, places=4), max_size=8)
MEASURED = [unit for unit in UNITS if unit not in {name for name, _, _ in BUCKETS} and unit != "cache_read_audio"]


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    counts: dict[str, Any] = draw(st.dictionaries(st.sampled_from(COUNTS), st.integers(0, 10**7), max_size=5))
    units = draw(st.dictionaries(st.sampled_from(MEASURED), st.integers(0, 10_000).map(float), max_size=4))
    return Usage(**counts, units=units)


@given(RATES, usages())
def test_a_cost_is_never_negative(rates: dict[str, Decimal], usage: Usage) -> None:
    components, _ = cost_by_unit(rates, usage, {})
    assert all(amount >= 0 for amount in components.values())


@given(RATES, usages(), st.sampled_from(COUNTS), st.integers(1, 10**6))
def test_more_tokens_never_cost_less(rates: dict[str, Decimal], usage: Usage, count: str, more: int) -> None:
    before, missing = cost_by_unit(rates, usage, {})
    after, missing_after = cost_by_unit(rates, usage.model_copy(update={count: getattr(usage, count) + more}), {})
    if not missing and not missing_after:
        assert sum(after.values()) >= sum(before.values())


@given(RATES, usages())
def test_every_unit_that_was_used_has_a_cost_or_is_named(rates: dict[str, Decimal], usage: Usage) -> None:
    components, missing = cost_by_unit(rates, usage, {})
    fees = {"searches", "web_searches", "code_sessions", "container_hours", "requests", "pixels"}
    for unit, count in usage.units.items():
        if count and unit in fees:
            assert unit in components or unit in missing


TABLES = read_tables()
NAMED = [
    (host, model) for host, table in TABLES.items() for model, entry in table["models"].items() if "prices" in entry
]


@settings(max_examples=examples(300))
@given(st.sampled_from(NAMED), usages())
def test_the_parts_of_a_listed_cost_add_up_and_an_unknown_part_makes_it_unknown(
    named: tuple[str, str], usage: Usage
) -> None:
    host, model = named
    if host in ("azure", "elevenlabs", "meta"):
        return
    cost = price_usage(AIModelEndpoint.of(f"{host}/{model}", "k"), usage, at=NOW, base_url="https://api.example.com")
    if cost.amount is None:
        assert cost.reason
    else:
        assert cost.amount == sum(cost.components.values())
        assert cost.amount >= 0
        assert cost.source is not None
        assert cost.source.endswith(f"({host})")


@pytest.mark.parametrize("names", list(permutations(["gpt-5.2", "gpt-5.2-2025-12-11", "our-deployment"])))
def test_the_order_of_names_of_one_model_does_not_matter(names: tuple[str, ...]) -> None:
    assert find_rates("openai", names, Conditions(at=NOW)).priced_as == "openai/gpt-5.2"


def test_a_name_of_the_table_is_the_model_itself() -> None:
    for host, model in NAMED:
        try:
            priced_as = find_rates(host, [model], Conditions(at=NOW)).priced_as
        except NoPrice:
            continue  # It has only prices of some tiers, regions or options.
        assert priced_as.startswith(f"{host}/{model}")


CALLS = st.fixed_dictionaries(
    {
        "served": st.sampled_from([None, "gpt-5-mini", "claude-fable-5", "unknown"]),
        "service_tier": st.sampled_from([None, "flex", "batch"]),
        "region": st.sampled_from([None, "us", "cn", "us-gov-west-1"]),
    }
)
REPORTS = st.sampled_from([{}, {"inference_geo": "cn"}, {"inference_geo": "not_available"}, {"speed": "fast"}])
PRICED = ("openai/gpt-5.2", "anthropic/our-model", "alibaba/wan3.0-video", "ollama/qwen3")


@pytest.mark.parametrize("name", PRICED)
@given(calls=st.lists(st.tuples(usages(), REPORTS, CALLS), min_size=1, max_size=6))
def test_a_cost_does_not_depend_on_the_calls_before_it(name: str, calls: list[Any]) -> None:
    endpoint = AIModelEndpoint.of(name, "k")
    prices = EndpointPrices(endpoint)
    for usage, report, call in calls:
        used = usage.model_copy(update={"raw": report})
        assert prices.cost(used, at=NOW, **call) == price_usage(endpoint, used, at=NOW, **call)
