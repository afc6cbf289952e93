"""What the scripts of the site make of tables, in Chromium."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ASSETS = Path(__file__).resolve().parents[2] / "docs" / "assets"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ROWS = (
    "<tr><td>anthropic</td><td>yes</td><td>—</td></tr>",
    "<tr><td>cohere</td><td>—</td><td>yes</td></tr>",
    "<tr><td>voyage</td><td>—</td><td>yes</td></tr>",
)
FEATURES = f"<thead><tr><th>provider</th><th>Chat</th><th>Rerank</th></tr></thead><tbody>{''.join(ROWS)}</tbody>"
GROWTH = (
    "<thead><tr><th></th><th></th><th>1. size</th></tr></thead>"
    "<tbody><tr><td>chunks</td><td></td><td>1,000</td></tr><tr><td></td><td>MB more</td><td>0.3</td></tr></tbody>"
)
FILTER = """
const field = document.querySelector("#filter");
field.value = "re co";
field.dispatchEvent(new Event("input"));
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page after its scripts have run and two words were typed into the filter."""
    if BROWSER is None:
        pytest.skip("Chromium is not installed")
    folder = tmp_path_factory.mktemp("site") / "features"
    folder.mkdir()
    scripts = "".join(
        f"<script>{(ASSETS / name).read_text(encoding='utf-8')}</script>" for name in ("filter.js", "tables.js")
    )
    page = f"<article><table>{FEATURES}</table><table>{GROWTH}</table></article>"
    stub = "<script>var document$ = { subscribe: (run) => run() };</script>"
    (folder / "index.html").write_text(
        f"<meta charset=utf-8>{page}{stub}{scripts}<script>{FILTER}</script>", encoding="utf-8"
    )
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}", "--dump-dom"]
    page_url = (folder / "index.html").as_uri()
    return subprocess.run([*command, page_url], capture_output=True, check=True, text=True, encoding="utf-8").stdout


def test_each_value_has_the_name_of_its_column(shown: str) -> None:
    assert '<td role="cell" data-label="Chat">yes</td>' in shown
    assert '<td role="cell" data-absent="" data-label="Rerank">—</td>' in shown


def test_two_columns_of_labels_become_one(shown: str) -> None:
    assert "<tr><th></th><th>1. size</th></tr>" in shown
    assert '<td role="cell">chunks</td><td role="cell">1,000</td>' in shown
    assert '<td role="cell">MB more</td><td role="cell">0.3</td>' in shown


def test_the_filter_takes_names_of_providers_and_of_columns(shown: str) -> None:
    rows = shown.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr")[1:]
    assert ["hidden" in row.partition(">")[0] for row in rows] == [True, False, True]
