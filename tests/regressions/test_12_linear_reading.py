"""Reading costs time in proportion to what was sent, in however small pieces it arrives."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from dhenara.ai.http.protocol.http1 import Http1Reader
from dhenara.ai.wire.eventstream import EventStreamFrames, write_message
from dhenara.ai.wire.limits import Limits
from dhenara.ai.wire.sse import NdjsonFrames, SseFrames

UNLIMITED = Limits(head_bytes=10**9, trailer_bytes=10**9, chunk_extension_bytes=10**9, interim_responses=10**9)
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"


def response(data: bytes, piece: int) -> None:
    reader = Http1Reader("POST", UNLIMITED)
    for part in cut(data, piece):
        reader.feed(part)
        reader.take()


def cut(data: bytes, piece: int) -> Iterator[bytes]:
    return (data[at : at + piece] for at in range(0, len(data), piece))


def one_long_header(size: int) -> None:
    response(OK + b"x: " + b"y" * size + b"\r\n\r\n", 1)


def many_headers(size: int) -> None:
    response(OK + b"x: y\r\n" * (size // 6) + b"content-length: 0\r\n\r\n", 1)


def one_header_many_times(size: int) -> None:
    response(OK + b"x: y\r\n" * size + b"content-length: 0\r\n\r\n", size)


def one_folded_header(size: int) -> None:
    response(OK + b"x: y\r\n" + b" y\r\n" * size + b"content-length: 0\r\n\r\n", size)


def blank_lines(size: int) -> None:
    response(b"\r\n" * (size // 2), 1)


def interim_responses(size: int) -> None:
    response(b"HTTP/1.1 100 Continue\r\n\r\n" * (size // 25), 1)


def interim_responses_at_once(size: int) -> None:
    response(b"HTTP/1.1 100 Continue\r\n\r\n" * (size // 5), size)


def chunk_sizes(size: int) -> None:
    response(CHUNKED + b"1;%s\r\n.\r\n" % (b"y" * 4_000) * (size // 4_000), 1)


def small_chunks(size: int) -> None:
    response(CHUNKED + b"1\r\n.\r\n" * (size // 6), 1)


def trailers(size: int) -> None:
    response(CHUNKED + b"0\r\n" + b"x: y\r\n" * (size // 6), 1)


def one_long_trailer(size: int) -> None:
    response(CHUNKED + b"0\r\nx: " + b"y" * size, 1)


def events(size: int) -> None:
    frames = SseFrames()
    for part in cut(b"data: " + b"y" * size + b"\n\n", 1):
        frames.feed(part)


def data_lines(size: int) -> None:
    frames = SseFrames()
    for part in cut(b"data: y\n" * (size // 8) + b"\n", 1):
        frames.feed(part)


def json_lines(size: int) -> None:
    frames = NdjsonFrames()
    for part in cut(b'"' + b"y" * size + b'"\n', 1):
        frames.feed(part)


def messages(size: int) -> None:
    frames = EventStreamFrames()
    for part in cut(write_message({":event-type": "x"}, b"y" * size), 1):
        frames.feed(part)


KINDS: list[Callable[[int], None]] = [
    one_long_header, many_headers, one_header_many_times, one_folded_header, blank_lines, interim_responses,
    interim_responses_at_once, chunk_sizes, small_chunks, trailers, one_long_trailer, events, data_lines, json_lines,
    messages,
]  # fmt: skip


def cost(kind: Callable[[int], None], size: int) -> float:
    """Processor time of this thread; a virtual machine adds what it gives to others."""
    began = time.thread_time()
    kind(size)
    return time.thread_time() - began


MOST_RUNS = 30
"""Runs whose least costs are compared, unless fewer show that the cost is proportional: noise only adds to a cost."""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_32_times_as_much_costs_about_32_times_as_much(kind: Callable[[int], None]) -> None:
    """It would be 1,024 times as much, were it quadratic. A machine may be four times slower between two moments."""
    small = min(cost(kind, 7_500) for _ in range(3))
    larges = (cost(kind, 240_000) for _ in range(MOST_RUNS))
    assert any(large < 128 * small for large in larges)
