"""How responses are framed: RFC 9112 sections 2 to 7, and what damages them."""

from __future__ import annotations

import gzip
import zlib

from .peers import PATIENT_TIMEOUT, drip, half_close, hang_up, read, reset, send
from .probe import WIRE_ERRORS, Probe
from .row import Row, chunked, head, refusal_row, response_row, row, sized, wait

TEXT = b"hello, world"
PACKED = gzip.compress(TEXT)
RAW_DEFLATE = zlib.compress(TEXT)[2:-4]
GZIP = "content-encoding: gzip"

ROWS: list[Row] = [
    response_row("a body of a content length", sized(TEXT), body=TEXT),
    response_row("an empty body of a content length", sized(b""), body=b""),
    response_row("a body in chunks", chunked(b"hello, ", b"world"), body=TEXT),
    response_row(
        "chunk sizes in upper case with leading zeros", chunked(end=b"00C\r\nhello, world\r\n0\r\n\r\n"), body=TEXT
    ),
    response_row("chunk extensions", chunked(end=b'c;name="va;lue"\r\nhello, world\r\n0;x\r\n\r\n'), body=TEXT),
    response_row("trailers", chunked(TEXT, end=b"0\r\nx-checksum: 1\r\nx-more: 2\r\n\r\n"), body=TEXT),
    response_row("a body until the connection ends", head() + TEXT, hang_up, body=TEXT),
    response_row("a body until a half-closed connection ends", head() + TEXT, half_close, body=TEXT),
    response_row("status 204 has no body", head(204), body=b"", status=204),
    response_row(
        "status 304 has no body although a length is given", head(304, "content-length: 9"), body=b"", status=304
    ),
    response_row(
        "HEAD has no body although a length is given",
        sized(b"")[:-2].replace(b": 0", b": 9") + b"\r\n",
        body=b"",
        method="HEAD",
    ),
    response_row("one interim response", head(100) + sized(TEXT), body=TEXT),
    response_row("several interim responses with headers", head(103, "link: <a>") * 3 + sized(TEXT), body=TEXT),
    response_row("header names in any case", b"HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 12\r\n\r\n" + TEXT, body=TEXT),
    response_row("no space after the colon", b"HTTP/1.1 200 OK\r\ncontent-length:12\r\n\r\n" + TEXT, body=TEXT),
    response_row("an empty header value", sized(TEXT, "x-empty:"), body=TEXT, headers={"x-empty": ""}),
    response_row("no reason phrase", b"HTTP/1.1 200 \r\ncontent-length: 12\r\n\r\n" + TEXT, body=TEXT),
    response_row("no reason phrase and no space", b"HTTP/1.1 200\r\ncontent-length: 12\r\n\r\n" + TEXT, body=TEXT),
    response_row(
        "a reason phrase in Latin-1", b"HTTP/1.1 200 D\xe9j\xe0\r\ncontent-length: 12\r\n\r\n" + TEXT, body=TEXT
    ),
    response_row("repeated headers are joined", sized(TEXT, "x-a: 1", "x-a: 2"), body=TEXT, headers={"x-a": "1, 2"}),
    response_row("a header value in Latin-1", sized(TEXT, "x-a: caf\xe9"), body=TEXT, headers={"x-a": "caf\xe9"}),
    response_row(
        "a header of 20 kB", sized(TEXT, "x-long: " + "a" * 20_000), body=TEXT, headers={"x-long": "a" * 20_000}
    ),
    response_row(
        "two hundred headers", sized(TEXT, *(f"x-{n}: {n}" for n in range(200))), body=TEXT, headers={"x-199": "199"}
    ),
    response_row("a folded header", sized(TEXT, "x-a: one", " two"), body=TEXT, headers={"x-a": "one two"}),
    response_row("lines that end with a line feed alone", b"HTTP/1.1 200 OK\ncontent-length: 12\n\n" + TEXT, body=TEXT),
    response_row("equal content lengths", head(200, "content-length: 12", "content-length: 12") + TEXT, body=TEXT),
    response_row("HTTP/1.0 until the connection ends", head(version="1.0") + TEXT, hang_up, body=TEXT),
    response_row("an error status with a body", sized(TEXT, status=500), body=TEXT, status=500),
    response_row("an unknown status", sized(TEXT, status=299), body=TEXT, status=299),
    response_row("gzip", sized(PACKED, GZIP), body=TEXT),
    response_row("x-gzip", sized(PACKED, "content-encoding: x-gzip"), body=TEXT),
    response_row(
        "gzip in chunks of one byte",
        head(200, GZIP, "transfer-encoding: chunked") + b"".join(b"1\r\n%c\r\n" % one for one in PACKED) + b"0\r\n\r\n",
        body=TEXT,
    ),
    response_row(
        "gzip of several members", sized(gzip.compress(b"hello, ") + gzip.compress(b"world"), GZIP), body=TEXT
    ),
    response_row("deflate", sized(zlib.compress(TEXT), "content-encoding: deflate"), body=TEXT),
    response_row("deflate without its wrapper", sized(RAW_DEFLATE, "content-encoding: deflate"), body=TEXT),
    response_row("identity", sized(TEXT, "content-encoding: identity"), body=TEXT),
    refusal_row("a body shorter than its length", head(200, "content-length: 99") + TEXT),
    refusal_row("a reset in the middle of a body", head(200, "content-length: 99") + TEXT, reset),
    refusal_row("chunks that end too early", chunked(TEXT, end=b"")),
    refusal_row("chunks without the last line end", chunked(TEXT, end=b"0\r\n")),
    refusal_row("a chunk cut in its middle", chunked(end=b"ff\r\nhello")),
    refusal_row("a chunk size that is no number", chunked(end=b"xyz\r\nhello\r\n0\r\n\r\n")),
    refusal_row("a negative chunk size", chunked(end=b"-5\r\nhello\r\n0\r\n\r\n")),
    refusal_row("a chunk longer than its size", chunked(end=b"2\r\nhello\r\n0\r\n\r\n")),
    refusal_row("a chunk size of thirty digits", chunked(end=b"f" * 30 + b"\r\nhello")),
    refusal_row("different content lengths", head(200, "content-length: 12", "content-length: 13") + TEXT),
    refusal_row("a negative content length", head(200, "content-length: -1") + TEXT),
    refusal_row("a content length with a plus", head(200, "content-length: +12") + TEXT),
    refusal_row("a content length that is no number", head(200, "content-length: twelve") + TEXT),
    refusal_row("a content length of 5,000 digits", head(200, "content-length: " + "9" * 5_000) + TEXT),
    refusal_row("a transfer coding that was not asked for", head(200, "transfer-encoding: gzip") + TEXT),
    refusal_row("status 099", b"HTTP/1.1 099 Odd\r\ncontent-length: 12\r\n\r\n" + TEXT),
    refusal_row("status 101", head(101, "upgrade: h2c", "connection: upgrade")),
    refusal_row("a status of two digits", b"HTTP/1.1 20 OK\r\ncontent-length: 12\r\n\r\n" + TEXT),
    refusal_row("something else than HTTP", b"SSH-2.0-OpenSSH_9.9\r\n"),
    refusal_row("HTTP/0.9", b"<html>hello</html>"),
    refusal_row("an answer in HTTP/2", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00"),
    refusal_row("a space before the colon", head(200, "content-length : 12") + TEXT),
    refusal_row("a header without a colon", head(200, "content-length: 12", "nonsense") + TEXT),
    refusal_row("a header without a name", head(200, "content-length: 12", ": nothing") + TEXT),
    refusal_row("a head cut in its middle", b"HTTP/1.1 200 OK\r\ncontent-le"),
    refusal_row("a connection that ends without an answer", b""),
    refusal_row("a reset without an answer", b"", reset),
    refusal_row("gzip that is damaged", sized(PACKED[:12] + b"\xff" * 8 + PACKED[20:], GZIP)),
    refusal_row("gzip that is cut", sized(PACKED[:-12], GZIP)),
    refusal_row("gzip without its trailer", sized(PACKED[:-8], GZIP)),
    refusal_row("gzip with a wrong checksum", sized(PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:], GZIP)),
    refusal_row("plain text that claims to be gzip", sized(TEXT, GZIP)),
    refusal_row("a content encoding that was not asked for", sized(TEXT, "content-encoding: zstd")),
]


@row(
    "chunks and a content length: the connection is not used again",
    [
        read,
        send(head(200, "content-length: 5", "transfer-encoding: chunked") + b"c\r\nhello, world\r\n0\r\n\r\n"),
        wait,
    ],
    [read, send(sized(TEXT)), wait],
)
async def both_framings(probe: Probe) -> None:
    """RFC 9112 section 6.1 leaves the choice: refuse it, or read the chunks and close the connection."""
    try:
        answered = await probe.exchange()
    except WIRE_ERRORS:
        answered = None
    assert answered is None or answered.body == TEXT
    assert (await probe.exchange()).body == TEXT
    assert probe.peer.connections == 2


@row("a head that arrives byte by byte", [read, drip(sized(TEXT, "x-a: " + "a" * 500)), wait])
async def head_by_bytes(probe: Probe) -> None:
    answered = await probe.exchange()
    assert (answered.body, answered.headers["x-a"]) == (TEXT, "a" * 500)


@row(
    "the body arrives as it is sent",
    [
        read,
        send(head(200, "transfer-encoding: chunked") + b"5\r\nhello\r\n"),
        lambda c: c.peer.event("read").wait(PATIENT_TIMEOUT),
        send(b"5\r\nworld\r\n0\r\n\r\n"),
        wait,
    ],
)
async def body_as_sent(probe: Probe) -> None:
    response = await probe.open()
    assert await response.read() == b"hello"
    probe.peer.event("read").set()
    assert await response.read() == b"world"
    assert await response.read() == b""
    assert await response.read() == b""
    await response.close()


ROWS += [both_framings, head_by_bytes, body_as_sent]
