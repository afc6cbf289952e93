"""The API reference is complete, and says what the source says."""

from __future__ import annotations

import pytest
from tools.reference.pages import FOLDER, all_pages, unlisted


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return all_pages()


def test_the_reference_is_up_to_date(written: dict[str, str]) -> None:
    stored = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    assert sorted(stored) == sorted(written)
    assert [name for name in written if stored[name] != written[name]] == [], "run `make tables` to write it anew"


def test_every_public_name_is_on_a_page() -> None:
    assert unlisted() == [], "add the names to tools/reference/pages.toml"


def test_options_have_type_default_range_and_meaning(written: dict[str, str]) -> None:
    line = next(row for row in written["call-options.md"].splitlines() if row.startswith("| `top_p` |"))
    assert "`None` (≥ 0, ≤ 1)" in line
    assert "Nucleus sampling" in line


def test_methods_show_parameters_results_and_errors(written: dict[str, str]) -> None:
    _, _, section = written["client.md"].partition("### AIModelClient.generate\n")
    section = section.partition("\n### ")[0]
    for text in ("| `prompt` |", "Returns: ", "| raises | when |", "](errors.md#configurationerror)"):
        assert text in section


def test_inherited_members_are_shown(written: dict[str, str]) -> None:
    assert "### AIModelClient.transcribe\n" in written["client.md"]
    assert "### AsyncAiClient.embed\n" in written["kit-client.md"]
