"""A chunk and a call cost a bounded number of function calls, as a ratio to the least that Python can do.

The numbers are counted, not timed. A limit that is exceeded says that something was added to every chunk or every call:
remove it, or raise the limit and say why in `decisions/0034-chunks-are-counted-in-calls.md`.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from benchmarks.answers import ANSWERS, END, TOKENS, WORDS
from benchmarks.contestants.ours import APIS
from benchmarks.contestants.wire import EVENT_TEXTS
from pydantic_core import from_json

from ai_utilities import AiClient, AsyncAiClient
from dhenara.ai import AIModelClient
from support.counted_calls import count_calls, count_calls_async
from support.raw_server import STREAM_HEAD, Connection, RawServer

Backend = Literal["memory", "sqlite"]
CHUNK_LIMITS = {
    "text_stream": {"chat": 3.35, "responses": 3.4, "anthropic": 2.7, "gemini": 4.25},
    "text_delta": {"chat": 3.7, "responses": 3.7, "anthropic": 3.05, "gemini": 4.6},
    "nested deltas": {"chat": 4.6, "responses": 4.6, "anthropic": 4.0, "gemini": 5.65},
    "to_sse_format": {"chat": 4.15, "responses": 4.1, "anthropic": 3.45, "gemini": 5.1},
}
"""Calls for a chunk, over those of the reference loop, by what is read of it."""
CALL_LIMITS = {"chat": 425, "responses": 480, "anthropic": 436, "gemini": 418}
"""Calls for a whole answer in the engine."""
LOOP_CALLS = 58
"""Calls of an event loop and of its connection, for a whole answer in async code."""
LATE_TURN = 24
"""Calls of one more turn of the loop, when the machine is so busy that every answer comes late."""
KIT_LIMIT = 117
"""Calls for a question to the kit, with usage tracking, beside those of the engine."""
BOUNDED_LIMIT = 660
"""The same with ledger, limits and budget in SQLite files."""
HIT_LIMITS: dict[Backend, int] = {"memory": 261, "sqlite": 290}
"""Calls for an answer from a cache."""


def replies(data: bytes) -> Callable[[Connection], None]:
    def each(connection: Connection) -> None:
        while connection.request() is not None:
            connection.send(data)

    return each


@pytest.fixture(params=list(ANSWERS))
def protocol(request: pytest.FixtureRequest) -> str:
    actual: str = request.param
    return actual


@pytest.fixture
def streaming_url(protocol: str) -> Iterator[str]:
    with RawServer(replies(STREAM_HEAD + b"".join(ANSWERS[protocol].events) + END)) as server:
        yield server.url


@pytest.fixture
def answering_url() -> Iterator[str]:
    with RawServer(replies(ANSWERS["chat"].whole)) as server:
        yield server.url


@pytest.fixture
def protocol_url(protocol: str) -> Iterator[str]:
    with RawServer(replies(ANSWERS[protocol].whole)) as server:
        yield server.url


def client_of(url: str, protocol: str) -> AIModelClient:
    model, path, wire_protocol = APIS[protocol]
    return AIModelClient(model, api_key="sk-test", base_url=url + path, protocol=wire_protocol)


def reference_calls(protocol: str) -> int:
    """The calls of a loop over the lines of the same stream, which parses each event and takes its text."""
    lines = b"".join(ANSWERS[protocol].events).split(b"\n")
    texts: list[str] = []

    def read() -> None:
        for line in lines:
            if line.startswith(b"data: {"):
                texts.append(EVENT_TEXTS[protocol](from_json(line[6:])))

    calls = count_calls(read).every
    assert "".join(texts) == "".join(WORDS)
    return calls


def text_of(chunk: Any) -> str:
    deltas = chunk.data.choice_deltas[0].content_deltas
    return "".join([delta.get_text_delta() for delta in deltas])


READ_CHUNK: dict[str, Callable[[Any], str]] = {
    "text_stream": str,
    "text_delta": lambda chunk: str(chunk.text_delta),
    "nested deltas": text_of,
    "to_sse_format": lambda chunk: str(chunk.to_sse_format()),
}


@pytest.fixture(params=list(CHUNK_LIMITS))
def reading(request: pytest.FixtureRequest) -> str:
    actual: str = request.param
    return actual


def check_chunks(calls: int, protocol: str, reading: str) -> None:
    ratio = calls / reference_calls(protocol)
    assert ratio < CHUNK_LIMITS[reading][protocol], f"{calls / TOKENS:.1f} calls a chunk, ratio {ratio:.1f}"


def test_a_chunk_costs_few_calls(protocol: str, streaming_url: str, reading: str) -> None:
    with client_of(streaming_url, protocol) as client:

        def read() -> str:
            response = client.generate("?", streaming=True)
            stream: Any = response.text_stream if reading == "text_stream" else chunks(response.sync_stream_generator)
            return "".join([READ_CHUNK[reading](one) for one in stream])

        text = read()
        assert text == "".join(WORDS) or text.count("event: token_stream") >= TOKENS
        check_chunks(count_calls(read).every, protocol, reading)


def chunks(stream: Any) -> Iterator[Any]:
    return (chunk for chunk, _ in stream if chunk is not None)


def test_a_chunk_costs_few_calls_in_async_code(protocol: str, streaming_url: str, reading: str) -> None:
    async def measure() -> int:
        async with client_of(streaming_url, protocol) as client:

            async def read() -> int:
                response = await client.generate_async("?", streaming=True)
                if reading == "text_stream":
                    return len([READ_CHUNK[reading](text) async for text in response.text_stream])
                stream = response.async_stream_generator
                return len([READ_CHUNK[reading](chunk) async for chunk, _ in stream if chunk is not None])

            assert await read() >= TOKENS
            return (await count_calls_async(read())).every

    check_chunks(asyncio.run(measure()), protocol, reading)


def fewest_calls(work: Callable[[], Any]) -> int:
    """Without those of an answer that arrives in pieces when the machine is busy."""
    return min(count_calls(work).every for _ in range(5))


def test_a_call_costs_few_calls(protocol: str, protocol_url: str) -> None:
    with client_of(protocol_url, protocol) as client:
        assert client.generate("?").text
        calls = fewest_calls(lambda: client.generate("?").text)
    assert calls < CALL_LIMITS[protocol]


def test_a_call_costs_few_calls_in_async_code(protocol: str, protocol_url: str) -> None:
    async def measure() -> int:
        async with client_of(protocol_url, protocol) as client:
            for _ in range(2):
                assert (await client.generate_async("?")).text
            # A late answer takes another turn of the loop.
            return min([(await count_calls_async(client.generate_async("?"))).every for _ in range(5)])

    assert asyncio.run(measure()) < CALL_LIMITS[protocol] + LOOP_CALLS + LATE_TURN


def test_the_kit_adds_few_calls_to_a_call_of_the_engine(answering_url: str) -> None:
    with (
        client_of(answering_url, "chat") as engine,
        AiClient("openai/bench", api_key="sk-test", base_url=f"{answering_url}/v1") as kit,
    ):
        works: list[Callable[[], Any]] = [lambda: engine.generate("?").text, lambda: kit.ask("?")]
        assert all(work() for work in works)
        direct, through_kit = (fewest_calls(work) for work in works)
    assert through_kit - direct < KIT_LIMIT, f"{through_kit} calls, {direct} in the engine"


def test_ledger_limits_and_budget_in_files_cost_few_calls(answering_url: str, tmp_path: Path) -> None:
    """Python calls alone would not show more statements of SQLite: calls of C functions count as well."""
    options: dict[str, Any] = {
        "usage_store": "sqlite",
        "usage_path": tmp_path / "usage.db",
        "limit_store": "sqlite",
        "limit_path": tmp_path / "limits.db",
        "requests_per_minute": 10**6,
        "tokens_per_minute": 10**9,
        "budget_usd": 10**6,
        "max_tokens": 100,
    }
    model, url = "openai/gpt-5.4-mini", f"{answering_url}/v1"
    with (
        client_of(answering_url, "chat") as engine,
        AiClient(model, api_key="sk-test", base_url=url, **options) as kit,
    ):
        for _ in range(3):
            assert kit.ask("?") == engine.generate("?").text
        direct = fewest_calls(lambda: engine.generate("?").text)
        bounded = count_calls(lambda: kit.ask("?")).every
        assert kit.usage_tracker.total.requests == 4
    assert bounded < direct + BOUNDED_LIMIT, f"{bounded} calls, {direct} in the engine"


def test_the_kit_adds_as_few_calls_in_async_code(answering_url: str) -> None:
    async def measure() -> tuple[int, int]:
        async with (
            client_of(answering_url, "chat") as engine,
            AsyncAiClient("openai/bench", api_key="sk-test", base_url=f"{answering_url}/v1") as kit,
        ):
            for _ in range(2):
                assert (await engine.generate_async("?")).text
                assert await kit.ask("?")
            direct = min([(await count_calls_async(engine.generate_async("?"))).every for _ in range(5)])
            through_kit = min([(await count_calls_async(kit.ask("?"))).every for _ in range(5)])
        return direct, through_kit

    direct, through_kit = asyncio.run(measure())
    assert through_kit - direct < KIT_LIMIT + LATE_TURN, f"{through_kit} calls, {direct} in the engine"


def cycles_left_by(question: Callable[[], object]) -> int:
    gc.collect()
    gc.disable()
    try:
        assert question()
        return gc.collect()
    finally:
        gc.enable()


@pytest.mark.parametrize("cached", [False, True])
def test_a_question_leaves_nothing_to_the_garbage_collector(answering_url: str, cached: bool) -> None:
    options: dict[str, Any] = {"cache_enabled": cached, "cache_policy": "always"}
    with AiClient("openai/bench", api_key="sk-test", base_url=f"{answering_url}/v1", **options) as kit:
        for _ in range(3):
            kit.ask("?")
        # Other threads of the process leave cycles now and then (the server, writers of earlier tests); a question
        # that makes one makes it every time.
        assert 0 in [cycles_left_by(lambda: kit.ask("?")) for _ in range(10)]


@pytest.mark.parametrize("backend", list(HIT_LIMITS))
def test_a_cache_hit_costs_few_calls(answering_url: str, tmp_path: Path, backend: Backend) -> None:
    cached = {
        "cache_enabled": True,
        "cache_policy": "always",
        "cache_backend": backend,
        "cache_path": tmp_path / "c.db",
    }
    with (
        client_of(answering_url, "chat") as engine,
        AiClient("openai/bench", api_key="sk-test", base_url=f"{answering_url}/v1", **cached) as kit,
    ):
        for _ in range(3):
            assert kit.ask("?") == engine.generate("?").text
        hit = count_calls(lambda: kit.ask("?")).every
    assert hit < HIT_LIMITS[backend], f"{hit} calls"
