"""When the transport uses a connection again, over a network that returns what a test says."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.http.pool import ConnectionPool
from dhenara.ai.http.protocol.message import ConnectFailed, ConnectionBroken, HttpRequest, ReusedConnectionClosed
from dhenara.ai.http.transport import HttpTransport
from dhenara.ai.io.sync_io import run

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
BEGINNING, END = OK[:-1], OK[-1:]
"""A response in two reads: after the first, its connection is in use."""


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

    def write_now(self, data: bytes) -> int:
        sent = min(len(data), self.accepts)
        self.accepts -= sent
        return sent

    async def write(self, data: bytes, timeout: float | None) -> int:
        return self.write_now(data)

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


def test_a_connection_is_free_when_the_whole_response_came_with_its_head() -> None:
    wire = Wire(OK, OK.replace(b"ok", b"no"))
    transport = transport_of(Net(wire))
    first = send(transport)
    second = send(transport)
    run(first.close())
    first.abandon()
    assert (wire.state, read(first), read(second)) == ("open", b"", b"no")


def test_a_compressed_response_is_opened_before_its_connection_is_free() -> None:
    packed = gzip.compress(b"ok")
    wire = Wire(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n%b" % (len(packed), packed))
    assert read(send(transport_of(Net(wire)))) == b"ok"
    assert wire.state == "open"


def test_a_response_with_bytes_after_it_ends_its_connection() -> None:
    wire = Wire(OK + b"x")
    assert read(send(transport_of(Net(wire)))) == b"ok"
    assert wire.state == "dropped"


def test_a_cancelled_request_does_not_close_the_connection_of_the_next_one() -> None:
    stops: list[Callable[[], None]] = []
    waits: Any = Waits()
    wires = Wire(OK, BEGINNING, END), Wire(BEGINNING)
    transport = transport_of(Net(*wires))
    for _ in range(3):
        run(transport.open(HttpRequest("POST", "http://localhost/x", on_connection=stops.append), waits))
    stops[0]()
    assert [wire.state for wire in wires] == ["open", "open"]
    stops[1]()
    stops[2]()
    assert [wire.state for wire in wires] == ["dropped", "dropped"]


def test_the_time_that_a_partly_sent_request_waited_is_not_given_to_its_answer() -> None:
    class Reads(Wire):
        limits: ClassVar[list[float | None]] = []

        async def read(self, timeout: float | None) -> bytes:
            self.limits.append(timeout)
            return await super().read(timeout)

        async def write(self, data: bytes, timeout: float | None) -> int:
            return len(data)

    waits: Any = SimpleNamespace(connect=lambda: 5.0, read=iter([5.0, 4.0, 3.0]).__next__)
    run(transport_of(Net(Reads(OK, accepts=10))).open(HttpRequest("POST", "http://localhost/x"), waits))
    assert Reads.limits == [3.0]


@pytest.mark.parametrize("accepts", [10, 10**9])
def test_the_pieces_of_a_body_are_made_when_they_are_sent(accepts: int) -> None:
    events: list[str] = []

    class Writes(Wire):
        async def write(self, data: bytes, timeout: float | None) -> int:
            events.append("write")
            return len(data)

    class Body:
        size = 2

        def __iter__(self) -> Iterator[bytes]:
            for piece in (b"a", b"b"):
                events.append("make")
                yield piece

    waits: Any = Waits()
    request = HttpRequest("POST", "http://localhost/x", body=Body())
    run(transport_of(Net(Writes(OK, accepts=accepts))).open(request, waits))
    assert events[-4:] == ["make", "write", "make", "write"]


def test_proxies_are_looked_up_once_for_each_server() -> None:
    environment = {"HTTP_PROXY": "http://proxy.example:3128"}
    net = Net(*[Wire(BEGINNING) for _ in range(3)])
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
    net = Net(Wire(BEGINNING, END), Wire(OK))
    transport = transport_of(net)
    response = send(transport)
    run(transport.close())
    run(response.close())
    assert read(send(transport)) == b"ok"
    assert net.wires == []


def test_closing_closes_idle_connections_and_drops_those_in_use() -> None:
    idle, in_use = Wire(BEGINNING, END), Wire(BEGINNING, END)
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
    other, breaks = Wire(BEGINNING, END), Wire(OK, ConnectionBroken("reset"))
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
