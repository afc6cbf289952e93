"""Prices of well-known models, so that no rebuild of the tables changes them unseen."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tools.catalogue.prices.coverage import models_by_name, read_tables

from dhenara.ai.catalog import price_usage
from dhenara.ai.types import AIModelEndpoint, Usage

NAMES = {host: models_by_name(table) for host, table in read_tables().items()}
TODAY = "2026-11-29"


def rates_of(host: str, model: str, **conditions: Any) -> dict[str, str]:
    """Return the rates of the row for these conditions and no others."""
    usual = {"tier": None, "region": None, "above": None, "options": None, "times": None} | conditions
    rows = [
        row
        for row in NAMES[host][model]["prices"]
        if all(row.get(key) == value for key, value in usual.items())
        and row.get("from", "") <= TODAY < row.get("until", "9999")
    ]
    assert len(rows) == 1
    rates: dict[str, str] = rows[0]["rates"]
    return rates


@pytest.mark.parametrize(
    ("host", "model", "rates"),
    [
        ("openai", "gpt-4o", {"input": "2.5", "cache_read": "1.25", "output": "10"}),
        ("openai", "gpt-4o-mini-2024-07-18", {"input": "0.15", "cache_read": "0.075", "output": "0.6"}),
        ("openai", "o3", {"input": "2", "cache_read": "0.5", "output": "8", "code_sessions": "0.03"}),
        ("openai", "text-embedding-3-small", {"input": "0.02"}),
        ("openai", "whisper-1", {"seconds": "0.0001"}),
        ("openai", "tts-1-hd", {"characters": "30"}),
        ("openai", "gpt-4o-transcribe", {"input": "2.5", "input_audio": "6", "output": "10"}),
        ("anthropic", "claude-sonnet-4-5-20250929", {"input": "3", "cache_write": "3.75", "cache_write_1h": "6"}),
        ("anthropic", "claude-opus-4-1", {"input": "15", "output": "75", "cache_read": "1.5"}),
        ("google_ai", "gemini-2.5-flash", {"input": "0.3", "input_audio": "1", "output": "2.5", "cache_read": "0.03"}),
        ("google_vertex_ai", "gemini-2.5-pro", {"input": "1.25", "output": "10"}),
        ("mistral", "mistral-ocr-2512", {"pages": "0.002", "annotated_pages": "0.003"}),
        ("mistral", "open-mistral-nemo", {"input": "0.15", "output": "0.15"}),
        ("xai", "grok-4.3", {"input": "1.25", "cache_read": "0.2", "output": "2.5", "web_searches": "0.005"}),
        ("cohere", "rerank-v3.5", {"searches": "0.002"}),
        ("cohere", "command-a-03-2025", {"input": "2.5", "output": "10"}),
        ("voyage", "voyage-3.5", {"input": "0.06"}),
        ("deepgram", "nova-3", {"seconds": "0.0000716666666667"}),
        ("deepseek", "deepseek-chat", {"input": "0.28", "cache_read": "0.028", "output": "0.42"}),
        ("groq", "whisper-large-v3", {"seconds": "0.0000308333333333"}),
        ("groq", "openai/gpt-oss-120b", {"input": "0.15", "output": "0.6"}),
        ("azure", "text-embedding-3-large", {"input": "0.143"}),
    ],
)
def test_a_known_price(host: str, model: str, rates: dict[str, str]) -> None:
    assert rates.items() <= rates_of(host, model).items()


@pytest.mark.parametrize(
    ("host", "model", "conditions", "rates"),
    [
        ("openai", "gpt-4o", {"tier": "batch"}, {"input": "1.25", "output": "5"}),
        ("openai", "gpt-5.4", {"above": 272_000}, {"input": "5", "output": "22.5", "cache_read": "0.5"}),
        ("openai", "gpt-6-luna", {"region": "eu"}, {"input": "0.11", "output": "0.55"}),
        ("openai", "dall-e-3", {"options": {"size": ["1024x1792"], "quality": ["hd"]}}, {"images": "0.12"}),
        ("anthropic", "claude-opus-5-5", {"tier": "fast"}, {"input": "8", "output": "40"}),
        ("anthropic", "claude-opus-5-5", {"region": "us"}, {"input": "4.4", "output": "22"}),
        ("google_ai", "gemini-2.5-pro", {"above": 200_000}, {"input": "2.5", "output": "15"}),
        ("google_vertex_ai", "claude-haiku-4-5@20251001", {"region": "global"}, {"input": "1", "output": "5"}),
        ("azure", "gpt-5.1", {"region": "eu"}, {"input": "1.375", "output": "11"}),
        ("alibaba", "wan2.7-t2v", {"region": "cn"}, {"video_seconds": "0.143353"}),
        ("perplexity", "sonar", {"options": {"search_context_size": ["low"]}}, {"input": "1", "requests": "0.005"}),
    ],
)
def test_a_known_price_of_a_tier_size_or_place(
    host: str, model: str, conditions: dict[str, Any], rates: dict[str, str]
) -> None:
    assert rates.items() <= rates_of(host, model, **conditions).items()


def test_names_that_move_have_the_price_of_the_model_of_today() -> None:
    assert rates_of("mistral", "mistral-large-latest") == rates_of("mistral", "mistral-large-2512")
    assert rates_of("mistral", "mistral-medium")["input"] == "1.5"
    assert rates_of("xai", "grok-code-fast")["output"] == "2"


@pytest.mark.parametrize(
    ("host", "model"),
    [
        ("google_ai", "gemini-3.8-flash-anything-at-all"),
        ("google_ai", "claude-opus-5"),
        ("mistral", "mistral-large"),
        ("deepseek", "deepseek-v3.1-terminus"),
        ("openai", "gpt-oss-120b"),
    ],
)
def test_names_that_are_no_ids_of_the_host_are_not_listed(host: str, model: str) -> None:
    assert model not in NAMES[host]


def test_the_busy_hours_of_deepseek_are_on_working_days() -> None:
    busy = [{"days": [1, 2, 3, 4, 5], "hours": ["01:00-04:00", "06:00-10:00"]}]
    for model in ("deepseek-flash", "deepseek-v4-flash", "deepseek-v4-pro"):
        usual, dear = rates_of("deepseek", model), rates_of("deepseek", model, times=busy)
        assert float(dear["input"]) == 2 * float(usual["input"])


def test_cohere_bills_fewer_tokens_than_its_models_read() -> None:
    counts = {"billed_units": {"input_tokens": 39, "output_tokens": 27}, "tokens": {"input_tokens": 1683}}
    read = Usage(input_tokens=691, cache_read_tokens=992, output_tokens=62, raw=counts)
    cost = price_usage(AIModelEndpoint.of("cohere/command-a-03-2025"), read)
    assert cost.amount == (39 * Decimal("2.5") + 27 * Decimal(10)) / 1_000_000
