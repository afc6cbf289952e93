"""A server of raw bytes: each connection is given to a function, and every request that was read is counted.

The scripted peers of `tests/conformance` are such servers too.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable

from .waiting import HANGS

OK_BODY = b'{"id":"x","model":"m","choices":[{"index":0,"message":{"content":"Hello!"},"finish_reason":"stop"}]}'
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(OK_BODY), OK_BODY)
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
DONE = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def delta(text: str) -> bytes:
    """One event of a streamed chat completion."""
    return b'data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % text.encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class Connection:
    """One connection of the server."""

    def __init__(self, server: RawServer, connected: socket.socket, number: int) -> None:
        self.socket = connected
        self.number = number
        """Counts from 1."""
        self._server = server
        self._read = bytearray()

    def request(self) -> bytes | None:
        """Reads one whole request and counts it; None when the client hung up before."""
        while b"\r\n\r\n" not in self._read:
            if not self._more():
                return None
        end = self._read.index(b"\r\n\r\n") + 4
        lines = bytes(self._read[:end]).lower().split(b"\r\n")
        end += next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        while len(self._read) < end:
            if not self._more():
                return None
        actual = bytes(self._read[:end])
        del self._read[:end]
        self._server.count(actual)
        return actual

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def flood(self, data: bytes) -> None:
        """Sends the same again and again until the client hangs up or the server stops."""
        while not self._server.stopping.is_set():
            self.socket.sendall(data)

    def reset(self) -> None:
        """Makes the coming close a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def wait_left(self) -> None:
        """Until the client hangs up or the server stops."""
        while self._more():
            pass

    def _more(self) -> bool:
        data = self.socket.recv(65_536)
        self._read += data
        return bool(data)


class RawServer:
    """Use as a context manager. `each` handles one connection in a thread of its own.

    Args:
        each: Called with every connection; it is closed afterwards.
        context: A TLS context of a server, for TLS.
        host: The address to listen at.
        receive_buffer: Size of the system's buffer for what clients send, in bytes; None for the usual one.
    """

    def __init__(
        self,
        each: Callable[[Connection], object],
        context: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        receive_buffer: int | None = None,
    ) -> None:
        self._each = each
        self._context = context
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=256)
        if receive_buffer is not None:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._open: dict[int, socket.socket] = {}
        """By number; with TLS, the secured socket once the handshake is done."""
        self._threads: list[threading.Thread] = []
        self.stopping = threading.Event()
        self.requests: list[bytes] = []
        self.connections = 0

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        scheme, host = ("https", "localhost") if self._context else ("http", "127.0.0.1")
        return f"{scheme}://{host}:{self.port}"

    @property
    def open(self) -> int:
        """Connections that neither side has closed."""
        with self._lock:
            return len(self._open)

    def count(self, request: bytes) -> None:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def wait_closed(self, timeout: float = HANGS) -> bool:
        """Whether all connections end, waiting for it."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open, timeout)

    def wait_for(self, condition: Callable[[RawServer], bool], timeout: float = HANGS) -> bool:
        """Whether it becomes true; looked at whenever a request or connection comes or goes."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self), timeout)

    def __enter__(self) -> RawServer:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            still_open = list(self._open.values())
        for connected in still_open:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(10)

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._changed:
                self.connections += 1
                number = self.connections
                self._open[number] = connected
                self._changed.notify_all()
            self._start(self._serve, connected, number)

    def _serve(self, connected: socket.socket, number: int) -> None:
        try:
            if self._context is not None:
                connected = self.replace(number, self._context.wrap_socket(connected, server_side=True))
            self._each(self._connection(connected, number))
        except OSError:
            pass  # the client is gone, which is its right
        finally:
            with self._lock:
                last = self._open[number]
            with contextlib.suppress(OSError):
                last.close()
            with self._changed:
                del self._open[number]
                self._changed.notify_all()

    def _connection(self, connected: socket.socket, number: int) -> Connection:
        return Connection(self, connected, number)

    def replace(self, number: int, secured: socket.socket) -> socket.socket:
        """Notes that this connection goes on over another socket."""
        with self._lock:
            self._open[number] = secured
        return secured
