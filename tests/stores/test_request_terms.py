"""What budgets reserve follows from the request that is sent, also from parameters of the provider in `options`."""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from ai_utilities import AiClient
from ai_utilities.usage import Budget, BudgetExceededError, BudgetLayer
from ai_utilities.usage.budgets.budget import UnknownCostError
from ai_utilities.usage.budgets.request_terms import REFERRING, most_uses, read_terms
from ai_utilities.usage.estimates import LONGEST_WORD, estimate_fields, read_fields
from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import AIModelCallConfig, ChatModelCostData, FileContent, ImageContent
from support.worlds import endpoint

TOKENS = ChatModelCostData(input_token_cost_per_million=Decimal(1), output_token_cost_per_million=Decimal(4))
CONTEXT = {"openai": 400_000, "anthropic": 200_000, "google_ai": 1_048_576}


def needed(server: FakeServer, name: str, prompt: Any = "?", own: bool = True, **config: Any) -> Decimal | None:
    """The most that a call may cost; None if a budget cannot tell. Nothing is sent."""
    provider, _, model = name.partition("/")
    at = endpoint(server.url, provider, model)
    at = at.model_copy(update={"cost_data": TOKENS}) if own else at
    config = {"max_output_tokens": 10, **config}
    with AIModelClient(at, AIModelCallConfig(**config), layers=[BudgetLayer(Budget(0))]) as one:
        with pytest.raises((BudgetExceededError, UnknownCostError)) as refused:
            one.generate(prompt)
        assert not server.exchanges
        return refused.value.needed if isinstance(refused.value, BudgetExceededError) else None


def needed_with(server: FakeServer, name: str, **options: Any) -> Decimal | None:
    """The most that a call with options of the provider may cost."""
    return needed(server, name, options=options)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("openai/gpt-5.4-mini", {"n": 500}),
        ("openai/gpt-5.4-mini", {"max_completion_tokens": 5000}),
        ("anthropic/claude-haiku-4-5", {"max_tokens": 5000}),
        ("google_ai/gemini-2.5-flash", {"candidateCount": 500}),
        ("google_ai/gemini-2.5-flash", {"generationConfig": {"candidateCount": 500}}),
        ("google_ai/gemini-2.5-flash", {"generationConfig": {"maxOutputTokens": 5000}}),
    ],
)
def test_length_and_number_of_answers_count_in_the_providers_names(
    name: str, options: dict[str, Any], server: FakeServer
) -> None:
    amount = needed_with(server, name, **options)
    assert amount is not None
    assert amount >= Decimal("0.02")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("openai/gpt-5.4-mini", {"tools": [{"type": "web_search"}]}),
        ("openai/gpt-5.4-mini", {"tools": [{"type": "image_generation"}]}),
        ("openai/gpt-5.4-mini", {"model": "gpt-5.4"}),
        ("anthropic/claude-haiku-4-5", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        ("anthropic/claude-haiku-4-5", {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]}),
        ("anthropic/claude-haiku-4-5", {"mcp_servers": [{"type": "url", "url": "https://a.example", "name": "a"}]}),
        ("google_ai/gemini-2.5-flash", {"tools": [{"google_search": {}}]}),
        ("google_ai/gemini-2.5-flash", {"tools": [{"url_context": {}}]}),
        ("openrouter/openai/gpt-5.4-mini", {"models": ["openai/gpt-5.4"]}),
        ("openrouter/openai/gpt-5.4-mini", {"plugins": [{"id": "web"}]}),
        ("xai/grok-4", {"search_parameters": {"mode": "on"}}),
    ],
)
def test_what_a_provider_may_do_without_a_limit_is_of_unknown_cost(
    name: str, options: dict[str, Any], server: FakeServer
) -> None:
    assert needed_with(server, name, **options) is None


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("openai/gpt-5.4-mini", {"previous_response_id": "resp_1"}),
        ("openai/gpt-5.4-mini", {"conversation": "conv_1"}),
        ("openai/gpt-5.4-mini", {"prompt": {"id": "pmpt_1"}}),
        ("google_ai/gemini-2.5-flash", {"cachedContent": "cachedContents/1"}),
    ],
)
def test_a_context_that_the_provider_keeps_may_be_as_long_as_the_models(
    name: str, options: dict[str, Any], server: FakeServer
) -> None:
    amount = needed_with(server, name, **options)
    assert amount is not None
    assert amount * 1_000_000 >= CONTEXT[name.partition("/")[0]]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("openai/gpt-5.4-mini", FileContent.from_file_id("file-1")),
        ("anthropic/claude-haiku-4-5", FileContent.from_file_id("file-1")),
        ("anthropic/claude-haiku-4-5", FileContent(url="https://a.example/paper.pdf", mime_type="application/pdf")),
    ],
)
def test_a_file_that_is_not_sent_may_fill_the_context(name: str, part: FileContent, server: FakeServer) -> None:
    amount = needed(server, name, ["Summarise.", part])
    assert amount is not None
    assert amount * 1_000_000 >= CONTEXT[name.partition("/")[0]]


def test_batches_count_files_and_options_too(server: FakeServer) -> None:
    at = endpoint(server.url, "anthropic", "claude-haiku-4-5").model_copy(update={"cost_data": TOKENS})

    def most(prompt: Any, **options: Any) -> Decimal:
        config = AIModelCallConfig(max_output_tokens=10, options=options)
        one = AIModelClient(at, config, layers=[BudgetLayer(Budget(0))])
        with one, pytest.raises(BudgetExceededError) as refused:
            one.submit_batch([prompt])
        return refused.value.needed

    plain = most("Hi")
    assert most("Hi", max_tokens=5000) >= plain + Decimal("0.009")
    assert most(["Summarise.", FileContent.from_file_id("file-1")]) * 2_000_000 >= CONTEXT["anthropic"]


def test_a_picture_that_is_only_named_counts_as_one_that_is_sent(server: FakeServer) -> None:
    for name in ("openai/gpt-5.4-mini", "anthropic/claude-haiku-4-5"):
        amount = needed(server, name, ["What is it?", ImageContent(url="https://a.example/cat.png")])
        assert amount is not None
        assert Decimal("0.002") <= amount < Decimal("0.01")


def test_tools_of_the_caller_cost_nothing_more(server: FakeServer) -> None:
    tools = [
        {
            "type": "function",
            "function": {"name": "run", "parameters": {"properties": {"file_id": {"type": "string"}}}},
        },
        {"name": "run", "description": "Runs.", "input_schema": {"type": "object"}, "cache_control": {"type": "x"}},
        {"functionDeclarations": [{"name": "run"}]},
        {"toolSpec": {"name": "run"}},
        {"type": "bash_20250124", "name": "bash"},
        {"type": "text_editor_20250728", "name": "edit"},
        {"type": "apply_patch"},
        {"type": "shell"},
    ]
    assert [most_uses(tool) for tool in tools] == [0] * len(tools)
    assert most_uses({"type": "shell", "environment": {"type": "container_auto"}}) is None
    assert most_uses({"functionDeclarations": [], "googleSearch": {}}) is None
    assert most_uses({"type": "web_search_20250305", "name": "web_search", "max_uses": 2}) == 2
    body = {"tools": tools, "messages": [{"content": [{"type": "tool_use", "input": {"file_id": "file-1"}}]}]}
    assert not read_terms(body).has_context


def test_tiers_and_regions_of_the_request_count_with_their_price(server: FakeServer) -> None:
    def most(name: str, **options: Any) -> Decimal:
        amount = needed(server, name, "Why?" * 1000, own=False, options={"metadata": {}, **options})
        assert amount is not None
        return amount

    usual = most("openai/gpt-5.4-mini")
    assert most("openai/gpt-5.4-mini", service_tier="priority") > usual * Decimal("1.9")
    assert most("openai/gpt-5.4-mini", service_tier="auto") > usual * Decimal("1.9")
    assert most("anthropic/claude-opus-4-6", inference_geo="us") > most("anthropic/claude-opus-4-6") * Decimal("1.09")


def test_research_that_a_model_does_by_itself_is_of_unknown_cost(server: FakeServer) -> None:
    assert needed(server, "perplexity/sonar-deep-research", own=False) is None
    high = {"search_context_size": "high"}
    amount = needed(server, "perplexity/sonar-pro", own=False, options={"web_search_options": high})
    assert amount is not None
    assert amount >= Decimal("0.014")


def test_images_and_speech_of_the_usual_models_fit_a_budget(server: FakeServer) -> None:
    def of(**options: Any) -> Decimal:
        at = {"provider": "openai", "api_key": "k", "base_url": f"{server.url}/v1"}
        with AiClient(**at, budget_usd="0.0000001") as client, pytest.raises(BudgetExceededError) as refused:
            client.speak(**options) if "text" in options else client.image("An otter", options=options)
        return refused.value.needed

    high_square = 7033 * Decimal(30) / 1_000_000
    assert of(size="1024x1024") > high_square
    assert of(size="auto") > of(size="1024x1024")
    assert of(size="2048x2048") > 4 * high_square
    minute = "word " * 180
    assert of(text=minute) > Decimal("0.015")
    assert of(text=minute, speed=0.25) > 3 * of(text=minute)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("openai/gpt-of-next-year", "the price table of openai"),
        ("openai/gpt-5.4-mini", "max_uses of WebSearch"),
    ],
)
def test_a_refusal_says_what_is_not_known_and_what_to_do(name: str, says: str, server: FakeServer) -> None:
    provider, _, model = name.partition("/")
    config = AIModelCallConfig(max_output_tokens=10, options={"tools": [{"type": "web_search"}]})
    one = AIModelClient(endpoint(server.url, provider, model), config, layers=[BudgetLayer(Budget(1))])
    with one, pytest.raises(UnknownCostError) as refused:
        one.generate("?")
    assert str(refused.value).startswith(f"{provider} ({model}): a budget applies")
    assert says in str(refused.value)


def test_a_refusal_of_an_image_names_its_size(server: FakeServer) -> None:
    at = endpoint(server.url, "openai", "dall-e-3")
    one = AIModelClient(at, AIModelCallConfig(options={"size": "5x5"}), layers=[BudgetLayer(Budget(1))])
    with one, pytest.raises(UnknownCostError, match="choose a size and quality that have a price"):
        one.generate("An otter")


def test_a_call_of_unknown_cost_is_sent_only_if_anything_is_left(server: FakeServer) -> None:
    server.add_replies(Answer(text="Yes"), Answer(text="Yes"))
    unknown = endpoint(server.url, "openai", "gpt-of-next-year")
    budget = Budget("0.001", window="total", unknown="allow")
    layer = BudgetLayer(budget)
    now = 0.0
    with AIModelClient(unknown, layers=[layer]) as one:
        one.generate("?")
        assert layer.remaining(budget, now) == Decimal("0.001")
        layer.settle([budget.window_at({}, now)], 1_000_000)
        with pytest.raises(BudgetExceededError):
            one.generate("?")


def test_a_limit_is_finite() -> None:
    for limit in (float("inf"), "Infinity", "nan"):
        with pytest.raises(ConfigurationError, match="limit of a budget"):
            Budget(limit)


@pytest.mark.parametrize("name", sorted(REFERRING))
def test_a_reference_counts_whether_or_not_the_words_of_the_request_are_known(name: str) -> None:
    part = {"type": "image", name: {"type": "url", "url": "https://example.com/a.png"}}
    body = {"messages": [{"role": "user", "content": [part]}]}
    words = {text for _, text in read_fields(body)}
    known = read_terms(body, words=words)
    assert known == read_terms(body)
    assert known.pictures or known.has_context


def test_a_request_without_such_a_name_refers_to_nothing() -> None:
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    assert read_terms(body, words={text for _, text in read_fields(body)}) == read_terms(body)


PDF = b64encode(b"%PDF-1.4 /Type /Page ").decode()
TEXTS = st.one_of(
    st.text(max_size=2 * LONGEST_WORD),
    st.sampled_from(["pro", "bash_20250124", PDF, f"data:application/pdf;base64,{PDF}", "type"]),
    st.integers(990, 1010).map("A".__mul__),
)
NAMES = st.sampled_from(["content", "text", "type", "mode", "tools", "response_format", "name"])
BODIES = st.recursive(
    TEXTS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)), max_leaves=6
)


@given(BODIES)
def test_a_body_has_the_same_estimate_whether_or_not_its_short_strings_are_known(body: Any) -> None:
    fields = read_fields(body)
    words = frozenset([text for _, text in fields if len(text) <= LONGEST_WORD])
    known, unknown = estimate_fields(fields, words), estimate_fields(fields)
    assert (known.usual, known.most) == (unknown.usual, unknown.most)
