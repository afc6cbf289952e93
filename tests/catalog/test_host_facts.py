"""Facts belong to a host and a model: a limit of another host, of an older model or of an alias changes no request."""

from __future__ import annotations

import json
import re
from pathlib import Path
from pkgutil import get_data
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.catalog import find_facts, host_facts, known_models
from dhenara.ai.catalog.host_facts import FactSource, HostRow, forget_own_limits, host_table, use_own_limits
from dhenara.ai.catalog.model_constraints import most_output
from dhenara.ai.pipeline.request_builder import RequestBuilder
from dhenara.ai.providers.provider import find_provider
from dhenara.ai.providers.provider_names import KNOWN
from dhenara.ai.providers.target import resolve
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint, Call, ChatModelSettings, Prompt
from dhenara.ai.types.genai.foundation_models.anthropic.chat import Claude3Opus, ClaudeHaiku45
from dhenara.ai.types.genai.foundation_models.openai.chat import GPT4o

PROVIDERS = sorted(name for name in set(KNOWN.values()) if (known := find_provider(name)) and known.routes)
CONFIG = {"resource": "r", "region": "us-east-1", "project_id": "p", "location": "global"}
ROWS = [(host, name) for host in PROVIDERS for name in host_table(host).get("models", ())]


def encoded(provider: str, model: AIModel, **config: Any) -> dict[str, Any]:
    """The body of the request, without sending it."""
    api = AIModelAPI(provider=provider, api_key="k", config={**CONFIG, "base_url": "http://127.0.0.1:1/v1"})
    target = resolve(AIModelEndpoint(api=api, ai_model=model), {})
    call = Call(target.endpoint, (Prompt(text="?"),), AIModelCallConfig(**config))
    return dict(RequestBuilder(target, lambda: 0.0).write(call).body)


def sent_limit(provider: str, model: AIModel, limit: int) -> int:
    body = encoded(provider, model, max_output_tokens=limit)
    places = (body, body.get("generationConfig", {}), body.get("inferenceConfig", {}), body.get("options", {}))
    names = ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens", "maxTokens", "num_predict")
    values = [place[name] for place in places for name in names if name in place]
    assert len(values) == 1, body
    return int(values[0])


def row_limits(provider: str, model: str) -> list[int]:
    """What the provider's own table says of exactly this model."""
    table = host_table(provider)
    rows = {name.lower(): rows for name, rows in table.get("models", {}).items()}
    by_source = rows.get(model.lower(), {})
    return [facts["max_output_tokens"] for facts in by_source.values() if "max_output_tokens" in facts]


@pytest.mark.parametrize(
    ("provider", "model", "limit"),
    [
        ("mistral", "mistral-small-latest", 20_000),
        ("mistral", "mistral-large-latest", 100_000),
        ("deepinfra", "meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8", 32_000),
        ("fireworks", "accounts/fireworks/models/llama4-maverick-instruct-basic", 32_000),
        ("sambanova", "Llama-4-Maverick-17B-128E-Instruct", 32_000),
        ("together", "meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8", 32_000),
        ("alibaba", "qwen-plus", 32_768),
        ("alibaba", "qwen-plus-latest", 32_768),
        ("openrouter", "meta-llama/llama-4-maverick:free", 32_000),
        ("vllm", "gpt-4o", 100_000),
        ("openai_compatible", "claude-haiku-4-5", 100_000),
    ],
)
def test_a_limit_of_another_host_cuts_no_answer(provider: str, model: str, limit: int) -> None:
    assert sent_limit(provider, AIModel(model_name=model), limit) == limit


@given(st.sampled_from(ROWS), st.sampled_from(PROVIDERS), st.integers(1, 2_000_000))
def test_an_answer_is_cut_only_by_the_row_of_the_host_in_use(
    row: tuple[str, str], provider: str, requested: int
) -> None:
    _, model = row
    own = row_limits(provider, model)
    endpoint = AIModelEndpoint(api=AIModelAPI(provider=provider), ai_model=AIModel(model_name=model))
    most = most_output(endpoint, find_facts(endpoint))
    assert most is None or own, "a limit without a row of this host"
    assert most is None or most == max(own)
    assert min(requested, most or requested) >= min([requested, *own])


@pytest.mark.parametrize(
    ("provider", "model", "limit"),
    [
        ("anthropic", "claude-haiku-4-5", 64_000),
        ("anthropic", "claude-haiku-4-5-20251001", 64_000),
        ("openai", "gpt-4o", 16_384),
        ("amazon_bedrock", "us.anthropic.claude-sonnet-5", 128_000),
        ("cerebras", "gpt-oss-120b", 32_768),
    ],
)
def test_the_hosts_own_limit_lowers_a_larger_request(provider: str, model: str, limit: int) -> None:
    assert sent_limit(provider, AIModel(model_name=model), 1_000_000) == limit


@pytest.mark.parametrize(
    "name", ["claude-haiku-4-5-20991231", "gpt-4o-2099-01-01", "ft:gpt-4o:acme::1", "gpt-4o-turbo"]
)
def test_an_undeclared_version_of_a_known_model_has_no_limit(name: str) -> None:
    provider = "anthropic" if name.startswith("claude") else "openai"
    assert sent_limit(provider, AIModel(model_name=name), 500_000) == 500_000


def test_a_retired_model_limits_nothing() -> None:
    facts = find_facts("claude-3-opus")
    assert facts is not None
    assert facts.retired
    assert facts.output_limit is None
    assert sent_limit("anthropic", AIModel(model_name="claude-3-opus-20240229"), 50_000) == 50_000
    assert sent_limit("anthropic", Claude3Opus, 50_000) == 50_000


def test_a_constant_limits_calls_at_its_own_host_only() -> None:
    assert sent_limit("anthropic", ClaudeHaiku45, 200_000) == 64_000
    assert sent_limit("openai_compatible", ClaudeHaiku45, 200_000) == 200_000
    assert sent_limit("openrouter", GPT4o, 200_000) == 200_000
    mine = GPT4o.model_copy(update={"settings": ChatModelSettings(max_output_tokens=99)})
    assert sent_limit("openrouter", mine, 200_000) == 99


def test_a_deployment_is_limited_only_by_the_model_declared_behind_it() -> None:
    assert sent_limit("microsoft_openai", AIModel(model_name="gpt-4o"), 200_000) == 200_000
    declared = AIModel(model_name="our-model", base_model="gpt-4o")
    assert sent_limit("microsoft_openai", declared, 200_000) == 16_384


@pytest.mark.parametrize("name", ["chat-latest", "daybreak-red-latest", "mistral-tiny", "kimi-latest"])
def test_a_name_that_moves_has_no_facts(name: str) -> None:
    assert find_facts(name) is None
    assert name not in known_models()


def test_an_alias_with_a_date_has_the_facts_of_its_model() -> None:
    assert find_facts("mistral-small-latest") == find_facts("mistral-small-2603", "mistral")
    assert find_facts("mistral-small-latest", "deepinfra") is None


@pytest.mark.parametrize("host", sorted({host for host, _ in ROWS}))
def test_an_alias_has_facts_and_a_price_of_the_same_model(host: str) -> None:
    prices = json.loads(get_data("dhenara.ai.catalog", f"tables/prices/{host}.json") or b"{}") if priced(host) else {}
    moves = {name.lower(): [move["model"] for move in moves] for name, moves in prices.get("aliases", {}).items()}
    ours = {name: [move["model"] for move in moves] for name, moves in host_table(host)["aliases"].items()}
    assert ours == moves, "run `python -m tools.catalogue`"


def priced(host: str) -> bool:
    return (Path(host_facts.__file__).parent / "tables" / "prices" / f"{host}.json").exists()


def test_rules_of_a_vendor_hold_where_its_own_service_runs() -> None:
    for provider in ("anthropic", "amazon_bedrock", "google_vertex_ai", "microsoft_azure_ai"):
        assert "temperature" not in encoded(provider, AIModel(model_name="claude-opus-4-8"), temperature=0.2)
    body = encoded("openrouter", AIModel(model_name="anthropic/claude-opus-4-8"), temperature=0.2)
    assert body["temperature"] == 0.2


def test_what_the_weights_decide_holds_at_every_host() -> None:
    for provider in ("openai", "groq", "deepinfra", "vllm"):
        facts = find_facts("openai/gpt-oss-120b", provider)
        assert facts is not None
        assert facts.reasoning
        assert facts.reasoning_efforts == ("low", "medium", "high")
    assert "reasoning_effort" not in encoded("openrouter", AIModel(model_name="openai/gpt-4o"), reasoning_effort="low")


def test_a_table_has_no_models_of_a_maker_that_its_host_does_not_serve() -> None:
    for host in ("google_ai", "openai", "xai"):
        assert not [name for name in host_table(host)["models"] if "claude" in name]


def test_own_limits_win_over_the_tables() -> None:
    source = FactSource("my contract", "2026-11-29")
    row = HostRow("gpt-4o", {"max_output_tokens": 100}, {"max_output_tokens": source})
    use_own_limits("openai", [row])
    try:
        assert sent_limit("openai", AIModel(model_name="gpt-4o"), 5_000) == 100
        facts = find_facts("gpt-4o")
        assert facts is not None
        assert facts.sources["max_output_tokens"] == source
        assert sent_limit("openai_compatible", AIModel(model_name="gpt-4o"), 5_000) == 5_000
    finally:
        forget_own_limits()
    assert sent_limit("openai", AIModel(model_name="gpt-4o"), 5_000) == 5_000


@pytest.mark.parametrize("host", sorted({host for host, _ in ROWS}))
def test_every_row_has_a_source_with_a_date_and_no_name_that_moves(host: str) -> None:
    table = host_table(host)
    for name, by_source in table["models"].items():
        assert by_source.keys() <= table["sources"].keys()
        assert not re.search(r"\blatest\b", name)
        facts = [fact for facts in by_source.values() for fact in facts]
        assert len(facts) == len(set(facts))
    for name, moves in table["aliases"].items():
        assert name not in table["models"]
        assert all(move["from"] <= table["date"] and move["source"] in table["sources"] for move in moves)


def test_the_limits_of_a_model_fit_together() -> None:
    for host, name in ROWS:
        rows = host_table(host)["models"][name].values()
        facts = {fact: value for row in rows for fact, value in row.items()}
        kind = facts.get("functional_type", "text_generation")
        window, output = facts.get("context_window"), facts.get("max_output_tokens")
        if window is not None:
            assert facts.get("max_input_tokens", 0) <= window, (host, name)
            if kind == "text_generation":
                assert (output or 0) <= window, (host, name)
        if kind in ("embedding", "rerank", "moderation"):
            assert output is None, (host, name)
