"""Streams and runs have the tags and cache options of the code that made them, also where they are read later."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ai_utilities import AiClient, AsyncAiClient
from ai_utilities.cache import caching
from ai_utilities.usage import MemoryLedger, UsageTracker, tagged
from dhenara.ai.testing import Answer, FakeServer


@pytest.fixture
def settings(server: FakeServer) -> dict[str, Any]:
    return {"api_key": "k", "base_url": server.url, "cache_enabled": True, "cache_policy": "always"}


@pytest.fixture
def server() -> Any:
    with FakeServer(Answer(text="For one."), Answer(text="For another.")) as server:
        yield server


def made(client: AiClient, kind: str) -> Any:
    """A stream that has sent nothing yet, and a function that reads it."""
    if kind == "run":
        stream = client.engine.run_streaming("Hello")
        return lambda: [run.text for _, run in stream if run is not None].pop()
    pieces = client.ask_stream("Hello")
    return lambda: "".join(pieces)


@pytest.mark.parametrize("kind", ["run", "ask"])
def test_a_stream_read_after_the_block_has_its_tags(kind: str, settings: dict[str, Any], server: FakeServer) -> None:
    ledger = MemoryLedger()
    with AiClient("openai/gpt-5.4-mini", usage_tracker=UsageTracker(ledger), **settings) as client:
        texts = []
        for user in ("ada", "bob", "ada"):
            with tagged(user=user):
                read = made(client, kind)
            texts.append(read())
        assert texts == ["For one.", "For another.", "For one."]
        assert len(server.exchanges) == 2
        assert {row.tags.get("user") for row in ledger.rows()} == {"ada", "bob"}


@pytest.mark.parametrize("kind", ["run", "ask"])
def test_a_stream_read_after_the_block_has_its_cache_options(
    kind: str, settings: dict[str, Any], server: FakeServer
) -> None:
    with AiClient("openai/gpt-5.4-mini", **settings) as client:
        with caching("never"):
            reads = [made(client, kind) for _ in range(2)]
        assert [read() for read in reads] == ["For one.", "For another."]


def test_the_tags_of_where_a_stream_was_made_win(settings: dict[str, Any], server: FakeServer) -> None:
    ledger = MemoryLedger()
    with AiClient("openai/gpt-5.4-mini", usage_tracker=UsageTracker(ledger), **settings) as client:
        with tagged(user="ada"):
            read = made(client, "run")
        with tagged(user="bob", place="here"):
            read()
        assert [row.tags for row in ledger.rows()] == [{"user": "ada", "place": "here"}]


def test_async_streams_have_their_tags_too(settings: dict[str, Any], server: FakeServer) -> None:
    async def script() -> None:
        async with AsyncAiClient("openai/gpt-5.4-mini", **settings) as client:
            for user in ("ada", "bob"):
                with tagged(user=user):
                    run = client.engine.run_streaming_async("Hello")
                assert [end.text for _, end in [pair async for pair in run] if end is not None]
            with tagged(user="ada"):
                stream = client.ask_stream("Hello")
            assert "".join([piece async for piece in stream]) == "For one."

    asyncio.run(script())
    assert len(server.exchanges) == 2
