"""HTTP/1.1 for a client: writes requests as bytes and reads responses from bytes, without sockets (RFC 9112).

`Http1Reader` is a state machine: `feed` takes whatever bytes have arrived, `take` returns the part of the body that is
readable. It begins with heads: blank lines are skipped, interim responses (status 1xx) counted and dropped, and the
final head decides how the body ends (`body_for`): no body, a length, chunks, or the end of the connection. The classes
in `body` follow that rule. `eof` says that the connection ended, which is an error unless the body ends with it.
`reusable` holds once the response is complete, nothing follows it, and neither side asked for the connection to close.

What is ambiguous is refused with `BrokenFraming`, because a client and a proxy that disagree about where a response
ends can be made to give one caller the response of another. What a server may send is limited by `ReadLimits`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ...wire.limits import DEFAULT_LIMITS, LimitExceeded, ReadLimits
from ...wire.sse import BrokenFraming
from .body import Body, ChunkedBody, NoBody, SizedBody, UntilClose
from .message import Head

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
FORBIDDEN = re.compile(r"[\x00\r\n]")
USUAL_LETTERS = bytes(set(range(1, 128)) - {*b"\r\n"})
"""What stands in nearly all lines of heads. Those with other letters of Latin-1 are checked one by one."""
# RFC 9112 section 4, and RFC 9110 section 15: the first digit of a status is its class.
STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([^\x00\r\n]*))?\r?(?:\n|\Z)")
# RFC 9112 section 2.2: a line feed alone ends a line too.
HEAD_END = re.compile(rb"\n\r?\n")
NOT_BLANK = re.compile(rb"[^\r\n]")
LENGTH = re.compile("[0-9]{1,18}")
"""Python refuses to parse numbers of thousands of digits, and no body has 10**18 bytes."""
LINE_END = "\r\n"
LINE_END_BYTES = b"\r\n"
BEGINNING = b"HTTP/1."
BLANKS = " \t"
FOLD = re.compile(r"\r?\n[ \t]+")
FIELD = re.compile(r"^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00\r\n]*)\r?$", re.MULTILINE)
"""A header; every line of a head but the first is one."""
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
FRAMING = frozenset({"content-length", "transfer-encoding"})
"""Headers that say how the body ends."""
USUAL_NAMES = frozenset({
    "accept", "accept-encoding", "anthropic-beta", "anthropic-version", "api-key", "authorization", "content-type",
    "host", "idempotency-key", "user-agent", "x-api-key", "x-goog-api-key",
})  # fmt: skip
"""Names of headers that are valid and not in `FRAMING`: those of nearly all requests."""
NOTHING = NoBody()
"""The body before the head has arrived."""


class InvalidRequest(ValueError):
    """The request cannot be written as HTTP/1.1; nothing of it was sent."""


def write_request(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return the request as bytes.

    The lines are checked where they are joined, and an error is raised without them, so that no frame of a traceback
    holds a line with a key.

    Args:
        method: The method.
        target: Path and query, or the whole URL for a proxy.
        headers: Headers, with names in any case.
        body: The whole body, or b"" if it is sent separately.

    Returns:
        The request line, the headers with a content length where one belongs, and the body.

    Raises:
        InvalidRequest: If the target or a header could inject a line, or has characters that HTTP/1.1 cannot carry.
    """
    is_known = method in WITH_BODY and USUAL_NAMES.issuperset(headers)
    has_size = is_known or ((body or method in WITH_BODY) and FRAMING.isdisjoint(map(str.lower, headers)))
    size = len(body) if has_size else None
    head = write_usual_head(method, target, headers, size, is_known)
    if head is None:
        check_head(method, target, headers)
        head = join_head(method, target, headers, size).encode("latin-1")
    return head + body


def write_usual_head(
    method: str, target: str, headers: Mapping[str, str], size: int | None, is_known: bool
) -> bytes | None:
    """Return the head; None if something in it needs a closer look. `is_known` says that method and names are valid.

    Without its usual letters, a head is one line end after the other; one in the target or in a value makes one line
    more. A colon in a name could not be told from the end of it, so names are looked at by themselves: a valid name
    joined to another one is valid too.
    """
    try:
        head = join_head(method, target, headers, size).encode("ascii")
    except UnicodeEncodeError:
        return None
    if head.translate(None, USUAL_LETTERS) != LINE_END_BYTES * (len(headers) + (2 if size is None else 3)):
        return None
    is_usual = is_known or (method and "" not in headers and TOKEN.fullmatch("".join((method, *headers))))
    return head if is_usual and target and " " not in target else None


def check_head(method: str, target: str, headers: Mapping[str, str]) -> None:
    """Raise for the first part of a head that cannot be sent."""
    if not TOKEN.fullmatch(method) or not target or FORBIDDEN.search(target) or " " in target:
        raise InvalidRequest(f"not a request line: {method!r} {target!r}")
    if not is_latin1(target):
        raise InvalidRequest(f"{method!r} has characters that no head of HTTP/1.1 can carry")
    for name, value in headers.items():
        if not TOKEN.fullmatch(name) or FORBIDDEN.search(value):
            raise InvalidRequest(f"the header {name!r} has a name or value that cannot be sent")
        if not is_latin1(value):
            raise InvalidRequest(f"{name!r} has characters that no head of HTTP/1.1 can carry")


def join_head(method: str, target: str, headers: Mapping[str, str], size: int | None) -> str:
    end = LINE_END * 2 if size is None else f"\r\ncontent-length: {size}\r\n\r\n"
    return LINE_END.join((f"{method} {target} HTTP/1.1", *map(": ".join, headers.items()))) + end


def is_latin1(line: str) -> bool:
    return line.isascii() or all(ord(letter) < 256 for letter in line)


class Http1Reader:
    """Reads one response. Feed it bytes; take the body as it becomes readable.

    A response is any number of interim heads (status 1xx, RFC 9110 section 15.2), one final head, and a body whose end
    follows from that head. Every byte is looked at a constant number of times, whatever pieces it arrives in.
    """

    __slots__ = (
        "_begun", "_blank", "_body", "_interim", "_keeps_alive", "_limits", "_method", "_searched", "done", "head",
        "started",
    )  # fmt: skip

    def __init__(self, method: str = "POST", limits: ReadLimits = DEFAULT_LIMITS) -> None:
        self._method = method
        self._limits = limits
        self._begun: bytes | bytearray = b""
        """The beginning of a head whose end has not arrived."""
        self._searched = 0
        """How far it has been searched for its end."""
        self._blank = self._interim = 0
        self._keeps_alive = False
        self._body: Body = NOTHING
        self.head: Head | None = None
        self.started = False
        self.done = False
        """Whether the whole response has been read."""

    @property
    def reusable(self) -> bool:
        """Whether another request may follow on the same connection."""
        return self.done and self._keeps_alive and not self._body.leftover

    @property
    def leftover(self) -> bool:
        """Whether bytes have arrived beyond the end of the response."""
        return self.done and self._body.leftover

    def feed(self, data: bytes) -> None:
        if self.head is not None:
            self._body.feed(data)
            self.done = self._body.done
            return
        if data:
            self.started = True
        arrived: bytes | bytearray = data
        if self._begun:
            self._begun += data
            arrived = self._begun
        begins: int | None = 0
        while begins is not None:
            begins = self._read_head(arrived, begins)

    def take(self) -> bytes:
        """The part of the body that is readable now; b"" when there is none."""
        return self._body.take()

    def eof(self) -> None:
        """The other side closed the connection; an error unless the body ends with it."""
        if self.head is None:
            raise BrokenFraming("the connection ended in the middle of the head of the response")
        self._body.eof()
        self.done = self._body.done

    def _read_head(self, arrived: bytes | bytearray, begins: int) -> int | None:
        """Parse the head that begins here if it is complete; return where another one begins (after an interim one)."""
        if not arrived.startswith(BEGINNING, begins):
            begins = self._check_beginning(arrived, begins)
        match, most = HEAD_END.search(arrived, begins + self._searched), self._limits.head_bytes
        start, end = (len(arrived), 0) if match is None else match.span()
        if start - begins > most:
            raise LimitExceeded("the head of the response", "head_bytes", most)
        if match is None:
            # The end is at most three bytes; its first two may be here already.
            self._searched = max(0, start - begins - 2)
            self._begun = arrived if arrived is self._begun and not begins else bytearray(arrived[begins:])
            return None
        self._begun, self._searched = b"", 0
        version, head = read_head(arrived[begins:start])
        if head.status == 101:
            raise BrokenFraming("the server wants to switch to another protocol")
        if head.status < 200:
            self._interim += 1
            if self._interim > self._limits.interim_responses:
                most = self._limits.interim_responses
                raise LimitExceeded("the list of interim responses", "interim_responses", most, "responses")
            return end
        self.head = head
        self._keeps_alive = keeps_alive(version, head.headers)
        self._body = body_for(self._method, head, self._limits)
        self._body.feed(bytes(arrived[end:]))
        self.done = self._body.done
        return None

    def _check_beginning(self, arrived: bytes | bytearray, begins: int) -> int:
        """Refuse data that is not HTTP at its first wrong byte, not when the connection ends; return where it begins.

        Blank lines before the status line are skipped: some servers send one too many after the response before.
        """
        if arrived.startswith((b"\r", b"\n"), begins):
            after = NOT_BLANK.search(arrived, begins)
            blank, begins = begins, len(arrived) if after is None else after.start()
            self._blank += begins - blank
            if self._blank > self._limits.head_bytes:
                raise LimitExceeded("the head of the response", "head_bytes", self._limits.head_bytes)
        beginning = arrived[begins : begins + len(BEGINNING)]
        if not BEGINNING.startswith(beginning):
            wrong = bytes(arrived[begins : begins + 60])
            raise BrokenFraming(f"the response does not begin like HTTP/1.1: {wrong!r}")
        return begins


def read_head(block: bytes | bytearray) -> tuple[int, Head]:
    """Parse everything before the blank line; return the minor version and the head."""
    text = block.decode("latin-1")
    match = STATUS_LINE.match(text)
    if match is None:
        raise BrokenFraming(f"the response does not begin like HTTP/1.1: {text.partition(LINE_END)[0][:60]!r}")
    start = match.end()
    # RFC 9112 section 5.2: a line that begins with a blank continues the field before.
    if "\n " in text or "\n\t" in text:
        text = text[:start] + unfold(text[start:])
    fields = FIELD.findall(text, start)
    size = len(fields)
    if size != text.count("\n"):  # one line end before each
        raise unreadable_header(text[start:])
    headers: dict[str, str] = {}
    for name, value in fields:
        headers[name.lower()] = value.rstrip(BLANKS) if value[-1:] in BLANKS else value
    if len(headers) < size:
        headers = join_repeated(fields)
    return int(match[1]), Head(int(match[2]), headers, match[3] or "")


def join_repeated(fields: list[tuple[str, str]]) -> dict[str, str]:
    """Return the headers, with the values of one that comes more than once joined by commas."""
    values: dict[str, list[str]] = {}
    for name, value in fields:
        values.setdefault(name.lower(), []).append(value.rstrip(BLANKS))
    return {name: ", ".join(every) for name, every in values.items()}


def unfold(lines: str) -> str:
    """Put a space in the place of each line end that continues a field, and of the blanks around it."""
    *continued, last = FOLD.split(lines)
    return " ".join([*(piece.rstrip(BLANKS) for piece in continued), last])


def unreadable_header(lines: str) -> BrokenFraming:
    """Return the error for the first line that is no header."""
    wrong = next(line for line in lines.split("\n") if not FIELD.fullmatch(line)).removesuffix("\r")
    # RFC 9110 section 5.5: CR, LF and NUL are not allowed in values.
    if "\0" in wrong or "\r" in wrong:
        return BrokenFraming("a header of the response has a NUL or CR in it")
    return BrokenFraming(f"a header of the response cannot be read: {wrong[:60]!r}")


def keeps_alive(version: int, headers: Mapping[str, str]) -> bool:
    """Whether the connection may be used again (RFC 9112 section 9.3)."""
    if "transfer-encoding" in headers and "content-length" in headers:
        return False  # RFC 9112 section 6.1: it may be an attempt at response splitting
    if "connection" not in headers:
        return version == 1
    words = {word.strip().lower() for word in headers["connection"].split(",")}
    return "close" not in words if version else "keep-alive" in words


def body_for(method: str, head: Head, limits: ReadLimits = DEFAULT_LIMITS) -> Body:
    """How the body of this response ends: the rules of RFC 9112 section 6.3, in their order."""
    if method == "HEAD" or head.status in (204, 304) or (method == "CONNECT" and head.status < 300):
        return NoBody()
    coding = head.headers.get("transfer-encoding")
    if coding is not None:
        # Some proxies add the word although it is there.
        if {word.strip().lower() for word in coding.split(",")} != {"chunked"}:
            raise BrokenFraming(f"the body comes in a transfer coding that was not asked for: {coding[:60]!r}")
        return ChunkedBody(limits)
    length = head.headers.get("content-length")
    if length is None:
        return UntilClose()
    if LENGTH.fullmatch(length):
        return SizedBody(int(length))
    sizes = {size.strip() for size in length.split(",")}
    if len(sizes) > 1 or not all(LENGTH.fullmatch(size) for size in sizes):
        raise BrokenFraming(f"the response has more than one length, or none that is a number: {length[:60]!r}")
    return SizedBody(int(sizes.pop()))
