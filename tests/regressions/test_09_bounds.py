"""What a server sends is bounded: typed errors, and no more memory than the limit. Sizes are small and injected."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallError, FetchError, ResponseTooLargeError, ServerError
from dhenara.ai.http.protocol.body import decompressor
from dhenara.ai.testing import Answer, FakeServer, Raw
from dhenara.ai.types import AIModelCallConfig, Fetching, ImageContent, ResponseLimits, SSEErrorResponse
from dhenara.ai.wire.limits import DEFAULT_LIMITS
from support.raw_server import STREAM_HEAD, Connection, RawServer, chunk, delta
from support.worlds import World, endpoint

KIB = 1024
MIB = 1024 * KIB
SMALL = ResponseLimits(body_bytes=MIB, event_bytes=256 * KIB, error_body_bytes=64 * KIB)
JSON_HEAD = b"HTTP/1.1 %d OK\r\ncontent-type: application/json\r\n"


@cache
def zeros(size: int) -> bytes:
    """Compressed zeros, a thousandth of their size."""
    engine = zlib.compressobj(9, wbits=31)
    return b"".join(engine.compress(bytes(MIB)) for _ in range(size // MIB)) + engine.flush()


def endless_json(connection: Connection) -> None:
    connection.send(JSON_HEAD % 200 + b'\r\n{"x": "')
    connection.flood(b"y" * 65_536)


def endless_chunks(connection: Connection) -> None:
    connection.send(JSON_HEAD % 200 + b'transfer-encoding: chunked\r\n\r\n3\r\n["x\r\n')
    connection.flood(chunk(b"y" * 65_536))


def endless_event(connection: Connection) -> None:
    connection.send(STREAM_HEAD + chunk(b"data: "))
    connection.flood(chunk(b"y" * 65_536))


def endless_data_lines(connection: Connection) -> None:
    connection.send(STREAM_HEAD)
    connection.flood(chunk(b"data: y\n" * 8_192))


def endless_stream(connection: Connection) -> None:
    connection.send(STREAM_HEAD)
    connection.flood(chunk(delta("word ") * 500))


def bomb(connection: Connection) -> None:
    packed = zeros(64 * MIB)
    connection.send(JSON_HEAD % 200 + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed) + packed)
    connection.wait_left()


def bomb_of_nothing(connection: Connection) -> None:
    """Members that open to nothing, without end."""
    connection.send(JSON_HEAD % 200 + b"content-encoding: gzip\r\n\r\n")
    connection.flood(gzip.compress(b"") * 500)


def head_without_end(connection: Connection) -> None:
    connection.send(b"HTTP/1.1 200 OK\r\n")
    connection.flood(b"x: %s\r\n" % (b"y" * 4_000))


def blank_lines(connection: Connection) -> None:
    connection.flood(b"\r\n" * 4_000)


def interim_without_end(connection: Connection) -> None:
    connection.flood(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n")


def trailers_without_end(connection: Connection) -> None:
    connection.send(STREAM_HEAD + chunk(delta("Hello")) + b"0\r\n")
    connection.flood(b"x: %s\r\n" % (b"y" * 1_000))


def extensions_without_end(connection: Connection) -> None:
    connection.send(STREAM_HEAD)
    connection.flood(b"1;%s\r\n:\r\n" % (b"y" * 1_000))


def extension_without_end(connection: Connection) -> None:
    connection.send(STREAM_HEAD + b"1;")
    connection.flood(b"y" * 1_000)


FLOODS: dict[Callable[[Connection], None], str] = {
    endless_json: "body_bytes",
    endless_chunks: "body_bytes",
    endless_event: "event_bytes",
    endless_data_lines: "event_bytes",
    endless_stream: "body_bytes",
    bomb: "body_bytes",
    bomb_of_nothing: "body_bytes",
    head_without_end: "head_bytes",
    blank_lines: "head_bytes",
    interim_without_end: "interim_responses",
    trailers_without_end: "trailer_bytes",
    extensions_without_end: "chunk_extension_bytes",
    extension_without_end: "chunk_extension_bytes",
}


def serving(after: Callable[[Connection], None]) -> Callable[[Connection], None]:
    def serve(connection: Connection) -> None:
        if connection.request():
            after(connection)

    return serve


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])
@pytest.mark.parametrize("flood", FLOODS, ids=lambda one: one.__name__)
def test_what_has_no_end_is_ended_at_its_limit(
    flood: Callable[[Connection], None], streaming: bool, world: World
) -> None:
    with RawServer(serving(flood)) as server:
        client = AIModelClient(endpoint(server.url))
        tracemalloc.start()
        try:
            actual = failure_of(world, client, streaming)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert isinstance(actual, ResponseTooLargeError | SSEErrorResponse)
        message = actual.data.message if isinstance(actual, SSEErrorResponse) else str(actual)
        assert FLOODS[flood] in message
        assert len(server.requests) == 1  # another attempt would meet the same
        assert peak < 64 * MIB
        world.close(client)
        assert server.wait_closed()


def failure_of(world: World, client: AIModelClient, streaming: bool) -> Any:
    """The error that is raised, or else the one in the stream."""
    try:
        if not streaming:
            world.run(client, "?", retries=3, response_limits=SMALL)
        for piece, _ in world.stream(client, "?", retries=3, response_limits=SMALL):
            if isinstance(piece, SSEErrorResponse):
                return piece
    except CallError as error:
        return error
    return None


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_of_an_error_a_bounded_part_is_read_and_its_status_counts(packed: bool, world: World) -> None:
    def serve(connection: Connection) -> None:
        if connection.request() and packed:
            body = zeros(64 * MIB)
            connection.send(JSON_HEAD % 503 + b"content-encoding: gzip\r\n\r\n" + body)
            connection.wait_left()
        elif not packed:
            connection.send(JSON_HEAD % 503 + b"\r\n")
            connection.flood(b"y" * 65_536)

    with RawServer(serve) as server:
        client = AIModelClient(endpoint(server.url))
        tracemalloc.start()
        try:
            with pytest.raises(ServerError) as failed:
                world.run(client, "?", retries=0)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert failed.value.status == 503
        assert peak < 16 * MIB
        world.close(client)


def test_the_limit_is_the_last_size_that_passes(world: World, server: FakeServer) -> None:
    body = b'{"id":"x","choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]}'
    server.add_replies(Raw(body), Raw(body))
    client = AIModelClient(endpoint(server.url))
    exact = ResponseLimits(body_bytes=len(body))
    assert world.run(client, "?", response_limits=exact).chat_response is not None
    with pytest.raises(ResponseTooLargeError) as failed:
        world.run(client, "?", response_limits=ResponseLimits(body_bytes=len(body) - 1))
    assert "ResponseLimits(body_bytes=...)" in str(failed.value)
    world.close(client)


def test_without_a_limit_bodies_may_be_of_any_size(world: World, server: FakeServer) -> None:
    server.add_replies(Answer(text="x" * 3 * MIB))
    client = AIModelClient(endpoint(server.url))
    unlimited = ResponseLimits(body_bytes=None)
    assert world.run(client, "?", response_limits=unlimited).chat_response is not None
    world.close(client)


def test_media_at_an_address_are_bounded_by_the_limits_of_the_client(world: World) -> None:
    def serve(connection: Connection) -> None:
        if connection.request():
            connection.send(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n")
            connection.flood(b"y" * 65_536)

    with RawServer(serve) as server:
        client = AIModelClient(endpoint(server.url), AIModelCallConfig(response_limits=SMALL))
        with pytest.raises(ResponseTooLargeError):
            world.ask(client, "download", ImageContent(url=server.url + "/x.png"))
        world.close(client)


def test_what_is_fetched_for_a_provider_is_bounded_also_when_it_is_compressed(world: World) -> None:
    def serve(connection: Connection) -> None:
        if connection.request():
            connection.send(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n" + zeros(64 * MIB))
            connection.wait_left()

    with RawServer(serve) as server:
        client = AIModelClient(endpoint(server.url, "ollama"))
        rules = Fetching(private=True, max_bytes=MIB)
        image = ImageContent(url=server.url + "/x.png")
        tracemalloc.start()
        try:
            with pytest.raises(FetchError, match="max_bytes"):
                world.run(client, ["?", image], fetching=rules, retries=0)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 16 * MIB
        world.close(client)


def test_a_few_bytes_that_stand_for_many_are_opened_bit_by_bit() -> None:
    engine = decompressor("gzip")
    assert engine is not None
    packed = zeros(64 * MIB)
    tracemalloc.start()
    opened = len(engine.feed(packed, 65_536))
    while engine.waiting:
        opened += len(engine.feed(b"", 65_536))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (opened, engine.finish()) == (64 * MIB, b"")
    assert peak < 2 * MIB


def test_the_defaults_are_those_of_the_documentation() -> None:
    assert ResponseLimits().model_dump() == {
        "body_bytes": 256 * MIB,
        "error_body_bytes": 256 * KIB,
        "event_bytes": 64 * MIB,
        "head_bytes": 256 * KIB,
        "interim_responses": 64,
        "chunk_extension_bytes": 64 * KIB,
        "trailer_bytes": 64 * KIB,
    }
    assert {
        name: getattr(DEFAULT_LIMITS, name) for name in ResponseLimits.model_fields
    } == ResponseLimits().model_dump()
