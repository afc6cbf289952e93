"""Servers and networks that misbehave: the error is typed, and no connection stays open."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import anyio
import pytest
import trio

from dhenara.ai import AIModelClient
from dhenara.ai.errors import AuthenticationError, BadRequestError, CallError, CallTimeoutError, RateLimitError
from dhenara.ai.testing import FakeServer, HangUp, Stall
from dhenara.ai.testing.answer import ReceivedRequest, Send, Step
from dhenara.ai.types import Timeouts
from support.waiting import HANGS, wait_until_async
from support.worlds import World, endpoint


@dataclass
class Provided:
    """These bytes, and then this end."""

    data: bytes
    end: Step

    def steps(self, requested: ReceivedRequest) -> Iterator[Step]:
        yield Send(self.data)
        yield self.end


class Listener:
    """Accepts connections and runs `each` with them, or reads until the client closes them."""

    def __init__(self, each: Any = None) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.accepted = threading.Event()
        self.closed_by_client = threading.Event()
        self._each = each
        self._thread = threading.Thread(target=self._serve)

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Listener:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(100)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.accepted.set()
                with connection:
                    if self._each is not None:
                        self._each(connection)
                        continue
                    connection.settimeout(HANGS)
                    with contextlib.suppress(ConnectionError):
                        while connection.recv(4096):
                            pass
                    self.closed_by_client.set()


def refuse_early(connection: socket.socket) -> None:
    body = b'{"error": {"message": "too large", "type": "request_too_large"}}'
    connection.recv(1000)
    connection.sendall(b"HTTP/1.1 413 No\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))


def test_an_error_response_before_the_request_is_complete_is_read(world: World) -> None:
    with Listener(refuse_early) as server:
        client = AIModelClient(endpoint(f"http://{server.place}"))
        with pytest.raises(BadRequestError, match="too large") as refused:
            world.run(client, "x" * 20_000_000, retries=0)
        world.close(client)
    assert refused.value.status == 413


@pytest.mark.parametrize("end", [HangUp(), Stall()], ids=["cut", "stall"])
@pytest.mark.parametrize(
    ("status", "head", "kind"), [(401, b"", AuthenticationError), (429, b"content-encoding: br\r\n", RateLimitError)]
)
def test_an_error_response_with_a_broken_body_is_classified_by_its_status(
    status: int, head: bytes, kind: type[CallError], end: Step, world: World, server: FakeServer
) -> None:
    server.add_replies(Provided(b'HTTP/1.1 %d No\r\n%scontent-length: 500\r\n\r\n{"error": ' % (status, head), end))
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(kind) as refused:
        world.run(client, "?", retries=0, timeout=Timeouts(idle=0.2))
    assert (type(refused.value), refused.value.status) == (kind, status)
    world.close(client)


def test_a_stalled_handshake_times_out_and_closes_its_connection(world: World) -> None:
    with Listener() as server:
        client = AIModelClient(endpoint(f"https://{server.place}"))
        with pytest.raises(CallTimeoutError) as failed:
            world.run(client, "?", retries=0, timeout=Timeouts(connect=1.0))
        assert failed.value.limit == "connect"
        assert server.closed_by_client.wait(100)
        world.close(client)


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_a_cancelled_handshake_closes_its_connection(loop: str) -> None:
    async def cancelled() -> None:
        client = AIModelClient(endpoint(f"https://{server.place}"))
        async with anyio.create_task_group() as group:
            group.start_soon(client.generate_async, "?")
            await wait_until_async(server.accepted.is_set)
            group.cancel_scope.cancel()
        await wait_until_async(server.closed_by_client.is_set)
        await client.aclose()

    with Listener() as server:
        trio.run(cancelled) if loop == "trio" else asyncio.run(cancelled())
        assert server.closed_by_client.is_set()


def test_a_server_that_accepts_no_connection_times_out(world: World) -> None:
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        client = AIModelClient(endpoint(f"http://127.0.0.1:{full.getsockname()[1]}"))
        with pytest.raises(CallTimeoutError) as failed:
            world.run(client, "?", retries=0, timeout=Timeouts(connect=1.0))
        assert failed.value.limit == "connect"
        world.close(client)


@pytest.mark.parametrize("host", ["a..b", "a" * 70 + ".test"])
def test_an_invalid_host_name_is_a_connection_error(host: str, world: World) -> None:
    client = AIModelClient(endpoint(f"http://{host}"))
    with pytest.raises(ConnectionError):
        world.run(client, "?", retries=0)
    world.close(client)


def test_an_ipv6_address_is_put_in_brackets_in_the_host_header(world: World) -> None:
    received: list[bytes] = []

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            received.append(connection.recv(65_536))
            connection.sendall(b"HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n")

    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("there is no loopback of version 6 here")
    with listener:
        thread = threading.Thread(target=answer)
        thread.start()
        place = f"[::1]:{listener.getsockname()[1]}"
        client = AIModelClient(endpoint(f"http://{place}"))
        with pytest.raises(AuthenticationError):
            world.run(client, "?", retries=0)
        world.close(client)
        thread.join(100)
    assert f"host: {place}\r\n".encode() in received[0]
