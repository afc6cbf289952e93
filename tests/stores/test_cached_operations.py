"""Operations other than chat in a cache: embeddings text by text, others whole, and some only on request."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ai_utilities import AiSettings
from ai_utilities.cache import CacheBackend, CacheLayer, MemoryCache, SQLiteCache, caching
from ai_utilities.usage import BudgetExceededError, MemoryLedger, UsageLayer
from ai_utilities.usage.budgets.budget import UnknownCostError
from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadAnswerError, BadRequestError
from dhenara.ai.testing import Answer, FakeServer, Raw, Refusal, SampleOperations
from dhenara.ai.types import FileContent, ImageContent
from support.kit import Uniform, run, settings
from support.worlds import World, endpoint

TALK = b"RIFF\x24\0\0\0WAVEfmt " + bytes(40)


def at(server: FakeServer, cache: CacheBackend, provider: str = "openai", **more: Any) -> AIModelClient:
    return AIModelClient(endpoint(server.url, provider), layers=[CacheLayer(cache, policy="always", **more)])


@pytest.fixture(params=["memory", "sqlite"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    made = MemoryCache(5000) if request.param == "memory" else SQLiteCache(tmp_path / "cache.sqlite", 5000)
    yield made
    made.close()


def test_of_a_thousand_texts_only_the_unknown_ones_are_sent(
    world: World, server: FakeServer, cache: CacheBackend
) -> None:
    server.add_replies(*[SampleOperations()] * 3)
    texts = [f"text {n}" for n in range(1000)]
    new = texts[::100]
    ledger = MemoryLedger()
    usage = UsageLayer(ledger)
    layers = [usage, CacheLayer(cache, policy="always")]
    client = AIModelClient(endpoint(server.url), layers=layers)
    world.ask(client, "embed", [text for text in texts if text not in new])
    mixed = world.ask(client, "embed", texts)
    again = world.ask(client, "embed", texts)
    bare = world.ask(AIModelClient(endpoint(server.url)), "embed", texts)
    world.close(client)
    assert server.exchanges[1].json["input"] == new
    assert mixed.vectors == again.vectors == bare.vectors
    assert mixed.packed == bare.packed
    assert (mixed.usage.input_tokens, again.usage.input_tokens) == (20, 0)
    assert (again.cost.amount, again.cost.source, again.attempts) == (0, "cache", [])
    assert len(server.exchanges) == 3
    rows = list(ledger.rows())
    assert [(row.outcome, row.prompt_tokens) for row in rows] == [("answered", 1980), ("answered", 20), ("cached", 0)]


def test_a_text_alone_and_in_a_list_are_the_same_and_doubles_are_sent_once(world: World, server: FakeServer) -> None:
    server.add_replies(*[SampleOperations()] * 2)
    client = at(server, MemoryCache())
    (alone,) = world.ask(client, "embed", "b").vectors
    actual = world.ask(client, "embed", ["a", "b", "a", "c"]).vectors
    world.close(client)
    assert server.exchanges[1].json["input"] == ["a", "c"]
    assert (actual[1], actual[0]) == (alone, actual[2])


@pytest.mark.parametrize(
    "other", [{"dimensions": 4}, {"input_type": "query"}, {"truncate": True}, {"options": {"x": 1}}], ids=str
)
def test_what_makes_another_vector_makes_another_key(other: dict[str, Any], server: FakeServer) -> None:
    server.add_replies(*[SampleOperations()] * 4)
    cache = MemoryCache()
    with at(server, cache, "voyage") as client, at(server, cache, "cohere") as elsewhere:
        client.embed("a")
        client.embed("a", **other)
        client.embed("a")
        elsewhere.embed("a")
    assert len(server.exchanges) == 3


@pytest.mark.parametrize("provider", ["openai", "google_ai", "cohere", "mistral", "voyage", "ollama"])
def test_vectors_come_back_exactly_from_every_provider(provider: str, server: FakeServer, cache: CacheBackend) -> None:
    server.add_replies(*[SampleOperations()] * 2)
    with at(server, cache, provider) as client:
        first, second = client.embed(["a", "b"]), client.embed(["b", "a"])
    assert second.vectors == first.vectors[::-1]
    assert len(server.exchanges) == 1


def test_refreshed_vectors_are_requested_again_and_never_skips_the_cache(server: FakeServer) -> None:
    server.add_replies(*[SampleOperations()] * 3)
    cache = MemoryCache()
    with at(server, cache) as client:
        client.embed("a")
        with caching("refresh"):
            client.embed("a")
        with caching("never"):
            client.embed("a")
        client.embed("a")
    assert len(server.exchanges) == 3
    assert (cache.stats().hits, cache.stats().misses) == (1, 1)


def test_failed_and_invalid_results_are_not_cached(world: World, server: FakeServer) -> None:
    short = Raw(json.dumps({"data": [{"index": 0, "embedding": [1.0]}]}).encode())
    server.add_replies(Refusal(400, "no"), short, SampleOperations())
    client = at(server, MemoryCache())
    with pytest.raises(BadRequestError):
        world.ask(client, "embed", ["a", "b"])
    with pytest.raises(BadAnswerError, match="sent 2 texts, and got 1 vector back"):
        world.ask(client, "embed", ["a", "b"])
    assert len(world.ask(client, "embed", ["a", "b"]).vectors) == 2
    world.close(client)


def test_a_damaged_cache_entry_is_requested_again(server: FakeServer) -> None:
    server.add_replies(*[SampleOperations()] * 3)
    cache = MemoryCache()
    with at(server, cache) as client:
        client.embed("a")
        client.moderate("a")
        for key, broken in zip(
            list(cache.stored_keys()), ("[1]", '{"format":1,"kind":"Secret","vector":"?"}'), strict=True
        ):
            cache.set_text(key, broken)
        client.embed("a")
    assert len(server.exchanges) == 3


@pytest.mark.parametrize(
    ("stored", "changed"),
    [
        ('"cached":true', '"cached":false'),
        ('"format":3', '"format":2'),
        ('"choices":[', '"choices":[1,'),
        ('"answer":{', '"answer":["'),
    ],
)
def test_an_answer_stored_in_another_form_is_requested_again(stored: str, changed: str, server: FakeServer) -> None:
    server.add_replies(Answer(text="Paris"), Answer(text="Paris"))
    cache = MemoryCache()
    with at(server, cache) as client:
        client.generate("?")
        (key,) = cache.stored_keys()
        text = cache.get_text(key) or ""
        assert stored in text
        hit = client.generate("?").chat_response
        assert hit.cached
        assert (hit.cost.amount, hit.text) == (0, "Paris")
        cache.set_text(key, text.replace(stored, changed))
        assert not client.generate("?").chat_response.cached
    assert len(server.exchanges) == 2


def test_a_cache_that_fails_never_fails_an_embedding(world: World, server: FakeServer) -> None:
    class Broken(CacheBackend):
        def get(self, key: str) -> Any:
            raise OSError("no disk")

        def set(self, key: str, value: Any, ttl: float | None = None) -> None:
            raise OSError("no disk")

    server.add_replies(*[SampleOperations()] * 2)
    client = at(server, Broken())
    assert world.ask(client, "embed", "a").vectors == world.ask(client, "embed", "a").vectors
    world.close(client)


EXACT: list[tuple[str, str, tuple[Any, ...], dict[str, Any]]] = [
    ("cohere", "rerank", ("cats", ["cats sleep", "dogs bark"]), {"top_n": 1}),
    ("openai", "moderate", ("kill",), {}),
    ("mistral", "ocr", (FileContent(data=b"%PDF-", mime_type="application/pdf"),), {}),
    ("openai", "transcribe", (TALK,), {"language": "en"}),
    ("anthropic", "count_tokens", ("How long?",), {"estimate": False}),
]
MADE: list[tuple[str, str, tuple[Any, ...], dict[str, Any]]] = [
    ("openai", "speak", ("Hello",), {"voice": "ash"}),
    ("openai", "edit_image", ("A hat", ImageContent(data=b"\x89PNG", mime_type="image/png")), {}),
]


@pytest.mark.parametrize(
    ("provider", "name", "given", "provided"), EXACT, ids=lambda one: one if isinstance(one, str) else ""
)
def test_the_same_question_has_the_same_answer(
    provider: str, name: str, given: tuple[Any, ...], provided: dict[str, Any], world: World, server: FakeServer
) -> None:
    server.add_replies(*[SampleOperations()] * 2)
    client = at(server, MemoryCache(), provider)
    first, second = (world.ask(client, name, *given, **provided) for _ in range(2))
    assert len(server.exchanges) == 1
    shown = {"attempts", "request_id", "response_headers", "duration_seconds", "cost"}
    assert second.model_dump(exclude=shown) == first.model_dump(exclude=shown)
    assert (second.cost.amount, second.cost.source) == (0, "cache")
    world.ask(client, name, *given, **provided, headers={"x-other": "1"})
    assert len(server.exchanges) == 2
    world.close(client)


@pytest.mark.parametrize(
    ("provider", "name", "given", "provided"), MADE, ids=lambda one: one if isinstance(one, str) else ""
)
def test_nondeterministic_results_are_cached_only_on_request(
    provider: str, name: str, given: tuple[Any, ...], provided: dict[str, Any], world: World, server: FakeServer
) -> None:
    server.add_replies(*[SampleOperations()] * 3)
    client = at(server, MemoryCache(), provider)
    world.ask(client, name, *given, **provided)
    world.ask(client, name, *given, **provided)
    with caching("always"):
        world.ask(client, name, *given, **provided)
        world.ask(client, name, *given, **provided)
    assert len(server.exchanges) == 3
    world.close(client)


def test_the_kit_embeds_what_is_new_and_gives_a_matrix(world: World, server: FakeServer) -> None:
    numpy = pytest.importorskip("numpy")
    server.add_replies(*[SampleOperations()] * 3)

    async def script(client: Uniform) -> Any:
        await client.embed(["a", "b"], tags={"of": "test"})
        actual = await client.embed(["b", "c"])
        await client.embed(["a"], cache=False)
        return actual, list(client.usage_tracker.ledger.rows())

    provided = settings(server.url, cache_enabled=True, usage_store="memory")
    actual, rows = run(world, script, provided)
    assert [exchange.json["input"] for exchange in server.exchanges] == [["a", "b"], ["c"], ["a"]]
    assert (actual.numpy().shape, actual.numpy().dtype) == ((2, 8), numpy.float32)
    assert actual == actual.response.vectors
    assert [row.tags for row in rows] == [{"of": "test"}, {}, {}]


@pytest.mark.parametrize("operation", ["embed", "speak"])
def test_budgets_of_the_settings_hold_for_operations(operation: str, world: World, server: FakeServer) -> None:
    server.add_replies(*[SampleOperations()] * 3)
    ask: Callable[..., Any] = {
        "embed": lambda client, times=1, **options: client.embed(["a text " * times], **options),
        "speak": lambda client, times=1, **options: client.speak("Hello " * times, **options),
    }[operation]
    budget: AiSettings = settings(server.url, budget_usd=1, usage_tracking=False)
    run(world, ask, budget)
    with pytest.raises(BudgetExceededError):
        run(world, lambda client: ask(client, 1000), settings(server.url, budget_usd=0.000001, usage_tracking=False))
    unpriced = "tts-of-next-year" if operation == "speak" else "text-embedding-of-next-year"
    with pytest.raises(UnknownCostError, match="AI_BUDGET_UNKNOWN"):
        run(world, lambda client: ask(client, model=unpriced), budget)
    allowed = settings(server.url, budget_usd=1, budget_unknown="allow")
    run(world, lambda client: ask(client, model=unpriced), allowed)
    assert len(server.exchanges) == 2
