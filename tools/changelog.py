"""Writes the fragments of changes/ into CHANGELOG.md: `python -m tools.changelog`.

towncrier makes a new section for each version. A version that is not released may have a section already, written by a
person: then the fragments are added to that section, under the headings of their kinds. The fragments are deleted.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from dhenara.ai import __version__

ROOT = Path(__file__).resolve().parents[1]
KIND = re.compile(r"^### (.+)$", re.MULTILINE)


def section_bounds(changelog: str, version: str) -> tuple[int, int] | None:
    """Return where the section of a version begins and ends."""
    found = re.search(rf"^## {re.escape(version)}( \(.*\))?$", changelog, re.MULTILINE)
    if found is None:
        return None
    following = re.search(r"^## ", changelog[found.end() :], re.MULTILINE)
    return found.start(), found.end() + following.start() if following else len(changelog)


def merge_changes(section: str, changes: str) -> str:
    """Return a section with changes added.

    Args:
        section: The section of a version, from its heading on.
        changes: Changes as towncrier renders them: a heading of level 3 for each kind, and a list.

    Returns:
        The section. A kind that it already has is continued; others are added at the end.
    """
    _, *pairs = KIND.split(changes)
    for kind, text in zip(pairs[::2], pairs[1::2], strict=True):
        lines = text.strip()
        heading = re.search(rf"^### {re.escape(kind)}$", section, re.MULTILINE)
        if heading is None:
            section = f"{section.rstrip()}\n\n### {kind}\n\n{lines}\n"
            continue
        following = re.search(r"^### ", section[heading.end() :], re.MULTILINE)
        end = heading.end() + following.start() if following else len(section)
        rest = f"\n\n{section[end:]}" if section[end:] else "\n"
        section = f"{section[:end].rstrip()}\n{lines}{rest}"
    return section


def is_released(root: Path, version: str) -> bool:
    """Return whether the repository has the tag of a version."""
    tags = subprocess.run(
        ["git", "tag", "--list", f"v{version}"], cwd=root, capture_output=True, text=True, check=False
    )
    return bool(tags.stdout.strip())


def towncrier(root: Path, version: str, *flags: str) -> str:
    """Run `towncrier build`, and return what it prints."""
    command = [sys.executable, "-m", "towncrier", "build", "--version", version, *flags]
    return subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=True).stdout


def write_changelog(root: Path, version: str) -> None:
    """Write the fragments of a project into its changelog, and delete them.

    Args:
        root: Folder of the project.
        version: The version whose section the changes belong to.

    Raises:
        SystemExit: If the version is released.
    """
    if is_released(root, version):
        raise SystemExit(f"{version} is released. Set the next version in src/dhenara/ai/__init__.py first.")
    page = root / "CHANGELOG.md"
    text = page.read_text(encoding="utf-8")
    bounds = section_bounds(text, version)
    if bounds is None:
        towncrier(root, version, "--yes")
        return
    start, end = bounds
    section = merge_changes(text[start:end], towncrier(root, version, "--draft"))
    rest = f"\n{text[end:]}" if text[end:] else ""
    page.write_text(f"{text[:start]}{section}{rest}", encoding="utf-8")
    for fragment in (root / "changes").glob("+*.md"):
        fragment.unlink()


if __name__ == "__main__":
    write_changelog(ROOT, __version__)
