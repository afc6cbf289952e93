"""Connecting on every loop: uvloop works, the quickest address wins, and cancelled calls leave no socket open."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallTimeoutError
from dhenara.ai.http.sockets.asyncio_network import find_addresses, race_addresses
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import Timeouts
from support.raw_server import OK, Connection, RawServer
from support.waiting import HANGS
from support.worlds import ASYNC_WORLDS, Async, endpoint


def answer(connection: Connection) -> None:
    while connection.request():
        connection.send(OK)


def sockets(port: int) -> int:
    """Sockets of this process that are connected, or connecting, to this port."""
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("this system does not list the open files of a process")
    own = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            own.add(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            continue
    rows = [
        row.split() for table in ("tcp", "tcp6") for row in Path(f"/proc/self/net/{table}").read_text().split("\n")[1:]
    ]
    return sum(f"socket:[{row[9]}]" in own for row in rows if row and int(row[2].rpartition(":")[2], 16) == port)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_call_is_answered_on_every_loop(host: str, async_world: Async, server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello!"), Answer(text="Hello!"))
    url = server.url.replace("127.0.0.1", host)
    client = AIModelClient(endpoint(url))
    assert async_world.run(client, "?").chat_response is not None
    assert async_world.stream(client, "?")[-1][1].chat_response.text() == "Hello!"
    async_world.close(client)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_calls_that_are_cancelled_while_they_connect_leave_no_socket_open(host: str, async_world: Async) -> None:
    async def cancelled(url: str, port: int) -> int:
        client = AIModelClient(endpoint(url))
        for turn in range(150):
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(client.generate_async, "?")
                    for _ in range(turn % 12):
                        await anyio.lowlevel.checkpoint()
                    scope.cancel()
        await client.aclose()
        with anyio.move_on_after(HANGS):
            while sockets(port):
                await anyio.sleep(0.01)
        return sockets(port)

    with RawServer(answer) as server:
        left = async_world.start(
            lambda: cancelled(server.url.replace("127.0.0.1", host), urlsplit(server.url).port or 0)
        )
        assert server.wait_closed()
    assert left == 0


def full_place(stack: Any) -> tuple[str, int]:
    """A place that takes no connection: its queue is full."""
    full = stack.enter_context(socket.socket())
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    for _ in range(8):
        waiting = stack.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(full.getsockname())
    return full.getsockname()  # type: ignore[no-any-return]  # an address of version 4


@pytest.mark.parametrize("world", [one for one in ASYNC_WORLDS if one.name != "trio"], ids=lambda one: one.name)
def test_the_next_address_is_tried_while_the_first_does_not_answer(world: Async) -> None:
    async def race() -> str:
        never = asyncio.Event()
        closed: list[str] = []

        async def connect(address: str) -> str:
            if address == "slow":
                await never.wait()
            if address == "refuses":
                raise ConnectionRefusedError
            return address

        return await race_addresses(["slow", "refuses", "quick"], connect, closed.append)

    assert world.start(race) == "quick"


@pytest.mark.parametrize("world", [one for one in ASYNC_WORLDS if one.name != "trio"], ids=lambda one: one.name)
def test_a_connection_that_comes_too_late_is_closed(world: Async) -> None:
    async def race() -> list[str]:
        closed: list[str] = []

        async def connect(address: str) -> str:
            try:
                await (asyncio.Event().wait() if address == "first" else asyncio.sleep(0))
            except asyncio.CancelledError:
                pass  # it was open at the very moment when it was cancelled
            return address

        assert await race_addresses(["first", "second"], connect, closed.append) == "second"
        while not closed:
            await asyncio.sleep(0)
        return closed

    assert world.start(race) == ["first"]


@pytest.mark.parametrize("world", [one for one in ASYNC_WORLDS if one.name != "trio"], ids=lambda one: one.name)
def test_the_last_failure_is_raised_when_no_address_takes_a_connection(world: Async) -> None:
    async def race() -> None:
        async def connect(address: str) -> str:
            raise ConnectionRefusedError(address)

        await race_addresses(["one", "two"], connect, lambda _: None)

    with pytest.raises(ConnectionRefusedError, match="two"):
        world.start(race)


def test_addresses_are_tried_with_their_families_in_turn() -> None:
    async def find() -> list[str]:
        loop = asyncio.get_running_loop()
        four = [(socket.AF_INET, 1, 6, "", (f"10.0.0.{n}", 80)) for n in (1, 2)]
        six = [(socket.AF_INET6, 1, 6, "", (f"fd00::{n}", 80, 0, 7 * (n - 1))) for n in (1, 2, 3)]

        async def lookup(*_: object, **__: object) -> list[Any]:
            return [*six, *four]

        loop.getaddrinfo = lookup  # type: ignore[method-assign, assignment]  # a loop of this test's own
        return await find_addresses(loop, "some.example", 80)

    assert asyncio.run(find()) == ["fd00::1", "10.0.0.1", "fd00::2%7", "10.0.0.2", "fd00::3%14"]


def test_a_place_that_takes_no_connection_leaves_no_socket_open(async_world: Async) -> None:
    import contextlib

    async def attempt(port: int) -> int:
        before = sockets(port)
        client = AIModelClient(endpoint(f"http://127.0.0.1:{port}"))
        with pytest.raises(CallTimeoutError):
            await client.generate_async("?", retries=0, timeout=Timeouts(connect=0.2))
        await client.aclose()
        with anyio.move_on_after(HANGS):
            while sockets(port) > before:
                await anyio.sleep(0.01)
        return sockets(port) - before

    with contextlib.ExitStack() as stack:
        _, port = full_place(stack)
        assert async_world.start(lambda: attempt(port)) <= 0
