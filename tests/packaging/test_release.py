"""What a release needs: one version, links, complete archives, fragments of the changelog in one form."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import metadata
from pathlib import Path

import pytest

import ai_utilities
import dhenara.ai

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NAME = PROJECT["project"]["name"]
FOLDERS = {"docs": "*.md", ".github": "*.yml"}
PAGES = [*ROOT.glob("*.md"), *(page for name, pages in FOLDERS.items() for page in sorted((ROOT / name).rglob(pages)))]
FRAGMENT = re.compile(r"\+[a-z0-9]+(-[a-z0-9]+)*\.(added|changed|fixed|removed)\.md")
FRAGMENTS = sorted(path.name for path in (ROOT / "changes").glob("*.md"))


def test_both_packages_have_the_version_of_the_distribution() -> None:
    assert dhenara.ai.__version__ == ai_utilities.__version__ == metadata("dhenara")["Version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", dhenara.ai.__version__)


def test_the_citation_names_the_version() -> None:
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    assert cited is not None
    assert cited[1] == dhenara.ai.__version__


def test_links_of_the_project_lead_to_one_repository() -> None:
    urls = PROJECT["project"]["urls"]
    assert {"Homepage", "Documentation", "Source", "Issues", "Changelog"} == set(urls)
    assert all(url.startswith((urls["Source"], urls["Documentation"])) for url in urls.values())
    for name in ("SECURITY.md", "CITATION.cff", ".github/ISSUE_TEMPLATE/config.yml"):
        assert urls["Source"] in (ROOT / name).read_text(encoding="utf-8")


def test_the_site_has_the_addresses_of_the_project() -> None:
    urls = PROJECT["project"]["urls"]
    site = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    assert (site["site_url"], site["repo_url"]) == (urls["Documentation"], urls["Source"])
    assert urls["Source"].endswith(f"/{site['repo_name']}")


def test_the_site_shows_the_version_and_requests_nothing_from_other_hosts() -> None:
    site = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    link = (ROOT / site["theme"]["custom_dir"] / "partials" / "source.html").read_text(encoding="utf-8")
    assert site["extra"]["release"] == dhenara.ai.__version__
    assert "{{ config.extra.release }}" in link
    assert "data-md-component" not in link  # the component asks api.github.com
    assert site["theme"]["font"] is False


def test_addresses_of_the_project_are_those_of_the_package() -> None:
    urls = PROJECT["project"]["urls"]
    allowed = (urls["Source"], urls["Documentation"], urls["Source"].replace("github.com", "raw.githubusercontent.com"))
    address = re.compile(rf"https://(?:[\w.]*github[\w.]*/{NAME}/|{NAME}\.github\.io/)[\w./-]*")
    written = [(page, url) for page in PAGES for url in address.findall(page.read_text("utf-8"))]
    assert [(page, url) for page, url in written if not url.startswith(allowed)] == []


def test_actions_of_workflows_are_pinned_by_commit() -> None:
    used = [
        line.split("uses:")[1].strip()
        for path in (ROOT / ".github" / "workflows").glob("*.yml")
        for line in path.read_text(encoding="utf-8").splitlines()
        if "uses:" in line
    ]
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)] == []


def test_the_readme_has_no_link_that_breaks_on_the_package_index() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    assert targets
    assert [target for target in targets if not target.startswith(("https://", "#"))] == []


@pytest.mark.parametrize("name", FRAGMENTS)
def test_a_change_is_one_line_in_a_file_of_the_right_name(name: str) -> None:
    assert FRAGMENT.fullmatch(name), f"{name}: write +<words-with-dashes>.<added|changed|fixed|removed>.md"
    text = (ROOT / "changes" / name).read_text(encoding="utf-8").strip()
    assert text.endswith((".", "`.", "…")), f"{name}: a full sentence"
    assert "\n" not in text, f"{name}: one line"
