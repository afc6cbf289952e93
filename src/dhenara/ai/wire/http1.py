"""HTTP/1.1 as a client speaks it: requests into bytes, and bytes into one response. No sockets."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .body import Body, ChunkedBody, NoBody, SizedBody, UntilClose
from .frame import BrokenFraming
from .http import Head

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
FORBIDDEN = re.compile(r"[\x00\r\n]")
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([0-9]{3})(?: (.*))?")
LONGEST_HEAD = 262_144
BEGINNING = b"HTTP/1."
FOLDED = (b" ", b"\t")
"""A line that begins so goes on with the header before it: nobody should write it, and everybody must read it."""
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Unwritable(ValueError):
    """What was asked for cannot be said in HTTP/1.1; nothing of it was sent."""


def write_request(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """The request as bytes. What could smuggle a second line in is refused."""
    if not TOKEN.fullmatch(method) or not target or FORBIDDEN.search(target) or " " in target:
        raise Unwritable(f"not a request line: {method!r} {target!r}")
    lines = [f"{method} {target} HTTP/1.1"]
    for name, value in headers.items():
        if not TOKEN.fullmatch(name) or FORBIDDEN.search(value):
            raise Unwritable(f"the header {name!r} has a name or value that cannot be sent")
        lines.append(f"{name}: {value}")
    if (body or method in WITH_BODY) and not {"content-length", "transfer-encoding"} & {n.lower() for n in headers}:
        lines.append(f"content-length: {len(body)}")
    try:
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
    except UnicodeEncodeError as error:
        foreign = next(line for line in lines if not latin(line)).partition(":")[0]
        raise Unwritable(f"{foreign!r} has characters that no head of HTTP/1.1 can carry") from error


def latin(line: str) -> bool:
    return all(ord(letter) < 256 for letter in line)


class Http1Reader:
    """Reads one response. Feed it bytes; take the body as it becomes readable."""

    __slots__ = ("_body", "_head_bytes", "_keeps_alive", "_method", "head", "started")

    def __init__(self, method: str = "POST") -> None:
        self._method = method
        self._head_bytes = b""
        self._keeps_alive = False
        self._body: Body = NoBody()
        self.head: Head | None = None
        self.started = False

    @property
    def done(self) -> bool:
        """Whether the whole response has been read."""
        return self.head is not None and self._body.done

    @property
    def reusable(self) -> bool:
        """Whether another request may follow on the same connection."""
        return self.done and self._keeps_alive and not self._body.leftover

    @property
    def leftover(self) -> bool:
        """Whether bytes have arrived beyond the end of the response."""
        return self.done and self._body.leftover

    def feed(self, data: bytes) -> None:
        if data:
            self.started = True
        if self.head is not None:
            self._body.feed(data)
            return
        self._head_bytes += data
        self._listen()
        while self._read_head():
            pass

    def take(self) -> bytes:
        """The part of the body that is readable now; b"" when there is none."""
        return self._body.take()

    def eof(self) -> None:
        """The other side hung up: the end of some bodies, too early for all else."""
        if self.head is None:
            raise BrokenFraming("the connection ended in the middle of the head of the response")
        self._body.eof()

    def _listen(self) -> None:
        """Something else than HTTP is told at once, not when the connection ends."""
        begun = self._head_bytes.lstrip(b"\r\n")[: len(BEGINNING)]
        if not BEGINNING.startswith(begun):
            raise BrokenFraming(f"the response does not begin like HTTP/1.1: {self._head_bytes[:60]!r}")

    def _read_head(self) -> bool:
        """Reads a head if one is complete; says whether another may follow (after an interim response)."""
        end, gap = head_end(self._head_bytes)
        if max(end, 0) > LONGEST_HEAD or (end < 0 and len(self._head_bytes) > LONGEST_HEAD):
            raise BrokenFraming(f"the head of the response is longer than {LONGEST_HEAD} bytes")
        if end < 0:
            return False
        block, self._head_bytes = self._head_bytes[:end], self._head_bytes[end + gap :]
        version, head = read_head(block)
        if head.status == 101:
            raise BrokenFraming("the server wants to switch to another protocol")
        if head.status < 200:
            return True
        self.head = head
        self._keeps_alive = keeps_alive(version, head.headers)
        self._body = body_for(self._method, head)
        self._body.feed(self._head_bytes)
        self._head_bytes = b""
        return False


def head_end(data: bytes) -> tuple[int, int]:
    """Where the head ends, and how many bytes the blank line takes; (-1, 0) while it is incomplete."""
    strict, lenient = data.find(b"\r\n\r\n"), data.find(b"\n\n")
    mixed = data.find(b"\n\r\n")
    if mixed >= 0 and (strict < 0 or mixed < strict) and (lenient < 0 or mixed < lenient):
        return mixed, 3
    if strict >= 0 and (lenient < 0 or strict < lenient):
        return strict, 4
    return (lenient, 2) if lenient >= 0 else (-1, 0)


def read_head(block: bytes) -> tuple[int, Head]:
    first, *lines = [line.removesuffix(b"\r") for line in block.lstrip(b"\r\n").split(b"\n")]
    found = STATUS_LINE.fullmatch(first)
    if found is None:
        raise BrokenFraming(f"the response does not begin like HTTP/1.1: {first[:60]!r}")
    headers: dict[str, str] = {}
    key = ""
    for line in lines:
        if key and line[:1] in FOLDED:
            headers[key] += " " + line.strip(b" \t").decode("latin-1")
            continue
        name, colon, value = line.partition(b":")
        key = name.decode("latin-1").lower()
        if not colon or not TOKEN.fullmatch(key):
            raise BrokenFraming(f"a header of the response cannot be read: {line[:60]!r}")
        text = value.strip(b" \t").decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return int(found[1]), Head(int(found[2]), headers, (found[3] or b"").decode("latin-1"))


def keeps_alive(version: int, headers: Mapping[str, str]) -> bool:
    words = {word.strip().lower() for word in headers.get("connection", "").split(",")}
    return "close" not in words if version else "keep-alive" in words


def body_for(method: str, head: Head) -> Body:
    """How the body of this response ends."""
    if method == "HEAD" or head.status in (204, 304) or (method == "CONNECT" and head.status < 300):
        return NoBody()
    coding = head.headers.get("transfer-encoding")
    if coding is not None:
        # Some proxies add the word although it is there.
        if {word.strip().lower() for word in coding.split(",")} != {"chunked"}:
            raise BrokenFraming(f"the body comes in a transfer coding that was not asked for: {coding!r}")
        return ChunkedBody()
    sizes = {size.strip() for size in head.headers.get("content-length", "").split(",")} - {""}
    if not sizes:
        return UntilClose()
    if len(sizes) > 1 or not all(size.isascii() and size.isdigit() for size in sizes):
        raise BrokenFraming(f"the response tells more than one length, or none that is a number: {sorted(sizes)}")
    return SizedBody(int(sizes.pop()))
