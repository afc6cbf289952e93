"""The most that a call can cost: reserved by budgets before each operation, never below what it costs then."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from ai_utilities.usage import Budget, BudgetExceededError, BudgetLayer, MemoryBudgets
from ai_utilities.usage.budgets.budget import Refused, Reservation, UnknownCostError, to_dollars
from ai_utilities.usage.budgets.cost_upper_bound import count_pages, upper_bound_for
from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, Raw, SampleOperations
from dhenara.ai.testing.sample_operations import png, wav_tone
from dhenara.ai.types import (
    AIModelCallConfig,
    AudioContent,
    AudioModelCostData,
    Call,
    ChatModelCostData,
    CodeExecution,
    FileContent,
    ImageContent,
    ImageModelCostData,
    PromptCache,
    VideoContent,
    WebSearch,
)
from support.thorough import examples
from support.worlds import World, endpoint

MINUTES = AudioModelCostData(cost_per_minute=Decimal("0.6"))
CHARACTERS = AudioModelCostData(cost_per_million_characters=Decimal(15))
TOKENS = ChatModelCostData(
    input_token_cost_per_million=Decimal(1),
    output_token_cost_per_million=Decimal(4),
    cache_write_cost_per_million=Decimal("1.25"),
)
FLAT = ImageModelCostData(flat_cost_per_image=Decimal("0.02"))
BY_OPTIONS = ImageModelCostData(
    image_options_cost_data=(
        {"quality": ["standard"], "size": ["1024x1024"], "cost_per_image": "0.04"},
        {"quality": ["hd"], "size": ["1024x1024"], "cost_per_image": "0.08"},
    )
)
AUTO = ImageModelCostData(
    image_options_cost_data=tuple(
        {"quality": quality, "size": size, "cost_per_image": str(price * area)}
        for quality, price in (("low", Decimal("0.01")), ("medium", Decimal("0.04")), ("high", Decimal("0.16")))
        for size, area in (("1024x1024", 1), ("1024x1536", Decimal("1.5")), ("1536x1024", Decimal("1.5")))
    )
)
SOUND = wav_tone(2.5)
Ask = Callable[[AIModelClient], Any]


class Record(MemoryBudgets):
    """Budgets in memory that remember what was reserved and what was spent."""

    def __init__(self) -> None:
        super().__init__()
        self.reserved: list[Decimal] = []
        self.spent_amounts: list[Decimal] = []

    def open(self, reservation: Reservation) -> Refused | None:
        self.reserved.append(to_dollars(reservation.amount))
        return super().open(reservation)

    def finish(self, reservation: Reservation, spent: int) -> None:
        self.spent_amounts.append(to_dollars(spent))
        super().finish(reservation, spent)


def client(server: FakeServer, provider: str, model: str, prices: Any, *layers: BudgetLayer, **config: Any) -> Any:
    at = endpoint(server.url, provider, model)
    at = at if prices is None else at.model_copy(update={"cost_data": prices})
    return AIModelClient(at, AIModelCallConfig(**config), layers=list(layers))


def needed(server: FakeServer, provider: str, model: str, prices: Any, ask: Ask, **config: Any) -> Decimal | None:
    """The most that the call may cost; None if a budget cannot tell. Nothing is sent."""
    with client(server, provider, model, prices, BudgetLayer(Budget(0)), **config) as one:
        with pytest.raises((BudgetExceededError, UnknownCostError)) as refused:
            ask(one)
        assert not server.exchanges
        return refused.value.needed if isinstance(refused.value, BudgetExceededError) else None


def drawn(count: int = 1, **facts: Any) -> Raw:
    return Raw(json.dumps({"data": [{"url": "https://images.example/1.png"}] * count, **facts}).encode())


# What is reserved


def test_images_are_reserved_by_number_and_options(server: FakeServer) -> None:
    def most(model: str, prices: Any, **options: Any) -> Decimal | None:
        return needed(server, "openai", model, prices, lambda one: one.generate("A cat", n=2, options=options))

    assert most("dall-e-2", FLAT) == Decimal("0.04")
    assert most("dall-e-3", BY_OPTIONS) == Decimal("0.08")
    assert most("dall-e-3", BY_OPTIONS, quality="hd") == Decimal("0.16")
    assert most("dall-e-3", BY_OPTIONS, size="1792x1024") is None


def test_options_that_the_provider_chooses_are_reserved_at_the_highest_price(server: FakeServer) -> None:
    def most(**options: Any) -> Decimal | None:
        return needed(server, "openai", "gpt-image-1", AUTO, lambda one: one.generate("A cat", options=options))

    assert most() == most(quality="auto") == Decimal("0.24")
    assert most(quality="low") == Decimal("0.015")
    assert most(quality="medium", size="1024x1024") == Decimal("0.04")
    assert most(quality="other") is None


def test_an_edit_is_reserved_like_a_new_image(server: FakeServer) -> None:
    cat = ImageContent(data=png(8, 6), mime_type="image/png")
    assert needed(server, "openai", "dall-e-2", FLAT, lambda one: one.edit_image("A hat", [cat], n=3)) == Decimal(
        "0.06"
    )
    assert needed(server, "openai", "dall-e-2", FLAT, lambda one: one.vary_image(cat)) == Decimal("0.02")


@pytest.mark.parametrize(("provider", "model"), [("openai", "tts-1"), ("deepgram", "aura-2-thalia-en")])
def test_speech_is_reserved_by_its_characters(provider: str, model: str, server: FakeServer) -> None:
    assert needed(server, provider, model, CHARACTERS, lambda one: one.speak("x" * 1000)) == Decimal("0.015")
    assert needed(server, provider, model, MINUTES, lambda one: one.speak("x" * 1000)) is None


def test_transcription_is_reserved_by_seconds_of_the_file_or_by_its_bytes(server: FakeServer) -> None:
    mp3 = AudioContent(data=b"ID3\x04" + bytes(9_996), mime_type="audio/mpeg")
    webm = AudioContent(data=b"\x1aE\xdf\xa3" + bytes(9_996), mime_type="audio/webm")
    for provider, model in (("openai", "whisper-1"), ("deepgram", "nova-3"), ("groq", "whisper-large-v3")):
        assert needed(server, provider, model, MINUTES, lambda one: one.transcribe(SOUND)) == Decimal("0.025")
        assert needed(server, provider, model, MINUTES, lambda one: one.transcribe(mp3)) == Decimal("0.1")
        assert needed(server, provider, model, MINUTES, lambda one: one.transcribe(webm)) == Decimal("0.2")


def test_transcription_by_tokens_is_reserved_with_the_longest_transcript(server: FakeServer) -> None:
    ask = lambda one: one.transcribe(SOUND)  # noqa: E731
    most = needed(server, "openai", "gpt-4o-transcribe", TOKENS, ask)
    assert most is not None
    assert Decimal("0.008") < most < Decimal("0.009")


def test_embeddings_are_reserved_with_the_tokens_around_each_text(server: FakeServer) -> None:
    most = needed(server, "openai", "text-embedding-3-small", TOKENS, lambda one: one.embed(["a"] * 1000))
    assert most is not None
    assert Decimal("0.005") <= most < Decimal("0.01")


def test_video_to_embed_is_reserved_at_the_price_of_video(server: FakeServer) -> None:
    def ask(model: str) -> Decimal | None:
        media = VideoContent(data=b"x" * 3_000, mime_type="video/mp4")
        return needed(server, "google_ai", model, None, lambda one: one.embed([media]))

    video, text = (
        ask("gemini-embedding-2"),
        needed(server, "google_ai", "gemini-embedding-2", None, lambda one: one.embed(["x" * 4_000])),
    )
    assert video is not None
    assert text is not None
    assert video > 10 * text


def test_twelve_hours_in_the_cache_are_reserved_at_their_price(server: FakeServer) -> None:
    def most(**config: Any) -> Decimal:
        ask = lambda one: one.generate("x" * 1_000, max_output_tokens=1, **config)  # noqa: E731
        reserved = needed(server, "openai", "gpt-6.1-sol", None, ask)
        assert reserved is not None
        return reserved

    short = most(prompt_cache=PromptCache(key="book"))
    assert most(prompt_cache=PromptCache(key="book", lifetime="long")) > Decimal("1.8") * short
    assert most(options={"prompt_cache_options": {"ttl": "12h"}}) > Decimal("1.8") * short


def test_tools_that_the_provider_runs_without_a_limit_are_of_unknown_cost(server: FakeServer) -> None:
    for tool in (WebSearch(), CodeExecution()):
        ask = lambda one, tool=tool: one.generate("?", tools=[tool], max_output_tokens=10)  # noqa: E731
        assert needed(server, "anthropic", "claude-sonnet-4-5", TOKENS, ask) is None


def test_each_search_that_is_allowed_may_read_the_whole_context_again(server: FakeServer) -> None:
    def most(uses: int) -> Decimal:
        ask = lambda one: one.generate("?", tools=[WebSearch(max_uses=uses)], max_output_tokens=10)  # noqa: E731
        amount = needed(server, "anthropic", "claude-sonnet-4-5", TOKENS, ask)
        assert amount is not None
        return amount

    assert most(3) - most(2) == 200_000 * Decimal("1.25") / 1_000_000


def test_without_a_limit_of_the_cost_the_policy_decides(server: FakeServer) -> None:
    server.add_replies(drawn())
    layer = BudgetLayer(Budget(1, unknown="allow"))
    with client(server, "openai", "gpt-image-99", None, layer) as one:
        assert one.generate("A cat").image_response.images


def pdf(pages: int) -> bytes:
    pypdf = pytest.importorskip("pypdf")
    writer = pypdf.PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(100, 100)
    data = BytesIO()
    writer.write(data)
    return data.getvalue()


def test_pages_of_a_pdf_file_are_counted() -> None:
    assert count_pages(pdf(3)) == 3
    assert count_pages(b"%PDF-1.4 damaged") is None
    assert count_pages(b"text") is None


# What is reserved is never less than what is spent


def spend(server: FakeServer, provider: str, model: str, prices: Any, reply: Any, ask: Ask, **config: Any) -> None:
    """Makes the call under a budget, and compares what it cost with what was reserved."""
    server.add_replies(reply)
    store = Record()
    with client(server, provider, model, prices, BudgetLayer(Budget(10**6), store=store), **config) as one:
        ask(one)
    assert store.reserved
    assert len(store.spent_amounts) == len(store.reserved)
    assert all(spent <= most for spent, most in zip(store.spent_amounts, store.reserved, strict=True))


WORDS = st.text(max_size=40).map(lambda text: f"x{text}")
often = settings(
    max_examples=examples(40),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)


@often
@given(text=st.text(min_size=1, max_size=60), tokens=st.integers(1, 50), share=st.floats(0, 1), data=st.data())
def test_an_answer_costs_at_most_what_was_reserved(
    text: str, tokens: int, share: float, data: st.DataObject, server: FakeServer
) -> None:
    read = data.draw(st.integers(0, len(text.encode("utf-8", "surrogatepass"))))
    cached = data.draw(st.integers(0, read))
    usage = {
        "prompt_tokens": read,
        "completion_tokens": tokens,
        "total_tokens": read + tokens,
        "prompt_tokens_details": {"cache_write_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": int(tokens * share)},
    }
    message = {"index": 0, "message": {"role": "assistant", "content": "Yes"}, "finish_reason": "stop"}
    reply = Raw(json.dumps({"object": "chat.completion", "choices": [message], "usage": usage}).encode())
    spend(server, "openai", "gpt-5.4-mini", TOKENS, reply, lambda one: one.generate(f"x{text}"), max_output_tokens=50)


@often
@given(
    count=st.integers(1, 4),
    made=st.integers(1, 4),
    quality=st.sampled_from([None, "auto", "low", "medium", "high"]),
    size=st.sampled_from([None, "auto", "1024x1024", "1536x1024"]),
    chosen=st.sampled_from(["low", "medium", "high"]),
    area=st.sampled_from(["1024x1024", "1024x1536", "1536x1024"]),
)
def test_images_cost_at_most_what_was_reserved(
    count: int, made: int, quality: str | None, size: str | None, chosen: str, area: str, server: FakeServer
) -> None:
    options = {name: value for name, value in (("quality", quality), ("size", size)) if value is not None}
    facts = {
        "quality": chosen if quality in (None, "auto") else quality,
        "size": area if size in (None, "auto") else size,
    }
    ask = lambda one: one.generate("A cat", n=count, options=options)  # noqa: E731
    spend(server, "openai", "gpt-image-1", AUTO, drawn(min(made, count), **facts), ask)


@often
@given(text=st.text(min_size=1, max_size=200))
def test_speech_costs_at_most_what_was_reserved(text: str, server: FakeServer) -> None:
    spend(server, "openai", "tts-1", CHARACTERS, SampleOperations(), lambda one: one.speak(f"x{text}"))


@often
@given(seconds=st.floats(0.1, 5), reported=st.booleans())
def test_transcription_costs_at_most_what_was_reserved(seconds: float, reported: bool, server: FakeServer) -> None:
    sound = wav_tone(round(seconds, 2))
    length = struct.unpack_from("<I", sound, 40)[0] / struct.unpack_from("<I", sound, 28)[0]
    reply = Raw(json.dumps({"text": "Hi", **({"duration": length} if reported else {})}).encode())
    spend(server, "cohere", "cohere-transcribe", MINUTES, reply, lambda one: one.transcribe(sound, language="en"))


@often
@given(texts=st.lists(WORDS, min_size=1, max_size=30), data=st.data())
def test_embeddings_cost_at_most_what_was_reserved(texts: list[str], data: st.DataObject, server: FakeServer) -> None:
    # A token has at least one byte, and a text up to two tokens at its ends.
    most = sum(len(text.encode("utf-8", "surrogatepass")) + 2 for text in texts)
    tokens = data.draw(st.integers(0, most))
    vectors = [{"index": number, "embedding": [0.5]} for number in range(len(texts))]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    reply = Raw(json.dumps({"data": vectors, "usage": usage}).encode())
    spend(server, "openai", "text-embedding-3-small", TOKENS, reply, lambda one: one.embed(texts))


@often
@given(
    texts=st.lists(WORDS, min_size=1, max_size=5),
    query=WORDS,
    share=st.floats(0, 1),
)
def test_reranking_by_tokens_costs_at_most_what_was_reserved(
    texts: list[str], query: str, share: float, server: FakeServer
) -> None:
    each = len(query.encode("utf-8", "surrogatepass")) + 2
    most = sum(len(text.encode("utf-8", "surrogatepass")) + 2 + each for text in texts)
    usage = {"total_tokens": int(most * share)}
    reply = Raw(json.dumps({"data": [{"index": 0, "relevance_score": 0.5}], "usage": usage}).encode())
    spend(server, "voyage", "rerank-2.5", TOKENS, reply, lambda one: one.rerank(query, texts))


def test_budgets_work_in_every_kind_of_code(world: World, server: FakeServer) -> None:
    server.add_replies(drawn(), SampleOperations())
    layer = BudgetLayer(Budget("0.1"))
    draws, speaks = (
        client(server, "openai", model, prices, layer) for model, prices in (("dall-e-2", FLAT), ("tts-1", CHARACTERS))
    )
    assert world.run(draws, "A cat").image_response.cost.amount == Decimal("0.02")
    assert world.ask(speaks, "speak", "Hello").cost.amount == Decimal("0.000075")
    with pytest.raises(BudgetExceededError):
        world.run(draws, "A cat", n=5)
    assert len(server.exchanges) == 2
    world.close(draws)
    world.close(speaks)


def test_a_file_in_the_cloud_is_of_unknown_length(server: FakeServer) -> None:
    document = FileContent(url="https://files.example/a.pdf")
    assert needed(server, "mistral", "mistral-ocr-latest", None, lambda one: one.ocr(document)) is None


# Public prices


def test_pictures_and_speech_have_bounds_by_public_prices(server: FakeServer) -> None:
    def most(provider: str, model: str, ask: Ask, **config: Any) -> Decimal | None:
        return needed(server, provider, model, None, ask, **config)

    assert most("openai", "dall-e-3", lambda one: one.generate("A cat")) == Decimal("0.04")
    assert most("openai", "dall-e-3", lambda one: one.generate("A cat", options={"quality": "hd"})) == Decimal("0.08")
    assert most("openai", "tts-1", lambda one: one.speak("x" * 1000)) == Decimal("0.015")
    assert most("openai", "whisper-1", lambda one: one.transcribe(SOUND)) == Decimal("0.00025")
    assert most("mistral", "mistral-ocr-2505", lambda one: one.ocr(paper(), pages=[0, 3])) == Decimal("0.002")
    assert most("mistral", "mistral-ocr-2505", lambda one: one.ocr(paper(pdf(3)))) == Decimal("0.003")
    assert most("cohere", "rerank-v3.5", lambda one: one.rerank("q", ["a"] * 101)) == Decimal("0.004")


def paper(data: bytes = b"%PDF-1.4") -> FileContent:
    return FileContent(data=data, mime_type="application/pdf")


def test_images_by_tokens_are_reserved_at_the_dearest_size_and_quality_with_their_prompt(server: FakeServer) -> None:
    def most(**options: Any) -> Decimal:
        ask = lambda one: one.generate("A cat", options=options)  # noqa: E731
        amount = needed(server, "openai", "gpt-image-1", None, ask)
        assert amount is not None
        return amount

    assert Decimal("0.25") < most() < Decimal("0.27")
    assert Decimal("0.011") < most(quality="low", size="1024x1024") < Decimal("0.02")


SIZES = {"1024x1024": 0, "1024x1536": 1, "1536x1024": 2}
TOKENS_OF_IMAGES = {"low": (272, 408, 400), "medium": (1056, 1584, 1568), "high": (4160, 6240, 6208)}
"""Tokens of an image of gpt-image-1, as OpenAI's guide lists them."""


@often
@given(
    count=st.integers(1, 3),
    quality=st.sampled_from([None, "low", "medium", "high"]),
    size=st.sampled_from([None, *SIZES]),
    chosen=st.sampled_from(sorted(TOKENS_OF_IMAGES)),
    area=st.sampled_from(sorted(SIZES)),
    read=st.integers(0, 5),
)
def test_images_by_tokens_cost_at_most_what_was_reserved(
    count: int, quality: str | None, size: str | None, chosen: str, area: str, read: int, server: FakeServer
) -> None:
    options = {name: value for name, value in (("quality", quality), ("size", size)) if value is not None}
    tokens = count * TOKENS_OF_IMAGES[quality or chosen][SIZES[size or area]]
    usage = {"input_tokens": read, "output_tokens": tokens, "total_tokens": read + tokens}
    ask = lambda one: one.generate("A cat", n=count, options=options)  # noqa: E731
    spend(server, "openai", "gpt-image-1", None, drawn(count, usage=usage), ask)


@often
@given(read=st.integers(1, 3000), written=st.integers(0, 3000), made=st.integers(0, 30), hour=st.booleans())
def test_an_hour_in_the_cache_costs_at_most_what_was_reserved(
    read: int, written: int, made: int, hour: bool, server: FakeServer
) -> None:
    text = "x" * (read + written)
    stored = {"ephemeral_1h_input_tokens" if hour else "ephemeral_5m_input_tokens": written}
    body = {
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [{"type": "text", "text": "Yes"}],
        "stop_reason": "end_turn",
        "usage": {
            "input_tokens": read,
            "cache_creation_input_tokens": written,
            "cache_creation": stored,
            "output_tokens": made,
        },
    }
    cache = PromptCache(automatic=True, lifetime="long" if hour else "short")
    ask = lambda one: one.generate(text, max_output_tokens=30, prompt_cache=cache)  # noqa: E731
    spend(server, "anthropic", "claude-sonnet-4-5", None, Raw(json.dumps(body).encode()), ask)


@often
@given(uses=st.integers(1, 3), share=st.floats(0, 1), made=st.integers(0, 30))
def test_limited_searches_cost_at_most_what_was_reserved(
    uses: int, share: float, made: int, server: FakeServer
) -> None:
    searches = round(uses * share)
    body = {
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": [{"type": "text", "text": "Yes"}],
        "stop_reason": "end_turn",
        "usage": {
            "input_tokens": int(200_000 * (searches + 1) * share),
            "output_tokens": made,
            "server_tool_use": {"web_search_requests": searches},
        },
    }
    ask = lambda one: one.generate("News?", max_output_tokens=30, tools=[WebSearch(max_uses=uses)])  # noqa: E731
    spend(server, "anthropic", "claude-haiku-4-5", None, Raw(json.dumps(body).encode()), ask)


@often
@given(made=st.integers(0, 30), share=st.floats(0, 1))
def test_reasoning_that_is_dearer_costs_at_most_what_was_reserved(made: int, share: float, server: FakeServer) -> None:
    details = {"reasoning_tokens": int(made * share)}
    usage = {"prompt_tokens": 1, "completion_tokens": made, "completion_tokens_details": details}
    message = {"index": 0, "message": {"role": "assistant", "content": "Yes"}, "finish_reason": "stop"}
    reply = Raw(json.dumps({"object": "chat.completion", "choices": [message], "usage": usage}).encode())
    spend(server, "alibaba", "qwen-plus", None, reply, lambda one: one.generate("?"), max_output_tokens=30)


def in_batch(share: float, **config: Any) -> Decimal:
    """The share of the most that a call of a batch can cost."""
    at = endpoint("http://localhost", "anthropic", "claude-haiku-4-5")
    call = Call(endpoint=at, config=AIModelCallConfig(max_output_tokens=10, **config), messages=())
    target: Any = SimpleNamespace(base_url="https://api.anthropic.com", price_share=share)
    most = upper_bound_for(target, call, 1_000_000)
    assert most is not None
    return most * Decimal(str(share))


def test_fees_of_searches_are_not_reduced_in_batches() -> None:
    search = [WebSearch(max_uses=5)]
    tokens = in_batch(1.0, tools=search) - Decimal("0.05")
    assert in_batch(0.5, tools=search) == tokens / 2 + Decimal("0.05")


def test_an_hour_in_the_cache_counts_in_batches_too() -> None:
    short, long = (in_batch(0.5, prompt_cache=PromptCache(automatic=True, lifetime=one)) for one in ("short", "long"))
    assert long - short == Decimal("0.375")
