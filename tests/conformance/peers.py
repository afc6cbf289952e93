"""Scripted peers: servers on loopback that do exactly what a row says, one list of actions for each connection."""

from __future__ import annotations

import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from support.raw_server import Connection, RawServer

PATIENT_TIMEOUT = 30.0
"""Seconds after which a peer gives up waiting; only a failing test takes so long."""

OVER = "the row is over"


@dataclass
class Received:
    """One request as the peer read it."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


class PeerConnection(Connection):
    """One accepted connection."""

    def __init__(self, peer: Peer, connected: socket.socket, number: int) -> None:
        super().__init__(peer, connected, number)
        self.peer = peer

    def take(self, size: int) -> bytes:
        while len(self._read) < size:
            if not self._more():
                raise ConnectionError("the client hung up in the middle of a request")
        data = bytes(self._read[:size])
        del self._read[:size]
        return data

    def read_head(self) -> Received | None:
        while b"\r\n\r\n" not in self._read:
            if not self._more():
                self.peer.left.set()
                return None
        end = self._read.index(b"\r\n\r\n")
        head = self.take(end + 4)[:end]
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        received = Received(method, target, headers, b"", self.number)
        self.peer.received.append(received)
        self.peer.request_seen.set()
        return received

    def read_request(self) -> bool:
        """Reads one request with its body; False when the client hung up instead."""
        received = self.read_head()
        if received is None:
            return False
        sizes = received.header("content-length")
        if sizes:
            received.body = self.take(int(sizes[0]))
        elif "chunked" in received.header("transfer-encoding"):
            received.body = self.take_chunks()
        return True

    def take_chunks(self) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in self._read:
                self._more()
            size = int(self.take(self._read.index(b"\r\n") + 2), 16)
            body += self.take(size + 2)[:-2]
            if size == 0:
                return body

    def go_on(self, connected: socket.socket) -> None:
        """Continues over another socket."""
        self.socket = self.peer.replace(self.number, connected)

    def wait_left(self) -> bool:
        """Waits until the client hangs up, however much it still sends."""
        self.socket.settimeout(PATIENT_TIMEOUT)
        try:
            while self.socket.recv(65_536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        self.peer.left.set()
        return True


Action = Callable[[PeerConnection], object]
"""What a peer does next; False ends the connection."""


def read(connection: PeerConnection) -> bool:
    return connection.read_request()


def read_head_only(connection: PeerConnection) -> bool:
    return connection.read_head() is not None


def send(data: bytes) -> Action:
    return lambda connection: connection.send(data)


def drip(data: bytes, size: int = 1, pause: float = 0.0) -> Action:
    """The bytes in small writes."""

    def act(connection: PeerConnection) -> None:
        for at in range(0, len(data), size):
            connection.send(data[at : at + size])
            if pause and connection.peer.stopping.wait(pause):
                return

    return act


def flood(data: bytes, pause: float = 0.0) -> Action:
    """The same bytes again and again, until the client hangs up."""

    def act(connection: PeerConnection) -> bool:
        try:
            while not connection.peer.stopping.is_set():
                connection.send(data)
                if pause:
                    time.sleep(pause)
        except OSError:
            connection.peer.left.set()
        return False

    return act


def pause(seconds: float) -> Action:
    """Says nothing for a while."""
    return lambda connection: connection.peer.stopping.wait(seconds) or None


def stall(connection: PeerConnection) -> bool:
    """Says nothing more, until the client hangs up."""
    connection.wait_left()
    return False


def read_no_more(connection: PeerConnection) -> bool:
    """Takes nothing more until the row is over; only then can it see whether the client has hung up."""
    connection.peer.event(OVER).wait(2 * PATIENT_TIMEOUT)
    connection.wait_left()
    return False


def hang_up(connection: PeerConnection) -> bool:
    return False


def half_close(connection: PeerConnection) -> None:
    connection.socket.shutdown(socket.SHUT_WR)


def reset(connection: PeerConnection) -> bool:
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def wait_for(name: str) -> Action:
    """Until the test sets this event of the peer."""
    return lambda connection: connection.peer.event(name).wait(PATIENT_TIMEOUT)


def signal(name: str) -> Action:
    return lambda connection: connection.peer.event(name).set()


def serving(response: bytes) -> list[Action]:
    """Answers every request of a connection in the same way."""

    def act(connection: PeerConnection) -> bool:
        while connection.read_request():
            connection.send(response)
        return False

    return [act]


def secured(context: ssl.SSLContext) -> Action:
    """TLS begins."""

    def act(connection: PeerConnection) -> bool:
        plain = connection.socket.dup()
        try:
            secured_socket = context.wrap_socket(connection.socket, server_side=True, suppress_ragged_eofs=True)
        except (OSError, ValueError):
            # The alert is lost if the connection is reset because something was not read.
            connection.go_on(plain)
            half_close(connection)
            connection.wait_left()
            return False
        plain.close()
        connection.go_on(secured_socket)
        connection.peer.secured.append(secured_socket)
        return True

    return act


class Peer(RawServer):
    """A server whose connections follow scripts, each the next one; the last script is used again and again.

    Args:
        scripts: What connections do, in the order in which they are accepted.
        host: The address to listen at.
        small_buffers: Whether the system takes little from clients that the peer has not read.
    """

    def __init__(
        self, scripts: Sequence[Sequence[Action]], host: str = "127.0.0.1", small_buffers: bool = False
    ) -> None:
        super().__init__(self._follow, host=host, receive_buffer=4096 if small_buffers else None)
        self.scripts = scripts
        self.host = host
        self.received: list[Received] = []
        self.secured: list[ssl.SSLSocket] = []
        self.left = threading.Event()
        self.request_seen = threading.Event()
        self._events: dict[str, threading.Event] = {}

    @property
    def url(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def event(self, name: str) -> threading.Event:
        with self._lock:
            return self._events.setdefault(name, threading.Event())

    def __enter__(self) -> Peer:
        super().__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for event in list(self._events.values()):
            event.set()
        super().__exit__()

    @property
    def open_connections(self) -> int:
        """Connections that neither side has ended. Those that wait for a script are looked at from outside."""
        with self._lock:
            return sum(not gone(connected) for connected in self._open.values())

    def _connection(self, connected: socket.socket, number: int) -> PeerConnection:
        return PeerConnection(self, connected, number)

    def _follow(self, connection: PeerConnection) -> None:
        script = self.scripts[min(connection.number, len(self.scripts)) - 1]
        try:
            if all(action(connection) is not False for action in script):
                connection.wait_left()
        except OSError:
            self.left.set()


def gone(sock: socket.socket) -> bool:
    """Whether the client has hung up, without taking anything that it sent."""
    if sock.fileno() < 0:
        return True
    if not select.select([sock], [], [], 0)[0]:
        return False
    if isinstance(sock, ssl.SSLSocket):
        return False
    try:
        return not sock.recv(1, socket.MSG_PEEK)
    except OSError:
        return True
