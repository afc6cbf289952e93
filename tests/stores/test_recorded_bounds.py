"""Recorded answers used at most what their requests are reserved for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ai_utilities.usage.budgets.request_terms import RequestTerms, read_terms
from ai_utilities.usage.estimates import estimate_tokens
from dhenara.ai.catalog.cost_calculation import as_billed
from dhenara.ai.types import Usage
from support.corpus import CORPUS, Exchange, read
from support.protocols import PROTOCOLS

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded traffic is not available")

SEARCHES_BY_ITSELF = ("compound",)
"""Models whose cost is unknown, as they read what they find."""


def recorded() -> Iterator[tuple[Exchange, RequestTerms, Usage]]:
    """Yield each recorded answer whose request is known and bounded."""
    for protocol in PROTOCOLS:
        for exchange in protocol.exchanges(lambda e: e["expected"]["kind"] == "generate"):
            body = exchange.get("request_body")
            if exchange["fidelity"] == "synthetic" or exchange["status"] != 200 or not isinstance(body, dict):
                continue
            terms = read_terms(body)
            if terms.searches != 0 or str(body.get("model")).startswith(SEARCHES_BY_ITSELF):
                continue
            usage = read(protocol.load(), protocol.quirks, exchange).response().usage
            if usage is not None:
                yield exchange, terms, as_billed(usage)


def test_prompts_and_answers_are_at_most_as_long_as_reserved() -> None:
    compared, longer = 0, []
    for exchange, terms, usage in recorded():
        compared += 1
        most = estimate_tokens(exchange["request_body"]).most + terms.pictures
        if (usage.prompt_tokens or 0) > most and not terms.has_context:
            longer.append(f"{exchange['id']}: a prompt of {usage.prompt_tokens} tokens, {most} reserved")
        if terms.longest and (usage.completion_tokens or 0) > terms.longest * terms.answers:
            longer.append(f"{exchange['id']}: {usage.completion_tokens} tokens, of {terms.longest * terms.answers}")
    assert not longer, "\n".join(longer)
    assert compared > 900
