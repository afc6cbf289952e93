"""HTTP/1.1 as a client reads it, checked against h11."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from dataclasses import fields

import h11
import pytest
from hypothesis import example, given, strategies as st

from dhenara.ai.http.protocol import http1
from dhenara.ai.http.protocol.body import ChunkedBody
from dhenara.ai.http.protocol.http1 import Http1Reader, write_request
from dhenara.ai.http.protocol.message import HttpRequest
from dhenara.ai.wire.limits import Limits
from dhenara.ai.wire.sse import BrokenFraming
from support.slices import cut, places, single_bytes

BODY = st.binary(max_size=300)


@st.composite
def responses(draw: st.DrawFn) -> tuple[bytes, bytes, bool]:
    """A response, its body, and whether its end is its own (and not the connection's)."""
    body, kind = draw(BODY), draw(st.sampled_from(["sized", "chunked", "close"]))
    status = draw(st.sampled_from([200, 201, 400, 429, 500]))
    extra = draw(
        st.lists(
            st.sampled_from([b"X-A: 1", b"x-a: 2", b"Content-Type:text/plain", b"Server:  x ", b"X-F: a\r\n \tb"]),
            max_size=3,
        )
    )
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early\r\nlink: x\r\n\r\n"]))
    lines = [b"HTTP/1.1 %d Some Reason" % status, *extra]
    match kind:
        case "sized":
            lines.append(b"Content-Length: %d" % len(body))
            sent = body
        case "chunked":
            lines.append(b"Transfer-Encoding: chunked")
            pieces = cut(body, draw(places))
            mark = draw(st.sampled_from([b"", b";ext=1"]))
            sent = b"".join(b"%x%s\r\n%s\r\n" % (len(p), mark, p) for p in pieces)
            sent += b"0\r\n" + draw(st.sampled_from([b"", b"trailer: x\r\n"])) + b"\r\n"
        case _:
            sent = body
    return interim + b"\r\n".join(lines) + b"\r\n\r\n" + sent, body, kind != "close"


def read(pieces: list[bytes]) -> tuple[Http1Reader, bytes]:
    reader, body = Http1Reader("POST"), b""
    for piece in pieces:
        reader.feed(piece)
        body += reader.take()
    return reader, body


def theirs(pieces: list[bytes]) -> tuple[int, dict[str, str], bytes]:
    """What h11 reads, the connection being closed after the last byte."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="POST", target="/", headers=[("host", "x"), ("content-length", "0")]))
    connection.send(h11.EndOfMessage())
    status, headers, body = 0, {}, b""
    for piece in [*pieces, b""]:
        connection.receive_data(piece)
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                status = event.status_code
                for name, value in event.headers:
                    key = name.decode()
                    headers[key] = f"{headers[key]}, {value.decode()}" if key in headers else value.decode()
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return status, headers, body
            elif event is h11.NEED_DATA:
                break
    raise AssertionError("h11 did not see the end")


@given(responses(), places)
def test_responses_are_parsed_like_h11_in_pieces_of_any_size(
    response: tuple[bytes, bytes, bool], at: list[int]
) -> None:
    raw, body, own_end = response
    reader, read_body = read(cut(raw, at))
    if not own_end:
        reader.eof()
        read_body += reader.take()
    status, headers, their_body = theirs(cut(raw, at))
    assert reader.done
    assert reader.head is not None
    assert (reader.head.status, dict(reader.head.headers), read_body) == (status, headers, their_body)
    assert read_body == body
    assert reader.reusable == own_end


@given(responses(), st.integers(0, 10_000))
def test_a_truncated_response_is_never_complete(response: tuple[bytes, bytes, bool], at: int) -> None:
    raw, _, own_end = response
    reader, _ = read([raw[: at % len(raw)]] if raw else [])
    if own_end and not reader.done:
        with pytest.raises(BrokenFraming):
            reader.eof()


@pytest.mark.parametrize(
    "raw",
    [
        b"NOT HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 300_000,
    ],
)
def test_data_that_is_not_http_is_refused(raw: bytes) -> None:
    with pytest.raises(BrokenFraming):
        read([raw])


@pytest.mark.parametrize(
    "raw", [b"\x15\x03\x01\x00\x02\x02\x46", b"\x00\x00\x12\x04\x00", b"SSH-2.0-x\r\n", b"HTTP/2 200\r\n"]
)
def test_another_protocol_is_detected_by_its_first_bytes(raw: bytes) -> None:
    with pytest.raises(BrokenFraming, match="does not begin like HTTP"):
        read([raw])


@given(places)
def test_the_head_limit_does_not_depend_on_piece_sizes(at: list[int]) -> None:
    whole = b"HTTP/1.1 200 OK\r\nx: " + b"y" * 300_000 + b"\r\ncontent-length: 0\r\n\r\n"
    with pytest.raises(BrokenFraming, match="longer than"):
        read(cut(whole, at))


@given(st.binary(max_size=400))
def test_any_bytes_raise_broken_framing_or_nothing(raw: bytes) -> None:
    with contextlib.suppress(BrokenFraming):
        reader, _ = read([raw])
        reader.eof()
        assert reader.done


def test_bytes_after_the_response_make_the_connection_not_reusable() -> None:
    reader, body = read([b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK"])
    assert (body, reader.done, reader.reusable) == (b"ok", True, False)


def test_connection_close_makes_the_connection_not_reusable() -> None:
    reader, _ = read([b"HTTP/1.1 200 OK\r\nconnection: Close\r\ncontent-length: 0\r\n\r\n"])
    assert (reader.done, reader.reusable) == (True, False)


@given(st.dictionaries(st.sampled_from(["host", "x-a", "authorization"]), st.text("abc 123"), max_size=3), st.binary())
def test_h11_parses_written_requests(headers: dict[str, str], body: bytes) -> None:
    server = h11.Connection(h11.SERVER)
    server.receive_data(write_request("POST", "/v1/x?y=1", {"host": "h", **headers}, body))
    request = server.next_event()
    assert isinstance(request, h11.Request)
    assert (request.method, request.target) == (b"POST", b"/v1/x?y=1")
    arrived = b""
    while isinstance(event := server.next_event(), h11.Data):
        arrived += bytes(event.data)
    assert (arrived, type(event)) == (body, h11.EndOfMessage)


@pytest.mark.parametrize(
    ("target", "headers"),
    [("/a b", {}), ("/a\r\nx: y", {}), ("/", {"x": "a\r\nb: c"}), ("/", {"x y": "a"}), ("/", {"x": "a\0"})],
)
def test_header_injection_is_refused(target: str, headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"cannot be sent|not a request line"):
        write_request("POST", target, headers, b"")


SIZE_LINES = st.sampled_from(
    [b"%x", b"%X", b"0%x", b"%x;name=value", b"%x ", b" %x", b"0x%x", b"+%x", b"%x_", b"%017x", b"%016x", b"g%x", b""]
)
CONTENTS = st.sampled_from([b"data: {}\n\n", b"data: {}\r\n\r\n", b"\r\n", b"x" * 900, b"5\r\nhello\r\n", b"a"])


@example([(b"a", b"%x"), (b"a", b"")], b"0\r\n\r\n")
@given(st.lists(st.tuples(CONTENTS, st.just(b"%x") | SIZE_LINES), max_size=12), st.sampled_from([b"", b"0\r\n\r\n"]))
def test_many_chunks_in_one_read_are_read_like_single_bytes(chunks: list[tuple[bytes, bytes]], end: bytes) -> None:
    padding = b"5dc\r\n" + b"p" * 1500 + b"\r\n"  # long enough for the reader of whole chunks
    data = (
        b"".join((line and line % len(content)) + b"\r\n" + content + b"\r\n" for content, line in chunks)
        + padding
        + end
    )

    def read(pieces: Iterable[bytes]) -> tuple[bytes, bool, bool, str]:
        body, text, error = ChunkedBody(), b"", ""
        try:
            for piece in pieces:
                body.feed(piece)
                text += body.take()
        except BrokenFraming as broken:
            error = str(broken)
            text += body.take()
        return text, body.done, body.leftover, error

    assert read([data]) == read(data[at : at + 1] for at in range(len(data)))
    half = len(data) // 2
    assert read([data[:half], data[half:]]) == read([data])


def test_large_chunks_are_read_wherever_a_read_ends() -> None:
    data = b"1000\r\n" + b"x" * 4096 + b"\r\n800\r\n" + b"y" * 2048 + b"\r\n0\r\n\r\n"
    for at in (*range(4090, 4120), *range(6150, len(data))):
        body = ChunkedBody()
        body.feed(data[:at])
        body.feed(data[at:])
        assert body.take() == b"x" * 4096 + b"y" * 2048
        assert (body.done, body.leftover) == (True, False)


class CountedPattern:
    """A pattern, and how many bytes it was searched in."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self._pattern = pattern
        self.searched = 0

    def search(self, data: bytearray, at: int) -> re.Match[bytes] | None:
        self.searched += len(data) - at
        return self._pattern.search(data, at)


def test_a_head_is_searched_once_whatever_pieces_it_arrives_in(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = CountedPattern(http1.HEAD_END)
    monkeypatch.setattr(http1, "HEAD_END", counted)
    head = b"HTTP/1.1 200 OK\r\n" + b"a: 1\r\n" * 500 + b"\r\n"
    reader, _ = read(single_bytes(head))
    assert reader.head is not None
    assert counted.searched <= 4 * len(head)


def test_a_request_with_more_headers_keeps_everything_else() -> None:
    def close(_: object) -> None: ...

    request = HttpRequest(
        "PUT", "http://x", {"a": "1", "b": "2"}, b"body", "127.0.0.1", True, Limits(body_bytes=5), ("key",), close
    )
    changed = request.with_headers({"b": "3", "c": "4"})
    assert changed.headers == {"a": "1", "b": "3", "c": "4"}
    others = [field.name for field in fields(HttpRequest) if field.name != "headers"]
    defaults = HttpRequest("GET", "")
    assert all(getattr(changed, name) is getattr(request, name) is not getattr(defaults, name) for name in others)


@pytest.mark.parametrize("line", [b"a b: 1", b"a", b": 1", b"a\x00: 1", b"a: 1\x00", b"a: 1\r2", b" a: 1", b"\xe4: 1"])
@pytest.mark.parametrize("others", [[], [b"b: 2"], [b"b: 2", b" 3"]])
def test_a_line_that_is_no_header_is_refused_among_any_others(line: bytes, others: list[bytes]) -> None:
    head = b"\r\n".join([b"HTTP/1.1 200 OK", line, *others, b"", b""])
    with pytest.raises(BrokenFraming, match="a header of the response"):
        Http1Reader("POST").feed(head)


def test_many_repeated_and_folded_headers_are_joined() -> None:
    head = b"HTTP/1.1 200 OK\r\n" + b"a:1\r\n" * 2_000 + b"b:" + b"\r\n 2" * 2_000 + b"\r\nc: 3\r\n\r\n"
    reader = Http1Reader("POST")
    reader.feed(head)
    assert reader.head is not None
    values = reader.head.headers
    assert values == {"a": ", ".join(["1"] * 2_000), "b": " ".join(["2"] * 2_000), "c": "3"}
