"""The lookup of rates: exact names, rules of vendors, aliases by date, regions, tiers, long prompts, options."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai.catalog import price_usage, use_tables
from dhenara.ai.catalog.price_rows import InvalidRow, parse_row, region_of_call
from dhenara.ai.catalog.price_tables import Conditions, NoPrice, find_rates
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, Cost, Usage

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SOURCES = {"g": {"name": "List 1.0", "date": "2026-11-01"}, "v": {"name": "Vendor's page", "date": "2026-11-02"}}


def row(rate: str, **more: Any) -> dict[str, Any]:
    """A row with a price for input only, which tells rows apart."""
    return {"source": "g", "rates": {"input": rate}, **more}


TABLES: dict[str, dict[str, Any]] = {
    "openai": {
        "gpt-a": {
            "names": ["gpt-a-2026-01-01"],
            "prices": [
                {"source": "g", "rates": {"input": "1", "cache_read": "0.1", "web_searches": "0.01"}},
                {"source": "v", "above": 100, "rates": {"input": "2", "cache_read": "0.2"}},
                row("3", above=200),
                row("0.5", tier="batch"),
            ],
        },
        "gpt-a-2025-01-01": {"prices": [row("9")]},
        "gpt-b": {"unknown": "it is only served on request"},
        "gpt-c": {"prices": [row("1", until="2026-06-01"), row("2", **{"from": "2026-06-01"})]},
        "gpt-r": {"prices": [row("1"), row("1.1", region="eu"), row("1.2", region="us")]},
        "ft:gpt-a-2026-01-01": {"prices": [row("4")]},
        "gpt-tokens": {
            "prices": [{"source": "g", "rates": {"input": "5", "output": "40"}, "estimates": {"images": "0.2"}}]
        },
        "gpt-image": {
            "prices": [
                {"source": "g", "options": {"size": ["s", "m"], "quality": ["hd"]}, "rates": {"images": "0.08"}},
                {"source": "g", "options": {"size": ["s"], "quality": ["low"]}, "rates": {"images": "0.02"}},
            ]
        },
    },
    "google_ai": {
        "gemini-3.8-flash": {"prices": [row("1")]},
        "gemini-2.0-flash": {"prices": [row("1")]},
        "gemini-2.0-flash-exp": {"prices": [row("1")]},
    },
    "anthropic": {"claude-x": {"names": ["claude-x-20260101"], "prices": [row("3")]}},
    "deepgram": {"aura-2": {"prices": [row("3")]}, "nova-3": {"prices": [row("3")]}},
    "azure": {"gpt-z": {"prices": [row("1")]}},
    "alibaba": {"wan": {"prices": [row("1", region="cn")]}},
    "google_vertex_ai": {
        "claude-x": {
            "names": ["claude-x@20260101"],
            "prices": [row("3", region="global"), row("3.3")],
        },
        "gemini-y": {"prices": [row("1")]},
    },
    "amazon_bedrock": {
        "anthropic.claude-x-20260101-v1:0": {"prices": [row("3.3"), row("3.6", region="us-gov-west-1")]},
        "global.anthropic.claude-x-20260101-v1:0": {"prices": [row("3")]},
        "au.anthropic.claude-x-20260101-v1:0": {
            "names": ["eu.anthropic.claude-x-20260101-v1:0"],
            "prices": [row("3.4")],
        },
        "meta.llama": {"prices": [row("1"), row("2", region="eu-west-1"), row("3", region="us-east-1")]},
    },
    "deepseek": {
        "flash": {"prices": [row("1"), row("2", times=[{"days": [1, 2, 3, 4, 5], "hours": ["01:00-04:00"]}])]},
        "long": {"prices": [row("1"), {"source": "g", "above": 100, "rates": {}}]},
        "newer": {"prices": [row("1"), row("2", weekday=7)]},
    },
    "mistral": {"large-2512": {"prices": [row("1")]}, "large-2610": {"prices": [row("2")]}},
}  # fmt: skip
MORE: dict[str, dict[str, Any]] = {
    "anthropic": {"prefixes": {"claude-x-": "dated"}},
    "openai": {"prefixes": {"gpt-a-": "dated", "ft:gpt-a-2026-01-01:": "tuned"}},
    "mistral": {
        "aliases": {
            "large-latest": [
                {"from": "2025-12-02", "model": "large-2512", "source": "v"},
                {"from": "2026-10-01", "model": "large-2610", "source": "v"},
            ]
        },
        "prefixes": {"large-2610-": "dated"},
    },
}


@pytest.fixture(autouse=True)
def tables(tmp_path: Path) -> Iterator[None]:
    (tmp_path / "prices").mkdir()
    for host, models in TABLES.items():
        content = {"host": host, "date": "2099-06-30", "sources": SOURCES, "models": models, **MORE.get(host, {})}
        (tmp_path / "prices" / f"{host}.json").write_text(json.dumps(content))
    use_tables(tmp_path)
    yield
    use_tables(None)


def rate(host: str, *names: str, at: datetime = NOW, **more: Any) -> Decimal:
    return find_rates(host, names, Conditions(at=at, **more)).by_unit["input"]


def no_price(host: str, *names: str, at: datetime = NOW, **more: Any) -> str:
    with pytest.raises(NoPrice) as caught:
        find_rates(host, names, Conditions(at=at, **more))
    return str(caught.value)


def cost_of(provider: str, model: str, usage: Usage, *, config: Any = None, **more: Any) -> Cost:
    api = AIModelAPI(provider=provider, api_key="k", config=config or {})
    return price_usage(AIModelEndpoint(api=api, ai_model=AIModel(model_name=model)), usage, **{"at": NOW, **more})


@pytest.mark.parametrize(
    ("host", "name", "price"),
    [
        ("openai", "gpt-a", "1"),
        ("openai", "GPT-A", "1"),
        ("openai", "gpt-a-2026-01-01", "1"),
        ("openai", "gpt-a-2099-06-30", "1"),
        ("openai", "gpt-a-2025-01-01", "9"),
        ("openai", "ft:gpt-a-2026-01-01:our-team::id", "4"),
        ("google_ai", "models/gemini-3.8-flash", "1"),
        ("google_ai", "gemini-2.0-flash-001", "1"),
        ("anthropic", "claude-x-20260317", "3"),
        ("deepgram", "aura-2-thalia-en", "3"),
        ("google_vertex_ai", "publishers/google/models/gemini-y", "1"),
        ("google_vertex_ai", "claude-x@20260101", "3"),
        ("google_vertex_ai", "publishers/anthropic/models/claude-x@20260202", "3"),
        ("amazon_bedrock", "anthropic.claude-x-20260101-v1:0", "3.3"),
        ("mistral", "large-2610-20261101", "2"),
        ("azure", "global/gpt-z", "1"),
        ("azure", "global-standard/gpt-z", "1"),
    ],
)  # fmt: skip
def test_names_that_a_rule_of_the_vendor_makes_certain_have_a_price(host: str, name: str, price: str) -> None:
    region = "global" if "claude-x@" in name else None
    assert rate(host, name, region=region) == Decimal(price)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("google_ai", "gemini-3.8-flash-anything-at-all"),
        ("google_ai", "gemini-3.8-flash-preview"),
        ("google_ai", "gemini-3.8"),
        ("openai", "gpt-a-2099-07-01"),  # newer than the table
        ("openai", "gpt-a-2026-02-30"),  # no such day
        ("openai", "gpt-a-2025-06-30"),  # before the first snapshot
        ("openai", "gpt-a-20260317"),  # not as OpenAI writes dates
        ("anthropic", "claude-x-2026-03-17"),
        ("google_ai", "gemini-3.8-flash-001"),  # numbers ended with 2.0
        ("google_ai", "gemini-2.0-flash-exp-001"),
        ("google_ai", "gemini-2.0-flash-002"),  # 1.0 and 1.5 had two
        ("google_vertex_ai", "claude-x-001"),
        ("google_vertex_ai", "claude-x@20260101@20260202"),
        ("google_vertex_ai", "claude-x@20251231"),
        ("google_vertex_ai", "claude-x@20260230"),
        ("google_vertex_ai", "gemini-y@20260101"),
        ("deepgram", "nova-3-thalia-en"),
        ("openai", "gpt-a-mini"),
        ("openai", "gpt-a-2026-01-01-preview"),
        ("openai", "models/gpt-a"),
        ("openai", "ft:gpt-a:our-team::id"),
        ("mistral", "large-2512-20260101"),  # no rule for this one
        ("mistral", "large"),
        ("amazon_bedrock", "us.anthropic.claude-x-20260101-v1:0"),
    ],
)
def test_any_other_rest_of_a_name_is_unknown(host: str, name: str) -> None:
    assert f"(2099-06-30) does not have {name}" in no_price(host, name)


def test_the_name_that_was_called_is_shown_if_the_table_has_it() -> None:
    def shown(host: str, name: str) -> str:
        return find_rates(host, [name], Conditions(at=NOW)).priced_as

    bedrock = "anthropic.claude-x-20260101-v1:0"
    assert shown("amazon_bedrock", f"eu.{bedrock}") == f"amazon_bedrock/eu.{bedrock}"
    assert shown("amazon_bedrock", f"au.{bedrock}") == f"amazon_bedrock/au.{bedrock}"
    assert shown("openai", "gpt-a-2026-01-01") == "openai/gpt-a"


def test_a_host_has_the_prices_of_its_own_table_only() -> None:
    assert no_price("mistral", "gpt-a")
    assert no_price("groq-like", "gpt-a") == "no price table is known for groq-like"


def test_an_alias_is_the_model_that_it_stood_for_at_the_time() -> None:
    assert rate("mistral", "large-latest", at=datetime(2026, 9, 30, tzinfo=UTC)) == 1
    assert rate("mistral", "large-latest", at=datetime(2026, 10, 1, tzinfo=UTC)) == 2
    assert "does not have" in no_price("mistral", "large-latest", at=datetime(2025, 12, 1, tzinfo=UTC))


def test_what_answered_decides_over_what_an_alias_stood_for() -> None:
    assert rate("mistral", "large-2512", "large-latest") == 1
    assert rate("mistral", "large-latest", "large-2512") == 1
    assert "large-2701 or large-latest" in no_price("mistral", "large-2701", "large-latest")


def test_a_model_that_is_known_to_have_no_price_says_why() -> None:
    assert no_price("openai", "gpt-b") == "the price of openai/gpt-b is unknown: it is only served on request"


def test_a_row_holds_from_its_first_day_and_not_on_its_last() -> None:
    assert rate("openai", "gpt-c", at=datetime(2026, 5, 31, 23, 59, tzinfo=UTC)) == 1
    assert rate("openai", "gpt-c", at=datetime(2026, 6, 1, tzinfo=UTC)) == 2
    with_end = {"source": "g", "until": "2026-01-01", "rates": {"input": "1"}}
    assert not parse_row(with_end, SOURCES).holds_at(NOW)


def test_long_prompts_cost_the_row_with_the_largest_size_that_they_exceed() -> None:
    assert [rate("openai", "gpt-a", prompt_tokens=size) for size in (100, 101, 200, 201)] == [1, 2, 2, 3]
    rates = find_rates("openai", ["gpt-a"], Conditions(at=NOW, prompt_tokens=150))
    assert rates.by_unit == {"input": 2, "cache_read": Decimal("0.2")}
    assert rates.source == "Vendor's page 2026-11-02 (openai)"


def test_a_tier_has_its_own_price_or_none_and_fees_are_the_same_in_all() -> None:
    assert rate("openai", "gpt-a", tier="batch") == Decimal("0.5")
    assert rate("openai", "gpt-a", tier="Default") == 1
    batch = find_rates("openai", ["gpt-a"], Conditions(at=NOW, tier="batch"))
    assert batch.by_unit == {"input": Decimal("0.5"), "web_searches": Decimal("0.01")}
    assert batch.priced_as == "openai/gpt-a (batch)"
    assert no_price("openai", "gpt-a", tier="flex") == "no price is known for the tier 'flex' of openai/gpt-a"


def test_a_region_has_its_own_price_or_none() -> None:
    assert [rate("openai", "gpt-r", region=region) for region in (None, "eu", "us")] == [
        1, Decimal("1.1"), Decimal("1.2"),
    ]  # fmt: skip
    assert no_price("openai", "gpt-r", region="jp") == "no price is known for the region 'jp' of openai/gpt-r"
    assert rate("openai", "gpt-c", region="jp") == 2
    assert "'cn'" in no_price("openai", "gpt-c", region="cn")
    assert no_price("alibaba", "wan") == (
        "the price of alibaba/wan depends on the region, and that of the call is not known"
    )
    assert [rate("amazon_bedrock", "meta.llama", region=one) for one in ("eu-west-1", "us")] == [2, 1]
    assert "'eu-north-1'" in no_price("amazon_bedrock", "meta.llama", region="eu-north-1")
    assert [rate("google_vertex_ai", "claude-x", region=one) for one in ("global", "us-east5", "eu")] == [
        3, Decimal("3.3"), Decimal("3.3"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "price"),
    [
        ("global.anthropic.claude-x-20260101-v1:0", "3"),
        ("anthropic.claude-x-20260101-v1:0", "3.3"),
        ("us-gov-west-1/anthropic.claude-x-20260101-v1:0", "3.6"),
        ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/global.anthropic.claude-x-20260101-v1:0", "3"),
        ("arn:aws:bedrock:eu-west-1::foundation-model/meta.llama", "2"),
    ],
)
def test_a_name_on_bedrock_may_contain_its_region(name: str, price: str) -> None:
    cost = cost_of("amazon_bedrock", name, Usage(input_tokens=1_000_000), config={"region": "us-east-1"})
    assert cost.amount == Decimal(price)


@pytest.mark.parametrize(
    ("host", "address", "config", "reported", "region"),
    [
        ("openai", "https://api.openai.com/v1", {}, None, None),
        ("openai", "https://eu.api.openai.com/v1", {}, None, "eu"),
        ("microsoft_openai", None, {"region": "eu"}, None, "eu"),
        ("anthropic", "https://api.anthropic.com", {}, "us", "us"),
        ("anthropic", "https://api.anthropic.com", {}, "not_available", None),
        ("amazon_bedrock", "https://bedrock-runtime.eu-west-1.amazonaws.com", {}, None, "eu-west-1"),
        ("amazon_bedrock", "https://bedrock-mantle.us-east-2.api.aws/v1", {}, None, "us-east-2"),
        ("amazon_bedrock", "http://127.0.0.1:80", {"region": "us-east-1"}, None, "us-east-1"),
        ("google_vertex_ai", "https://us-east5-aiplatform.googleapis.com", {}, None, "us-east5"),
        ("google_vertex_ai", "https://aiplatform.eu.rep.googleapis.com", {}, None, "eu"),
        ("google_vertex_ai", "https://aiplatform.googleapis.com", {}, None, "global"),
        ("google_vertex_ai", None, {"location": "us-east5"}, None, "us-east5"),
        ("moonshot", "https://api.moonshot.cn/v1", {}, None, "cn"),
        ("moonshot", None, {"base_url": "https://api.moonshot.cn/v1"}, None, "cn"),
    ],
)
def test_the_region_of_a_call(host: str, address: str | None, config: Any, reported: Any, region: str | None) -> None:
    assert region_of_call(host, address, config, reported) == region


def test_the_region_and_speed_that_an_answer_reports_decide() -> None:
    usage = Usage(input_tokens=1_000_000, raw={"inference_geo": "eu"})
    assert cost_of("openai", "gpt-r", usage).priced_as == "openai/gpt-r (eu)"
    fast = cost_of("openai", "gpt-r", Usage(input_tokens=1, raw={"speed": "fast", "service_tier": "standard"}))
    assert "the tier 'fast'" in str(fast.reason)
    assert cost_of("openai", "gpt-r", Usage(input_tokens=1), region="us").priced_as == "openai/gpt-r (us)"


def test_hours_of_the_week_may_have_their_own_price() -> None:
    assert rate("deepseek", "flash", at=datetime(2026, 11, 20, 3, 59, tzinfo=UTC)) == 2  # a Friday
    assert rate("deepseek", "flash", at=datetime(2026, 11, 20, 4, 0, tzinfo=UTC)) == 1
    assert rate("deepseek", "flash", at=datetime(2026, 11, 21, 2, 0, tzinfo=UTC)) == 1
    in_china = timezone(timedelta(hours=8))
    assert rate("deepseek", "flash", at=datetime(2026, 11, 20, 9, 30, tzinfo=in_china)) == 2


def test_a_row_without_rates_says_that_its_price_is_unknown() -> None:
    assert rate("deepseek", "long", prompt_tokens=100) == 1
    assert "prompts of 101 tokens" in no_price("deepseek", "long", prompt_tokens=101)


def test_a_row_of_an_unknown_kind_is_not_applied() -> None:
    assert no_price("deepseek", "newer") == "the prices of deepseek/newer are invalid: weekday: no such field"


def test_pictures_of_a_model_that_charges_tokens_are_estimated_only_without_tokens() -> None:
    usage = Usage(units={"images": 2})
    estimate = cost_of("openai", "gpt-tokens", usage)
    assert (estimate.amount, estimate.priced_as) == (Decimal("0.4"), "openai/gpt-tokens, estimated")
    exact = cost_of("openai", "gpt-tokens", usage.model_copy(update={"output_image_tokens": 1_000_000}))
    assert (exact.amount, exact.priced_as) == (40, "openai/gpt-tokens")


def test_images_cost_the_row_whose_options_were_all_used() -> None:
    for options, amount in (
        ({"size": "m", "quality": "HD"}, "0.16"),
        ({"size": "s", "quality": "low", "style": "x"}, "0.04"),
        ({"size": "m", "quality": "low"}, None),
        ({}, None),
    ):
        cost = cost_of("openai", "gpt-image", Usage(units={"images": 2}, options=options))
        assert cost.amount == (None if amount is None else Decimal(amount))
    assert cost.reason is not None
    assert cost.reason.startswith("no price is known for openai/gpt-image with no options")


def test_a_cost_names_its_table_row_and_date() -> None:
    cost = cost_of("openai", "gpt-a", Usage(input_tokens=10, cache_read_tokens=10))
    assert (cost.source, cost.priced_as) == ("List 1.0 2026-11-01 (openai)", "openai/gpt-a")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"rates": None}, "rates"),
        ({"estimates": {"images": "x"}}, "estimates.images"),
        ({"times": [{"hours": ["01:00-04:00"]}]}, "times"),
        ({"rates": {"input": "-1"}}, "rates.input"),
        ({"rates": {"input": "NaN"}}, "rates.input"),
        ({"rates": {"input": "free"}}, "rates.input"),
        ({"rates": {"input": True}}, "rates.input"),
        ({"source": "x"}, "source"),
        ({"from": "2026-13-01"}, "from"),
        ({"until": "soon"}, "until"),
        ({"above": -1}, "above"),
        ({"above": "200k"}, "above"),
        ({"options": ["hd"]}, "options"),
        ({"price": "1"}, "price"),
    ],
)
def test_an_invalid_row_names_its_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRow, match=f"^{field}: "):
        parse_row({"source": "g", "rates": {"input": "1"}, **fields}, SOURCES)


def test_a_folder_without_a_table_leaves_that_of_the_package(tmp_path: Path) -> None:
    use_tables(tmp_path / "empty")
    assert rate("openai", "gpt-5.2") == Decimal("1.75")
