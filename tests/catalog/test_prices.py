"""Prices: exact, dated, honest about what is not known, and worked out only when somebody looks."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import genai_prices
import pytest
from hypothesis import given, strategies as st

from dhenara.ai import AIModelClient
from dhenara.ai.catalog import price_usage
from dhenara.ai.codecs.gemini.embeddings import embedding_usage
from dhenara.ai.codecs.gemini.response_parts import read_usage as read_gemini
from dhenara.ai.testing import Answer, FakeServer, FakeUsage, Raw
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, ChatModelCostData, ChatResponse, Cost, Usage
from support.worlds import World, endpoint

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
COUNT = st.integers(0, 400_000)


def sold(provider: str, model: str, **more: object) -> AIModelEndpoint:
    return AIModelEndpoint(
        api=AIModelAPI(provider=provider, api_key="sk-test-secret"), ai_model=AIModel(model_name=model, **more)
    )


def cost_of(where: AIModelEndpoint, usage: Usage | None, **more: object) -> Cost:
    actual = price_usage(where, usage, **{"at": NOW, **more})
    assert actual is not None
    return actual


@pytest.mark.parametrize(
    ("provider", "listed", "model"),
    [
        ("openai", "openai", "gpt-6.1-sol"),
        ("openai", "openai", "gpt-5.2"),
        ("anthropic", "anthropic", "claude-opus-5-5"),
        ("anthropic", "anthropic", "claude-haiku-5-5"),
        ("google_ai", "google", "gemini-3.8-flash"),
        ("google_ai", "google", "gemini-2.5-pro"),
        ("deepseek", "deepseek", "deepseek-v4-pro"),
        ("xai", "x-ai", "grok-4.6"),
        ("amazon_bedrock", "aws", "us.anthropic.claude-haiku-4-5-20251001-v1:0"),
    ],
)
@given(fresh=COUNT, read=COUNT, written=COUNT, written_long=COUNT, out=COUNT, thought=COUNT)
def test_sums_equal_those_of_the_price_list_itself(
    provider: str,
    listed: str,
    model: str,
    fresh: int,
    read: int,
    written: int,
    written_long: int,
    out: int,
    thought: int,
) -> None:
    # A write for an hour is not priced as one for minutes, as the list would do for models that have no such writes.
    written_long = written_long if listed in ("anthropic", "aws") else 0
    ours = Usage(
        input_tokens=fresh,
        cache_read_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=written_long,
        output_tokens=out,
        reasoning_tokens=thought,
    )
    theirs = genai_prices.Usage(
        input_tokens=ours.prompt_tokens,
        cache_read_tokens=read,
        cache_write_tokens=written + written_long,
        cache_write_1h_tokens=written_long,
        output_tokens=ours.completion_tokens,
        output_reasoning_tokens=thought,
    )
    provided = genai_prices.calc_price(theirs, model, provider_id=listed, genai_request_timestamp=NOW)
    actual = cost_of(sold(provider, model), ours)
    assert actual.amount == provided.total_price
    assert actual.amount == sum(actual.components.values())


@given(text=COUNT, audio=COUNT, cached=st.floats(0, 1), cached_audio=st.floats(0, 1), out=COUNT)
def test_cached_audio_costs_what_the_price_list_itself_says(
    text: int, audio: int, cached: float, cached_audio: float, out: int
) -> None:
    read, cached_sound = int(text * cached), int(audio * cached_audio)
    report = {
        "promptTokenCount": text + audio,
        "cachedContentTokenCount": read + cached_sound,
        "candidatesTokenCount": out,
        "totalTokenCount": text + audio + out,
        "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": audio}],
        "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": cached_sound}],
    }
    theirs = genai_prices.Usage(
        input_tokens=text + audio,
        cache_read_tokens=read + cached_sound,
        input_audio_tokens=audio,
        cache_audio_read_tokens=cached_sound,
        output_tokens=out,
    )
    provided = genai_prices.calc_price(theirs, "gemini-2.5-flash", provider_id="google", genai_request_timestamp=NOW)
    assert cost_of(sold("google_ai", "gemini-2.5-flash"), read_gemini(report)).amount == provided.total_price


def test_twelve_hours_in_the_cache_cost_twice_as_much_as_minutes() -> None:
    for tier in (None, "flex", "priority", "batch"):
        minutes, hours = (
            cost_of(sold("openai", "gpt-6.1-sol"), Usage(**{name: 200_000}), service_tier=tier)
            for name in ("cache_write_tokens", "cache_write_1h_tokens")
        )
        assert hours.amount == 2 * (minutes.amount or 0) > 0


def test_media_to_embed_cost_their_own_prices() -> None:
    kinds = {"TEXT": 100_000, "AUDIO": 100_000, "IMAGE": 100_000, "VIDEO": 100_000}
    for name in ("promptTokenDetails", "promptTokensDetails"):
        details = [{"modality": kind, "tokenCount": tokens} for kind, tokens in kinds.items()]
        usage = embedding_usage({"promptTokenCount": 400_000, name: details})
        cost = cost_of(sold("google_ai", "gemini-embedding-2"), usage)
        assert cost.amount == (Decimal("0.2") + Decimal("6.5") + Decimal("0.45") + Decimal(12)) / 10


def test_a_price_says_which_row_it_is_from_when_and_whose() -> None:
    actual = cost_of(sold("openai", "gpt-5.2-2025-12-11"), Usage(input_tokens=1_000_000, output_tokens=1_000_000))
    assert actual.amount == Decimal("15.75")
    assert actual.components == {"input": Decimal("1.75"), "output": Decimal("14")}
    assert (actual.priced_as, actual.priced_at) == ("openai/gpt-5.2", NOW)
    assert re.fullmatch(r"\S+ \S+ 20\d\d-\d\d-\d\d \(openai\)", actual.source or "")


def test_large_prompts_cost_the_price_of_their_tier() -> None:
    small, large = (cost_of(sold("openai", "gpt-6.1-sol"), Usage(input_tokens=n)) for n in (272_000, 272_001))
    assert small.amount == 272_000 * Decimal("2") / 1_000_000
    assert large.amount == 272_001 * Decimal("4") / 1_000_000


def test_a_price_is_the_one_of_its_day() -> None:
    usage = Usage(input_tokens=1_000_000)
    before, after = (
        cost_of(sold("google_ai", "gemini-4-argon"), usage, at=datetime(2026, month, 15, tzinfo=UTC))
        for month in (11, 12)
    )
    assert (before.amount, after.amount) == (Decimal(2), Decimal(4))


def test_a_tier_of_service_has_its_own_price_or_none_at_all() -> None:
    usage = Usage(input_tokens=1_000_000)
    where = sold("openai", "gpt-6.1-sol")
    flex = cost_of(where, usage, service_tier="flex")
    assert flex.amount == Decimal(2)  # half of the price above 272,000 tokens
    assert flex.priced_as == "openai/gpt-6.1-sol (flex)"
    odd = cost_of(where, usage, service_tier="provisioned")
    assert odd.amount is None
    assert "provisioned" in str(odd.reason)


@pytest.mark.parametrize(
    ("provider", "model"),
    [("openai", "gpt-from-next-year"), ("sambanova", "anything"), ("openai_compatible", "gpt-5.2")],
)
def test_an_unknown_price_is_unknown_and_never_zero(provider: str, model: str) -> None:
    actual = cost_of(sold(provider, model), Usage(input_tokens=10, output_tokens=10))
    assert actual.amount is None
    assert "cost_data" in str(actual.reason)


def test_what_has_no_price_makes_a_sum_unknown_and_never_smaller() -> None:
    usage = Usage(input_tokens=1_000_000, server_tool_requests={"image_generation_call": 1})
    actual = cost_of(sold("openai", "gpt-5.2"), usage)
    assert actual.amount is None
    assert actual.components == {"input": Decimal("1.75")}
    assert "image_generation_call" in str(actual.reason)


def test_searches_have_their_fee() -> None:
    actual = cost_of(
        sold("anthropic", "claude-opus-5-5"), Usage(server_tool_requests={"web_search_requests": 3, "x": 9})
    )
    assert actual.amount == Decimal("0.03")


def test_the_providers_own_figure_wins_over_the_users_and_the_users_over_the_list() -> None:
    mine = ChatModelCostData(input_token_cost_per_million=Decimal(7), output_token_cost_per_million=Decimal(7))
    where = sold("openai", "gpt-5.2", cost_data=mine)
    assert cost_of(where, Usage(input_tokens=1_000_000)).amount == Decimal(7)
    provider_cost = cost_of(where, Usage(input_tokens=1_000_000, reported_cost=0.25))
    assert (provider_cost.amount, provider_cost.source) == (Decimal("0.25"), "provider")


def test_a_server_of_ones_own_is_free_and_a_strangers_is_unknown() -> None:
    usage = Usage(input_tokens=10)
    assert cost_of(sold("vllm", "qwen"), usage).amount == 0
    assert cost_of(sold("vllm", "qwen"), usage, base_url="http://gpu-box:8000/v1").amount == 0
    assert cost_of(sold("vllm", "qwen"), usage, base_url="https://vllm.example.com/v1").amount is None
    assert cost_of(sold("ollama", "qwen"), usage).amount == 0
    assert cost_of(sold("ollama", "qwen"), usage, base_url="https://ollama.com").amount is None


def test_a_deployment_is_priced_by_the_model_behind_it() -> None:
    usage = Usage(input_tokens=1_000_000)
    reported = sold("openai", "our-deployment", base_model="gpt-5.2")
    assert cost_of(reported, usage).priced_as == "openai/gpt-5.2"
    assert cost_of(sold("openai", "our-deployment"), usage, served="gpt-5.2-2025-12-11").priced_as == "openai/gpt-5.2"


def test_a_region_of_a_cloud_has_its_own_price() -> None:
    usage = Usage(input_tokens=100_000)
    regional, everywhere = (
        cost_of(sold("amazon_bedrock", name, base_model="claude-sonnet-4-5"), usage)
        for name in (f"{place}.anthropic.claude-sonnet-4-5-20250929-v1:0" for place in ("us", "global"))
    )
    assert (regional.amount, everywhere.amount) == (Decimal("0.33"), Decimal("0.3"))


def test_no_usage_has_no_cost() -> None:
    for usage in (None, Usage.unknown()):
        cost = price_usage(sold("openai", "gpt-5.2"), usage)
        assert (cost.amount, cost.reason) == (None, "the provider reported no usage")


def test_every_answer_is_priced_streamed_or_not(world: World, server: FakeServer) -> None:
    provided = Answer(text="Hello!", usage=FakeUsage(input=1_000_000, output=1_000_000))
    server.add_replies(provided, provided)
    client = AIModelClient(endpoint(server.url, model="gpt-5.2"))
    whole, streamed = world.run(client, "?").chat_response, world.stream(client, "?")[-1][1].chat_response
    world.close(client)
    assert whole.cost.amount == streamed.cost.amount == Decimal("15.75")
    assert whole.cost.priced_at is not None


@pytest.mark.parametrize("tier", [7, True, ["flex"], {"type": "flex"}], ids=str)
def test_a_service_tier_that_is_no_text_is_none(tier: object, server: FakeServer) -> None:
    message = {"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 0, "total_tokens": 1_000_000}
    body = {"object": "chat.completion", "choices": [message], "usage": usage, "service_tier": tier}
    server.add_replies(Raw(json.dumps(body).encode()))
    with AIModelClient(endpoint(server.url, model="gpt-5.2")) as client:
        answer = client.generate("?").chat_response
    assert answer.cost.amount == Decimal("1.75")
    assert ChatResponse.model_validate_json(answer.model_dump_json()) == answer


def test_a_stored_answer_holds_its_cost_and_nothing_of_its_endpoint(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"), Answer(text="Hello!"))
    with AIModelClient(endpoint(server.url, model="gpt-5.2")) as client:
        dumped, pickled = (client.generate("?").chat_response for _ in range(2))
    assert dumped is not None
    assert json.loads(dumped.model_dump_json())["cost"]["priced_as"] == "openai/gpt-5.2"
    assert ChatResponse.model_validate_json(dumped.model_dump_json()) == dumped
    assert "cost" in ChatResponse(id="1").with_pricing(lambda answer: None).model_dump(exclude_unset=True)
    retained = pickle.dumps(pickled)
    assert b"sk-test-secret" not in retained
    assert pickle.loads(retained).cost == pickled.cost  # noqa: S301  # made one line above


def test_a_table_is_read_at_the_first_cost_of_its_host() -> None:
    program = """
import sys
from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint
with FakeServer(Answer(text="hi")) as server:
    api = AIModelAPI(provider="openai", api_key="sk-test-secret", config={"base_url": server.url + "/v1"})
    with AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="gpt-5.2"))) as client:
        answer = client.generate("?").chat_response
assert answer.text() == "hi"
from dhenara.ai.catalog.price_tables import load_table
assert load_table.cache_info().currsize == 0
assert answer.cost.amount > 0
assert load_table.cache_info().currsize == 1
assert "genai_prices" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=250)


@pytest.mark.parametrize(
    ("provider", "model", "share"),
    [
        ("openai", "gpt-5-nano", "0.5"),
        ("anthropic", "claude-haiku-4-5", "0.5"),
        ("google_ai", "gemini-2.5-flash", "0.5"),
        ("mistral", "mistral-large-latest", "0.5"),
        ("groq", "llama-3.3-70b-versatile", "0.5"),
        ("xai", "grok-4.3", "0.8"),
    ],
)
def test_batches_cost_their_share_of_the_listed_price_and_tools_their_whole_fee(
    provider: str, model: str, share: str
) -> None:
    from dhenara.ai.catalog.prices import batch_price

    known = sold(provider, model)
    at = datetime(2026, 11, 1, tzinfo=UTC)

    def costs(usage: Usage) -> tuple[Decimal, Decimal]:
        answer = ChatResponse(model=model, provider=provider, usage=usage, choices=[])
        usual, batch = price_usage(known, usage, served=model, at=at), batch_price(known, answer, at, "")
        assert usual is not None
        assert batch is not None
        assert usual.amount is not None
        assert batch.amount is not None
        assert sum(batch.components.values()) == batch.amount
        return usual.amount, batch.amount

    usual, batch = costs(Usage(input_tokens=1_000, output_tokens=1_000))
    assert batch == usual * Decimal(share)
    if provider == "anthropic":
        with_search = costs(Usage(input_tokens=1_000, output_tokens=1_000, server_tool_requests={"web_search": 2}))
        assert with_search[1] - batch == with_search[0] - usual == Decimal("0.02")
