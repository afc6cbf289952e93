"""A stream that is read by the wrong kind of loop says which one to write; those that a thread can read stay plain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable
from typing import Any

import pytest

from ai_utilities import AiClient, AsyncAiClient
from dhenara.ai import AIModelClient
from dhenara.ai.conversation import Conversation
from dhenara.ai.errors import DhenaraError, SyncAsyncMismatchError
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.ui import to_ui_message_stream
from support.worlds import endpoint


async def read(stream: Any) -> list[Any]:
    return [one async for one in stream]


@pytest.fixture
def client(server: FakeServer) -> AIModelClient:
    server.add_replies(*[Answer(text="Hello")] * 2)
    return AIModelClient(endpoint(server.url))


SYNC: dict[str, Callable[[AIModelClient], Any]] = {
    "response": lambda client: client.generate("?", streaming=True),
    "stream": lambda client: client.generate("?", streaming=True).stream_generator,
    "run": lambda client: client.run_streaming("?"),
    "conversation": lambda client: Conversation(client).stream("?"),
}


@pytest.mark.parametrize("name", SYNC)
def test_async_for_over_a_sync_stream_says_to_write_for(name: str, client: AIModelClient) -> None:
    with pytest.raises(SyncAsyncMismatchError, match=r"Write:? `?for\b.* or call the async method") as failed:
        asyncio.run(read(SYNC[name](client)))
    assert isinstance(failed.value, TypeError)
    assert isinstance(failed.value, DhenaraError)


def test_async_for_over_a_response_that_is_no_stream_says_how_to_stream(client: AIModelClient) -> None:
    with pytest.raises(SyncAsyncMismatchError, match="streaming=True"):
        asyncio.run(read(client.generate("?")))


ASYNC: dict[str, Callable[[AIModelClient], Any]] = {
    "run": lambda client: client.run_streaming_async("?"),
    "conversation run": lambda client: Conversation(client).run_streaming_async("?"),
    "text of a run": lambda client: client.run_streaming_async("?").text_stream,
}


@pytest.mark.parametrize("name", ASYNC)
def test_for_over_an_async_run_says_to_write_async_for(name: str, client: AIModelClient) -> None:
    with pytest.raises(SyncAsyncMismatchError, match="Write `async for`"):
        list(ASYNC[name](client))
    with pytest.raises(SyncAsyncMismatchError, match="Write `async with`"), ASYNC[name](client):
        pass


def test_for_over_an_async_response_says_to_write_async_for(client: AIModelClient) -> None:
    async def main() -> list[str]:
        response = await client.generate_async("?", streaming=True)
        for stream in (response, response.stream_generator, response.text_stream):
            with pytest.raises(SyncAsyncMismatchError, match="async for") as failed:
                list(stream)
            assert isinstance(failed.value, TypeError)
        pieces = [text async for text in response.text_stream]
        await client.aclose()
        return pieces

    assert "".join(asyncio.run(main())) == "Hello"


def test_async_with_on_a_sync_stream_says_to_write_with(client: AIModelClient) -> None:
    async def main() -> None:
        async with client.run_streaming("?"):  # type: ignore[attr-defined]
            pass

    with pytest.raises(SyncAsyncMismatchError, match="Write `with`"):
        asyncio.run(main())


def test_the_streams_of_the_kit_say_the_same() -> None:
    with AiClient("openai/gpt-5.4-mini", api_key="k") as client:
        sync_stream = client.ask_stream("?")
    async_stream = AsyncAiClient("openai/gpt-5.4-mini", api_key="k").ask_stream("?")
    with pytest.raises(SyncAsyncMismatchError, match=r"Write `async for`, or use AiClient\."):
        list(async_stream)  # type: ignore[call-overload]

    async def main() -> None:
        async with sync_stream:  # type: ignore[attr-defined]
            pass

    with pytest.raises(SyncAsyncMismatchError, match=r"Write `with`, or use AsyncAiClient\."):
        asyncio.run(main())


def test_web_frameworks_still_read_text_of_sync_streams_in_a_thread(client: AIModelClient) -> None:
    text = client.generate("?", streaming=True).text_stream
    assert not isinstance(text, AsyncIterable)
    assert "".join(text) == "Hello"


@pytest.mark.parametrize("name", SYNC)
def test_user_interfaces_still_read_sync_streams_with_for(name: str, client: AIModelClient) -> None:
    stream = to_ui_message_stream(SYNC[name](client))
    assert not stream.is_async
    assert {"type": "text-delta", "id": "text-1", "delta": "Hello"} in list(stream)


def test_user_interfaces_still_read_whole_responses_with_for(client: AIModelClient) -> None:
    stream = to_ui_message_stream(client.generate("?"))
    assert not stream.is_async
    assert {"type": "text-delta", "id": "text-1", "delta": "Hello"} in list(stream)
