"""Every protocol folder has the same modules, and no module is too long."""

from __future__ import annotations

from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "src"
CODECS = SOURCES / "dhenara" / "ai" / "codecs"
PROTOCOLS = ("anthropic", "cohere", "converse", "gemini", "ollama", "openai_chat", "openai_responses")
MODULES = frozenset({"codec", "messages", "response"})
OPTIONAL = frozenset({"__init__", "batches", "embeddings", "media", "reasoning", "response_parts", "tools"})
LONGEST = 350
MOST_FILES = 480


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_protocol_folders_have_the_same_modules(protocol: str) -> None:
    modules = {path.stem for path in (CODECS / protocol).glob("*.py")}
    assert modules >= MODULES
    assert modules <= MODULES | OPTIONAL


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_protocol_reads_token_counts_where_it_reads_responses(protocol: str) -> None:
    modules = (CODECS / protocol).glob("response*.py")
    assert "def read_usage(" in "".join(module.read_text(encoding="utf-8") for module in modules)


def test_every_chat_protocol_is_in_the_list() -> None:
    assert {path.parent.name for path in CODECS.glob("*/codec.py")} == set(PROTOCOLS)


def test_no_module_is_too_long() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES.rglob("*.py")}
    assert not {str(path.relative_to(SOURCES)): length for path, length in lengths.items() if length > LONGEST}


def test_there_are_not_too_many_modules() -> None:
    assert len(list(SOURCES.rglob("*.py"))) <= MOST_FILES
