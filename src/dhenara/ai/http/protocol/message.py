"""HTTP messages, and the interface of transports that send them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2s
from typing import Any, Protocol

from ...wire.limits import DEFAULT_LIMITS, ReadLimits
from ...wire.secrets import shown_address


class BodyPieces(Protocol):
    """A body that is not held in memory: its size in bytes, and its pieces, which can be iterated for every attempt."""

    @property
    def size(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


@dataclass(slots=True, eq=False)
class HttpRequest:
    """One request. Header names are lower case. The repr has neither headers nor body, which may contain secrets."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | BodyPieces = field(default=b"", repr=False)
    address: str | None = None
    """IP address to connect to instead of resolving the host, which still names the certificate and the Host header."""
    no_replay: bool = False
    """Sent over a new connection: if a reused one breaks, it is not known whether the server received the request."""
    limits: ReadLimits = field(default=DEFAULT_LIMITS, repr=False)
    """Limits of the response."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Values in the body that are masked in errors."""
    on_connection: Callable[[Callable[[], None]], None] | None = field(default=None, repr=False)
    """Called with a function that closes the connection at once, from any thread, before the request is sent over it;
    None if nobody may need that. Transports that cannot close one in this way do not call it."""

    def __repr__(self) -> str:
        return f"HttpRequest({self.method!r}, {shown_address(self.url)!r})"

    @property
    def content(self) -> bytes:
        """The whole body as bytes."""
        return self.body if isinstance(self.body, bytes) else b"".join(self.body)

    def with_headers(self, extra: Mapping[str, str]) -> HttpRequest:
        """Return the request with these headers added or replaced."""
        return HttpRequest(
            self.method,
            self.url,
            {**self.headers, **extra},
            self.body,
            self.address,
            self.no_replay,
            self.limits,
            self.secrets,
            self.on_connection,
        )


@dataclass(slots=True)
class Head:
    """Status and headers of a response; names are lower case, repeated headers joined by a comma."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


@dataclass(slots=True, eq=False)
class Field:
    """A plain value."""

    name: str
    value: str


@dataclass(slots=True, eq=False)
class FilePart:
    """A file; its content may be larger than memory."""

    name: str
    content: bytes | BodyPieces = field(repr=False)
    filename: str = "file"
    mime_type: str = "application/octet-stream"


@dataclass(slots=True, eq=False)
class Multipart:
    """A `multipart/form-data` body: its size is known before it is sent, and it can be iterated for every attempt."""

    parts: tuple[Field | FilePart, ...]

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self.boundary}"

    @property
    def boundary(self) -> str:
        """A line that is in none of the parts that are in memory; the same parts always have the same."""
        whole = [part.value.encode() if isinstance(part, Field) else part.content for part in self.parts]
        known = [content for content in whole if isinstance(content, bytes)]
        seed = blake2s()
        for content in known:
            seed.update(content)
        boundary = seed.hexdigest()[:40]
        while any(boundary.encode() in content for content in known):
            seed.update(b"again")
            boundary = seed.hexdigest()[:40]
        return boundary

    @property
    def size(self) -> int:
        boundary = self.boundary
        heads = sum(len(self._head(part, boundary)) + 2 for part in self.parts)
        return heads + sum(map(content_size, self.parts)) + len(boundary) + 6

    def __iter__(self) -> Iterator[bytes]:
        boundary = self.boundary
        for part in self.parts:
            yield self._head(part, boundary)
            if isinstance(part, Field):
                yield part.value.encode()
            elif isinstance(part.content, bytes):
                yield part.content
            else:
                yield from part.content
            yield b"\r\n"
        yield f"--{boundary}--\r\n".encode()

    def _head(self, part: Field | FilePart, boundary: str) -> bytes:
        lines = [f"--{boundary}", f'Content-Disposition: form-data; name="{escape_name(part.name)}"']
        if isinstance(part, FilePart):
            lines[1] += f'; filename="{escape_name(part.filename)}"'
            lines.append(f"Content-Type: {escape_name(part.mime_type)}")
        return "\r\n".join([*lines, "", ""]).encode()


def content_size(part: Field | FilePart) -> int:
    if isinstance(part, Field):
        return len(part.value.encode())
    return len(part.content) if isinstance(part.content, bytes) else part.content.size


def escape_name(name: str) -> str:
    """As browsers write it: nothing in a name can end it or begin another line."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


BLOCK = 1 << 16


class LineSource(Protocol):
    """A store of lines that are sent later."""

    count: int
    size: int

    def add(self, line: bytes) -> None: ...

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class StreamedLines:
    """The lines of a spool, each converted by `written`, with text before, between and after them."""

    def __init__(
        self,
        spool: Iterable[bytes],
        written: Callable[[int, bytes], bytes],
        before: bytes = b"",
        between: bytes = b"\n",
        after: bytes = b"\n",
    ) -> None:
        self._spool = spool
        self._written = written
        self._before = before
        self._between = between
        self._after = after
        self.size = sum(map(len, self))

    def __iter__(self) -> Iterator[bytes]:
        block = bytearray(self._before)
        for index, line in enumerate(self._spool):
            if index:
                block += self._between
            block += self._written(index, line)
            if len(block) >= BLOCK:
                yield bytes(block)
                block.clear()
        yield bytes(block + self._after)

    def enclosed(self, before: bytes, after: bytes) -> StreamedLines:
        """The same lines as entries of a JSON array in a document."""
        return StreamedLines(self._spool, self._written, before, b",", after)


@dataclass(slots=True, eq=False)
class LineTemplate:
    """What is the same around every line of one kind, found by writing a mark in place of the rest."""

    before: bytes = field(repr=False)
    after: bytes = field(repr=False)

    @classmethod
    def mark(cls, document: bytes, mark: bytes) -> LineTemplate:
        before, marker, after = document.partition(mark)
        if not marker:
            raise ValueError("the place for the rest is not in the document")
        return cls(before, after)


class ConnectFailed(Exception):
    """No connection could be made, or it broke before the response began."""


class CertificateRejected(ConnectFailed):
    """The TLS handshake failed because of the server's or the client's certificate; a retry fails as well."""


class ProxyRefused(ConnectFailed):
    """A proxy refused this request; `status` is the status of its response, None if that was not HTTP."""

    def __init__(self, message: str, *, status: int | None) -> None:
        super().__init__(message)
        self.status = status


class ReusedConnectionClosed(ConnectFailed):
    """A connection that had been used before broke after the request was written: the server may have processed it.

    RFC 9110 section 9.2.2: a request that is not idempotent must not be repeated unless it is known to be unprocessed.
    """


class ClientClosed(ConnectFailed):
    """The client was closed while the request was under way."""


class ConnectionBroken(Exception):
    """The connection broke after the response had begun."""


class ReadTimeout(Exception):
    """A time limit expired; `connecting` says whether it was that of the connection."""

    def __init__(self, message: str, *, connecting: bool = False) -> None:
        super().__init__(message)
        self.connecting = connecting


class AttemptTimeouts(Protocol):
    """How long the next step of one attempt may take, in seconds; None without a limit. Asked before every step."""

    def connect(self) -> float | None: ...

    def read(self) -> float | None: ...


class Response(Protocol):
    """A response whose body is still arriving.

    One that knows when its body has been read to the end may say so with an attribute `is_read`.
    """

    head: Head

    async def read(self) -> bytes:
        """Return the next decompressed bytes of the body; b"" at its end only."""
        ...

    async def close(self) -> None:
        """End the response. If its body was not read to the end, the connection is closed, so that the server stops."""

    def abandon(self) -> None:
        """Do the same without waiting, from any thread."""


class Transport(Protocol):
    """Sends requests. Pass an object with these methods as `transport=` to use another HTTP client."""

    def open(self, request: HttpRequest, timeouts: AttemptTimeouts) -> Coroutine[Any, Any, Response]:
        """Send the request and return the response once its head has arrived.

        Args:
            request: The request, sent at most once, without following redirects.
            timeouts: Time limits, to be asked before every step.

        Returns:
            The response; its body is read later.

        Raises:
            ConnectFailed: If no response began.
            ConnectionBroken: If the response broke off within its head.
            ReadTimeout: If a time limit expired.
        """
        ...

    async def close(self) -> None:
        """Close all connections."""
