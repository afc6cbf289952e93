"""Large requests, slow readers, and idle connections that the server closes."""

from __future__ import annotations

import asyncio

import anyio
import trio

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, HangUp, Raw, RawStream, Wait
from dhenara.ai.testing.answer import ReceivedRequest, Step
from support.waiting import wait_until, wait_until_async
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!")
BODY = b'{"id":"x","model":"m","choices":[{"index":0,"message":{"content":"Hello!"},"finish_reason":"stop"}]}'


class ThenGone:
    """Answers properly, keeps the connection open for a moment, and hangs up on it while it rests."""

    def steps(self, requested: ReceivedRequest) -> list[Step]:
        return [*Raw(BODY).steps(requested), Wait(0.05), HangUp()]


def test_a_prompt_of_many_megabytes_is_sent_completely(world: World, server: FakeServer) -> None:
    server.add_replies(HELLO)
    client = AIModelClient(endpoint(server.url))
    prompt = "word " * 2_000_000
    assert world.run(client, prompt).chat_response.text() == "Hello!"  # type: ignore[union-attr]  # it answers
    assert server.exchanges[0].json["messages"][0]["content"] == prompt
    world.close(client)


def test_a_slow_reader_receives_all_of_a_fast_stream(server: FakeServer) -> None:
    text = "x" * 1_000
    event = b'data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % text.encode()
    end = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

    async def slowly() -> str:
        async with AIModelClient(endpoint(server.url)) as client:
            response = await client.generate_async("?", streaming=True)
            number = 0
            async for chunk, final in response.async_stream_generator:
                number += 1
                if number % 500 == 0:
                    await anyio.sleep(0.02)
                if chunk is None:
                    return final.chat_response.text()
        return ""

    server.add_replies(RawStream([event] * 3_000 + [end]), RawStream([event] * 3_000 + [end]))
    assert asyncio.run(slowly()) == text * 3_000
    assert trio.run(slowly) == text * 3_000


def test_an_idle_connection_that_the_server_closed_is_not_reused(server: FakeServer) -> None:
    server.add_replies(ThenGone(), HELLO, ThenGone(), HELLO)
    with AIModelClient(endpoint(server.url)) as client:
        client.generate("?")
        wait_until(lambda: server.open_connections == 0)
        assert client.generate("?", retries=0).chat_response is not None

    async def again() -> int:
        async with AIModelClient(endpoint(server.url)) as client:
            await client.generate_async("?")
            await wait_until_async(lambda: server.open_connections == 0)
            return len((await client.generate_async("?", retries=0)).attempts)

    assert asyncio.run(again()) == 1
    assert server.connections == 4


def test_a_request_that_failed_on_a_reused_connection_is_retried_as_a_counted_attempt(server: FakeServer) -> None:
    server.add_replies(HELLO, CutReply(DialectReply(HELLO), 0, HangUp()), HELLO)
    with AIModelClient(endpoint(server.url)) as client:
        client.generate("?")
        assert [one.outcome for one in client.generate("?", retries=1).attempts] == ["failed", "answered"]
    assert server.connections == 2
