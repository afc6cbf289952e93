"""No page leads nowhere, and every page is in the site's table of contents."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("**/*.md"))]
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#]+)(#[^)]*)?\)")
URLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
OWN = re.compile(
    rf"\]\((?:{re.escape(URLS['Source'])}/(?:blob|tree)/main/|{URLS['Documentation']}|https://raw[^/]+/.+?/main/)([^)#]*)"
)
"""Absolute links to files of the repository and to pages of the site."""


def test_every_link_leads_somewhere() -> None:
    assert {page: broken for page in PAGES if (broken := broken_links(page))} == {}


def broken_links(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    broken = [target for target, _ in LINK.findall(text) if not (page.parent / target).exists()]
    for target in OWN.findall(text):
        page_source = DOCS / (target.rstrip("/") + ".md" if target else "index.md")
        if not page_source.exists() and not (target and (ROOT / target).exists()):
            broken.append(target)
    return broken


@cache
def slugs(page: Path) -> set[str]:
    """The anchors of a page, as the site and GitHub make them from its headings."""
    text = re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", line) for line in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


def test_every_anchor_is_a_heading() -> None:
    assert {page: missing for page in PAGES if (missing := missing_anchors(page))} == {}


def missing_anchors(page: Path) -> list[tuple[str, str]]:
    links = re.findall(r"\]\((?!https?://|mailto:)([^)#\s]*\.md)?#([^)\s]+)\)", page.read_text(encoding="utf-8"))
    return [
        (target, anchor) for target, anchor in links if anchor not in slugs((page.parent / target) if target else page)
    ]


def test_every_page_is_in_the_table_of_contents() -> None:
    site = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    assert sorted(listed(site["nav"])) == sorted(str(page.relative_to(DOCS)) for page in DOCS.glob("**/*.md"))


def listed(entries: list[dict[str, Any]]) -> list[str]:
    actual = []
    for entry in entries:
        for value in entry.values():
            actual += [value] if isinstance(value, str) else listed(value)
    return actual
