"""Closing a client ends what is under way; loops and files that are bad or gone leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from pathlib import Path
from typing import Any

import anyio
import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallError, ConfigurationError, ConnectionFailedError
from dhenara.ai.http.sockets import tls
from support.raw_server import OK, STREAM_HEAD, Connection, RawServer, chunk, delta
from support.worlds import Async, World, endpoint


def never_answer(connection: Connection) -> None:
    connection.request()
    connection.wait_left()


def half_an_answer(connection: Connection) -> None:
    connection.request()
    connection.send(STREAM_HEAD + chunk(delta("one ")))
    connection.wait_left()


def answer(connection: Connection) -> None:
    while connection.request():
        connection.send(OK)


def test_closing_ends_the_calls_that_are_under_way(async_world: Async) -> None:
    async def close_early(url: str) -> list[CallError]:
        client, failures = AIModelClient(endpoint(url)), list[CallError]()

        async def ask() -> None:
            try:
                await client.generate_async("?", retries=3)
            except CallError as error:
                failures.append(error)

        for _ in range(3):
            async with anyio.create_task_group() as group:
                for _ in range(10):
                    group.start_soon(ask)
                arrived = len(server.requests) + 10
                while len(server.requests) < arrived:
                    await anyio.sleep(0.005)
                await client.aclose()
        return failures

    with RawServer(never_answer) as server:
        failures = async_world.start(lambda: close_early(server.url))
        assert server.wait_closed()
        assert {type(error) for error in failures} == {ConnectionFailedError}
        assert "client was closed" in str(failures[0])
        assert len(failures) == len(server.requests) == 30  # a closed client does not try again


def test_closing_ends_the_calls_that_are_under_way_in_threads() -> None:
    failures: list[CallError] = []

    def ask() -> None:
        try:
            client.generate("?", retries=3)
        except CallError as error:
            failures.append(error)

    with RawServer(never_answer) as server:
        client = AIModelClient(endpoint(server.url))
        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        assert server.wait_for(lambda server: len(server.requests) == 8)
        client.close()
        for thread in threads:
            thread.join(100)
        assert server.wait_closed()
        assert len(failures) == len(server.requests) == 8


def test_closing_ends_streams_that_nobody_reads(world: World) -> None:
    retained: list[Any] = []
    with RawServer(half_an_answer) as server:
        client = AIModelClient(endpoint(server.url))
        if isinstance(world, Async):

            async def leave() -> None:
                for _ in range(5):
                    response = await client.generate_async("?", streaming=True)
                    retained.append(response.async_stream_generator)
                await client.aclose()

            world.start(leave)
        else:
            retained += [client.generate("?", streaming=True).stream_generator for _ in range(5)]
            client.close()
        assert server.wait_closed()


def test_calls_that_end_after_the_client_was_closed_leave_nothing_open(async_world: Async) -> None:
    """Some are still connecting when it is closed, some are being answered."""

    async def race(url: str) -> None:
        for turn in range(20):
            client = AIModelClient(endpoint(url))
            async with anyio.create_task_group() as group:
                for _ in range(5):
                    group.start_soon(ask, client)
                for _ in range(turn):
                    await anyio.lowlevel.checkpoint()
                await client.aclose()

    async def ask(client: AIModelClient) -> None:
        try:
            await client.generate_async("?", retries=0)
        except CallError:
            return
        finally:
            await client.aclose()

    with RawServer(answer) as server:
        async_world.start(lambda: race(server.url))
        assert server.wait_closed()


def test_a_client_may_be_used_again_after_it_was_closed(world: World) -> None:
    with RawServer(answer) as server:
        client = AIModelClient(endpoint(server.url))
        for _ in range(2):
            assert world.run(client, "?").chat_response is not None
            world.close(client)
        assert server.wait_closed()


def test_a_bad_certificate_file_leaves_no_socket_open(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(bad))
    tls.make_context.cache_clear()
    with RawServer(never_answer) as server:
        client = AIModelClient(endpoint(f"https://127.0.0.1:{server.port}"))
        for _ in range(3):
            with pytest.raises(ConfigurationError, match="SSL_CERT_FILE"):
                world.run(client, "?", retries=0)
        assert server.wait_closed()
        world.close(client)
    tls.make_context.cache_clear()


@pytest.mark.parametrize("factory", ["asyncio", "uvloop"])
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # its user closed the loop and not the client
def test_a_loop_that_was_closed_by_hand_is_forgotten_while_its_client_lives_on(factory: str) -> None:
    make = asyncio.new_event_loop if factory == "asyncio" else pytest.importorskip("uvloop").new_event_loop
    with RawServer(answer) as server:
        client = AIModelClient(endpoint(server.url))
        seen = []
        for _ in range(3):
            loop = make()
            loop.run_until_complete(client.generate_async("?"))
            loop.close()
            seen.append(weakref.ref(loop))
            del loop
        for _ in range(3):
            gc.collect()
        assert [one() for one in seen] == [None, None, None]
        assert server.wait_closed()


def test_connections_live_as_long_as_their_loop(async_world: Async) -> None:
    """What is collected between two calls must not be the pool."""

    async def ask(url: str) -> None:
        client = AIModelClient(endpoint(url))
        for _ in range(3):
            await client.generate_async("?")
            gc.collect()
        await client.aclose()

    with RawServer(answer) as server:
        async_world.start(lambda: ask(server.url))
        assert server.connections == 1


def test_a_stream_that_was_not_read_when_its_loop_ended_is_hung_up(async_world: Async) -> None:
    retained: list[Any] = []

    async def leave(client: AIModelClient) -> None:
        retained.append((await client.generate_async("?", streaming=True)).async_stream_generator)

    with RawServer(half_an_answer) as server:
        client = AIModelClient(endpoint(server.url))
        async_world.start(lambda: leave(client))
        assert server.wait_closed()
