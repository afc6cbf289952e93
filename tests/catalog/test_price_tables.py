"""The price tables by host: their form, and that nothing in them contradicts itself."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from tools.catalogue.prices.coverage import counts, models_by_name, read_tables
from tools.catalogue.prices.decisions import Decisions
from tools.catalogue.prices.rows import PER_MILLION

from dhenara.ai.catalog.price_tables import load_table

TABLES = read_tables()
RATE = re.compile(r"\d+(\.\d*[1-9])?")
DAY = re.compile(r"20\d\d-[01]\d-[0-3]\d")
ROW_KEYS = {
    *("source", "tier", "region", "above", "options", "times", "from", "until", "rates", "estimates"),
    *("added", "differs"),
}
HOSTS = pytest.mark.parametrize("host", sorted(TABLES))


def rows_of(host: str) -> list[tuple[str, dict[str, Any]]]:
    return [(name, row) for name, model in TABLES[host]["models"].items() for row in model.get("prices", ())]


def slot_of(row: dict[str, Any]) -> str:
    return json.dumps([row.get(key) for key in ("tier", "region", "above", "options", "times")], sort_keys=True)


@HOSTS
def test_a_table_names_its_host_its_date_and_dated_sources(host: str) -> None:
    table = TABLES[host]
    assert table["host"] == host
    assert DAY.fullmatch(table["date"])
    assert set(table) <= {"host", "date", "sources", "models", "aliases", "prefixes"}
    for source in table["sources"].values():
        assert source["name"]
        assert DAY.fullmatch(source["date"])
        assert source["date"] <= table["date"]


@HOSTS
def test_a_model_has_rows_or_a_reason_why_it_has_none(host: str) -> None:
    for name, model in TABLES[host]["models"].items():
        assert set(model) in ({"unknown"}, {"prices"}, {"names", "prices"}), name
        assert len(model.get("unknown", "a plain reason").split()) > 2, name
        assert model.get("prices", True), name


@HOSTS
def test_rates_are_decimals_that_are_not_negative(host: str) -> None:
    for name, row in rows_of(host):
        assert set(row) <= ROW_KEYS, name
        entries = [row["rates"], row.get("estimates", {}), *(one["rates"] for one in row.get("differs", ()))]
        for rate in (rate for rates in entries for rate in rates.values()):
            assert isinstance(rate, str), name
            assert RATE.fullmatch(rate), f"{name}: {rate}"


@HOSTS
def test_each_row_and_difference_is_from_a_source_of_the_file(host: str) -> None:
    known = set(TABLES[host]["sources"])
    for name, row in rows_of(host):
        differing = {one["source"] for one in row.get("differs", ())}
        assert {row["source"], *row.get("added", ()), *differing} <= known, name
        assert all(one["why"] for one in row.get("differs", ())), name


@HOSTS
def test_the_lookup_reads_every_row(host: str) -> None:
    table = load_table(host)
    assert table is not None
    assert sum(len(table.rows(model)) for model in table.models) == len(rows_of(host))


@HOSTS
def test_no_two_rows_apply_at_once(host: str) -> None:
    for name, model in TABLES[host]["models"].items():
        for one, other in combinations(model.get("prices", ()), 2):
            if slot_of(one) == slot_of(other):
                first, second = sorted((one, other), key=lambda row: row.get("from", ""))
                assert first.get("until", "9999") <= second.get("from", ""), name


@HOSTS
def test_a_name_is_one_model_and_no_alias(host: str) -> None:
    table = TABLES[host]
    names = [name for first, model in table["models"].items() for name in (first, *model.get("names", ()))]
    assert len(names) == len(set(names))
    assert not set(names) & set(table.get("aliases", ()))


@HOSTS
def test_an_alias_stands_for_a_model_of_the_table_from_a_date_on(host: str) -> None:
    known = models_by_name(TABLES[host])
    for alias, entries in TABLES[host].get("aliases", {}).items():
        assert entries == sorted(entries, key=lambda one: one["from"]), alias
        for one in entries:
            assert DAY.fullmatch(one["from"]), alias
            assert one["model"] in known, alias
            assert one["source"] in TABLES[host]["sources"], alias


@HOSTS
def test_cached_tokens_cost_no_more_than_others(host: str) -> None:
    decisions = Decisions.load()
    for name, row in rows_of(host):
        rates = row["rates"]
        if "cache_read" in rates and "input" in rates and not decisions.dear_cache(host, name):
            assert float(rates["cache_read"]) <= float(rates["input"]), name


@HOSTS
def test_rates_have_a_plausible_size(host: str) -> None:
    for name, row in rows_of(host):
        for unit, rate in row["rates"].items():
            most = 1000 if unit in PER_MILLION else 1
            assert float(rate) <= most, f"{name}: {unit} {rate}"


def test_the_tables_stay_small() -> None:
    folder = Path(__file__).parents[2] / "src" / "dhenara" / "ai" / "catalog" / "tables" / "prices"
    assert sum(path.stat().st_size for path in folder.glob("*.json")) < 1_500_000


def test_nearly_all_names_of_litellm_are_priced_and_the_others_say_why_not() -> None:
    by_host = counts(TABLES)
    assert {host: states["missing"] for host, states in by_host.items() if states["missing"]} == {}
    total = sum(states.total() for states in by_host.values())
    assert sum(states["priced"] for states in by_host.values()) >= 0.95 * total
