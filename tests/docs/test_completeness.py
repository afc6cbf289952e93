"""Pages that list everything of one kind leave nothing out."""

from __future__ import annotations

from pathlib import Path

import pytest

import ai_utilities.usage
from ai_utilities import AiSettings, exceptions
from dhenara.ai import errors

DOCS = Path(__file__).resolve().parents[2] / "docs"

ALL_ERRORS = {*dir(errors), *dir(exceptions), *ai_utilities.usage.__all__}
EXAMPLES = sorted(path.name for path in (DOCS.parent / "examples").iterdir() if path.name[0] not in "_.")
OLD_NAME = "AiUtilitiesError"


@pytest.mark.parametrize("name", AiSettings.model_fields)
def test_the_page_of_settings_lists_every_setting(name: str) -> None:
    assert f"`{name}`" in (DOCS / "settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(name for name in ALL_ERRORS - {OLD_NAME} if name.endswith("Error")))
def test_the_page_of_errors_lists_every_error(name: str) -> None:
    assert f"`{name}`" in (DOCS / "errors.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", sorted(path.name for path in (DOCS.parent / "examples").iterdir() if path.name[0] != "_")
)
def test_every_example_is_linked_from_a_page(name: str) -> None:
    assert any(f"/examples/{name})" in page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))
