"""Pages and chart show the stored run of the benchmarks, so its numbers agree wherever they appear."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from benchmarks.__main__ import median
from benchmarks.caches import TITLES, CacheRun, goals
from benchmarks.environments import CONTESTANTS, ROOT
from benchmarks.growth import GrowthRun
from benchmarks.instructions import SCENARIOS, Counts
from benchmarks.publish import (
    CACHE_PAGE,
    CHART,
    COUNT_PAGES,
    GROWTH_CHART,
    GROWTH_PAGE,
    PAGES,
    Run,
    cache_part,
    chart,
    count_part,
    growth_chart,
    growth_part,
    page_with_caches,
    page_with_counts,
    page_with_growth,
    page_with_part,
)
from benchmarks.table import ahead


@pytest.mark.parametrize("name", PAGES)
def test_page_shows_the_stored_run(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert text == page_with_part(text, PAGES[name](Run.load())), "run `python -m benchmarks.publish`"


@pytest.mark.parametrize("name", PAGES)
def test_page_has_a_place_for_the_run(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "a part" in page_with_part(text, "a part")


def test_chart_shows_the_stored_run() -> None:
    assert CHART.read_text(encoding="utf-8") == chart(Run.load()), "run `python -m benchmarks.publish`"


def test_chart_has_a_bar_for_every_value_and_every_bar_fits() -> None:
    tree = ElementTree.fromstring(chart(Run.load()))
    bars = [element.attrib for element in tree.iter("{http://www.w3.org/2000/svg}rect")]
    values = [
        element for element in tree.iter() if element.get("class") == "value" and element.get("text-anchor") == "start"
    ]
    assert len(bars) == len(values) > 0
    assert all(float(bar["x"]) + float(bar["width"]) < 900 for bar in bars)


def test_home_page_has_the_measured_number_of_packages() -> None:
    ours, litellm = (Run.load().contestants[name]["distributions"] for name in ("dhenara", "litellm"))
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert f"an installation brings {ours} packages, LiteLLM's brings {litellm}." in text


def test_page_shows_the_stored_growth() -> None:
    text = GROWTH_PAGE.read_text(encoding="utf-8")
    assert text == page_with_growth(text, growth_part(GrowthRun.load())), "run `python -m benchmarks.publish`"
    assert "a part" in page_with_growth(text, "a part")


@pytest.mark.parametrize("name", COUNT_PAGES)
def test_page_shows_the_stored_counts_of_instructions(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert text == page_with_counts(text, count_part(Counts.load(), name)), "run `python -m benchmarks.publish`"
    assert "a part" in page_with_counts(text, "a part")


def test_stored_counts_are_of_the_contestants_and_scenarios_that_there_are() -> None:
    counts = Counts.load()
    assert set(counts.results) <= {one.name for one in CONTESTANTS}
    assert {name for results in counts.results.values() for name in results} <= set(SCENARIOS)
    assert all(isinstance(value, int) for value in counts.results["dhenara"].values())


def test_page_shows_the_stored_run_of_caches() -> None:
    text = CACHE_PAGE.read_text(encoding="utf-8")
    assert text == page_with_caches(text, cache_part(CacheRun.load())), "run `python -m benchmarks.publish`"
    assert "a part" in page_with_caches(text, "a part")


def test_stored_run_of_caches_has_all_that_is_measured() -> None:
    run = CacheRun.load()
    assert set(run.results) == set(TITLES)
    assert all(value is not None for _, value, _, _ in goals(run.results))


def test_chart_shows_the_stored_growth() -> None:
    assert GROWTH_CHART.read_text(encoding="utf-8") == growth_chart(GrowthRun.load().lines), (
        "run `python -m benchmarks.publish`"
    )


def test_a_peer_that_needs_less_is_named_as_ahead() -> None:
    results = {
        "dhenara": {"call_1": {"cpu_us": 400.0}, "import": {"cpu_ms": 100.0}},
        "raw socket": {"call_1": {"cpu_us": 20.0}},
        "other": {"call_1": {"cpu_us": 300.0}, "import": {"cpu_ms": 900.0}},
    }
    assert list(ahead(results)) == ["other is ahead in calls: sync, µs: 300, dhenara 400"]


def test_the_median_of_a_number_has_the_spread_of_its_middle_half() -> None:
    turns = [{"cpu_us": float(number), "new_connections": 2} for number in range(1, 8)]
    assert median(turns) == {"cpu_us": 4.0, "cpu_us_spread": 2.0, "new_connections": 14}
    assert median(["failed", {"cpu_ms": 3.0}]) == {"cpu_ms": 3.0}
