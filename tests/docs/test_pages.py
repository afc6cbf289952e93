"""Every Python block of every page runs, in order, against a fake provider.

A page may need more than an answer that says hello: an HTML comment that begins with `setup` holds Python which runs
at its place, unseen by readers, with `server` (a FakeServer) and everything the page has defined so far.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dhenara.ai.testing import Answer, FakeServer
from support.documents import run
from support.providers import all_at

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
BLOCK = re.compile(r"^```python\n(?P<shown>.*?)^```|^<!-- setup\n(?P<hidden>.*?)^-->", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_blocks_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with FakeServer(forever=True) as server:
        all_at(server.url, monkeypatch)
        server.answers(Answer(text="Hello!"))
        names = {"server": server, "__name__": "__main__"}
        for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
            run(block["shown"] or block["hidden"], names)
