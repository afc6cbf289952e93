"""Pages and chart show the stored run of the benchmarks, so its numbers agree wherever they appear."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from benchmarks.environments import ROOT
from benchmarks.publish import CHART, PAGES, Run, chart, page_with_part


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
