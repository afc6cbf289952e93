"""What is said of cloud platforms runs as it is printed."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from support.documents import FENCE, run

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "cloud-platforms.md"
BLOCKS = FENCE.findall(PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_the_page_runs_as_it_is_printed(block: str) -> None:
    run(block, {})


def test_the_example_asks_every_platform(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLATFORM", raising=False)
    runpy.run_path(str(ROOT / "examples" / "cloud_platforms.py"), run_name="__main__")
    said = capsys.readouterr().out.splitlines()
    assert said == [
        f"{platform}: Hello!" for platform in ("anthropic", "google_vertex_ai", "amazon_bedrock", "microsoft_azure_ai")
    ]
