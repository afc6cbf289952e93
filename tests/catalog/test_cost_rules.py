"""How amounts are computed from counts and prices, with prices that the test gives."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.catalog.cost_calculation import (
    BUCKETS,
    COUNTED,
    MODALITIES,
    audio_cost,
    cost_by_unit,
    default_options,
    image_cost,
    row_matches,
    token_cost,
)
from dhenara.ai.catalog.price_rows import TOKEN_UNITS
from dhenara.ai.types import AIModel, AudioModelCostData, ChatModelCostData, ImageModelCostData, Usage
from dhenara.ai.types.config.model import ValidOptionValue

MILLION = 1_000_000
RATES = {
    "input_tokens": ("input", ["input"]),
    "cache_read_tokens": ("cache_read", ["cache_read", "input"]),
    "cache_write_tokens": ("cache_write", ["cache_write", "input"]),
    "cache_write_1h_tokens": ("cache_write_1h", ["cache_write_1h", "cache_write_12h", "input"]),
    "input_audio_tokens": ("input_audio", ["input_audio", "input"]),
    "input_image_tokens": ("input_image", ["input_image", "input"]),
    "output_tokens": ("output", ["output"]),
    "reasoning_tokens": ("reasoning", ["reasoning", "output"]),
    "output_audio_tokens": ("output_audio", ["output_audio", "output"]),
    "output_image_tokens": ("output_image", ["output_image", "output"]),
}
"""Each count of tokens: the component of the cost, and the rates that hold for it, the most exact one first."""


@pytest.mark.parametrize("count", RATES)
def test_each_count_costs_the_most_exact_price_that_is_known(count: str) -> None:
    component, keys = RATES[count]
    rates = {key: Decimal(number) for number, key in enumerate(keys, 1)}
    for number, key in enumerate(keys, 1):
        actual, missing = cost_by_unit(rates, Usage(**{count: 2 * MILLION}), {})
        assert (actual, missing) == ({component: Decimal(2 * number)}, [])
        del rates[key]
    assert cost_by_unit(rates, Usage(**{count: 1}), {}) == ({}, [component])
    assert cost_by_unit({}, Usage(**{count: 0}), {}) == ({}, [])


@given(st.dictionaries(st.sampled_from(sorted(RATES)), st.integers(1, 10**6)))
def test_every_token_is_charged_once(counts: dict[str, int]) -> None:
    rates = {"input": Decimal(1), "output": Decimal(1)}
    components, missing = cost_by_unit(rates, Usage(**counts), {})  # type: ignore[arg-type]  # counts of tokens
    assert not missing
    assert sum(components.values()) * MILLION == sum(counts.values())
    assert components.keys() == {RATES[count][0] for count in counts}


@pytest.mark.parametrize(
    ("tool", "fee"),
    [
        ("web_search_requests", "web_searches"),
        ("google_search_call", "web_searches"),
        ("nova_grounding", "web_searches"),
        ("x_search", "social_searches"),
        ("view_x_video", "social_searches"),
        ("file_search_call", "storage_searches"),
        ("collections_search", "storage_searches"),
        ("code_interpreter_call", "code_sessions"),
        ("image_generation_call", "image_generations"),
    ],
)
def test_tools_of_the_provider_cost_their_fee_per_call(tool: str, fee: str) -> None:
    assert cost_by_unit({fee: Decimal("0.01")}, Usage(), {tool: 3}) == ({tool: Decimal("0.03")}, [])
    assert cost_by_unit({}, Usage(), {tool: 3}) == ({}, [tool])
    assert cost_by_unit({}, Usage(), {tool: 0}) == ({}, [])


@pytest.mark.parametrize("tool", ["web_search_tool_result", "calculator", "max_x_", "bash"])
def test_other_tools_have_no_fee(tool: str) -> None:
    assert cost_by_unit({"web_searches": Decimal(10)}, Usage(), {tool: 3}) == ({}, [])


def test_a_request_may_have_a_price_of_its_own() -> None:
    assert cost_by_unit({"requests": Decimal("0.005")}, Usage(), {}) == ({"request": Decimal("0.005")}, [])


def test_own_prices_may_have_every_rate_of_tokens() -> None:
    assert {unit for _, _, units in BUCKETS for unit in units} | MODALITIES.keys() <= {*TOKEN_UNITS}


RATES_BY_MODALITY = {name: Decimal(number) for number, name in enumerate(("input", "cache_read", "output"), 1)}


def test_cached_audio_and_video_cost_their_own_rates_where_there_are_some() -> None:
    report = {
        "promptTokensDetails": [{"modality": "VIDEO", "tokenCount": 300}, {"modality": "AUDIO", "tokenCount": 50}],
        "cacheTokensDetails": [{"modality": "VIDEO", "tokenCount": 100}, {"modality": "AUDIO", "tokenCount": 40}],
        "candidatesTokensDetails": [{"modality": "VIDEO", "tokenCount": 7}, {"modality": "TEXT", "tokenCount": 1}],
    }
    usage = Usage(input_tokens=500, cache_read_tokens=140, output_tokens=8, raw=report)
    own = {"cache_read_audio": Decimal(10), "input_video": Decimal(20), "output_video": Decimal(30)}
    counts = {"input": 300, "input_video": 200, "cache_read": 100, "cache_read_audio": 40, "output": 1}
    rates = {**RATES_BY_MODALITY, **own}
    expected = {name: rates[name] * count / MILLION for name, count in {**counts, "output_video": 7}.items()}
    assert cost_by_unit(rates, usage, {}) == (expected, [])
    plain, missing = cost_by_unit(RATES_BY_MODALITY, usage, {})
    assert (plain.keys(), missing) == (RATES_BY_MODALITY.keys(), [])


@pytest.mark.parametrize("tokens", [None, -1, True, "5", float("nan"), 10**400, [], 141])
def test_odd_counts_of_modalities_never_charge_more_tokens_than_there_are(tokens: object) -> None:
    usage = Usage(cache_read_tokens=140, raw={"cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": tokens}]})
    same = {"cache_read": Decimal(1), "cache_read_audio": Decimal(1)}
    components, missing = cost_by_unit(same, usage, {})
    assert (sum(components.values()) * MILLION, missing) == (140, [])


def test_an_hour_in_the_cache_does_not_cost_the_price_of_minutes() -> None:
    rates = {"input": Decimal(1), "cache_write": Decimal(2)}
    assert cost_by_unit(rates, Usage(cache_write_1h_tokens=5), {}) == ({}, ["cache_write_1h"])


@pytest.mark.parametrize(
    ("unit", "amount"), [("characters", "0.002"), ("seconds", "2000"), ("pages", "2000"), ("images", "2000")]
)
def test_characters_cost_their_rate_per_million_and_other_units_per_one(unit: str, amount: str) -> None:
    usage = Usage(units={unit: 1000})
    assert cost_by_unit({unit: Decimal(2)}, usage, {}) == ({unit: Decimal(amount)}, [])
    assert cost_by_unit({"input": Decimal(2)}, usage, {}) == ({}, [unit])


def test_content_is_charged_by_tokens_or_by_another_measure() -> None:
    usage = Usage(input_tokens=MILLION, units={"images": 2})
    assert cost_by_unit({"input": Decimal(1)}, usage, {}) == ({"input": 1}, [])
    assert cost_by_unit({"images": Decimal(3)}, usage, {}) == ({"images": 6}, [])
    assert cost_by_unit({"output": Decimal(1)}, usage, {}) == ({}, ["input", "images"])
    assert cost_by_unit({"input": Decimal(1), "images": Decimal(3)}, usage, {}) == ({"input": 1, "images": 6}, [])


def test_a_unit_without_a_rate_is_missing_although_tokens_have_one() -> None:
    usage = Usage(input_tokens=MILLION, units={"code_sessions": 1})
    assert cost_by_unit({"input": Decimal(1)}, usage, {}) == ({"input": 1}, ["code_sessions"])


def test_a_tool_that_is_counted_as_a_unit_is_charged_once() -> None:
    rates = {"web_searches": Decimal("0.01")}
    usage = Usage(units={"web_searches": 2})
    assert cost_by_unit(rates, usage, {"web_search_call": 3}) == ({"web_searches": Decimal("0.02")}, [])


def test_short_audio_costs_what_the_host_charges_at_least() -> None:
    rates = {"seconds": Decimal(2)}
    for seconds, amount in ((3.5, 20), (12.5, 25)):
        usage = Usage(units={"seconds": seconds}, options={"least_seconds": 10})
        assert cost_by_unit(rates, usage, {}) == ({"seconds": Decimal(amount)}, [])


def test_pages_with_annotations_have_their_own_rate() -> None:
    rates = {"pages": Decimal(1), "annotated_pages": Decimal(3)}
    assert cost_by_unit(rates, Usage(units={"pages": 2}, options={"annotations": True}), {}) == ({"pages": 6}, [])
    assert cost_by_unit(rates, Usage(units={"pages": 2}), {}) == ({"pages": 2}, [])


def test_an_answer_without_a_count_of_what_its_model_charges_has_no_cost() -> None:
    components, missing = cost_by_unit({"seconds": Decimal(1)}, Usage(), {})
    assert (components, len(missing)) == ({}, 1)
    assert len(cost_by_unit(dict.fromkeys(COUNTED, Decimal(1)), Usage(), {})[1]) == 1
    assert cost_by_unit({"input": Decimal(1)}, Usage(), {}) == ({}, [])


# The user's own prices


def own(**more: Any) -> ChatModelCostData:
    return ChatModelCostData(input_token_cost_per_million=Decimal(2), output_token_cost_per_million=Decimal(8), **more)


def test_tokens_of_every_kind_cost_the_users_prices() -> None:
    usage = Usage(
        input_tokens=MILLION,
        input_audio_tokens=2 * MILLION,
        input_image_tokens=3 * MILLION,
        cache_read_tokens=MILLION,
        cache_write_tokens=MILLION,
        cache_write_1h_tokens=2 * MILLION,
        output_tokens=MILLION,
        reasoning_tokens=MILLION,
    )
    cost = token_cost(own(), usage)
    assert cost.components == {"input": 12, "cache_read": 2, "cache_write": 6, "output": 16}
    assert (cost.amount, cost.source) == (36, "cost_data")
    priced = token_cost(own(cache_read_cost_per_million="0.5", cache_write_cost_per_million="2.5"), usage)
    assert priced.components == {"input": 12, "cache_read": Decimal("0.5"), "cache_write": Decimal("7.5"), "output": 16}
    free = token_cost(own(cache_read_cost_per_million=0, cache_write_cost_per_million=0), usage)
    assert free.components == {"input": 12, "output": 16}


def test_what_was_not_used_is_no_component() -> None:
    cost = token_cost(own(), Usage(output_tokens=1))
    assert cost.components == {"output": Decimal("0.000008")}
    assert token_cost(own(), Usage()).amount == 0


def test_audio_costs_by_the_minute_or_by_characters() -> None:
    by_minute = AudioModelCostData(cost_per_minute=Decimal("0.6"))
    cost = audio_cost(by_minute, Usage(units={"seconds": 90.0}))
    assert (cost.amount, cost.components, cost.source) == (Decimal("0.9"), {"seconds": Decimal("0.9")}, "cost_data")
    both = AudioModelCostData(cost_per_minute=Decimal(6), cost_per_million_characters=Decimal(15))
    cost = audio_cost(both, Usage(units={"seconds": 10, "characters": 2000, "pages": 3}))
    assert cost.components == {"seconds": 1, "characters": Decimal("0.03")}
    assert cost.amount == Decimal("1.03")


def test_audio_that_was_counted_without_a_price_has_no_cost() -> None:
    by_minute = AudioModelCostData(cost_per_minute=Decimal("0.6"))
    cost = audio_cost(by_minute, Usage(units={"seconds": 90.0, "characters": 5}))
    assert (cost.amount, cost.source) == (None, "cost_data")
    assert cost.reason == "cost_data has no price for characters"
    cost = audio_cost(by_minute, Usage(units={"pages": 3}))
    assert cost.amount is None
    assert cost.reason is not None
    assert "neither seconds nor characters" in cost.reason


ROWS = (
    {"size": ["s", "m"], "quality": "low", "cost_per_image": 0.01},
    {"size": "l", "cost_per_image": "0.04"},
    {"cost_per_image": 0.5, "style": ("a", "b")},
)


@pytest.mark.parametrize(
    ("options", "amount"),
    [
        ({"size": "s", "quality": "low"}, "0.02"),
        ({"size": "m", "quality": "low", "style": "a"}, "0.02"),
        ({"size": "l", "quality": "low"}, "0.08"),
        ({"size": "s", "quality": "high", "style": "b"}, "1.0"),
        ({"size": "s", "quality": "high"}, None),
        ({}, None),
    ],
)
def test_images_cost_the_first_row_that_matches_their_options(options: dict[str, Any], amount: str | None) -> None:
    prices = ImageModelCostData(image_options_cost_data=ROWS)
    cost = image_cost(prices, Usage(units={"images": 2}, options=options), AIModel(model_name="m"))
    if amount is None:
        named = ", ".join(f"{name}={value}" for name, value in options.items()) or "no options"
        assert (cost.amount, cost.reason) == (None, f"image_options_cost_data has no price for {named}")
    else:
        assert (cost.amount, cost.components) == (Decimal(amount), {"images": Decimal(amount)})
    assert cost.source == "cost_data"


def test_images_may_all_cost_the_same() -> None:
    prices = ImageModelCostData(flat_cost_per_image=Decimal("0.25"))
    assert image_cost(prices, Usage(units={"images": 3}), AIModel(model_name="m")).amount == Decimal("0.75")
    assert image_cost(prices, Usage(), AIModel(model_name="m")).amount == 0


def test_options_that_were_not_set_are_the_defaults_of_the_model() -> None:
    options = {
        "size": ValidOptionValue(allowed_values=("s", "l"), default_value="l"),
        "q": ValidOptionValue(allowed_values=()),
    }
    model = AIModel(model_name="m", valid_options=options)
    prices = ImageModelCostData(image_options_cost_data=ROWS)
    assert image_cost(prices, Usage(units={"images": 1}), model).amount == Decimal("0.04")
    small = Usage(units={"images": 1}, options={"size": "s", "quality": "low"})
    assert image_cost(prices, small, model).amount == Decimal("0.01")
    assert default_options(model) == {"size": "l"}


def test_a_row_matches_if_each_of_its_options_has_one_of_its_values() -> None:
    assert row_matches({"cost_per_image": 1}, {})
    assert row_matches({"size": "s"}, {"size": "s", "more": 1})
    assert row_matches({"size": None}, {})
    assert not row_matches({"size": "s"}, {"size": "sm"})
    assert not row_matches({"size": "small"}, {"size": "s"})
    assert not row_matches({"size": ["s"], "quality": "low"}, {"size": "s"})
