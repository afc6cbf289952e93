"""The API reference is complete, and says what the source says."""

from __future__ import annotations

import re

import pytest
from tools.reference.pages import FOLDER, all_pages, undescribed, unlisted


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return all_pages()


def test_the_reference_is_up_to_date(written: dict[str, str]) -> None:
    stored = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    assert sorted(stored) == sorted(written)
    assert [name for name in written if stored[name] != written[name]] == [], "run `make tables` to write it anew"


def test_every_public_name_is_on_a_page() -> None:
    assert unlisted() == [], "add the names to tools/reference/pages.toml"


def test_everything_public_is_described_with_the_errors_it_raises() -> None:
    assert undescribed() == [], "add docstrings"


def test_overridden_methods_of_pydantic_are_left_out(written: dict[str, str]) -> None:
    assert not re.findall(r"^### \w+\.model_(?:validate|dump|copy)\w*$", "\n".join(written.values()), re.MULTILINE)


def test_a_result_is_described_with_what_stands_before_a_colon(written: dict[str, str]) -> None:
    _, _, section = written["kit-client.md"].partition("### AiClient.count_tokens\n")
    assert "\nReturns: The number of tokens: counted by the provider, or estimated" in section.partition("\n### ")[0]


def test_every_error_says_that_it_has_advice(written: dict[str, str]) -> None:
    sections = written["errors.md"].split("\n## ")[1:]
    assert [one.partition("\n")[0] for one in sections if "\n| `advice` | `str` |" not in one] == []


def test_options_link_to_their_table(written: dict[str, str]) -> None:
    _, _, section = written["kit-client.md"].partition("### AiClient.rerank\n")
    line = next(row for row in section.splitlines() if row.startswith("| `**options` |"))
    assert line.endswith("[`RankOptions`](kit-options.md#rankoptions). |")


def test_types_show_the_values_that_they_accept(written: dict[str, str]) -> None:
    line = next(row for row in written["kit-options.md"].splitlines() if row.startswith("| `cache_backend` |"))
    assert "`Literal['memory', 'sqlite', 'redis', 'null']` | `'memory'`" in line


def test_defaults_show_the_value_of_a_constant(written: dict[str, str]) -> None:
    _, _, section = written["kit-bulk.md"].partition("## run_bulk\n")
    line = next(row for row in section.splitlines() if row.startswith("| `on` |"))
    assert "| `'here'` |" in line


def test_async_methods_refer_to_their_sync_form(written: dict[str, str]) -> None:
    for page, name, sync in (
        ("client.md", "AIModelClient.generate_async", "[`AIModelClient.generate`](#aimodelclientgenerate)"),
        ("kit-client.md", "AsyncAiClient.image", "[`AiClient.image`](#aiclientimage)"),
    ):
        _, _, section = written[page].partition(f"### {name}\n")
        assert section.partition("\n### ")[0].count(f"see {sync}") == 1


def test_names_in_both_packages_link_to_the_one_of_the_same_package(written: dict[str, str]) -> None:
    assert "based on [`ProviderError`](#providererror)" in written["errors.md"].partition("## CallError\n")[2]
    assert "[`ProviderError`](#providererror)" in written["kit-providers.md"]
    assert "(kit-providers.md#providererror)" not in written["errors.md"] + written["client.md"]


def test_links_within_the_reference_have_a_target(written: dict[str, str]) -> None:
    missing = []
    for page, text in written.items():
        for file, fragment in re.findall(r"\]\(([\w-]+\.md)?#([\w-]+)\)", text):
            headings = re.findall(r"^##+ (.+)$", written[file or page], re.MULTILINE)
            if fragment not in {heading.replace(".", "").lower() for heading in headings}:
                missing.append(f"{page}: {file}#{fragment}")
    assert missing == []


def test_options_have_type_default_range_and_meaning(written: dict[str, str]) -> None:
    line = next(row for row in written["call-options.md"].splitlines() if row.startswith("| `top_p` |"))
    assert "`None` (≥ 0, ≤ 1)" in line.replace("\u00a0", " ")
    assert "Nucleus sampling" in line


def test_methods_show_parameters_results_and_errors(written: dict[str, str]) -> None:
    _, _, section = written["client.md"].partition("### AIModelClient.generate\n")
    section = section.partition("\n### ")[0]
    for text in ("| `prompt` |", "Returns: ", "| raises | when |", "](errors.md#configurationerror)"):
        assert text in section


def test_inherited_members_are_shown(written: dict[str, str]) -> None:
    assert "### AIModelClient.transcribe\n" in written["client.md"]
    assert "### AsyncAiClient.embed\n" in written["kit-client.md"]


def test_adapters_are_described_without_their_libraries(written: dict[str, str]) -> None:
    for name in ("ChatDhenara", "DhenaraModel", "DhenaraLLM", "from_dhenara", "DhenaraOptions"):
        assert f"\n## {name}\n" in written["adapters.md"]
    row = next(line for line in written["adapters.md"].splitlines() if line.startswith("| `model_kwargs` |"))
    assert "| `dict()` | Further call options." in row
