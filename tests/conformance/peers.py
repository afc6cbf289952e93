"""Scripted peers: servers on loopback that do exactly what a row says, one list of actions for each connection."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

PATIENCE = 10.0
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


class Connection:
    """One accepted connection."""

    def __init__(self, peer: Peer, sock: socket.socket, number: int) -> None:
        self.peer = peer
        self.sock = sock
        self.number = number
        self._buffer = b""

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def fill(self) -> bool:
        data = self.sock.recv(65_536)
        self._buffer += data
        return bool(data)

    def take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            if not self.fill():
                raise ConnectionError("the client hung up in the middle of a request")
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def read_head(self) -> Received | None:
        while b"\r\n\r\n" not in self._buffer:
            if not self.fill():
                self.peer.left.set()
                return None
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        received = Received(method, target, headers, b"", self.number)
        self.peer.requests.append(received)
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
            while b"\r\n" not in self._buffer:
                self.fill()
            line, _, self._buffer = self._buffer.partition(b"\r\n")
            size = int(line, 16)
            body += self.take(size + 2)[:-2]
            if size == 0:
                return body

    def wait_left(self) -> bool:
        """Waits until the client hangs up, however much it still sends."""
        self.sock.settimeout(PATIENCE)
        try:
            while self.sock.recv(65_536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        self.peer.left.set()
        return True


Action = Callable[[Connection], object]
"""What a peer does next; False ends the connection."""


def read(connection: Connection) -> bool:
    return connection.read_request()


def read_head_only(connection: Connection) -> bool:
    return connection.read_head() is not None


def send(data: bytes) -> Action:
    return lambda connection: connection.send(data)


def drip(data: bytes, size: int = 1, pause: float = 0.0) -> Action:
    """The bytes in small writes."""

    def act(connection: Connection) -> None:
        for at in range(0, len(data), size):
            connection.send(data[at : at + size])
            if pause and connection.peer.stopped.wait(pause):
                return

    return act


def flood(data: bytes, pause: float = 0.0) -> Action:
    """The same bytes again and again, until the client hangs up."""

    def act(connection: Connection) -> bool:
        try:
            while not connection.peer.stopped.is_set():
                connection.send(data)
                if pause:
                    time.sleep(pause)
        except OSError:
            connection.peer.left.set()
        return False

    return act


def pause(seconds: float) -> Action:
    """Says nothing for a while."""
    return lambda connection: connection.peer.stopped.wait(seconds) or None


def stall(connection: Connection) -> bool:
    """Says nothing more, until the client hangs up."""
    connection.wait_left()
    return False


def read_no_more(connection: Connection) -> bool:
    """Takes nothing more until the row is over; only then can it see whether the client has hung up."""
    connection.peer.event(OVER).wait(2 * PATIENCE)
    connection.wait_left()
    return False


def hang_up(connection: Connection) -> bool:
    return False


def half_close(connection: Connection) -> None:
    connection.sock.shutdown(socket.SHUT_WR)


def reset(connection: Connection) -> bool:
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def wait_for(name: str) -> Action:
    """Until the test sets this event of the peer."""
    return lambda connection: connection.peer.event(name).wait(PATIENCE)


def signal(name: str) -> Action:
    return lambda connection: connection.peer.event(name).set()


def serving(response: bytes) -> list[Action]:
    """Answers every request of a connection in the same way."""

    def act(connection: Connection) -> bool:
        while connection.read_request():
            connection.send(response)
        return False

    return [act]


def secured(context: ssl.SSLContext) -> Action:
    """TLS begins."""

    def act(connection: Connection) -> bool:
        plain = connection.sock.dup()
        try:
            connection.sock = context.wrap_socket(connection.sock, server_side=True, suppress_ragged_eofs=True)
        except (OSError, ValueError):
            # The alert is lost if the connection is reset because something was not read.
            connection.sock = plain
            half_close(connection)
            connection.wait_left()
            return False
        plain.close()
        connection.peer.secured.append(connection.sock)
        return True

    return act


@dataclass
class Peer:
    """A context manager. Each connection follows the next script; the last one is used again and again."""

    scripts: Sequence[Sequence[Action]]
    host: str = "127.0.0.1"
    small_buffers: bool = False
    requests: list[Received] = field(default_factory=list)
    secured: list[ssl.SSLSocket] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self.left = threading.Event()
        self.request_seen = threading.Event()
        self.stopped = threading.Event()
        self._events: dict[str, threading.Event] = {}
        self._lock = threading.Lock()
        self._open: set[Connection] = set()
        self._threads: list[threading.Thread] = []
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._listener = socket.create_server((self.host, 0), family=family, backlog=256)
        if self.small_buffers:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def event(self, name: str) -> threading.Event:
        with self._lock:
            return self._events.setdefault(name, threading.Event())

    def __enter__(self) -> Peer:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        for event in list(self._events.values()):
            event.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(PATIENCE)

    @property
    def open_connections(self) -> int:
        """Connections that neither side has ended. Those that wait for a script are looked at from outside."""
        with self._lock:
            return sum(not gone(connection.sock) for connection in self._open)

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(self, sock, self.connections + 1)
            with self._lock:
                script = self.scripts[min(self.connections, len(self.scripts) - 1)]
                self.connections += 1
                self._open.add(connection)
            self._start(self._follow, connection, script)

    def _follow(self, connection: Connection, script: Sequence[Action]) -> None:
        try:
            if all(action(connection) is not False for action in script):
                connection.wait_left()
        except OSError:
            self.left.set()
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.sock.close()


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
