"""A fake provider server on loopback: sends scripted replies and records requests."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

from ..errors import DhenaraError
from ..lazy_package import HintedNames
from ..providers.provider import KNOWN, load_provider
from .answer import Answer, HangUp, Reply, Reset, Send, Stall, Step, Wait
from .protocols import block_violations
from .replies import Refusal, to_reply

UNANSWERED = 418
"""Status of a request without a reply: no client retries it, and no fallback is tried after it."""


class MissingReplyError(DhenaraError, AssertionError):
    """A fake server got more requests than it has replies."""


class ServerExchange:
    """A recorded request and the progress of its response.

    Attributes:
        method: Method of the request.
        path: Path and query of the request.
        headers: Headers of the request, with names in lower case.
        body: Body of the request.
        connection: Number of the connection on which it arrived, from 1.
        at: When it arrived, by the monotonic clock.
    """

    def __init__(self, method: str, path: str, headers: dict[str, str], body: bytes, connection: int) -> None:
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.connection = connection
        self.at = time.monotonic()
        self.sent = 0
        """Number of writes, including the head."""
        self._left = threading.Event()

    @property
    def json(self) -> Any:
        """The body, parsed as JSON; an empty dict for other bodies, such as those of forms, and without one."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}

    def mark_left(self) -> None:
        """Note that the client has closed the connection; the server calls this."""
        self._left.set()

    def wait_left(self, timeout: float = 100.0) -> bool:
        """Wait until the client closes the connection.

        Args:
            timeout: Maximum wait in seconds. Default 100.

        Returns:
            Whether it did.
        """
        return self._left.wait(timeout)


class FakeServer(HintedNames):
    """A fake provider server; use it as a context manager.

    Every path is answered. `url` is its root, `exchanges` are the requests in order, and `connections` counts how many
    were accepted. A request without a reply is refused in a way that no client retries, and is in `unanswered`.

    Attributes:
        exchanges: The requests with the progress of their responses, in order.
        unanswered: The requests that had no reply.
        connections: Number of connections that were accepted.

    Args:
        *replies: Replies in order, one per request.
        forever: Repeat the last reply (default False).
        strict: Reject requests that the vendor would reject, with the vendor's message (default False).

    Raises:
        ConfigurationError: If something is not a reply.
        MissingReplyError: At the end of the `with` block, if a request had no reply.
    """

    def __init__(self, *replies: Reply | Answer, forever: bool = False, strict: bool = False) -> None:
        self._script: deque[Reply] = deque(map(to_reply, replies))
        self._forever = forever
        self._strict = strict
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self.exchanges: list[ServerExchange] = []
        self.unanswered: list[ServerExchange] = []
        self.connections = 0

    @property
    def url(self) -> str:
        """The root of the server: `http://127.0.0.1:<port>`."""
        host, port = self._listener.getsockname()[:2]
        return f"http://{host}:{port}"

    @property
    def open_connections(self) -> int:
        """Number of connections that are open now."""
        with self._lock:
            return len(self._open)

    def environment(self) -> dict[str, str]:
        """Return the environment of this process, changed so that clients of every provider call this server."""
        return {name: value for name, value in {**os.environ, **fake_environment(self.url)}.items() if value}

    def add_replies(self, *replies: Reply | Answer) -> None:
        """Add replies to the script.

        Args:
            *replies: Replies in order, one per request; an `Answer` is written in the protocol of the request.

        Raises:
            ConfigurationError: If one of them is not a reply; none is added then.
        """
        added = list(map(to_reply, replies))
        with self._lock:
            self._script.extend(added)

    def check_replies(self) -> None:
        """Check that every request so far had a reply.

        Raises:
            MissingReplyError: If one had none; the message names it.
        """
        if self.unanswered:
            raise MissingReplyError(self._missing_reply(self.unanswered[0]))

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if error is None:
            self.check_replies()
        elif self.unanswered and "FakeServer" not in str(error):
            error.add_note(self._missing_reply(self.unanswered[0]))

    def stop(self) -> None:
        """Close all connections and stop listening."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(timeout=5)

    def _start(self, work: Any, *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self._open.add(connection)
                number = self.connections
            self._start(self._serve, connection, number)

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            with connection, connection.makefile("rb") as incoming:
                while (request := read_request(incoming, number)) is not None:
                    with self._lock:
                        self.exchanges.append(request)
                        reply = self._violation_reply(request) or self._next() or self._refuse(request)
                    if not self._answer(connection, request, reply):
                        return
        except OSError:
            return  # the client closed the connection
        finally:
            with self._lock:
                self._open.discard(connection)

    def _violation_reply(self, request: ServerExchange) -> Reply | None:
        reason = block_violations(request.path, request.json) if self._strict else None
        return None if reason is None else Refusal(400, reason)

    def _next(self) -> Reply | None:
        if not self._script:
            return None
        return self._script[0] if self._forever and len(self._script) == 1 else self._script.popleft()

    def _refuse(self, request: ServerExchange) -> Reply:
        """Return the reply to a request for which there is none."""
        self.unanswered.append(request)
        return Refusal(UNANSWERED, self._missing_reply(request))

    def _missing_reply(self, request: ServerExchange) -> str:
        number = next(n for n, one in enumerate(self.exchanges, 1) if one is request)
        return (
            f"FakeServer has no reply for request {number}, {request.method} {request.path}. "
            "Add one with add_replies(Answer(text=...)), or repeat the last one with forever=True."
        )

    def _answer(self, connection: socket.socket, request: ServerExchange, reply: Reply) -> bool:
        """Send the reply; return whether another request may follow on this connection."""
        for step in reply.steps(request):
            try:
                if not self._run_step(step, connection, request):
                    return False
            except OSError:
                request.mark_left()
                return False
        return True

    def _run_step(self, step: Step, connection: socket.socket, request: ServerExchange) -> bool:
        match step:
            case Send(data=data):
                connection.sendall(data)
                request.sent += 1
                return True
            case Wait(seconds=seconds):
                return self._wait_watching(connection, request, seconds)
            case Stall():
                return self._wait_watching(connection, request, 60.0) and False
            case Reset():
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            case HangUp():
                return False

    def _wait_watching(self, connection: socket.socket, request: ServerExchange, seconds: float) -> bool:
        """Wait; return False if the client closed the connection meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._stopping.is_set():
            if select.select([connection], [], [], min(left, 0.05))[0] and not connection.recv(1, socket.MSG_PEEK):
                request.mark_left()
                return False
        return not self._stopping.is_set()


def read_request(incoming: Any, connection: int) -> ServerExchange | None:
    """Read the next request on a connection; None if there is none."""
    line = incoming.readline()
    if not line.strip():
        return None
    method, path, _ = line.decode("latin-1").split(" ", 2)
    headers = dict(read_headers(incoming))
    body = incoming.read(int(headers.get("content-length", 0)))
    return ServerExchange(method, path, headers, body, connection)


def read_headers(incoming: Any) -> Iterator[tuple[str, str]]:
    while line := incoming.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        yield name.strip().lower(), value.strip()


KEY = "sk-of-the-fake-provider"
VERSIONS = ("/v1", "/v1beta")
"""Versions that are part of some providers' base URL and not of their paths."""

PLATFORMS = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "",
    "AWS_SECRET_ACCESS_KEY": "",
    "AWS_SESSION_TOKEN": "",
    "AZURE_OPENAI_AD_TOKEN": "",
    "GOOGLE_CLOUD_PROJECT": "fake-project",
    "GOOGLE_CLOUD_LOCATION": "us-central1",
}
"""What cloud platforms need besides a key; no identity of this machine is used."""


def fake_environment(url: str) -> dict[str, str]:
    """Return variables under which clients of every provider call this address.

    Args:
        url: Root of the fake server.

    Returns:
        Values by name; an empty one means that the variable is not to be set.
    """
    keys, addresses = provider_variables()
    return {
        **PLATFORMS,
        **dict.fromkeys(keys, KEY),
        **{name: url + version for name, version in addresses},
        **{name: value for name, value in (("AI_API_KEY", KEY), ("AI_BASE_URL", f"{url}/v1")) if name in os.environ},
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


@lru_cache(1)
def provider_variables() -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Return the variables of all providers: those of keys, and those of base URLs with the version they end with."""
    keys: list[str] = []
    addresses: list[tuple[str, str]] = []
    for provider in map(load_provider, KNOWN):
        version = next((end for end in VERSIONS if provider.base_url.endswith(end)), "")
        keys += provider.key_env
        addresses += ((name, version) for name in provider.base_url_env)
    return tuple(dict.fromkeys(keys)), tuple(addresses)
