"""Recorded answers that report their cost: the tables give the same one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from dhenara.ai.catalog import price_usage
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, Cost, Usage
from support.corpus import CORPUS, Exchange, read
from support.protocols import PROTOCOLS

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
OTHERWISE = {
    "openrouter_advisor_tool": "a plugin with a fee of its own",
    "openrouter_file_annotation": "a plugin with a fee of its own",
    "openrouter_web_search_annotations": "searches by a plugin, whose fee depends on the results",
    "openrouter_google_nested_schema": "a key of the user's own at Google: OpenRouter charged nothing",
    "openrouter_responses_prompt_cache": "recorded before the price was lowered",
    "raw_cot_stream_openrouter": "recorded before the price was lowered",
}
"""Parts of the names of recordings that cost something else, and why."""
ROUNDING = {"perplexity": Decimal("0.00001")}
"""What the reported cost may differ by: Perplexity rounds each part."""

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded traffic is not available")


def reported(provider: str) -> Iterator[tuple[Exchange, Usage, str | None]]:
    """Yield each recorded answer with a cost: the exchange, its usage and the model that answered."""
    for protocol in PROTOCOLS:
        for exchange in protocol.exchanges(lambda e: e["expected"]["kind"] == "generate"):
            if exchange["provider"] == provider and exchange["fidelity"] != "synthetic":
                response = read(protocol.load(), protocol.quirks, exchange).response()
                if response.usage is not None and response.usage.reported_cost is not None:
                    yield exchange, response.usage, response.model


def cost_by_tables(exchange: Exchange, usage: Usage, served: str | None) -> Cost:
    body = exchange.get("request_body") or {}
    endpoint = AIModelEndpoint(
        api=AIModelAPI(provider=exchange["provider"], api_key="sk-test-secret"),
        ai_model=AIModel(model_name=body.get("model") or served or "unknown"),
    )
    return price_usage(endpoint, usage.model_copy(update={"reported_cost": None}), served=served, at=NOW)


@pytest.mark.parametrize(("provider", "least"), [("xai", 7), ("openrouter", 50), ("perplexity", 9)])
def test_the_tables_give_the_reported_cost(provider: str, least: int) -> None:
    compared = 0
    for exchange, usage, served in reported(provider):
        if any(part in exchange["id"] for part in OTHERWISE):
            continue
        cost = cost_by_tables(exchange, usage, served)
        assert cost.amount is not None, f"{exchange['id']}: {cost.reason}"
        difference = abs(cost.amount - Decimal(str(usage.reported_cost)))
        assert difference <= ROUNDING.get(provider, Decimal("1e-15")), exchange["id"]
        compared += 1
    assert compared >= least
