"""Models in README, docs and examples are not retired, and not about to be."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from dhenara.ai.catalog import find_facts

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("examples/**/*.py"))]
PAGES = [page for page in PAGES if page.parent.name not in ("reference", "coming-from")]
NAMED = re.compile(r"[\"'=]((?:[a-z0-9_.]+/)+[\w.:@-]+)[\"'\s,]")


def models_on(page: Path) -> set[tuple[str, str]]:
    """Provider and model of everything that is written `"provider/model"`."""
    named = {name.partition("/")[::2] for name in NAMED.findall(page.read_text(encoding="utf-8"))}
    hosts = {"google": "google_ai", "bedrock": "amazon_bedrock", "vertex": "google_vertex_ai"}
    return {(hosts.get(host, host), model) for host, model in named}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_example_calls_a_model_that_is_retired_soon(page: Path) -> None:
    soon = []
    for host, model in models_on(page):
        facts = find_facts(model, host)
        if facts is not None and facts.retires:
            until = date.fromisoformat(facts.sources["retires"].date) + timedelta(days=90)
            soon += [f"{host}/{model}: {facts.retires}"] if facts.retires < until.isoformat() else []
    assert soon == []


def test_the_tables_have_the_models_of_examples() -> None:
    named = {model for page in PAGES for model in models_on(page)}
    known = [model for host, model in named if find_facts(model, host) is not None]
    assert {"gpt-5.4-mini", "claude-sonnet-5", "gemini-3.5-flash"} <= set(known)
