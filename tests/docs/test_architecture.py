"""ARCHITECTURE.md names every package, and only files and folders that exist."""

from __future__ import annotations

import re
from pathlib import Path

from tools.architecture import describe, modules, shown_path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "src"
ENGINE = SOURCES / "dhenara" / "ai"
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
PATHS = sorted(set(re.findall(r"`([a-z][\w./]*(?:/|\.(?:py|json)))`", TEXT.partition("\n## All modules\n")[0])))
PACKAGES = sorted(
    path.parent.relative_to(SOURCES)
    for path in SOURCES.rglob("__init__.py")
    if path.parent not in (ENGINE, SOURCES / "dhenara")
)
MODULES = sorted(
    path.relative_to(SOURCES)
    for folder in (ENGINE, ENGINE / "types", SOURCES / "ai_utilities")
    for path in folder.glob("*.py")
    if path.name != "__init__.py"
)
"""The modules that stand in no subpackage."""


def test_every_path_exists() -> None:
    assert [path for path in PATHS if not any((root / path).exists() for root in roots_of(path))] == []


def roots_of(path: str) -> list[Path]:
    """The folders of which one has this path."""
    # A name without a folder may stand in the folder of each protocol.
    return [ROOT, SOURCES, ENGINE, *([] if "/" in path else [ENGINE / "codecs" / "openai_chat"])]


def test_every_package_is_described() -> None:
    protocols = {path.parent.relative_to(ENGINE).as_posix() for path in (ENGINE / "codecs").glob("*/codec.py")}
    missing = []
    for package in PACKAGES:
        name = package.as_posix().removeprefix("dhenara/ai/")
        if name not in protocols and f"`{name}/`" not in TEXT and f"`{name}." not in TEXT:
            missing.append(name)
    assert missing == []


def test_every_root_module_is_described() -> None:
    names = [module.as_posix().removeprefix("dhenara/ai/") for module in MODULES]
    assert [name for name in names if f"`{name}`" not in TEXT] == []


def test_every_module_stands_in_the_list_of_all_modules() -> None:
    listed = re.findall(r"^- `([^`]+)`: .", TEXT.partition("\n## All modules\n")[2], re.MULTILINE)
    assert listed == [shown_path(path) for path in modules()], "run python -m tools.architecture"


def test_every_module_says_what_it_holds() -> None:
    assert [shown_path(path) for path in modules() if not describe(path)] == []
