"""The rules of RFC 9110 and 9112 by which one response is read, each with its borders."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.http.protocol.body import ChunkedBody, NoBody, SizedBody, UntilClose
from dhenara.ai.http.protocol.http1 import (
    FRAMING,
    TOKEN,
    USUAL_NAMES,
    Http1Reader,
    InvalidRequest,
    body_for,
    is_latin1,
    keeps_alive,
    read_head,
    write_request,
)
from dhenara.ai.http.protocol.message import Head
from dhenara.ai.wire.limits import LimitExceeded, Limits
from dhenara.ai.wire.sse import BrokenFraming
from support.slices import cut, places, single_bytes

OK = b"HTTP/1.1 200 OK\r\n"


def read(*pieces: bytes, method: str = "POST", **limits: int) -> tuple[Http1Reader, bytes]:
    reader, body = Http1Reader(method, Limits(**limits)), b""
    for piece in pieces:
        reader.feed(piece)
        body += reader.take()
    return reader, body


def headers_of(*lines: bytes) -> dict[str, str]:
    head = read(OK + b"".join(line + b"\r\n" for line in lines) + b"\r\n")[0].head
    assert head is not None
    return dict(head.headers)


# Requests


def test_a_request_is_written_as_line_headers_and_body() -> None:
    assert write_request("GET", "/a?b=c", {"host": "h", "x-a": "1"}, b"") == (
        b"GET /a?b=c HTTP/1.1\r\nhost: h\r\nx-a: 1\r\n\r\n"
    )
    assert write_request("DELETE", "/", {}, b"xyz") == b"DELETE / HTTP/1.1\r\ncontent-length: 3\r\n\r\nxyz"


def test_usual_names_of_headers_are_valid_and_say_nothing_about_the_body() -> None:
    assert all(TOKEN.fullmatch(name) and name == name.lower() for name in USUAL_NAMES)
    assert USUAL_NAMES.isdisjoint(FRAMING)


LETTERS = st.text(st.sampled_from("ab \t\r\n\0\x7f:\xe4\u0142"), max_size=4)


@given(method=st.sampled_from(["POST", "GET", "", "P T"]), target=LETTERS, value=LETTERS)
def test_a_request_with_usual_names_is_checked_like_any_other(method: str, target: str, value: str) -> None:
    def write(**headers: str) -> bytes | None:
        try:
            return write_request(method, target, headers, b"{}")
        except InvalidRequest:
            return None

    usual, other = write(host=value), write(host=value, x="1")
    assert other == (None if usual is None else usual.replace(b"\r\ncontent-length", b"\r\nx: 1\r\ncontent-length"))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_methods_with_a_body_write_content_length_zero(method: str) -> None:
    assert write_request(method, "/", {}, b"") == f"{method} / HTTP/1.1\r\ncontent-length: 0\r\n\r\n".encode()


@pytest.mark.parametrize("name", ["content-length", "Content-Length", "transfer-encoding", "Transfer-Encoding"])
def test_content_length_is_not_added_twice(name: str) -> None:
    assert write_request("POST", "/", {name: "1"}, b"x") == f"POST / HTTP/1.1\r\n{name}: 1\r\n\r\nx".encode()


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("", "/"),
        ("GE T", "/"),
        ("GET\r\n", "/"),
        ("GÉT", "/"),
        ("GET", ""),
        ("GET", "/ "),
        ("GET", "/\n"),
        ("GET", "/\0"),
        ("GET", "/ HTTP/1.1\r\na: b"),
        ("GET / HTTP/1.1\r\na: b\r\nGET", "/"),
    ],
)
def test_a_request_line_of_more_than_three_words_is_refused(method: str, target: str) -> None:
    with pytest.raises(InvalidRequest, match="not a request line"):
        write_request(method, target, {}, b"")


@pytest.mark.parametrize("letter", ["\xe4", "\xff"])
def test_latin_1_header_values_are_sent(letter: str) -> None:
    assert write_request("GET", "/" + letter, {"x": letter}, b"") == (
        f"GET /{letter} HTTP/1.1\r\nx: {letter}\r\n\r\n".encode("latin-1")
    )
    assert is_latin1(letter)


@pytest.mark.parametrize(("target", "headers"), [("/\u0100", {}), ("/", {"x": "\u0100"}), ("/", {"x": "a\u20ac"})])
def test_characters_beyond_latin_1_are_refused(target: str, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest, match="characters that no head"):
        write_request("GET", target, headers, b"")


@pytest.mark.parametrize(
    ("name", "value"),
    [("", "v"), ("a b", "v"), ("a:", "v"), ("a: b", "v"), ("a", "v\r"), ("a", "\nv"), ("a", "\0"), ("a", "v\r\nb: w")],
)
def test_a_header_value_with_a_line_break_is_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidRequest, match="name or value"):
        write_request("GET", "/", {"ok": "1", name: value}, b"")


# Heads


def test_status_version_and_reason_are_parsed() -> None:
    assert read_head(b"HTTP/1.0 404 Not Found") == (0, Head(404, {}, "Not Found"))
    assert read_head(b"HTTP/1.1 200") == (1, Head(200, {}, ""))
    assert read_head(b"HTTP/1.1 599 \xe4") == (1, Head(599, {}, "\xe4"))


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/1.2 200 OK",
        b"HTTP/1.1 099 OK",
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1  200",
        b"HTTP/1.1 200 \0",
    ],
)
def test_a_malformed_status_line_is_refused(line: bytes) -> None:
    with pytest.raises(BrokenFraming):
        read_head(line)


def test_header_names_are_lowercased_and_values_stripped() -> None:
    assert headers_of(b"X-A: \t1 2 \t", b"x-b:3", b"X-C:", b"X-D: a:b") == {
        "x-a": "1 2",
        "x-b": "3",
        "x-c": "",
        "x-d": "a:b",
    }


def test_repeated_headers_are_joined_in_their_order() -> None:
    assert headers_of(b"a: 1", b"b: x", b"A: 2", b"a:3") == {"a": "1, 2, 3", "b": "x"}


@pytest.mark.parametrize("space", [b" ", b"\t", b" \t "])
def test_a_line_that_begins_with_space_continues_the_header_before(space: bytes) -> None:
    assert headers_of(b"a: 1", space + b"2 ", space + b"3", b"b: 4") == {"a": "1 2 3", "b": "4"}


@pytest.mark.parametrize(
    "line", [b" a: 1", b"a", b"a b: 1", b": 1", b"a : 1", b"a\0: 1", b"a: \0", b"a: b\rc", b"a\r: b"]
)
def test_a_malformed_header_line_is_refused(line: bytes) -> None:
    with pytest.raises(BrokenFraming):
        read(OK + line + b"\r\n\r\n")


def test_lines_may_end_with_a_line_feed_alone() -> None:
    reader, body = read(b"HTTP/1.1 200 OK\na: 1\ncontent-length: 2\n\nok")
    assert reader.head == Head(200, {"a": "1", "content-length": "2"}, "OK")
    assert body == b"ok"
    assert read(b"HTTP/1.1 200 OK\r\na: 1\n\r\n")[0].head == Head(200, {"a": "1"}, "OK")


@given(places)
def test_a_head_is_parsed_in_pieces_of_any_size(at: list[int]) -> None:
    raw = b"\r\n\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\na: 1\r\ncontent-length: 3\r\n\r\nabc"
    for pieces in (cut(raw, at), single_bytes(raw)):
        reader, body = read(*pieces)
        assert reader.head == Head(200, {"a": "1", "content-length": "3"}, "OK")
        assert (body, reader.done, reader.reusable, reader.leftover) == (b"abc", True, True, False)


def test_data_that_is_not_http_is_refused_at_the_first_wrong_byte() -> None:
    for first in (b"G", b"HTTP/2", b"\x16\x03", b"\r\nX", b" HTTP/1.1"):
        with pytest.raises(BrokenFraming, match="does not begin like"):
            read(first)
    assert read(b"HTTP/1.")[0].head is None


def test_blank_lines_before_the_status_line_are_skipped() -> None:
    assert read(b"\r\n", b"\n", b"\r", b"\n" + OK + b"\r\n")[0].head == Head(200, {}, "OK")


def test_blank_lines_without_an_end_are_refused() -> None:
    assert read(b"\n" * 20, head_bytes=20)[0].head is None
    with pytest.raises(LimitExceeded) as refused:
        read(b"\n" * 15, b"\r" * 6, head_bytes=20)
    assert (refused.value.limit, refused.value.most) == ("head_bytes", 20)


def test_a_head_may_be_as_long_as_the_limit() -> None:
    head = OK + b"a: " + b"x" * 10
    assert read(head + b"\r\n\r\n", head_bytes=len(head) + 1)[0].head is not None
    for pieces in ([head + b"\r\n\r\n"], single_bytes(head + b"\r\n\r\n")):
        with pytest.raises(LimitExceeded) as refused:
            read(*pieces, head_bytes=len(head))
        assert (refused.value.limit, refused.value.most) == ("head_bytes", len(head))


def test_a_body_does_not_count_as_head() -> None:
    assert read(OK + b"\r\n" + b"x" * 500, head_bytes=40)[1] == b"x" * 500


def test_interim_responses_are_skipped_up_to_their_limit() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    assert read(interim * 3 + OK + b"\r\n", interim_responses=3)[0].head == Head(200, {}, "OK")
    with pytest.raises(LimitExceeded, match="3 responses") as refused:
        read(interim * 4, interim_responses=3)
    assert (refused.value.limit, refused.value.most) == ("interim_responses", 3)


@pytest.mark.parametrize(("status", "final"), [(100, False), (199, False), (200, True)])
def test_a_status_below_200_is_interim(status: int, final: bool) -> None:
    reader, _ = read(b"HTTP/1.1 %d X\r\n\r\n" % status)
    assert (reader.head is not None) == final


def test_switching_protocols_is_refused() -> None:
    with pytest.raises(BrokenFraming, match="another protocol"):
        read(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")


# The life of a reader


def test_a_reader_has_started_with_its_first_byte() -> None:
    reader = Http1Reader()
    assert (reader.started, reader.done, reader.reusable, reader.leftover) == (False, False, False, False)
    reader.feed(b"")
    assert not reader.started
    reader.feed(b"H")
    assert reader.started
    assert reader.take() == b""


def test_a_connection_that_ends_in_the_head_is_broken() -> None:
    for raw in (b"", OK, b"HTTP/1.1 100 Continue\r\n\r\n"):
        with pytest.raises(BrokenFraming, match="in the middle of the head"):
            read(raw)[0].eof()


def test_bytes_after_the_end_set_leftover() -> None:
    reader, body = read(OK + b"content-length: 2\r\n\r\n", b"o", b"kX")
    assert (body, reader.done, reader.leftover, reader.reusable) == (b"ok", True, True, False)
    reader, body = read(OK + b"content-length: 2\r\n\r\no")
    assert (body, reader.done, reader.leftover, reader.reusable) == (b"o", False, False, False)


# Which body a response has


@pytest.mark.parametrize(
    ("method", "status", "headers", "kind"),
    [
        ("HEAD", 200, {"content-length": "5"}, NoBody),
        ("GET", 204, {"content-length": "5"}, NoBody),
        ("GET", 304, {"content-length": "5"}, NoBody),
        ("GET", 304, {"transfer-encoding": "chunked"}, NoBody),
        ("GET", 205, {"content-length": "5"}, SizedBody),
        ("GET", 303, {"content-length": "5"}, SizedBody),
        ("CONNECT", 200, {}, NoBody),
        ("CONNECT", 299, {"content-length": "5"}, NoBody),
        ("CONNECT", 300, {"content-length": "5"}, SizedBody),
        ("CONNECT", 407, {"content-length": "5"}, SizedBody),
        ("GET", 200, {"transfer-encoding": "chunked"}, ChunkedBody),
        ("GET", 200, {"transfer-encoding": " Chunked , chunked"}, ChunkedBody),
        ("GET", 200, {"transfer-encoding": "chunked", "content-length": "5"}, ChunkedBody),
        ("GET", 200, {"content-length": "5"}, SizedBody),
        ("GET", 200, {"content-length": "5, 5"}, SizedBody),
        ("GET", 200, {}, UntilClose),
        ("GET", 404, {}, UntilClose),
    ],
)
def test_method_status_and_headers_determine_how_a_body_ends(
    method: str, status: int, headers: dict[str, str], kind: type
) -> None:
    assert type(body_for(method, Head(status, headers))) is kind


def test_a_response_without_a_body_ends_with_its_head() -> None:
    for status in (204, 304):
        reader, body = read(b"HTTP/1.1 %d X\r\ncontent-length: 5\r\n\r\n" % status)
        assert (body, reader.done, reader.reusable) == (b"", True, True)
        reader, body = read(b"HTTP/1.1 %d X\r\ncontent-length: 5\r\n\r\nhello" % status)
        assert (body, reader.done, reader.leftover, reader.reusable) == (b"", True, True, False)
    reader, body = read(OK + b"content-length: 5\r\n\r\n", method="HEAD")
    assert (body, reader.done, reader.reusable) == (b"", True, True)


@pytest.mark.parametrize(
    "headers",
    [
        {"transfer-encoding": "gzip"},
        {"transfer-encoding": "gzip, chunked"},
        {"transfer-encoding": ""},
        {"content-length": "5, 6"},
        {"content-length": "-1"},
        {"content-length": "+1"},
        {"content-length": ""},
        {"content-length": "1" * 19},
        {"content-length": "0x5"},
        {"content-length": "\u0665"},
    ],
)
def test_ambiguous_body_lengths_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(BrokenFraming):
        body_for("GET", Head(200, headers))


def test_a_length_may_have_eighteen_digits() -> None:
    body = body_for("GET", Head(200, {"content-length": "1" * 18}))
    with pytest.raises(BrokenFraming, match="1" * 18):
        body.eof()


@pytest.mark.parametrize(
    ("version", "headers", "retained"),
    [
        (1, {}, True),
        (1, {"connection": "keep-alive"}, True),
        (1, {"connection": "close"}, False),
        (1, {"connection": "x, CLOSE "}, False),
        (0, {}, False),
        (0, {"connection": "Keep-Alive"}, True),
        (0, {"connection": "x ,keep-alive"}, True),
        (1, {"transfer-encoding": "chunked", "content-length": "1"}, False),
        (1, {"transfer-encoding": "chunked"}, True),
        (1, {"content-length": "1"}, True),
    ],
)
def test_version_and_headers_determine_whether_a_connection_is_reused(
    version: int, headers: dict[str, str], retained: bool
) -> None:
    assert keeps_alive(version, headers) is retained


# Bodies


def feed(body: Any, *pieces: bytes) -> bytes:
    taken = b""
    for piece in pieces:
        body.feed(piece)
        taken += body.take()
    return taken


def state(body: Any) -> tuple[bool, bool]:
    return body.done, body.leftover


def test_no_body_is_done_and_empty() -> None:
    body = NoBody()
    assert (feed(body, b""), state(body)) == (b"", (True, False))
    assert (feed(body, b"x", b""), state(body)) == (b"", (True, True))
    body.eof()


def test_a_sized_body_is_done_with_its_last_byte() -> None:
    body = SizedBody(3)
    assert (feed(body, b"a", b""), state(body)) == (b"a", (False, False))
    with pytest.raises(BrokenFraming, match="ended 2 bytes before its 3 bytes"):
        body.eof()
    body.feed(b"b")
    body.feed(b"c")
    assert (body.take(), body.take(), state(body)) == (b"bc", b"", (True, False))
    body.eof()
    assert (feed(body, b"d"), state(body)) == (b"", (True, True))
    assert state(SizedBody(0)) == (True, False)
    body = SizedBody(2)
    assert (feed(body, b"abc"), state(body)) == (b"ab", (True, True))


def test_a_body_until_the_close_is_done_with_it() -> None:
    body = UntilClose()
    assert (feed(body, b"", b"a", b"b"), state(body)) == (b"ab", (False, True))
    body.eof()
    assert body.done


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=4), places)
def test_chunks_are_joined_in_pieces_of_any_size(chunks: list[bytes], at: list[int]) -> None:
    raw = b"".join(b"%X ;x=1\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\na: 1\r\n\r\n"
    for pieces in (cut(raw, at), single_bytes(raw)):
        body = ChunkedBody()
        assert (feed(body, *pieces), state(body)) == (b"".join(chunks), (True, False))
        body.eof()


def test_chunked_bodies_end_with_an_empty_chunk_and_a_blank_line() -> None:
    body = ChunkedBody()
    assert (feed(body, b"2\r\nab\r\n0\r\n"), state(body)) == (b"ab", (False, False))
    with pytest.raises(BrokenFraming, match="before its last chunk"):
        body.eof()
    assert (feed(body, b"\r\n"), state(body)) == (b"", (True, False))
    assert (feed(body, b"x"), state(body)) == (b"", (True, True))
    body = ChunkedBody()
    assert (feed(body, b"0\n\nrest"), state(body)) == (b"", (True, True))


def test_a_chunk_is_readable_before_its_end() -> None:
    body = ChunkedBody()
    assert feed(body, b"5\r\nab") == b"ab"
    assert feed(body, b"c") == b"c"
    assert feed(body, b"de") == b"de"
    assert feed(body, b"\r", b"\n1\r\nf") == b"f"


@pytest.mark.parametrize("ending", [b"XX", b"\rX", b"\nX", b"X\n", b"\n\r"])
def test_a_chunk_must_be_followed_by_a_line_end(ending: bytes) -> None:
    for pieces in ([b"1\r\na" + ending], [b"1\r\na", *single_bytes(ending)]):
        with pytest.raises(BrokenFraming, match="not followed by a line end"):
            feed(ChunkedBody(), *pieces)


@pytest.mark.parametrize("line", [b"", b"x", b"-1", b"0x1", b"1 2", b"1" * 17, b"1\r", b"1;a\0"])
def test_a_malformed_chunk_size_is_refused(line: bytes) -> None:
    with pytest.raises(BrokenFraming, match="not the size of a chunk"):
        feed(ChunkedBody(), line + b"\r\n")


def test_a_size_is_hexadecimal_and_may_have_sixteen_digits() -> None:
    assert feed(ChunkedBody(), b"aF\r\n" + b"x" * 175) == b"x" * 175
    assert feed(ChunkedBody(), b"0" * 15 + b"3 \t\r\nabc") == b"abc"
    with pytest.raises(BrokenFraming, match="before its last chunk"):
        ChunkedBody().eof()


@pytest.mark.parametrize("line", [b"no trailer", b"a: \0", b"a: b\rc", b": x"])
def test_a_malformed_trailer_is_refused(line: bytes) -> None:
    with pytest.raises(BrokenFraming, match="a trailer of the response"):
        feed(ChunkedBody(), b"0\r\n" + line + b"\r\n")


def test_trailers_may_be_folded_and_are_skipped() -> None:
    body = ChunkedBody()
    assert (feed(body, b"0\r\na: 1\r\n b\r\n\tc\r\nd:\r\n\r\n"), state(body)) == (b"", (True, False))


def test_the_total_size_of_trailers_is_limited() -> None:
    trailers = b"a: 1\r\n" * 3 + b"\r\n"
    body = ChunkedBody(Limits(trailer_bytes=len(trailers)))
    feed(body, b"0\r\n" + trailers)
    assert body.done
    for pieces in ([b"0\r\n" + trailers], [b"0\r\n", *trailers.splitlines(keepends=True)]):
        with pytest.raises(LimitExceeded) as refused:
            feed(ChunkedBody(Limits(trailer_bytes=len(trailers) - 1)), *pieces)
        assert (refused.value.limit, refused.value.most) == ("trailer_bytes", len(trailers) - 1)


def test_the_total_size_of_chunk_extensions_is_limited() -> None:
    chunk = b"1;abc\r\nx\r\n"
    assert feed(ChunkedBody(Limits(chunk_extension_bytes=12)), chunk * 3) == b"xxx"
    for pieces in ([chunk * 3], single_bytes(chunk * 3)):
        with pytest.raises(LimitExceeded, match="all chunk extensions") as refused:
            feed(ChunkedBody(Limits(chunk_extension_bytes=11)), *pieces)
        assert (refused.value.limit, refused.value.most) == ("chunk_extension_bytes", 11)


def test_an_incomplete_chunk_size_line_is_limited() -> None:
    limits = Limits(chunk_extension_bytes=10)
    assert feed(ChunkedBody(limits), b"1" + b" " * 73) == b""
    for pieces in ([b"1" + b" " * 74], [b"1", b" " * 40, b" " * 34], [b"1" + b" " * 74 + b"\r\n"]):
        with pytest.raises(LimitExceeded, match="the line with the size") as refused:
            feed(ChunkedBody(limits), *pieces)
        assert (refused.value.limit, refused.value.most) == ("chunk_extension_bytes", 10)
