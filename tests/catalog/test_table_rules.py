"""The rules by which a price table finds a model and a row, with tables and rows that the test gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from dhenara.ai.catalog.cost_calculation import as_billed
from dhenara.ai.catalog.own_tables import listed_name
from dhenara.ai.catalog.price_rows import (
    InvalidRow,
    PriceRow,
    is_known_day,
    is_older,
    parse_row,
    plain_names,
    region_of_call,
    snapshot_of,
)
from dhenara.ai.catalog.price_tables import (
    Conditions,
    NoPrice,
    PriceTable,
    default_fees,
    find_model,
    is_data_centre,
    make_table,
    matching_row,
    most_specific,
    prompt_step,
    prompt_steps,
    rates_of,
    rows_in_region,
    units_of,
)
from dhenara.ai.catalog.prices import billing_names, price_host, table_cost
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, Usage

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SOURCES = {"g": {"name": "List", "date": "2026-11-01"}}


def row(rate: int, **more: Any) -> PriceRow:
    return PriceRow(rates={"input": Decimal(rate)}, source="s", **more)


def table(models: dict[str, Any], host: str = "openai", **more: Any) -> PriceTable:
    return make_table(host, {"date": "2026-11-01", "sources": SOURCES, "models": models, **more})


def listed(rate: str, **more: Any) -> dict[str, Any]:
    return {"source": "g", "rates": {"input": rate}, **more}


def rate(rows: list[PriceRow], region: str | None = None, **conditions: Any) -> Decimal:
    return matching_row(rows, "h/m", Conditions(**{"at": NOW, **conditions}), region).rates["input"]


def endpoint(provider: str, model: str, **more: Any) -> AIModelEndpoint:
    return AIModelEndpoint(api=AIModelAPI(provider=provider, api_key="k"), ai_model=AIModel(model_name=model, **more))


# Rows


@pytest.mark.parametrize("tier", [None, "", "default", "Standard", "AUTO", "on_demand"])
def test_the_default_tier_has_several_names(tier: str | None) -> None:
    rows = [row(1), row(2, tier="batch")]
    assert rate(rows, tier=tier) == 1
    assert rate(rows, tier="Batch") == 2


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"times": (1,)}, {"options": {"a": ("1",), "b": ("2",)}}),
        ({"options": {"a": ("1",)}}, {"above": 500}),
        ({"above": 500}, {"above": 200}),
        ({"above": 200}, {"starts": NOW}),
        ({"starts": NOW}, {"starts": datetime(2026, 1, 1, tzinfo=UTC)}),
        ({"starts": NOW}, {}),
    ],
)
def test_of_several_rows_the_most_specific_one_holds(better: dict[str, Any], worse: dict[str, Any]) -> None:
    good, bad = row(1, **better), row(2, **worse)
    assert most_specific([bad, good]) is good
    assert most_specific([good, bad]) is good
    assert most_specific([]) is None


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (None, [1]),
        ("eu", [2]),
        ("eu-west-1", [1]),  # a place of another kind than "eu"
        ("us", []),  # the price depends on the continent
        ("global", [1]),
        ("cn", []),
        ("cn-north-1", []),
        ("us-gov-west-1", []),
    ],
)
def test_a_place_without_a_row_has_the_price_of_any_only_if_places_of_its_kind_have_none(
    wanted: str | None, expected: list[int]
) -> None:
    rows = [row(1), row(2, region="eu")]
    assert [one.rates["input"] for one in rows_in_region(rows, wanted)] == expected


def test_rows_that_are_apart_or_global_do_not_make_a_price_depend_on_the_place() -> None:
    rows = [row(1), row(2, region="global"), row(3, region="cn"), row(4, region="us-gov-west-1")]
    for wanted, expected in (("us", 1), ("us-west-1", 1), ("global", 2), ("cn", 3), ("us-gov-west-1", 4)):
        assert [one.rates["input"] for one in rows_in_region(rows, wanted)] == [expected]


def test_data_centres_have_a_digit_in_their_name() -> None:
    assert [is_data_centre(one) for one in ("us-east-1", "us-east5", "eu", "global")] == [True, True, False, False]


def test_fees_of_the_default_tier_are_those_of_its_ordinary_row() -> None:
    fee = {"web_searches": Decimal("0.01"), "input": Decimal(1)}
    rows = [
        PriceRow(rates=fee, source="s"),
        PriceRow(rates={"web_searches": Decimal(2)}, source="s", tier="batch"),
        PriceRow(rates={"web_searches": Decimal(3)}, source="s", above=100),
        PriceRow(rates={"web_searches": Decimal(4)}, source="s", options={"size": ("s",)}),
        PriceRow(rates={"web_searches": Decimal(5)}, source="s", ends=NOW),
        PriceRow(rates={"web_searches": Decimal(6)}, source="s", region="eu"),
    ]
    assert default_fees(rows, NOW, None) == {"web_searches": Decimal("0.01")}
    assert default_fees(rows, NOW, "eu") == {"web_searches": Decimal(6)}
    assert default_fees(rows[1:5], NOW, None) == {}


def test_a_row_above_a_size_holds_for_longer_prompts_only() -> None:
    rows = [row(1), row(2, above=100)]
    assert [rate(rows, prompt_tokens=size) for size in (0, 100, 101)] == [1, 1, 2]
    with pytest.raises(NoPrice, match=r"prompts of 100 tokens at h/m$"):
        rate(rows[1:], prompt_tokens=100)
    with pytest.raises(NoPrice, match="in the tier 'batch'"):
        rate([row(1, tier="batch", above=100)], tier="batch")


@pytest.mark.parametrize(
    ("rows", "region", "conditions", "reason"),
    [
        ([], None, {}, "no price is known for h/m on 2026-11-20"),
        ([row(1, region="eu")], None, {}, "the price of h/m depends on the region, and that of the call is not known"),
        ([row(1, region="eu")], "us", {}, "no price is known for the region 'us' of h/m"),
        ([row(1, tier="batch")], None, {}, "no price is known for the tier 'default' of h/m"),
        ([row(1, options={"size": ("s",)})], None, {}, "no price is known for h/m with no options"),
        (
            [row(1, options={"size": ("s",)})],
            None,
            {"options": {"size": "l", "n": 2}},
            "no price is known for h/m with size=l, n=2",
        ),
    ],
)
def test_a_price_that_is_missing_says_why(
    rows: list[PriceRow], region: str | None, conditions: dict[str, Any], reason: str
) -> None:
    with pytest.raises(NoPrice) as failed:
        rate(rows, region, **conditions)
    assert str(failed.value) == reason


# Names


MODELS = {
    "m": {"names": ["m-2026-02-01", "Short"], "prices": [listed("1"), listed("2", above=100), listed("3", above=200)]},
    "short": {"prices": [listed("5")]},
    "other": {"unknown": "it is not sold"},
}


def test_the_name_of_a_model_comes_before_other_names_in_any_case() -> None:
    known = table(MODELS)
    for name, model in (("m", "m"), ("M", "m"), ("M-2026-02-01", "m"), ("short", "short"), ("Short", "m")):
        assert known.find_model(name, NOW) == (model, None)
    assert known.find_model("n", NOW) is None


def test_a_snapshot_that_is_older_than_the_first_one_is_unknown() -> None:
    known = table(MODELS, prefixes={"m-": "dated", "ft:m:": "tuned"})
    assert known.find_model("m-2026-03-01", NOW) == ("m", None)
    assert known.find_model("m-2026-01-31", NOW) is None
    assert known.find_model("m-2026-11-02", NOW) is None  # newer than the table
    tuned = table({"ft:m": {"prices": [listed("4")]}}, prefixes={"ft:m:": "tuned"})
    assert tuned.find_model("ft:m:team", NOW) == ("ft:m", None)
    assert tuned.find_model("ft:m:", NOW) is None


def test_an_alias_is_of_use_only_where_no_name_of_the_call_is_a_model_of_its_own() -> None:
    known = table(MODELS, aliases={"latest": [{"from": "2026-01-01", "model": "m"}, {"model": "short"}]})
    assert known.is_alias("latest") is True
    assert known.is_alias("m") is False
    assert known.find_model("latest", NOW) == ("m", None)
    assert known.find_model("latest", datetime(2025, 12, 31, tzinfo=UTC)) == ("short", None)
    assert known.find_model("latest", NOW, alias=False) is None
    assert find_model(known, ("latest",), NOW) == ("m", None)
    with pytest.raises(NoPrice, match=r"^the price table of openai \(2026-11-01\) does not have latest or newer$"):
        find_model(known, ("latest", "newer"), NOW)
    with pytest.raises(NoPrice, match="does not have a model without a name"):
        find_model(known, (), NOW)


def test_a_region_in_any_name_counts_for_the_name_that_is_in_the_table() -> None:
    known = table({"m": {"prices": [listed("1")]}}, host="azure")
    assert find_model(known, ("m",), NOW) == ("m", None)
    assert find_model(known, ("eu/unknown", "m"), NOW) == ("m", "eu")
    assert find_model(known, ("eu/unknown", "us/m"), NOW) == ("m", "us")


def test_one_call_after_another_has_the_same_minute_until_the_next_one_begins() -> None:
    known = table(MODELS)
    minute = known.minute_of(NOW)
    assert minute == NOW
    assert known.minute_of(NOW + timedelta(seconds=59.999)) is minute
    assert known.minute_of(NOW + timedelta(seconds=60)) == NOW + timedelta(minutes=1)
    assert known.minute_of(NOW - timedelta(seconds=1)) == NOW - timedelta(minutes=1)
    assert known.minute_of((NOW + timedelta(seconds=1)).astimezone(timezone(timedelta(hours=5)))) == NOW


def test_the_step_of_a_prompt_is_the_shortest_prompt_of_its_price() -> None:
    steps = prompt_steps(table(MODELS), ("m",), NOW)
    assert steps == (100, 200)
    assert [prompt_step(steps, size) for size in (0, 100, 101, 200, 201, 9999)] == [0, 0, 101, 101, 201, 201]


def test_rates_name_their_row_with_tier_and_region_where_they_have_their_own() -> None:
    known = table({"m": {"names": ["m-1"], "prices": [listed("1"), listed("2", tier="batch", region="eu")]}})
    assert rates_of(known, ("m",), Conditions(NOW)).priced_as == "openai/m"
    both = rates_of(known, ("m",), Conditions(NOW, tier="batch", region="eu"))
    assert (both.priced_as, both.source) == ("openai/m (batch, eu)", "List 2026-11-01 (openai)")
    with pytest.raises(NoPrice, match="the price of openai/other is unknown: it is not sold"):
        rates_of(table(MODELS), ("other",), Conditions(NOW))


def test_a_day_that_equals_the_first_snapshot_is_not_older() -> None:
    assert is_older("2026-01-31", ("m", "m-2026-02-01", "m-20260301"))
    assert not is_older("20260201", ("m-2026-02-01", "m-20260301"))
    assert not is_older("2026-01-31", ("m",))


def test_days_of_the_calendar_up_to_the_date_of_the_table_are_known() -> None:
    known = [is_known_day(day, "2026-11-01") for day in ("2026-11-01", "20261101", "2026-11-02", "2026-02-30", "x")]
    assert known == [True, True, False, False, False]


def test_names_are_read_with_fewer_and_fewer_of_their_paths() -> None:
    assert list(plain_names("azure", "global/eu/m")) == [("global/eu/m", None), ("eu/m", None), ("m", "eu")]
    assert list(plain_names("openai", "eu/m")) == [("eu/m", None)]
    project = "projects/p/locations/us-east5/publishers/anthropic/models/m"
    assert list(plain_names("google_vertex_ai", project)) == [(project, None), ("m", "us-east5")]


def test_a_dated_name_is_a_snapshot_and_anything_may_follow_a_tuned_one() -> None:
    prefixes = {"m-": "dated", "ft:": "tuned"}
    assert list(snapshot_of("mistral", "m-20260101", "2026-11-01", prefixes)) == [("m", "20260101")]
    assert list(snapshot_of("mistral", "ft:x", "2026-11-01", prefixes)) == [("ft", None)]
    assert list(snapshot_of("mistral", "other", "2026-11-01", prefixes)) == []
    dated = list(snapshot_of("google_vertex_ai", "claude-x@20260101", "2026-11-01", {}))
    assert dated == [("claude-x", "20260101")]
    assert list(snapshot_of("google_vertex_ai", "claude-x@20261102", "2026-11-01", {})) == []


def test_a_region_is_reported_or_in_the_address_or_configured() -> None:
    address = "https://bedrock-runtime.eu-west-1.amazonaws.com"
    assert region_of_call("amazon_bedrock", address, {"region": "us-east-1"}, "jp") == "jp"
    assert region_of_call("amazon_bedrock", address, {"region": "us-east-1"}, "") == "eu-west-1"
    assert region_of_call("amazon_bedrock", None, {"base_url": address}, None) == "eu-west-1"
    assert region_of_call("amazon_bedrock", None, {"region": "us-east-1"}, None) == "us-east-1"
    assert region_of_call("google_vertex_ai", None, {}, None) == "global"
    assert region_of_call("openai", None, {}, None) is None


# Which table and which names


def test_the_table_of_a_provider_is_its_own_or_that_of_its_models() -> None:
    where = endpoint("openai", "m")
    assert price_host(where, None) == "openai"
    assert price_host(where, SimpleNamespace(price_list="", name="mine")) == "mine"  # type: ignore[arg-type]
    assert price_host(where, SimpleNamespace(price_list="theirs", name="mine")) == "theirs"  # type: ignore[arg-type]


def test_a_model_is_looked_up_by_its_base_then_by_what_answered_then_by_its_name() -> None:
    where = endpoint("openai", "deployment", base_model="gpt-a")
    assert billing_names(where, None, "gpt-a-2026-01-01") == ("gpt-a", "gpt-a-2026-01-01", "deployment")
    assert billing_names(endpoint("openai", "m"), None, None) == ("m",)


def test_own_rates_price_a_model_that_no_table_has() -> None:
    own = {"input": Decimal(2)}, "contract"
    cost = table_cost("nowhere", ("m", "n"), Usage(input_tokens=1_000_000), Conditions(NOW), {}, own)
    assert (cost.amount, cost.source, cost.priced_as) == (2, "contract", "nowhere/m")
    unknown = table_cost("nowhere", ("m",), Usage(input_tokens=1), Conditions(NOW), {})
    assert (unknown.amount, unknown.priced_at) == (None, None)
    assert (unknown.reason or "").startswith("no price table is known for nowhere; set cost_data")


def test_the_name_in_the_table_is_empty_where_the_table_does_not_have_the_model() -> None:
    assert listed_name("nowhere", ("m",), NOW) == ()
    assert listed_name("openai", ("no-such-model",), NOW) == ()
    assert listed_name("openai", ("no-such-model", "GPT-5.2"), NOW) == ("gpt-5.2",)


def test_tokens_that_are_billed_come_before_those_that_were_read() -> None:
    read = Usage(input_tokens=900, cache_read_tokens=20, output_tokens=70, reasoning_tokens=30)
    billed = as_billed(read.model_copy(update={"raw": {"billed_units": {"input_tokens": 5.0, "output_tokens": 3.0}}}))
    tokens = (billed.input_tokens, billed.cache_read_tokens, billed.output_tokens, billed.reasoning_tokens)
    assert tokens == (5, 0, 3, 0)
    zero = as_billed(read.model_copy(update={"raw": {"billed_units": {"input_tokens": 0, "output_tokens": 0}}}))
    assert zero.total_tokens == 0
    for damaged in (
        None,
        {},
        {"input_tokens": 5},
        {"input_tokens": -1, "output_tokens": 3},
        {"input_tokens": "5", "output_tokens": 3},
    ):
        usage = read.model_copy(update={"raw": {"billed_units": damaged}})
        assert as_billed(usage) is usage


@pytest.mark.parametrize(("starts", "ends", "valid"), [("01", "02", True), ("02", "02", False), ("03", "02", False)])
def test_a_row_holds_for_at_least_a_day(starts: str, ends: str, valid: bool) -> None:
    fields = listed("1", **{"from": f"2026-01-{starts}", "until": f"2026-01-{ends}"})
    if valid:
        assert parse_row(fields, SOURCES).holds_at(datetime(2026, 1, 1, 23, tzinfo=UTC))
    else:
        with pytest.raises(InvalidRow, match=r"^until: "):
            parse_row(fields, SOURCES)


def test_an_alias_means_the_model_of_its_latest_entry() -> None:
    entries = [{"model": "new", "from": "2026-03-01"}, {"model": "old"}, {"model": "newer", "from": "2027-01-01"}]
    table = PriceTable("h", "2026-06-01", {}, {"old": {}, "new": {}, "newer": {}}, {"m": entries[::-1]}, {}, {})
    models = [table.find_model("m", datetime(year, 6, 1, tzinfo=UTC)) for year in (2025, 2026, 2027)]
    assert [None if one is None else one[0] for one in models] == ["old", "new", "newer"]


def test_the_units_of_a_host_are_those_of_all_its_prices() -> None:
    assert {"input", "output", "cache_read"} <= units_of("openai")
    assert units_of("no-such-host") == frozenset()
