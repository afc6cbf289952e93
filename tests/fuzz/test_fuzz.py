"""A short run of the fuzzer: other inputs than those of `make fuzz`, the same each time."""

from __future__ import annotations

import pytest

from fuzz.targets import attempt, targets
from support.corpus import CORPUS

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded traffic is not next to the project")
FIRST = 1_000_000_000
COUNT = 2_500


def test_mutated_answers_raise_only_typed_errors() -> None:
    assert [wrong for number in range(FIRST, FIRST + COUNT) if (wrong := attempt(number)) is not None] == []


def test_every_protocol_and_framing_is_fuzzed() -> None:
    names = {target.name.partition("-")[0] for target in targets()}
    chat = {"openai_chat", "openai_responses", "anthropic", "gemini", "converse", "cohere", "ollama"}
    assert names >= chat | {"errors", "sse", "ndjson", "eventstream", "http1", "gzip"}
