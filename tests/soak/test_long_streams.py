"""Long streams: the answer stays right, and memory does not grow with what has been shown."""

from __future__ import annotations

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer
from support.worlds import World, endpoint


@pytest.mark.slow
def test_a_stream_of_a_hundred_thousand_chunks_is_whole(world: World, server: FakeServer) -> None:
    answer = Answer(text="word, " * 100_000)
    server.add_replies(answer)
    client = AIModelClient(endpoint(server.url))
    *chunks, (_, final) = world.stream(client, "?")
    assert len(chunks) > 100_000
    assert final.chat_response.text() == answer.text
    assert not final.chat_response.interrupted
    world.close(client)


@pytest.mark.slow
def test_two_thousand_calls_on_one_client_leave_nothing_behind(server: FakeServer) -> None:
    server.add_replies(*[Answer(text="Hello!")] * 2_000)
    with AIModelClient(endpoint(server.url)) as client:
        for _ in range(2_000):
            client.generate("?")
    assert server.connections == 1
