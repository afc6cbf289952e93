"""A forked child never disturbs the connections of its parent."""

from __future__ import annotations

import os
import socket
import ssl
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from dhenara.ai import AIModelClient
from dhenara.ai.http.sockets import tls
from support.raw_server import DONE, OK, STREAM_HEAD, Connection, RawServer, chunk, delta
from support.worlds import ASYNC_WORLDS, Async, endpoint

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


@pytest.fixture(params=["plain", "tls"])
def context(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The context of the server, or None without TLS."""
    if request.param == "plain":
        yield None
        return
    authority = trustme.CA()
    actual = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(actual)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    tls.make_context.cache_clear()
    yield actual
    tls.make_context.cache_clear()


def in_a_child(work: Callable[[], object]) -> None:
    """Runs it in a forked child, which must end well."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        except SystemExit:
            status = 0
        except BaseException:  # noqa: BLE001  # nothing of the test may go on in the child
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


class Halfway:
    """Streams the first half of an answer, and the second when `go_on` is set."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def __call__(self, connection: Connection) -> None:
        while (request := connection.request()) is not None:
            if b'"stream":true' not in request.replace(b" ", b""):
                connection.send(OK)
                continue
            connection.send(STREAM_HEAD + chunk(delta("one ")))
            self.go_on.wait(100)
            connection.send(chunk(delta("two")) + chunk(DONE) + b"0\r\n\r\n")


def ways_to_leave(client: Any, stream: Any, response: Any) -> dict[str, Callable[[], object]]:
    """What a child may do with what it got from its parent."""

    def leave_with() -> None:
        with client:
            pass

    return {
        "close the client": client.close,
        "leave with": leave_with,
        "close the stream": stream.close,
        "forget the stream": stream.__del__,
        "exit": lambda: sys.exit(0),
    }


@pytest.mark.parametrize("way", ["close the client", "leave with", "close the stream", "forget the stream", "exit"])
def test_an_answer_goes_on_whatever_a_child_does(way: str, context: ssl.SSLContext | None) -> None:
    serve = Halfway()
    with RawServer(serve, context) as server, AIModelClient(endpoint(server.url)) as client:
        client.generate("?")  # its connection rests in the pool
        stream = client.generate("?", streaming=True, retries=0).stream_generator
        first = next(stream)
        in_a_child(ways_to_leave(client, stream, first)[way])
        serve.go_on.set()
        assert list(stream)[-1][1].chat_response.text() == "one two"


@pytest.mark.parametrize("way", ["close the client", "leave with"])
def test_a_resting_connection_of_the_parent_is_used_again(way: str, context: ssl.SSLContext | None) -> None:
    with RawServer(Halfway(), context) as server, AIModelClient(endpoint(server.url)) as client:
        client.generate("?")
        in_a_child(client.close if way == "close the client" else lambda: client.__exit__(None, None, None))
        assert [one.outcome for one in client.generate("?", retries=0).attempts] == ["answered"]
        assert (len(server.requests), server.connections) == (2, 1)


def test_a_child_makes_connections_of_its_own(context: ssl.SSLContext | None) -> None:
    with RawServer(Halfway(), context) as server, AIModelClient(endpoint(server.url)) as client:
        client.generate("?")
        in_a_child(lambda: client.generate("?", retries=0))
        client.generate("?", retries=0)
        assert (len(server.requests), server.connections) == (3, 2)


def test_a_child_does_not_read_from_the_answer_of_its_parent(context: ssl.SSLContext | None) -> None:
    """Bytes that it took would be missing there."""
    serve = Halfway()
    with RawServer(serve, context) as server, AIModelClient(endpoint(server.url)) as client:
        stream = client.generate("?", streaming=True, retries=0).stream_generator
        next(stream)

        def read() -> None:
            serve.go_on.set()
            text = list(stream)[-1][1].chat_response.text()
            assert text == "one "

        in_a_child(read)
        serve.go_on.set()
        assert list(stream)[-1][1].chat_response.text() == "one two"


@pytest.mark.parametrize("world", ASYNC_WORLDS, ids=lambda world: world.name)
@pytest.mark.parametrize("way", ["abandon", "close in a new loop", "exit"])
def test_an_async_answer_goes_on_whatever_a_child_does(way: str, world: Async, context: ssl.SSLContext | None) -> None:
    serve = Halfway()

    async def parent(url: str) -> str:
        client = AIModelClient(endpoint(url))
        await client.generate_async("?")
        response = await client.generate_async("?", streaming=True, retries=0)
        stream = response.async_stream_generator
        await stream.__anext__()
        ways: dict[str, Callable[[], object]] = {
            "abandon": stream.__del__,
            "close in a new loop": lambda: in_a_thread(lambda: world.start(client.aclose)),
            "exit": lambda: sys.exit(0),
        }
        in_a_child(ways[way])
        serve.go_on.set()
        pairs = [pair async for pair in stream]
        again = await client.generate_async("?", retries=0)
        await client.aclose()
        assert len(again.attempts) == 1
        return pairs[-1][1].chat_response.text()  # type: ignore[no-any-return]  # text

    with RawServer(serve, context) as server:
        assert world.start(lambda: parent(server.url)) == "one two"


def in_a_thread(work: Callable[[], object]) -> None:
    """A loop that was running when the process was forked is still running in this thread, as far as Python knows."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # raised again below
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def test_a_descriptor_that_was_let_go_does_not_close_a_later_file(tmp_path: Path) -> None:
    from dhenara.ai.http.sockets.socket_connection import close_copy

    here, there = socket.socketpair()
    with there:
        close_copy(here.fileno())
        assert there.recv(1) == b""
        with (tmp_path / "later").open("wb") as later:
            here.close()
            later.write(b"x")
