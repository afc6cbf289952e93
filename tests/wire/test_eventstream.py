"""AWS event streams, checked against botocore."""

from __future__ import annotations

import contextlib
import struct
import uuid
import zlib
from datetime import UTC, datetime

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given, strategies as st

from dhenara.ai.wire.eventstream import EventStreamFrames, write_message
from dhenara.ai.wire.sse import BrokenFraming, Frame
from support.slices import cut, places

NAMES = st.text("abcdefghij-:", min_size=1, max_size=12)
VALUES = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
    st.binary(max_size=20),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.uuids(),
    st.datetimes(datetime(1980, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)).map(
        lambda moment: moment.replace(microsecond=0)
    ),
)
MESSAGES = st.lists(st.tuples(st.dictionaries(NAMES, VALUES, max_size=5), st.binary(max_size=200)), max_size=4)


def frames(pieces: list[bytes]) -> list[Frame]:
    reader = EventStreamFrames()
    return [frame for piece in pieces for frame in reader.feed(piece)] + reader.finish()


@given(MESSAGES, places)
def test_messages_survive_a_round_trip_in_pieces_of_any_size(
    messages: list[tuple[dict[str, object], bytes]], at: list[int]
) -> None:
    body = b"".join(write_message(headers, payload) for headers, payload in messages)
    assert [(f.headers, f.data) for f in frames(cut(body, at))] == messages


@given(st.dictionaries(NAMES, st.text(st.characters(exclude_categories=("Cs",)), max_size=20), max_size=4), st.binary())
def test_botocore_parses_written_messages(headers: dict[str, object], payload: bytes) -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(write_message(headers, payload))
    (theirs,) = list(buffer)
    assert (theirs.headers, theirs.payload) == (headers, payload)


def test_the_event_name_comes_from_the_headers() -> None:
    body = write_message({":event-type": "contentBlockDelta"}, b"{}") + write_message(
        {":message-type": "exception", ":exception-type": "throttlingException"}, b"{}"
    )
    assert [f.event for f in frames([body])] == ["contentBlockDelta", "throttlingException"]


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_is_detected_by_the_checksum(at: int, change: int) -> None:
    body = bytearray(write_message({":event-type": "x", "id": uuid.UUID(int=1)}, b'{"a": 1}'))
    body[at % len(body)] ^= change
    with pytest.raises(BrokenFraming):
        frames([bytes(body)])


@given(st.binary(min_size=1, max_size=60))
def test_malformed_headers_are_refused(headers: bytes) -> None:
    prelude = struct.pack(">II", 16 + len(headers), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers
    with contextlib.suppress(BrokenFraming):
        frames([message + struct.pack(">I", zlib.crc32(message))])


@pytest.mark.parametrize(
    "value", [b"\x08" + b"\x7f" * 8, b"\x09short", b"\x08" + b"\xff" + b"\0" * 7, b"\x07\0\x01\xff"]
)
def test_a_header_with_an_impossible_value_is_refused(value: bytes) -> None:
    headers = b"\x01a" + value
    prelude = struct.pack(">II", 16 + len(headers), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers
    with pytest.raises(BrokenFraming, match="headers cannot be read"):
        frames([message + struct.pack(">I", zlib.crc32(message))])


def test_a_truncated_message_is_refused() -> None:
    with pytest.raises(BrokenFraming, match="middle of a message"):
        frames([write_message({}, b"payload")[:-3]])
