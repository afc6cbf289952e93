"""Every Python block of every page runs, in order, against a fake provider.

A page may need more than an answer that says hello: an HTML comment that begins with `setup` holds Python which runs
at its place, unseen by readers, with `server` (a FakeServer) and everything the page has defined so far. A page with a
comment that begins with `slow` runs with the slow tests; one that begins with `needs` names a module, without which
the page is skipped.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from dhenara.ai.client import vector_stores
from dhenara.ai.providers import provider, provider_names
from dhenara.ai.testing import Answer, FakeServer
from support.documents import run
from support.providers import all_at

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
BLOCK = re.compile(
    r"^(?P<indent> *)```python\n(?P<shown>.*?)^(?P=indent)```|^<!-- setup\n(?P<hidden>.*?)^-->",
    re.MULTILINE | re.DOTALL,
)
"""Code of a page, indented where it stands in a tab."""


NOT_FOR_READERS = re.compile(r"<bound method|<function |<coroutine |<generator | object at 0x")
"""What is printed when a page forgets to call something."""


NEEDS = re.compile(r"^<!-- needs (\w+) -->", re.MULTILINE)


def marked(page: Path) -> Any:
    text = page.read_text(encoding="utf-8")
    marks = [pytest.mark.slow] if "<!-- slow" in text else []
    lacking = [name for name in NEEDS.findall(text) if find_spec(name) is None]
    marks += [pytest.mark.skip(reason=f"{name} is not installed") for name in lacking]
    return pytest.param(page, id=str(page.relative_to(ROOT)), marks=marks)


@pytest.fixture(autouse=True)
def unchanged_loggers() -> Iterator[None]:
    """The settings of logging from before a page, which may show the reader others."""
    loggers = [logging.getLogger(name) for name in (None, "dhenara", "ai_utilities")]
    before = [(one, one.level, list(one.handlers)) for one in loggers]
    yield
    for one, level, handlers in before:
        one.setLevel(level)
        one.handlers[:] = handlers


@pytest.mark.parametrize("page", [marked(page) for page in PAGES])
def test_the_blocks_of_a_page_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for module, table in ((provider, "_registered"), (provider_names, "_registered"), (provider_names, "_by_spelling")):
        monkeypatch.setattr(module, table, dict(getattr(module, table)))  # what a page registers ends with it
    monkeypatch.setattr(vector_stores, "FIRST_PAUSE", 0.001)
    with FakeServer(forever=True) as server:
        all_at(server.url, monkeypatch)
        server.add_replies(Answer(text="Hello!"))
        names = {"server": server, "__name__": "__main__"}
        for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
            run(dedent(block["shown"] or block["hidden"]), names)
    printed = capsys.readouterr().out
    assert NOT_FOR_READERS.findall(printed) == [], printed
