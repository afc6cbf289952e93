"""Whatever arrived is kept, however an answer came to its end."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallError, ConnectionFailedError
from dhenara.ai.testing import CutReply, FakeServer, HangUp, Raw, RawStream, Reset
from dhenara.ai.testing.answer import Send, Step, Wait
from dhenara.ai.types import SSEErrorResponse
from support.worlds import World, endpoint


def event(**delta: Any) -> bytes:
    provided = {"id": "c1", "model": "m", "choices": [{"index": 0, "delta": delta}]}
    return b"data: " + json.dumps(provided).encode() + b"\n\n"


def body(text: str) -> bytes:
    message = {"role": "assistant", "content": text}
    return json.dumps(
        {"id": "c1", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    ).encode()


THOUGHT = {"type": "reasoning.encrypted", "data": "c2VhbGVk", "index": 0}


@pytest.mark.parametrize("end", [Reset(), HangUp()], ids=["reset", "hang-up"])
def test_what_a_protocol_tells_only_at_the_end_survives_a_broken_line(
    end: Reset | HangUp, world: World, server: FakeServer
) -> None:
    pieces = [event(reasoning="hm", reasoning_details=[THOUGHT]), event(content="one "), event(content="two")]
    server.add_replies(CutReply(RawStream(pieces, pause=0.01), 4, end))
    client = AIModelClient(endpoint(server.url, "openrouter"))
    *_, (error, _), (_, final) = world.stream(client, "?")
    assert isinstance(error, SSEErrorResponse)
    thinking = final.chat_response.contents[0]
    assert thinking.extras["reasoning_details"] == [THOUGHT]
    assert final.chat_response.text() == "one two"
    world.close(client)


@pytest.mark.parametrize("end", [Reset(), HangUp()], ids=["reset", "hang-up"])
def test_an_event_without_its_blank_line_survives_a_broken_line(
    end: Reset | HangUp, world: World, server: FakeServer
) -> None:
    pieces = [event(content="one "), event(content="two").rstrip(b"\n")]
    server.add_replies(CutReply(RawStream(pieces, pause=0.01), 3, end))
    client = AIModelClient(endpoint(server.url))
    *_, (_, final) = world.stream(client, "?")
    assert final.chat_response.text() == "one two"
    assert final.chat_response.interrupted
    world.close(client)


def test_closing_early_keeps_what_arrived_unread(server: FakeServer) -> None:
    server.add_replies(RawStream([b"".join(event(content=word) for word in ("one ", "two ", "three"))]))
    client = AIModelClient(endpoint(server.url))
    stream = client.generate("?", streaming=True).stream_generator
    next(stream)
    stream.close()
    assert stream.partial().text() == "one two three"
    assert stream.partial().interrupted
    client.close()


def test_closing_early_on_a_loop_keeps_what_arrived_unread(server: FakeServer) -> None:
    server.add_replies(RawStream([b"".join(event(content=word) for word in ("one ", "two ", "three"))]))

    async def left() -> str:
        async with AIModelClient(endpoint(server.url)) as client:
            stream = (await client.generate_async("?", streaming=True)).async_stream_generator
            await anext(stream)
            await stream.aclose()
            return stream.partial().text()

    assert asyncio.run(left()) == "one two three"


@pytest.mark.parametrize("end", [Reset(), HangUp()], ids=["reset", "hang-up"])
def test_a_plain_call_that_breaks_midway_hands_over_what_arrived(
    end: Reset | HangUp, world: World, server: FakeServer
) -> None:
    server.add_replies(Halved(body("once upon a time"), b" time", end))
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(ConnectionFailedError) as raised:
        world.run(client, "?", retries=0)
    partial = raised.value.partial
    assert partial is not None
    assert partial.interrupted
    assert partial.text() == "once upon a"
    assert pickle.loads(pickle.dumps(raised.value)).partial == partial  # noqa: S301  # errors cross processes
    world.close(client)


def test_a_plain_call_that_fails_at_once_has_no_partial_answer(world: World, server: FakeServer) -> None:
    server.add_replies(Raw(b'{"error": {"message": "no"}}', status=400))
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(CallError) as raised:
        world.run(client, "?", retries=0)
    assert raised.value.partial is None
    world.close(client)


class Halved:
    """A response that ends in the middle of its body."""

    def __init__(self, body: bytes, missing: bytes, end: Step) -> None:
        self._whole, self._missing, self._end = Raw(body), missing, end

    def steps(self, requested: Any) -> Iterator[Step]:
        (whole,) = self._whole.steps(requested)
        yield Send(whole.data[: whole.data.index(self._missing)])
        yield Wait(0.05)
        yield self._end
