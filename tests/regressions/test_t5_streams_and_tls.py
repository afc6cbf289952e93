"""Streams that are closed by somebody else, handshakes that break, and answers that nobody asked for."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import trustme

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConnectionFailedError
from dhenara.ai.http.sockets import tls
from dhenara.ai.types import SSEErrorResponse, Timeouts
from support.raw_server import OK, OK_BODY, STREAM_HEAD, Connection, RawServer, chunk, delta
from support.worlds import Async, World, endpoint

GENEROUS = 100.0
"""Seconds, far below the limits of the calls."""


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """The context of a server whose certificate the client trusts."""
    authority = trustme.CA()
    actual = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(actual)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    tls.make_context.cache_clear()
    yield actual
    tls.make_context.cache_clear()


@pytest.fixture(params=["plain", "tls"])
def context(request: pytest.FixtureRequest, trusted: ssl.SSLContext) -> ssl.SSLContext | None:
    """With TLS and without."""
    return trusted if request.param == "tls" else None


def half_an_answer(connection: Connection) -> None:
    connection.request()
    connection.send(STREAM_HEAD + chunk(delta("one ")))
    connection.wait_left()


def test_a_reader_ends_when_another_task_closes_its_stream(async_world: Async, context: ssl.SSLContext | None) -> None:
    async def close_from_outside(url: str) -> tuple[list[Any], str]:
        client = AIModelClient(endpoint(url))
        response = await client.generate_async("?", streaming=True, timeout=Timeouts(idle=120))
        stream, pairs = response.async_stream_generator, list[Any]()
        waiting = anyio.Event()

        async def read() -> None:
            async for pair in stream:
                pairs.append(pair)
                waiting.set()

        with anyio.fail_after(GENEROUS):
            async with anyio.create_task_group() as group:
                group.start_soon(read)
                await waiting.wait()
                for _ in range(20):
                    await anyio.lowlevel.checkpoint()
                await stream.aclose()
        await client.aclose()
        return pairs, stream.partial().text()

    with RawServer(half_an_answer, context) as server:
        pairs, text = async_world.start(lambda: close_from_outside(server.url))
        assert server.wait_closed()
    assert text == "one "
    assert not any(final is not None and not final.chat_response.interrupted for _, final in pairs)


def test_a_reader_ends_when_another_thread_closes_its_stream(context: ssl.SSLContext | None) -> None:
    with RawServer(half_an_answer, context) as server, AIModelClient(endpoint(server.url)) as client:
        stream = client.generate("?", streaming=True, timeout=Timeouts(idle=120)).stream_generator
        next(stream)
        rest: list[Any] = []
        reader = threading.Thread(target=lambda: rest.extend(stream))
        reader.start()
        time.sleep(0.05)
        stream.close()
        reader.join(GENEROUS)
        assert not reader.is_alive()
        assert stream.partial().text() == "one "
        assert stream.partial().interrupted


def test_a_stream_that_another_thread_closes_wakes_its_task(async_world: Async, context: ssl.SSLContext | None) -> None:
    """Streams are abandoned by finalizers, which run in whichever thread."""

    async def abandon_from_thread(url: str) -> None:
        client = AIModelClient(endpoint(url))
        response = await client.generate_async("?", streaming=True, timeout=Timeouts(idle=120))
        stream = response.async_stream_generator
        await stream.__anext__()
        with anyio.fail_after(GENEROUS):
            async with anyio.create_task_group() as group:
                group.start_soon(drain, stream)
                for _ in range(20):
                    await anyio.lowlevel.checkpoint()
                await anyio.to_thread.run_sync(stream.__del__)
        await client.aclose()

    async def drain(stream: Any) -> None:
        async for _ in stream:
            pass

    with RawServer(half_an_answer, context) as server:
        async_world.start(lambda: abandon_from_thread(server.url))
        assert server.wait_closed()


@pytest.mark.parametrize(
    "provided", [b"", b"\x16\x03\x03\x00\x7a", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x28"]
)
@pytest.mark.parametrize("reset", [False, True], ids=["close", "reset"])
def test_a_handshake_that_breaks_is_a_connection_error(provided: bytes, reset: bool, world: World) -> None:
    def serve(connection: Connection) -> None:
        connection.socket.recv(100 if reset else 65_536)
        connection.send(provided)
        if reset:
            connection.reset()

    with RawServer(serve) as server:
        client = AIModelClient(endpoint(f"https://127.0.0.1:{server.port}"))
        with pytest.raises(ConnectionFailedError):
            world.run(client, "?", retries=0)
        assert server.wait_closed()
        world.close(client)


UNREQUESTED = OK.replace(b"Hello!", b"Howdy!")


@pytest.mark.parametrize("together", [False, True], ids=["later", "with the first"])
def test_an_unsolicited_response_is_discarded(together: bool, world: World, context: ssl.SSLContext | None) -> None:
    assert OK_BODY.replace(b"Hello!", b"Howdy!") in UNREQUESTED
    sent = threading.Event()

    def serve(connection: Connection) -> None:
        while connection.request():
            if together:
                connection.send(OK + UNREQUESTED)
            else:
                connection.send(OK)
                connection.send(UNREQUESTED)
            sent.set()

    def text(response: Any) -> str:
        actual: str = response.chat_response.text()
        return actual

    with RawServer(serve, context) as server:
        client = AIModelClient(endpoint(server.url))
        if isinstance(world, Async):

            async def ask() -> list[str]:
                answers = []
                for _ in range(3):
                    answers.append(text(await client.generate_async("?", retries=0)))
                    await anyio.to_thread.run_sync(sent.wait, GENEROUS)
                    sent.clear()
                await client.aclose()
                return answers

            answers = world.start(ask)
        else:
            answers = []
            for _ in range(3):
                answers.append(text(client.generate("?", retries=0)))
                sent.wait(GENEROUS)
                sent.clear()
            client.close()
        assert answers == ["Hello!"] * 3
        assert server.connections == 3


def test_a_stream_that_breaks_is_reported(world: World, context: ssl.SSLContext | None) -> None:
    def serve(connection: Connection) -> None:
        connection.request()
        connection.send(STREAM_HEAD + chunk(delta("one ")))

    with RawServer(serve, context) as server:
        client = AIModelClient(endpoint(server.url))
        *_, (error, _), (_, final) = world.stream(client, "?", retries=0)
        assert isinstance(error, SSEErrorResponse)
        assert final.chat_response.text() == "one "
        world.close(client)
