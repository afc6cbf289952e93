"""TLS: which certificates are trusted."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from dhenara.ai import AIModelClient
from dhenara.ai.http.sockets import tls
from dhenara.ai.io.sync_io import run
from support.worlds import World, endpoint

BODY = b'{"id":"x","model":"m","choices":[{"index":0,"message":{"content":"safe"},"finish_reason":"stop"}]}'


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure_port(authority: trustme.CA) -> Iterator[int]:
    """A server that answers every request over TLS in the same words."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(plain, server_side=True) as connection:
                    while connection.recv(65_536):
                        connection.sendall(
                            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
                            % (len(BODY), BODY)
                        )
            except OSError:
                plain.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(100)


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """The one context of the process is made anew for each test."""
    tls.make_context.cache_clear()
    yield
    tls.make_context.cache_clear()


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_ca_bundle_from_the_environment_is_trusted(
    variable: str,
    world: World,
    authority: trustme.CA,
    secure_port: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in tls.BUNDLES:
        monkeypatch.delenv(name, raising=False)
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv(variable, str(bundle))
    client = AIModelClient(endpoint(f"https://localhost:{secure_port}"))
    assert world.run(client, "?").chat_response.text() == "safe"  # type: ignore[union-attr]  # it answers
    world.close(client)


def test_an_unknown_authority_is_not_trusted(world: World, secure_port: int) -> None:
    client = AIModelClient(endpoint(f"https://localhost:{secure_port}"))
    with pytest.raises(ConnectionError, match=r"(?i)certificate"):
        world.run(client, "?", retries=0)
    world.close(client)


def test_the_host_name_must_match_the_certificate(
    world: World, authority: trustme.CA, secure_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    client = AIModelClient(endpoint(f"https://127.0.0.1:{secure_port}"))
    with pytest.raises(ConnectionError):
        world.run(client, "?", retries=0)
    world.close(client)


class ServerInMemory:
    """The socket of a TLS connection, and its server: each write takes at most so many bytes."""

    owned = True

    def __init__(self, authority: trustme.CA) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.num_tickets = 0
        authority.issue_cert("localhost").configure_cert(context)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.takes = 10**6
        self.writes: list[int] = []
        self.received = b""

    def write_now(self, data: bytes | memoryview) -> int:
        self.writes.append(self.incoming.write(data[: self.takes]))
        return self.writes[-1]

    async def write(self, data: bytes | memoryview, timeout: float | None) -> int:
        return self.write_now(data)

    async def read(self, timeout: float | None) -> bytes:
        try:
            if self.tls.version() is None:
                self.tls.do_handshake()
            self.received += self.tls.read()
            self.tls.write(b"answer")
        except ssl.SSLWantReadError:
            pass
        return self.outgoing.read()

    def has_arrived(self) -> bytes | None:
        return self.outgoing.read() or None


@pytest.fixture
def server(authority: trustme.CA) -> ServerInMemory:
    return ServerInMemory(authority)


@pytest.fixture
def secured(authority: trustme.CA, server: ServerInMemory) -> tls.TlsConnection:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    raw: Any = server
    connection = tls.TlsConnection(raw, context, "localhost", lambda: 0.0)
    run(connection.handshake(None))
    run(server.read(None))
    assert not connection.is_stale()
    server.writes.clear()
    return connection


def test_a_request_is_sent_in_one_write(secured: tls.TlsConnection, server: ServerInMemory) -> None:
    assert secured.write_now(b"question") == 8
    assert run(secured.read(None)) == b"answer"
    assert (server.received, len(server.writes), secured.is_stale()) == (b"question", 1, False)


def test_what_the_system_does_not_take_is_sent_before_a_read_waits(
    secured: tls.TlsConnection, server: ServerInMemory
) -> None:
    server.takes = 7
    assert secured.write_now(b"question") == 8
    assert (server.received, len(server.writes), secured.is_stale()) == (b"", 1, True)
    assert secured.write_now(b"another") == 0
    server.takes = 10**6
    assert run(secured.read(None)) == b"answer"
    assert (server.received, secured.is_stale()) == (b"question", False)


def test_a_request_is_not_sent_at_once_while_a_record_is_unread(
    secured: tls.TlsConnection, server: ServerInMemory
) -> None:
    server.tls.write(b"one")
    server.tls.write(b"two")
    assert run(secured.read(None)) == b"one"
    assert (secured.write_now(b"question"), server.writes) == (0, [])
    assert run(secured.read(None)) == b"two"
    assert secured.write_now(b"question") == 8


def test_a_long_request_is_not_encrypted_at_once(secured: tls.TlsConnection, server: ServerInMemory) -> None:
    assert (secured.write_now(bytes(tls.RECORDS + 1)), server.writes) == (0, [])
    assert secured.write_now(bytes(tls.RECORDS)) == tls.RECORDS


def test_a_connection_on_which_data_waits_is_stale(secured: tls.TlsConnection, server: ServerInMemory) -> None:
    assert not secured.is_stale()
    server.tls.write(b"too early")
    assert secured.is_stale()
