"""Whatever a server sends in HTTP and its framings is a value or a typed error, as h11 and the RFCs have it."""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Callable
from typing import Any

import h11
import pytest
from hypothesis import given, settings, strategies as st

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallError, ConfigurationError, DhenaraError, FetchError
from dhenara.ai.http.protocol.addresses import InvalidUrl, parse_url, resolve_redirect
from dhenara.ai.http.protocol.body import decompressor
from dhenara.ai.http.protocol.http1 import Http1Reader
from dhenara.ai.testing import FakeServer, Raw
from dhenara.ai.types import Fetching, ImageContent
from dhenara.ai.wire.eventstream import EventStreamFrames, write_message
from dhenara.ai.wire.sse import BrokenFraming, Frames, NdjsonFrames, SseFrames
from support.raw_server import OK_BODY, Connection, RawServer
from support.slices import cut, places
from support.thorough import examples
from support.worlds import World, endpoint

SENT = b"content-type: application/json\r\n"
HEADS = {
    "a length of many digits": b"HTTP/1.1 200 OK\r\ncontent-length: " + b"9" * 5_000 + b"\r\n\r\n",
    "a length with zeros before it": b"HTTP/1.1 200 OK\r\ncontent-length: " + b"0" * 5_000 + b"2\r\n\r\n{}",
    "a length with a sign": b"HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\n{}",
    "a negative length": b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n{}",
    "a length with an underscore": b"HTTP/1.1 200 OK\r\ncontent-length: 1_0\r\n\r\n{}",
    "a length in other digits": "HTTP/1.1 200 OK\r\ncontent-length: \u0662\r\n\r\n{}".encode(),
    "an empty length": b"HTTP/1.1 200 OK\r\ncontent-length: \r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
    "two lengths in one": b"HTTP/1.1 200 OK\r\ncontent-length: 2, 3\r\n\r\n{}",
    "status 099": b"HTTP/1.1 099 Low\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
    "status 000": b"HTTP/1.1 000 None\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "a status with a sign": b"HTTP/1.1 +20 OK\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "another version": b"HTTP/2.0 200 OK\r\n\r\n",
    "NUL in the reason": b"HTTP/1.1 200 O\0K\r\n\r\n",
    "NUL in a value": b"HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n",
    "CR in a value": b"HTTP/1.1 200 OK\r\nx: a\rb: c\r\n\r\n",
    "a space in a name": b"HTTP/1.1 200 OK\r\nx y: a\r\n\r\n",
    "a space after a name": b"HTTP/1.1 200 OK\r\ncontent-length : 2\r\n\r\n{}",
    "no name": b"HTTP/1.1 200 OK\r\n: a\r\n\r\n",
    "no colon": b"HTTP/1.1 200 OK\r\nnothing\r\n\r\n",
    "a fold at the beginning": b"HTTP/1.1 200 OK\r\n x: a\r\n\r\n",
    "a chunk size with a sign": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
    "a negative chunk size": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
    "a chunk size with 0x": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "a chunk size with an underscore": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1_0\r\n{}\r\n0\r\n\r\n",
    "a chunk size of many digits": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"f" * 5_000 + b"\r\n",
    "an empty chunk size": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n",
    "a chunk without its end": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n",
    "a trailer without a colon": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nx\r\n\r\n",
    "another coding": b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching\r\n\r\n",
    "no HTTP": b"SSH-2.0-OpenSSH\r\n",
}  # fmt: skip


@pytest.mark.parametrize("case", HEADS)
def test_what_is_no_http_is_a_typed_error(case: str, world: World) -> None:
    def serve(connection: Connection) -> None:
        if connection.request():
            connection.send(HEADS[case])

    with RawServer(serve) as server:
        client = AIModelClient(endpoint(server.url))
        with pytest.raises(CallError):
            world.run(client, "?", retries=0)
        world.close(client)


@pytest.mark.parametrize("case", HEADS)
@given(at=places)
@settings(max_examples=20)
def test_it_is_an_error_however_it_is_cut(case: str, at: list[int]) -> None:
    with pytest.raises(BrokenFraming):
        read_to_the_end(cut(HEADS[case], at))


def read_to_the_end(pieces: list[bytes]) -> None:
    reader = Http1Reader("POST")
    for piece in pieces:
        reader.feed(piece)
    reader.eof()


def theirs(raw: bytes) -> tuple[int, bytes] | None:
    """Status and body as h11 reads them; None where it refuses to."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=10**6)
    connection.send(h11.Request(method="POST", target="/", headers=[("host", "x"), ("content-length", "0")]))
    connection.send(h11.EndOfMessage())
    status, body = 0, b""
    try:
        for piece in (raw, b""):
            connection.receive_data(piece)
            while True:
                event = connection.next_event()
                if isinstance(event, h11.Response):
                    status = event.status_code
                elif isinstance(event, h11.Data):
                    body += bytes(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    return status, body
                elif event is h11.NEED_DATA or isinstance(event, h11.ConnectionClosed):
                    break
    except h11.RemoteProtocolError:
        return None
    return None


def ours(raw: bytes) -> tuple[int, bytes] | None:
    reader = Http1Reader("POST")
    try:
        reader.feed(raw)
        if not reader.done:
            reader.eof()
    except BrokenFraming:
        return None
    assert reader.head is not None
    return reader.head.status, reader.take()


SEEDS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx: y\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nx: y\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nx: a\r\n b\r\nContent-Length: 2\r\n\r\nno",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nuntil the end",
    b"HTTP/1.1 204 No Content\r\n\r\n",
]
BYTES = st.sampled_from(
    [b"", b"\0", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b" ", b"\t", b":", b";", b",", b"-", b"+", b"_", b"0", b"9" * 30,
     b"f", b"x", b"\xff", b"1", b"100", b"chunked", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n"]
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """One of the seeds with a few places replaced."""
    raw = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.integers(0, 6)))
        raw = raw[:start] + draw(BYTES | st.binary(max_size=4)) + raw[end:]
    return raw


@given(mutated(SEEDS))
@settings(max_examples=examples(600))
def test_of_mutated_responses_nothing_is_read_otherwise_than_by_h11(raw: bytes) -> None:
    """Ours is stricter in places, and more lenient in the ends of lines; where both read it, they agree."""
    mine, other = ours(raw), theirs(raw)
    if mine is not None and other is not None and b"chunked, chunked" not in raw.lower():
        assert mine == other


FRAMINGS: dict[str, tuple[Callable[[], Frames], list[bytes]]] = {
    "sse": (SseFrames, [b'event: x\nid: 1\nretry: 10\ndata: {"a": 1}\n\n', b"data: a\r\ndata: b\r\r: c\n\n"]),
    "ndjson": (NdjsonFrames, [b'{"a": 1}\n\n{"b": 2}\r\n']),
    "event stream": (
        EventStreamFrames,
        [write_message({":event-type": "x", ":message-type": "event", "n": 5, "b": True}, b'{"a": 1}') * 2],
    ),
}


@pytest.mark.parametrize("framing", FRAMINGS)
@given(data=st.data())
@settings(max_examples=examples(300))
def test_mutated_streams_are_frames_or_typed_errors(framing: str, data: st.DataObject) -> None:
    make, seeds = FRAMINGS[framing]
    raw, at = data.draw(mutated(seeds) | st.binary(max_size=300)), data.draw(places)
    frames = make()
    with contextlib.suppress(BrokenFraming):
        for piece in cut(raw, at):
            frames.feed(piece)
        frames.finish()


@given(raw=mutated([gzip.compress(b"hello " * 20), zlib.compress(b"hello " * 20)]), at=places)
@settings(max_examples=examples(300))
def test_mutated_compression_opens_or_is_a_typed_error(raw: bytes, at: list[int]) -> None:
    engine = decompressor("gzip")
    assert engine is not None
    with contextlib.suppress(BrokenFraming):
        for piece in cut(raw, at):
            engine.feed(piece, 16)
            while engine.waiting:
                engine.feed(b"", 16)
        engine.finish()


def test_a_waiting_time_of_many_digits_is_passed_over() -> None:
    frames = SseFrames().feed(b"retry: %s\ndata: x\n\n" % (b"9" * 5_000))
    assert [(frame.data, frame.retry) for frame in frames] == [(b"x", None)]


@pytest.mark.parametrize("missing", [1, 4, 8])
@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress], ids=["gzip", "deflate"])
def test_a_compressed_body_without_its_end_is_refused(
    pack: Callable[[bytes], bytes], missing: int, world: World, server: FakeServer
) -> None:
    if pack is zlib.compress and missing > 4:
        pytest.skip("its end has four bytes")
    name = "gzip" if pack is gzip.compress else "deflate"
    body = pack(OK_BODY)[:-missing]
    server.add_replies(Raw(body, headers={"content-type": "application/json", "content-encoding": name}))
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(CallError, match="end marker"):
        world.run(client, "?", retries=0)
    world.close(client)


def test_an_empty_compressed_body_is_empty() -> None:
    engine = decompressor("gzip")
    assert engine is not None
    assert engine.finish() == b""


BAD_URLS = [
    "http://[::1/x.png", "http://host:99999/x.png", "http://host:port/x.png", "http:///x.png", "http://", "ftp://h/x",
    "http://[host]/x", "//host/x", "x.png", "", "http://a b/x", "http://h\x00st/x", "http://\udcff/x", "http://xn--\xff/",
    "http://" + "a" * 70 + "\xe9.example/x",
]  # fmt: skip


@pytest.mark.parametrize("url", BAD_URLS)
def test_an_address_that_is_none_is_a_typed_error(url: str, world: World, server: FakeServer) -> None:
    with pytest.raises(InvalidUrl):
        parse_url(url)
    client = AIModelClient(endpoint(server.url, "ollama"))
    image = ImageContent.model_construct(url=url, mime_type="image/png")
    with pytest.raises(ConfigurationError):
        world.ask(client, "download", image)
    if url.startswith("http"):
        # Anything else is not fetched, but sent as it is.
        with pytest.raises((FetchError, ConfigurationError)):
            world.run(client, ["?", image], fetching=Fetching(private=True), retries=0)
    world.close(client)
    assert server.exchanges == []


@pytest.mark.parametrize(
    "location", ["http://[::1/x", "http://h:99999/", "http:", "//[/x", "ftp://h/x", "http://h:x/", "", None]
)
def test_a_redirect_to_nowhere_is_a_typed_error(location: str | None, world: World, server: FakeServer) -> None:
    reply = Raw(b"", 302, {} if location is None else {"location": location})
    server.add_replies(*[reply] * 40)  # "http:" leads to itself until there were too many redirects
    client = AIModelClient(endpoint(server.url, "ollama"))
    image = ImageContent(url=server.url + "/x.png", mime_type="image/png")
    with pytest.raises(DhenaraError):
        world.ask(client, "download", image)
    with pytest.raises(FetchError):
        world.run(client, ["?", image], fetching=Fetching(private=True), retries=0)
    world.close(client)


@given(st.text(max_size=40), st.sampled_from(["", "http://", "https://h/", "http://[", "//", "http://h:"]))
def test_every_text_is_an_address_or_a_typed_error(text: str, before: str) -> None:
    with contextlib.suppress(InvalidUrl):
        assert parse_url(before + text).target.isascii()
    with contextlib.suppress(InvalidUrl):
        parse_url(resolve_redirect("http://host/a", before + text))


def test_characters_that_no_request_line_can_carry_are_encoded() -> None:
    assert parse_url("http://h/a b\u00e9?q=\u65e5 c").target == "/a%20b%C3%A9?q=%E6%97%A5%20c"
    assert parse_url("http://h/a%20b?x=%2F&y=[1]").target == "/a%20b?x=%2F&y=[1]"
    assert parse_url("http://b\u00fccher.example/").host == "xn--bcher-kva.example"


def test_transfer_encoding_with_content_length_ends_the_connection() -> None:
    """RFC 9112 section 6.1."""
    reader: Any = Http1Reader("POST")
    reader.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
    assert (reader.take(), reader.done, reader.reusable) == (b"{}", True, False)
