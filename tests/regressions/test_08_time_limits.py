"""Time limits hold while bytes are waiting: for floods, for slow readers, and for data that has arrived already."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallTimeoutError
from dhenara.ai.testing import FakeServer, RawStream
from dhenara.ai.testing.answer import ReceivedRequest, Send, Step
from dhenara.ai.types import SSEErrorResponse, Timeouts
from support.raw_server import DONE, STREAM_HEAD, Connection, RawServer, chunk, delta
from support.waiting import try_longer_limits
from support.worlds import Async, World, endpoint

SOON = 0.2
"""Seconds of a limit that ends a call: whether the flood has begun by then or not, it is this limit that ends it."""

GENEROUS = 100.0
"""Seconds within which such a limit must have ended a call, on a machine that is busy."""

COMMENTS = b": ping\n\n" * 20
PINGS = b'event: ping\ndata: {"type": "ping"}\n\n' * 20
ANTHROPIC_START = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant",'
    b'"content":[],"model":"m","stop_reason":null,"usage":{"input_tokens":1,"output_tokens":1}}}\n\n'
)


def interim(connection: Connection) -> None:
    while True:
        connection.send(b"HTTP/1.1 102 Processing\r\n\r\n")
        time.sleep(0.01)


def head_byte_by_byte(connection: Connection) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\nx: ")
    while True:
        connection.send(b"y")
        time.sleep(0.001)


def comments(connection: Connection) -> None:
    connection.send(STREAM_HEAD)
    connection.flood(chunk(COMMENTS))


def pings(connection: Connection) -> None:
    connection.send(STREAM_HEAD + chunk(ANTHROPIC_START))
    connection.flood(chunk(PINGS))


def empty_lines(connection: Connection) -> None:
    connection.send(STREAM_HEAD)
    connection.flood(chunk(b"\n" * 200))


def body_of_spaces(connection: Connection) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
    while True:
        connection.send(b" " * 100)
        time.sleep(0.001)


def error_body(connection: Connection) -> None:
    connection.send(b"HTTP/1.1 500 No\r\ncontent-type: application/json\r\n\r\n")
    while True:
        connection.send(b" ")
        time.sleep(0.001)


def trailers(connection: Connection) -> None:
    connection.send(STREAM_HEAD + chunk(delta("Hello")) + b"0\r\n")
    while True:
        connection.send(b"x: y\r\n")
        time.sleep(0.001)


def deltas(connection: Connection) -> None:
    connection.send(STREAM_HEAD)
    while True:
        connection.send(chunk(delta("word ")))
        time.sleep(0.01)


def serving(after: Callable[[Connection], None]) -> Callable[[Connection], None]:
    def serve(connection: Connection) -> None:
        if connection.request():
            after(connection)

    return serve


def read_slowly(world: World, client: AIModelClient, pause: float, **settings: Any) -> tuple[list[Any], float]:
    """What a reader gets that takes `pause` seconds for each piece, and how long it took after the first."""
    pairs: list[Any] = []
    began = time.monotonic()
    if isinstance(world, Async):

        async def read() -> None:
            response = await client.generate_async("?", streaming=True, **settings)
            async for pair in response.async_stream_generator:
                pairs.append(pair)
                await anyio.sleep(pause)
            await client.aclose()

        world.start(read)
    else:
        for pair in client.generate("?", streaming=True, **settings).stream_generator:
            pairs.append(pair)
            time.sleep(pause)
        client.close()
    return pairs, time.monotonic() - began


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])
@pytest.mark.parametrize("limit", ["total", "first_token"])
@pytest.mark.parametrize(
    "flood", [interim, head_byte_by_byte, comments, pings, empty_lines], ids=lambda one: one.__name__
)
def test_a_flood_before_the_answer_ends_at_the_limit(
    flood: Callable[[Connection], None], limit: str, streaming: bool, world: World
) -> None:
    with RawServer(serving(flood)) as server:
        client = AIModelClient(endpoint(server.url, "anthropic"))
        began = time.monotonic()
        ask: Callable[..., Any] = world.stream if streaming else world.run
        with pytest.raises(CallTimeoutError) as failed:
            ask(client, "?", retries=0, timeout=Timeouts(**{limit: SOON}))
        assert (failed.value.limit, time.monotonic() - began < GENEROUS) == (limit, True)
        world.close(client)


@pytest.mark.parametrize("flood", [body_of_spaces, trailers, deltas], ids=lambda one: one.__name__)
def test_a_flood_within_the_answer_ends_at_the_total(flood: Callable[[Connection], None], world: World) -> None:
    with RawServer(serving(flood)) as server:
        client = AIModelClient(endpoint(server.url))
        began = time.monotonic()
        with pytest.raises(CallTimeoutError) as failed:
            world.run(client, "?", retries=0, timeout=Timeouts(total=SOON))
        assert (failed.value.limit, time.monotonic() - began < GENEROUS) == ("total", True)
        world.close(client)


def test_the_body_of_an_error_is_not_waited_for_beyond_the_total(world: World) -> None:
    with RawServer(serving(error_body)) as server:
        client = AIModelClient(endpoint(server.url))
        began = time.monotonic()
        with pytest.raises(Exception) as failed:  # whichever error: the status says that it failed
            world.run(client, "?", retries=0, timeout=Timeouts(total=SOON))
        assert time.monotonic() - began < GENEROUS
        assert getattr(failed.value, "status", None) in (500, None)
        world.close(client)


def test_the_total_ends_a_stream_whose_reader_is_slower_than_its_server(world: World) -> None:
    with RawServer(serving(deltas)) as server:

        def attempt(seconds: float) -> bool | None:
            try:
                pairs, taken = read_slowly(world, AIModelClient(endpoint(server.url)), 0.02, timeout=seconds)
            except CallTimeoutError:
                return None  # before the stream had begun
            (error, _), (_, final) = pairs[-2:]
            assert isinstance(error, SSEErrorResponse)
            assert f"{seconds:g} s" in error.data.message
            assert taken < seconds + GENEROUS
            return final.chat_response.text().startswith("word ") or None

        assert try_longer_limits(attempt, 0.6)


def test_the_total_holds_for_pieces_that_have_all_arrived(world: World) -> None:
    """One write holds the whole answer; its reader would need minutes for it, and gets what arrived as the partial."""

    def attempt(seconds: float) -> bool | None:
        with FakeServer(RawStream([delta("word ") * 500 + DONE])) as server:
            try:
                pairs, _ = read_slowly(world, AIModelClient(endpoint(server.url)), seconds / 12, timeout=seconds)
            except CallTimeoutError:
                return None  # before the stream had begun
        assert isinstance(pairs[-2][0], SSEErrorResponse)
        return len(pairs) < len(pairs[-1][1].chat_response.text()) / len("word ") or None

    assert try_longer_limits(attempt, 0.6)


class AtOnce:
    """Another reply in one write: its server is never silent between its parts."""

    def __init__(self, reply: RawStream) -> None:
        self._reply = reply

    def steps(self, request: ReceivedRequest) -> Iterator[Step]:
        yield Send(b"".join(step.data for step in self._reply.steps(request) if isinstance(step, Send)))


def test_idle_is_the_silence_of_the_server_and_not_of_the_reader(world: World, server: FakeServer) -> None:
    """The reader rests longer than `idle` allows, while the server has sent everything."""
    server.add_replies(AtOnce(RawStream([delta("a"), delta("b"), DONE])))
    pairs, _ = read_slowly(world, AIModelClient(endpoint(server.url)), 0.4, timeout=Timeouts(idle=0.3))
    assert not any(isinstance(chunk, SSEErrorResponse) for chunk, _ in pairs)
    assert pairs[-1][1].chat_response.text() == "ab"


def test_the_limit_to_connect_spans_all_steps_of_connecting(world: World) -> None:
    """The server takes the connection and sends a byte of TLS now and then."""

    def drip(connection: Connection) -> None:
        while True:
            connection.send(b"\x16\x03\x03\x40\x00"[:1] if connection.number < 0 else b"\x16")
            time.sleep(0.02)

    with RawServer(drip) as server:
        client = AIModelClient(endpoint(f"https://127.0.0.1:{server.port}"))
        began = time.monotonic()
        with pytest.raises((CallTimeoutError, ConnectionError)):
            world.run(client, "?", retries=0, timeout=Timeouts(connect=0.5))
        assert time.monotonic() - began < GENEROUS
        world.close(client)


def test_an_upload_that_is_read_slowly_ends_at_the_total(world: World) -> None:
    def drip(connection: Connection) -> None:
        while connection.socket.recv(1_000):
            time.sleep(0.01)

    with RawServer(drip) as server:
        client = AIModelClient(endpoint(server.url))
        began = time.monotonic()
        with pytest.raises(CallTimeoutError) as failed:
            world.run(client, "x" * 30_000_000, retries=0, timeout=1.0)
        assert (failed.value.limit, time.monotonic() - began < GENEROUS) == ("total", True)
        world.close(client)
