"""When the transport uses a connection again, over a network that returns what a test says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.http.pool import ConnectionPool
from dhenara.ai.http.protocol.message import ConnectFailed, ConnectionBroken, HttpRequest, ReusedConnectionClosed
from dhenara.ai.http.transport import HttpTransport
from dhenara.ai.io.sync_io import run

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Wire:
    """A connection that answers with these pieces; it accepts so many bytes of a request at once."""

    def __init__(self, *pieces: bytes | Exception, accepts: int = 10**9) -> None:
        self.pieces = list(pieces)
        self.accepts = accepts
        self.state = "open"

    async def read(self, timeout: float | None) -> bytes:
        piece = self.pieces.pop(0) if self.pieces else b""
        if isinstance(piece, Exception):
            raise piece
        return piece

    async def write(self, data: bytes, timeout: float | None) -> int:
        sent = min(len(data), self.accepts)
        self.accepts -= sent
        return sent

    async def close(self) -> None:
        self.state = "closed"

    def drop(self) -> None:
        self.state = "dropped"

    def is_stale(self) -> bool:
        return False


class Net:
    """Connects to these in turn; each connection takes `seconds`."""

    def __init__(self, *wires: Wire, seconds: float = 0.0) -> None:
        self.wires = list(wires)
        self.seconds = seconds
        self.now = 0.0
        self.timeouts: list[float | None] = []
        self.hosts: list[str] = []
        self.while_connecting: Callable[[], object] = lambda: None

    async def connect(self, host: str, port: int, timeout: float | None) -> Wire:
        self.timeouts.append(timeout)
        self.hosts.append(host)
        self.now += self.seconds
        self.while_connecting()
        return self.wires.pop(0)

    async def start_tls(self, connection: Wire, host: str, timeout: float | None) -> Wire:
        self.timeouts.append(timeout)
        return connection


class Waits:
    """Timeouts of an attempt."""

    def connect(self) -> float | None:
        return 5.0

    def read(self) -> float | None:
        return 5.0


def transport_of(net: Any, environment: dict[str, str] | None = None) -> HttpTransport:
    return HttpTransport(net, ConnectionPool(), lambda: net.now, {} if environment is None else environment)


def send(transport: HttpTransport, body: bytes = b"{}", url: str = "http://localhost/x") -> Any:
    waits: Any = Waits()
    return run(transport.open(HttpRequest("POST", url, body=body), waits))


def read(response: Any) -> bytes:
    body = b""
    while piece := run(response.read()):
        body += piece
    run(response.close())
    return body


def test_a_connection_is_used_again_after_a_whole_exchange() -> None:
    wire = Wire(OK, OK)
    transport = transport_of(Net(wire))
    assert [read(send(transport)) for _ in range(2)] == [b"ok", b"ok"]
    assert wire.state == "open"


def test_a_connection_is_free_as_soon_as_the_last_bytes_of_a_response_are_read() -> None:
    wire = Wire(OK, OK)
    transport = transport_of(Net(wire))
    first = send(transport)
    assert run(first.read()) == b"ok"
    second = send(transport)
    run(first.close())
    first.abandon()
    assert read(second) == b"ok"
    assert (run(first.read()), wire.state) == (b"", "open")


def test_proxies_are_looked_up_once_for_each_server() -> None:
    environment = {"HTTP_PROXY": "http://proxy.example:3128"}
    net = Net(*[Wire(OK) for _ in range(3)])
    transport = transport_of(net, environment)
    send(transport)
    environment.clear()
    send(transport)
    send(transport, url="http://other.example/x")
    assert net.hosts == ["proxy.example", "proxy.example", "other.example"]


def test_a_proxy_that_cannot_be_read_is_looked_up_again() -> None:
    environment = {"HTTP_PROXY": "http://"}
    transport = transport_of(Net(Wire(OK)), environment)
    with pytest.raises(ConfigurationError):
        send(transport)
    environment.clear()
    assert read(send(transport)) == b"ok"


def test_a_connection_with_an_unsent_rest_of_a_request_is_not_used_again() -> None:
    wire = Wire(OK, accepts=100)
    assert read(send(transport_of(Net(wire)), body=b"x" * 70_000)) == b"ok"
    assert wire.state == "dropped"


def test_a_connection_of_a_client_that_was_closed_meanwhile_is_not_used_again() -> None:
    net = Net(Wire(OK), Wire(OK))
    transport = transport_of(net)
    response = send(transport)
    run(transport.close())
    run(response.close())
    assert read(send(transport)) == b"ok"
    assert net.wires == []


def test_closing_closes_idle_connections_and_drops_those_in_use() -> None:
    idle, in_use = Wire(OK), Wire(OK)
    transport = transport_of(Net(idle, in_use))
    responses = [send(transport)]
    responses.append(send(transport))
    read(responses[0])
    run(transport.close())
    assert (idle.state, in_use.state) == ("closed", "dropped")


def test_a_connection_that_opens_while_the_client_is_closed_is_dropped() -> None:
    wire = Wire(OK)
    net = Net(wire)
    transport = transport_of(net)
    net.while_connecting = lambda: run(transport.close())
    with pytest.raises(ConnectFailed, match="the client was closed"):
        send(transport)
    assert wire.state == "dropped"


def test_when_a_used_connection_breaks_its_neighbours_are_dropped() -> None:
    other, breaks = Wire(OK), Wire(OK, ConnectionBroken("reset"))
    transport = transport_of(Net(other, breaks))
    responses = [send(transport), send(transport)]
    for response in responses:
        read(response)
    with pytest.raises(ReusedConnectionClosed):
        send(transport)
    assert (other.state, breaks.state) == ("dropped", "dropped")


def test_one_timeout_covers_the_connection_and_its_tls() -> None:
    net = Net(Wire(OK), seconds=2.0)
    read(send(transport_of(net), url="https://localhost/x"))
    assert net.timeouts == [5.0, 3.0]
