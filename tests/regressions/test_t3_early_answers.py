"""A response that arrives before the request was sent completely is read at once, in sync and async code."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from dhenara.ai import AIModelClient
from dhenara.ai.errors import BadRequestError, CallError
from dhenara.ai.http.sockets import tls
from dhenara.ai.types import Timeouts
from support.raw_server import OK, Connection, RawServer
from support.worlds import World, endpoint

BODY = b'{"error": {"message": "too large", "type": "request_too_large"}}'
TOO_LARGE = b"HTTP/1.1 413 No\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%s\r\n" + BODY
PROMPT = "x" * 12_000_000
GENEROUS = 100.0
"""Seconds, far below the limits of the calls."""


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


def refuse_and_read_nothing(connection: Connection) -> None:
    connection.socket.recv(1_000)
    connection.send(TOO_LARGE % (len(BODY), b""))
    wait_for_end(connection)


def wait_for_end(connection: Connection) -> None:
    """Reads nothing until the client has gone."""
    while connection.socket.fileno() >= 0 and not gone(connection.socket):
        time.sleep(0.01)


def gone(connected: socket.socket) -> bool:
    try:
        connected.send(b"")
        return connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) != b"\x01"
    except OSError:
        return True


def linger(connection: Connection) -> None:
    """Refuses, ends its side, and reads on until the client has seen it (RFC 9112 section 9.6)."""
    connection.socket.recv(1_000)
    connection.send(TOO_LARGE % (len(BODY), b"connection: close\r\n"))
    if not isinstance(connection.socket, ssl.SSLSocket):
        connection.socket.shutdown(socket.SHUT_WR)
    while connection.socket.recv(65_536):
        pass


def refuse_after_an_interim_response(connection: Connection) -> None:
    connection.socket.recv(1_000)
    connection.send(b"HTTP/1.1 102 Processing\r\n\r\n")
    for _ in range(20):
        connection.socket.recv(65_536)
    connection.send(TOO_LARGE % (len(BODY), b""))
    wait_for_end(connection)


# Whether the answer would be a stream makes no difference while the request is sent, so each is tried with one.
REFUSALS: list[tuple[Callable[[Connection], None], bool]] = [
    (refuse_and_read_nothing, False),
    (linger, True),
    (refuse_after_an_interim_response, False),
]


@pytest.mark.parametrize("transport", ["builtin", "httpx2"])
@pytest.mark.parametrize(("refuse", "streaming"), REFUSALS, ids=["no reading", "lingering", "interim response"])
def test_a_refusal_is_read_while_the_request_is_sent(
    refuse: Callable[[Connection], None], streaming: bool, transport: str, world: World, context: ssl.SSLContext | None
) -> None:
    with RawServer(refuse, context) as server:
        client = AIModelClient(endpoint(server.url), transport=transport)
        ask: Callable[..., Any] = world.stream if streaming else world.run
        began = time.monotonic()
        with pytest.raises(BadRequestError, match="too large") as refused:
            ask(client, PROMPT, retries=0, timeout=Timeouts(first_token=120))
        assert (refused.value.status, time.monotonic() - began < GENEROUS) == (413, True)
        world.close(client)


@pytest.mark.parametrize("transport", ["builtin", "httpx2"])
def test_an_interim_response_does_not_end_the_sending(
    transport: str, world: World, context: ssl.SSLContext | None
) -> None:
    def serve(connection: Connection) -> None:
        connection.send(b"HTTP/1.1 102 Processing\r\n\r\n")
        if connection.request():
            connection.send(OK)

    with RawServer(serve, context) as server:
        client = AIModelClient(endpoint(server.url), transport=transport)
        assert world.run(client, PROMPT, retries=0).chat_response is not None
        assert len(server.requests[0]) > len(PROMPT)
        world.close(client)


def test_a_server_that_hangs_up_on_an_upload_is_a_connection_error(
    world: World, context: ssl.SSLContext | None
) -> None:
    def serve(connection: Connection) -> None:
        connection.socket.recv(1_000)

    with RawServer(serve, context) as server:
        client = AIModelClient(endpoint(server.url))
        with pytest.raises(CallError) as failed:
            world.run(client, PROMPT, retries=0)
        assert isinstance(failed.value, ConnectionError)
        world.close(client)


def test_a_connection_whose_request_was_not_sent_to_its_end_is_not_used_again(world: World) -> None:
    """Its server would take the rest for the next request."""

    def serve(connection: Connection) -> None:
        if connection.number == 1:
            # A small buffer, so that the whole request cannot wait in the system's buffers.
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            connection.socket.recv(1_000)
            connection.send(TOO_LARGE % (len(BODY), b""))
            refused.wait(GENEROUS)  # read nothing meanwhile, or the client could send everything before it looks
            while connection.socket.recv(65_536):
                pass
            return
        while connection.request():
            connection.send(OK)

    refused = threading.Event()
    with RawServer(serve) as server:
        client = AIModelClient(endpoint(server.url))
        with pytest.raises(BadRequestError):
            world.run(client, PROMPT, retries=0)
        refused.set()
        assert world.run(client, "?", retries=0).chat_response is not None
        assert server.connections == 2
        world.close(client)
