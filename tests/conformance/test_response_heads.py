"""Heads of responses by the grammar of RFC 9112, in any form that it allows; h11 reads each of them too."""

from __future__ import annotations

import re
from dataclasses import dataclass

import h11
import pytest
from hypothesis import assume, given, strategies as st

from dhenara.ai.http.protocol.http1 import Http1Reader
from dhenara.ai.wire.sse import BrokenFraming
from support.slices import cut, places

# RFC 9110 section 5.6.2, and section 5.5: letters of names, and of values (VCHAR and obs-text).
NAME_LETTERS = "!#$%&'*+-.^_`|~0123456789ABYZabyz"
VALUE_LETTERS = '!:,;"(/@[\\]{}~09AZaz\x80\x85\xa0\xe4\xff'
WORDS = st.text(VALUE_LETTERS, min_size=1, max_size=4)
SPACE = st.text(" \t", max_size=2)
SOME_SPACE = st.text(" \t", min_size=1, max_size=2)
LINE_ENDS = st.sampled_from(["\r\n", "\r\n", "\n"])
FRAMED = {"content-length", "transfer-encoding", "connection"}
USUAL_NAMES = st.sampled_from(["a", "A", "set-cookie", "Set-Cookie"])
NAMES = (USUAL_NAMES | st.text(NAME_LETTERS, min_size=1, max_size=4)).filter(lambda one: one.lower() not in FRAMED)


@dataclass(frozen=True)
class WrittenHead:
    """A head as it is sent, and what it says."""

    text: str
    status: int
    reason: str
    headers: dict[str, str]

    @property
    def raw(self) -> bytes:
        return self.text.encode("latin-1")


@st.composite
def values(draw: st.DrawFn) -> tuple[str, str]:
    """A value as it is sent, with blanks and folds in it, and the value."""
    sent = draw(SPACE)
    meant = ""
    for at, word in enumerate(draw(st.lists(WORDS, max_size=4))):
        if draw(st.booleans()):
            # RFC 9112 section 5.2: a fold is replaced by spaces, the blanks before and after it included.
            sent += draw(SPACE) + draw(LINE_ENDS) + draw(SOME_SPACE)
            meant += " "
        elif at:
            blanks = draw(SOME_SPACE)
            sent, meant = sent + blanks, meant + blanks
        sent, meant = sent + word, meant + word
    return sent + draw(SPACE), meant.strip(" \t")


@st.composite
def heads(draw: st.DrawFn) -> WrittenHead:
    status = draw(st.integers(200, 999))
    reason = draw(st.none() | st.text(VALUE_LETTERS + " \t", max_size=6))
    text = f"HTTP/1.{draw(st.integers(0, 1))} {status}" + ("" if reason is None else f" {reason}") + draw(LINE_ENDS)
    headers: dict[str, str] = {}
    for name, (sent, meant) in draw(st.lists(st.tuples(NAMES, values()), max_size=5)):
        text += f"{name}:{sent}{draw(LINE_ENDS)}"
        key = name.lower()
        # RFC 9110 section 5.3: fields of one name are one list, in their order.
        headers[key] = f"{headers[key]}, {meant}" if key in headers else meant
    return WrittenHead(text + draw(LINE_ENDS), status, reason or "", headers)


Parsed = tuple[int, str, dict[str, str]]


def read_here(raw: bytes, at: list[int]) -> Parsed | None:
    """Return status, reason and headers; None if the head is refused or has no end."""
    reader = Http1Reader("GET")
    try:
        for piece in cut(raw, at):
            reader.feed(piece)
    except BrokenFraming:
        return None
    head = reader.head
    return None if head is None else (head.status, head.reason, dict(head.headers))


def read_by_h11(raw: bytes) -> Parsed | None:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("host", "x")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(raw)
    try:
        while isinstance(event := connection.next_event(), h11.InformationalResponse):
            pass
    except h11.RemoteProtocolError:
        return None
    if not isinstance(event, h11.Response):
        return None
    headers: dict[str, str] = {}
    for name, value in event.headers:
        key, text = name.decode(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return event.status_code, bytes(event.reason).decode("latin-1"), headers


def with_single_spaces(parsed: Parsed | None) -> Parsed | None:
    """Return the same with runs of blanks as one: h11 keeps the blanks before a fold."""
    if parsed is None:
        return None
    status, reason, headers = parsed
    return status, reason, {name: re.sub("[ \t]+", " ", value) for name, value in headers.items()}


@given(heads(), places)
def test_a_head_says_what_was_written_whatever_blanks_folds_and_line_ends_it_has(
    head: WrittenHead, at: list[int]
) -> None:
    parsed = head.status, head.reason, head.headers
    assert read_here(head.raw, at) == parsed
    assert with_single_spaces(read_by_h11(head.raw)) == with_single_spaces(parsed)


@given(heads(), st.data())
def test_a_head_with_a_wrong_byte_is_refused_exactly_if_h11_refuses_it(head: WrittenHead, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(head.raw) - 1))
    byte = data.draw(st.sampled_from(b"\0\x01\x7f\r\n \t:aA,;/()0129\x80\xff"))
    raw = head.raw[:place] + bytes([byte]) + head.raw[place + data.draw(st.booleans()) :]
    assume(is_judged_alike(raw))
    assert with_single_spaces(read_here(raw, [])) == with_single_spaces(read_by_h11(raw))


def is_judged_alike(raw: bytes) -> bool:
    """Whether this is none of what h11 judges otherwise on purpose.

    It reads every version of HTTP like 1.1, refuses blank lines before the status line, which RFC 9112 section 2.2 lets
    clients skip, and leaves other protocols to its caller.
    """
    return raw[:1] not in b"\r\n" and raw.startswith((b"HTTP/1.0 ", b"HTTP/1.1 ")) and raw[9:12] != b"101"


def test_a_cr_before_blanks_at_the_end_of_a_head_with_folds_is_refused() -> None:
    assert read_here(b"HTTP/1.1 200 OK\r\na: 1\r\n 2\r\nb: 3\r \r\n\r\n", []) is None
    assert read_here(b"HTTP/1.1 200 OK\r\na: 1\r\n 2\r\nb: 3\r \n\r\n", []) is None


@pytest.mark.parametrize("version", [b"HTTP/0.9", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/1.10", b"http/1.1", b"HTTP/1,1"])
def test_other_versions_are_refused(version: bytes) -> None:
    assert read_here(version + b" 200 OK\r\n\r\n", []) is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"a: 1\0", "a NUL or CR"),
        (b"a: 1\r2", "a NUL or CR"),
        (b"a: 1\r", "a NUL or CR"),
        (b"a", "cannot be read: 'a'"),
        (b"a b: 1", "cannot be read: 'a b: 1'"),
        (b" a: 1", "cannot be read: ' a: 1'"),
        (b"b" * 70, f"cannot be read: '{'b' * 60}'$"),
    ],
)
def test_the_error_names_the_line_that_is_no_header(line: bytes, reason: str) -> None:
    for before in (b"", b"b: 2\r\n"):
        if not (before and line.startswith(b" ")):
            with pytest.raises(BrokenFraming, match=reason):
                Http1Reader("GET").feed(b"HTTP/1.1 200 OK\r\n" + before + line + b"\r\nc: 3\r\n\r\n")
