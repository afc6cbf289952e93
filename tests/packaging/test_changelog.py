"""Fragments go into the section of a version that is not released, or into a new one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tools.changelog import ROOT, section_bounds, write_changelog

START = "# Changes\n\n<!-- changes of the next version are written below -->\n"
WRITTEN = f"{START}\n## 2.0.0\n\nThe first release.\n\n### Added\n\n- Streams.\n\n### Known limits\n\n- None.\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the settings of this one, and two fragments."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "changes").mkdir()
    shutil.copy(ROOT / "changes" / "template.md.jinja", tmp_path / "changes")
    (tmp_path / "changes" / "+batches.added.md").write_text("Batches.\n")
    (tmp_path / "changes" / "+costs.fixed.md").write_text("Costs.\n")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def headings(changelog: str) -> list[str]:
    return re.findall(r"^#{2,3} .*$", changelog, re.MULTILINE)


def fragments(project: Path) -> list[Path]:
    return list((project / "changes").glob("+*.md"))


def test_fragments_are_added_to_the_section_of_a_version_that_is_not_released(project: Path) -> None:
    (project / "CHANGELOG.md").write_text(WRITTEN)
    write_changelog(project, "2.0.0")
    text = (project / "CHANGELOG.md").read_text()
    assert headings(text) == ["## 2.0.0", "### Added", "### Known limits", "### Fixed"]
    assert "- Streams.\n- Batches.\n\n### Known limits\n\n- None.\n\n### Fixed\n\n- Costs.\n" in text
    assert fragments(project) == []


def test_sections_of_older_versions_stay_as_they_are(project: Path) -> None:
    old = "## 1.0.0 (2025-01-01)\n\n### Added\n\n- Clients.\n"
    (project / "CHANGELOG.md").write_text(f"{WRITTEN}\n{old}")
    write_changelog(project, "2.0.0")
    assert (project / "CHANGELOG.md").read_text().endswith(f"- Costs.\n\n{old}")


def test_a_version_without_a_section_gets_one(project: Path) -> None:
    (project / "CHANGELOG.md").write_text(WRITTEN)
    subprocess.run(["git", "add", "--all"], cwd=project, check=True)
    write_changelog(project, "2.1.0")
    text = (project / "CHANGELOG.md").read_text()
    first, *others = headings(text)
    assert re.fullmatch(r"## 2\.1\.0 \(\d{4}-\d\d-\d\d\)", first)
    assert others == ["### Added", "### Fixed", "## 2.0.0", "### Added", "### Known limits"]
    assert fragments(project) == []


def test_a_released_version_is_not_changed(project: Path) -> None:
    (project / "CHANGELOG.md").write_text(WRITTEN)
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *identity, "commit", "--quiet", "--allow-empty", "-m", "x"], cwd=project, check=True)
    subprocess.run(["git", "tag", "v2.0.0"], cwd=project, check=True)
    with pytest.raises(SystemExit, match=r"2\.0\.0 is released"):
        write_changelog(project, "2.0.0")
    assert len(fragments(project)) == 2


def test_each_version_has_one_section() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\S+)", text, re.MULTILINE)
    assert len(versions) == len(set(versions)) > 0
    assert section_bounds(text, versions[0]) is not None
