"""TLS: which certificates are trusted."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from dhenara.ai import AIModelClient
from dhenara.ai.http.sockets import tls
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
