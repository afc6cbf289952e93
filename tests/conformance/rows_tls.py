"""TLS: who is trusted, who is not, and what the peer does with the handshake."""

from __future__ import annotations

import os
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import trustme

from dhenara.ai.errors import CertificateError, ConfigurationError, ConnectionFailedError
from dhenara.ai.http.protocol.message import CertificateRejected, ConnectFailed
from dhenara.ai.http.tls_settings import tls_settings

from .peers import Action, PeerConnection, hang_up, read, secured, send, serving, signal, stall, wait_for
from .probe import Probe
from .row import Row, head, row, sized, wait

OK = sized(b"ok")
STORED = tempfile.TemporaryDirectory(prefix="conformance-")
FOLDER = Path(STORED.name)


class Authority:
    """A certificate authority with its files."""

    def __init__(self, name: str) -> None:
        self.ca = trustme.CA()
        self.bundle = str(FOLDER / f"{name}.pem")
        self.ca.cert_pem.write_to_path(self.bundle)

    def server(self, *names: str, client_certificates: bool = False, **options: Any) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*names, **options).configure_cert(context)
        if client_certificates:
            context.verify_mode = ssl.CERT_REQUIRED
            self.ca.configure_trust(context)
        return context

    def client(self) -> str:
        """A PEM file with certificate and key."""
        path = FOLDER / "client.pem"
        if not path.exists():
            self.ca.issue_cert("client.example").private_key_and_cert_chain_pem.write_to_path(str(path))
        return str(path)


@cache
def authority() -> Authority:
    return Authority("ours")


@cache
def stranger() -> Authority:
    return Authority("stranger")


def over_tls(*after: Action, **options: Any) -> list[Action]:
    """A script that begins with TLS; the certificate is made when the first connection comes."""
    names = options.pop("names", ("localhost", "127.0.0.1"))

    def begin(connection: PeerConnection) -> object:
        return secured(context_for(names, tuple(options.items())))(connection)

    return [begin, *after]


@cache
def context_for(names: tuple[str, ...], options: tuple[tuple[str, Any], ...]) -> ssl.SSLContext:
    return authority().server(*names, **dict(options))


def url(probe: Probe, host: str = "localhost") -> str:
    return f"https://{host}:{probe.peer.port}/"


def trusting(probe: Probe, **more: Any) -> None:
    probe.tls = tls_settings(authority().bundle, **more)


@row("a bundle of the client is trusted", over_tls(*serving(OK)))
async def own_bundle(probe: Probe) -> None:
    trusting(probe)
    assert (await probe.exchange(url=url(probe))).body == b"ok"


@row(
    "the bundle in SSL_CERT_FILE is trusted",
    over_tls(*serving(OK)),
    environment={"SSL_CERT_FILE": str(FOLDER / "ours.pem")},
)
async def environment_bundle(probe: Probe) -> None:
    assert (await probe.exchange(url=url(probe))).body == b"ok"


@row(
    "a bundle of the client counts alone",
    over_tls(*serving(OK)),
    environment={"SSL_CERT_FILE": str(FOLDER / "ours.pem")},
)
async def bundle_alone(probe: Probe) -> None:
    probe.tls = tls_settings(stranger().bundle)
    assert isinstance(await probe.failure(url=url(probe)), CertificateRejected)


@row("connections over TLS are used again", over_tls(*serving(OK)))
async def reused(probe: Probe) -> None:
    trusting(probe)
    for _ in range(3):
        await probe.exchange(url=url(probe))
    assert probe.peer.connections == 1


@row("a body of 4 MB over TLS", over_tls(*serving(OK)))
async def large_body(probe: Probe) -> None:
    trusting(probe)
    body = bytes(range(256)) * 16_384
    await probe.exchange(url=url(probe), body=body)
    assert probe.peer.received[0].body == body


@row("an address is verified as an address", over_tls(*serving(OK)))
async def address(probe: Probe) -> None:
    trusting(probe)
    assert (await probe.exchange(url=url(probe, "127.0.0.1"))).body == b"ok"


@row("a pinned address is verified against the name", over_tls(*serving(OK), names=("api.example",)))
async def pinned(probe: Probe) -> None:
    trusting(probe)
    assert (await probe.exchange(url=url(probe, "api.example"), address="127.0.0.1")).body == b"ok"


async def rejected(probe: Probe, **options: Any) -> None:
    failed = await probe.failure(**{"url": url(probe), **options})
    assert isinstance(failed, CertificateRejected), repr(failed)


@row("an unknown authority is rejected", over_tls(*serving(OK)))
async def unknown_authority(probe: Probe) -> None:
    await rejected(probe)


@row("another name is rejected", over_tls(*serving(OK), names=("other.example",)))
async def other_name(probe: Probe) -> None:
    trusting(probe)
    await rejected(probe)


@row("another address is rejected", over_tls(*serving(OK), names=("localhost",)))
async def other_address(probe: Probe) -> None:
    trusting(probe)
    await rejected(probe, url=url(probe, "127.0.0.1"))


YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@row(
    "an expired certificate is rejected",
    over_tls(*serving(OK), not_before=YESTERDAY - timedelta(days=9), not_after=YESTERDAY),
)
async def expired(probe: Probe) -> None:
    trusting(probe)
    await rejected(probe)


@row("a rejected certificate is not tried again", over_tls(*serving(OK)))
async def not_retried(probe: Probe) -> None:
    client = probe.client(url=f"https://localhost:{probe.peer.port}", verify=stranger().bundle)
    failed = await probe.call_failure(client, retries=3)
    assert isinstance(failed, CertificateError)
    assert (len(failed.attempts), probe.peer.connections) == (1, 1)
    assert "verify=" in str(failed)


@row("without verification any certificate will do", over_tls(*serving(OK), names=("other.example",)))
async def unverified(probe: Probe) -> None:
    probe.tls = tls_settings(False)
    assert (await probe.exchange(url=url(probe))).body == b"ok"


@row("a context of the user's own is used", over_tls(*serving(OK)))
async def own_context(probe: Probe) -> None:
    probe.tls = tls_settings(ssl.create_default_context(cafile=authority().bundle))
    assert (await probe.exchange(url=url(probe))).body == b"ok"


@row("a client certificate is shown", over_tls(*serving(OK), client_certificates=True))
async def client_certificate(probe: Probe) -> None:
    trusting(probe, cert=authority().client())
    assert (await probe.exchange(url=url(probe))).body == b"ok"
    assert probe.peer.secured[0].getpeercert()


@row(
    "a missing client certificate is a typed error that is not tried again",
    over_tls(*serving(OK), client_certificates=True),
)
async def missing_client_certificate(probe: Probe) -> None:
    client = probe.client(url=f"https://localhost:{probe.peer.port}", verify=authority().bundle)
    failed = await probe.call_failure(client, retries=3)
    assert isinstance(failed, CertificateError), repr(failed)
    assert (len(failed.attempts), "cert=" in str(failed)) == (1, True)


@row(
    "a bundle that cannot be read leaves no connection",
    over_tls(*serving(OK)),
    environment={"SSL_CERT_FILE": "/nonexistent/ca.pem"},
)
async def unreadable_bundle(probe: Probe) -> None:
    for _ in range(3):
        with pytest.raises(ConfigurationError, match="SSL_CERT_FILE"):
            await probe.exchange(url=url(probe))
    await probe.until(lambda: probe.peer.open_connections == 0, "nothing is open")


async def unreachable(probe: Probe) -> None:
    trusting(probe)
    failed = await probe.failure(url=url(probe))
    assert isinstance(failed, ConnectFailed)
    assert not isinstance(failed, CertificateRejected)


@row("a hang-up instead of a handshake", [hang_up])
async def no_handshake(probe: Probe) -> None:
    await unreachable(probe)


@row("a hang-up in the middle of the handshake", [lambda c: c.socket.recv(5), hang_up])
async def half_handshake(probe: Probe) -> None:
    await unreachable(probe)


@row(
    "plain HTTP where TLS is expected", [lambda c: c.socket.recv(5), send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), hang_up]
)
async def plain_answer(probe: Probe) -> None:
    await unreachable(probe)


@row("a hang-up after the handshake is an error of the connection", over_tls(hang_up))
async def after_handshake(probe: Probe) -> None:
    client = probe.client(url=f"https://localhost:{probe.peer.port}", verify=authority().bundle)
    assert isinstance(await probe.call_failure(client), ConnectionFailedError)


def raw_close(connection: PeerConnection) -> bool:
    """Ends TCP without ending TLS."""
    os.close(connection.socket.detach())
    return False


@row(
    "a body over TLS that ends without a closing alert is read",
    over_tls(read, send(head() + b"until the end"), raw_close),
)
async def ragged_end(probe: Probe) -> None:
    """Many servers end so; a body of a length is checked against it in any case."""
    trusting(probe)
    assert (await probe.exchange(url=url(probe))).body == b"until the end"


@row(
    "a body over TLS that is cut is refused", over_tls(read, send(head(200, "content-length: 99") + b"half"), raw_close)
)
async def cut_body(probe: Probe) -> None:
    trusting(probe)
    await probe.failure(url=url(probe))


@row(
    "an answer in the TLS buffer that nobody asked for is not given to the next call",
    over_tls(read, send(OK + sized(b"foreign")), wait),
    over_tls(*serving(OK)),
)
async def buffered_answer(probe: Probe) -> None:
    trusting(probe)
    assert (await probe.exchange(url=url(probe))).body == b"ok"
    assert (await probe.exchange(url=url(probe))).body == b"ok"
    assert probe.peer.connections == 2


@row(
    "an answer over TLS that comes while the connection rests is not given to the next call",
    over_tls(read, send(OK), wait_for("late"), send(sized(b"foreign")), signal("sent"), wait),
    over_tls(*serving(OK)),
)
async def late_answer(probe: Probe) -> None:
    trusting(probe)
    assert (await probe.exchange(url=url(probe))).body == b"ok"
    probe.peer.event("late").set()
    await probe.until(probe.peer.event("sent").is_set, "the peer sent it")
    await probe.pause(0.02)
    assert (await probe.exchange(url=url(probe))).body == b"ok"


@row("two clients of one process trust different authorities", over_tls(*serving(OK)))
async def trust_of_each_client(probe: Probe) -> None:
    host = f"https://localhost:{probe.peer.port}"
    trusted, other = probe.client(url=host, verify=authority().bundle), probe.client(url=host, verify=stranger().bundle)
    assert isinstance(await probe.call_failure(other), CertificateError)
    assert not isinstance(await probe.call_failure(trusted), CertificateError)


@row(
    "a connection over TLS that is left half-read is closed",
    over_tls(read, send(head(200, "content-length: 99") + b"half"), stall),
)
async def half_read(probe: Probe) -> None:
    trusting(probe)
    response = await probe.open(url=url(probe))
    assert await response.read() == b"half"
    await response.close()
    await probe.until(probe.peer.left.is_set, "the peer sees the hang-up")


ROWS: list[Row] = [value for value in list(globals().values()) if isinstance(value, Row)]
