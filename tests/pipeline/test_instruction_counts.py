"""A chunk and a call take a bounded number of instructions of the interpreter, as a ratio to a reference loop.

Counted calls (`test_call_counts.py`) do not show a loop in a function that is called anyway; instructions do. A limit
that is exceeded says that something was added to every chunk or every call: remove it, or raise the limit and say why
in `decisions/0034-chunks-are-counted-in-calls.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from benchmarks.answers import ANSWERS, END, WORDS
from benchmarks.contestants.ours import APIS
from benchmarks.contestants.wire import EVENT_TEXTS
from pydantic_core import from_json

from ai_utilities import AiClient
from dhenara.ai import AIModelClient
from support.counted_calls import count_instructions
from support.raw_server import STREAM_HEAD, Connection, RawServer

pytestmark = pytest.mark.skipif(
    sys.version_info[:2] != (3, 11) or sys.implementation.name != "cpython",
    reason="each version of Python has other instructions",
)

CHUNK_LIMITS = {
    "text_stream": {"chat": 7.0, "responses": 6.95, "anthropic": 6.1, "gemini": 7.55},
    "nested deltas": {"chat": 8.95, "responses": 8.65, "anthropic": 7.8, "gemini": 9.4},
    "to_sse_format": {"chat": 8.4, "responses": 8.15, "anthropic": 7.35, "gemini": 8.9},
}
"""Instructions for a chunk, over those of the reference loop, by what is read of it."""
CALL_LIMITS = {"chat": 7_360, "responses": 7_980, "anthropic": 7_360, "gemini": 7_240}
"""Instructions for a whole answer in the engine."""
KIT_LIMIT = 1_800
"""Instructions for a question to the kit, beside those of the engine."""


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
def answering_url(protocol: str) -> Iterator[str]:
    with RawServer(replies(ANSWERS[protocol].whole)) as server:
        yield server.url


@pytest.fixture
def answering_chat() -> Iterator[str]:
    with RawServer(replies(ANSWERS["chat"].whole)) as server:
        yield server.url


def client_of(url: str, protocol: str) -> AIModelClient:
    model, path, wire_protocol = APIS[protocol]
    return AIModelClient(model, api_key="sk-test", base_url=url + path, protocol=wire_protocol)


def reference_instructions(protocol: str) -> int:
    lines = b"".join(ANSWERS[protocol].events).split(b"\n")
    texts: list[str] = []

    def read() -> None:
        for line in lines:
            if line.startswith(b"data: {"):
                texts.append(EVENT_TEXTS[protocol](from_json(line[6:])))

    instructions = count_instructions(read)
    assert "".join(texts) == "".join(WORDS)
    return instructions


def read_texts(client: AIModelClient) -> str:
    return "".join(list(client.generate("?", streaming=True).text_stream))


def read_deltas(client: AIModelClient) -> str:
    texts: list[str] = []
    for chunk, _ in client.generate("?", streaming=True).sync_stream_generator:
        if chunk is not None:
            texts += [delta.get_text_delta() or "" for delta in chunk.data.choice_deltas[0].content_deltas]
    return "".join(texts)


def read_events(client: AIModelClient) -> str:
    texts: list[str] = []
    for chunk, _ in client.generate("?", streaming=True).sync_stream_generator:
        if chunk is not None:
            chunk.to_sse_format()
            texts.append(chunk.text_delta)
    return "".join(texts)


READ: dict[str, Callable[[AIModelClient], str]] = {
    "text_stream": read_texts,
    "nested deltas": read_deltas,
    "to_sse_format": read_events,
}


@pytest.mark.parametrize("reading", READ)
def test_a_chunk_takes_few_instructions(protocol: str, streaming_url: str, reading: str) -> None:
    with client_of(streaming_url, protocol) as client:
        assert READ[reading](client) == "".join(WORDS)
        ratio = count_instructions(lambda: READ[reading](client)) / reference_instructions(protocol)
    assert ratio < CHUNK_LIMITS[reading][protocol], f"ratio {ratio:.2f}"


def test_a_call_takes_few_instructions(protocol: str, answering_url: str) -> None:
    with client_of(answering_url, protocol) as client:
        assert client.generate("?").text
        count = count_instructions(lambda: client.generate("?").text)
    assert count < CALL_LIMITS[protocol], f"{count} instructions"


def test_the_kit_adds_few_instructions_to_a_call_of_the_engine(answering_chat: str) -> None:
    with (
        client_of(answering_chat, "chat") as engine,
        AiClient("openai/bench", api_key="sk-test", base_url=f"{answering_chat}/v1") as kit,
    ):
        works: list[Callable[[], Any]] = [lambda: engine.generate("?").text, lambda: kit.ask("?")]
        assert all(work() for work in works)
        direct, through_kit = (count_instructions(work) for work in works)
    assert through_kit - direct < KIT_LIMIT, f"{through_kit} instructions, {direct} in the engine"


def test_a_loop_that_calls_nothing_is_counted() -> None:
    def work() -> None:
        for _ in range(1_000):
            pass

    assert 1_000 < count_instructions(work) < 10_000
