"""Server-sent events, by the standard."""

from __future__ import annotations

import re

import httpx2
import pytest
from hypothesis import given, strategies as st

from dhenara.ai.wire.sse import Frame, SseFrames, write_event
from support.slices import cut, places, single_bytes

LINES = st.lists(
    st.sampled_from(
        [
            *(b"data: a", b"data:b", b"data:  two", b"data", b"data: \xc3\xa4\xf0\x9f\x98\x80"),
            *(b"event: ping", b"event", b"id: 7", b"id: \0", b"retry: 10", b"retry: x", b": note", b"unknown: x"),
            *(b"", b"", b""),
        ]
    ),
    max_size=14,
)
ENDS = st.sampled_from([b"\n", b"\r", b"\r\n"])


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    return b"".join(line + draw(ENDS) for line in draw(LINES))


def frames(pieces: list[bytes]) -> list[Frame]:
    reader = SseFrames()
    return [frame for piece in pieces for frame in reader.feed(piece)] + reader.finish()


@given(st.sampled_from([b"", b"\xef\xbb\xbf"]), streams(), places)
def test_events_do_not_depend_on_piece_sizes(mark: bytes, body: bytes, at: list[int]) -> None:
    whole = frames([body])
    body = mark + body
    assert frames(cut(body, at)) == whole
    assert frames(single_bytes(body)) == whole


@given(streams())
def test_events_match_an_independent_parser(body: bytes) -> None:
    """httpx2 drops an unterminated last event, so blank lines are added for both; and it tells events without data."""
    complete = body + b"\n\n\n"
    request = httpx2.Request("GET", "http://x")
    response = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=complete, request=request)
    theirs = [(e.event, e.data) for e in httpx2.EventSource(response) if e.data]
    assert [(f.event or "message", f.data.decode()) for f in frames([complete]) if f.data] == theirs


@given(
    st.text(st.characters(exclude_characters="\r", exclude_categories=("Cs",))),
    st.none() | st.text(st.characters(exclude_characters="\r\n\0 ", exclude_categories=("Cs",)), min_size=1),
    st.none() | st.integers(0, 10**6),
)
def test_written_events_are_parsed_back(data: str, event: str | None, retry: int | None) -> None:
    assert frames([write_event(data, event=event, retry=retry)]) == [Frame(data.encode(), event or None, None, retry)]


def test_a_last_event_without_a_blank_line_is_returned() -> None:
    assert frames([b"data: one\n\ndata: two"]) == [Frame(b"one"), Frame(b"two")]


def test_invalid_utf8_is_passed_through() -> None:
    assert frames([b"data: \xff\xfe\n\n"]) == [Frame(b"\xff\xfe")]


def test_an_event_of_many_megabytes_is_complete() -> None:
    payload = b"x" * 30_000_000
    body = b"data: " + payload + b"\n\n"
    assert frames([body[at : at + 65_536] for at in range(0, len(body), 65_536)]) == [Frame(payload)]


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\0b"])
def test_an_event_name_with_a_line_break_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="line ends"):
        write_event("x", event=name)


def test_fields_before_the_data_belong_to_the_event() -> None:
    actual = frames([b"data: a\n\n", b"id: 5\nretry: 7\n", b"data: b\n\n"])
    assert actual == [Frame(b"a"), Frame(b"b", id="5", retry=7)]


def test_the_fast_path_parses_like_the_general_one() -> None:
    first = b"data: first\n\n"
    rest = b"event: delta\ndata: x\n\nevent: \ndata: y\n\nevent: a\nevent: b\ndata: z\n\n\nid: 1\ndata: w\n\n"
    assert frames([first, rest]) == frames(single_bytes(first + rest))
    assert [frame.event for frame in frames([first, rest])] == [None, "delta", None, "b", None]


def read_by_the_standard(body: bytes) -> list[Frame]:
    """The algorithm of the HTML standard for a whole body, with a blank line added at the end."""
    actual: list[Frame] = []
    fields: dict[bytes, bytes] = {}
    for line in [*re.split(rb"\r\n|\r|\n", body.removeprefix(b"\xef\xbb\xbf")), b""]:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if line == b"":
            if b"data" in fields:
                reported = {key: fields[key].decode("utf-8", "replace") for key in (b"event", b"id") if key in fields}
                retry = fields.get(b"retry")
                actual.append(
                    Frame(
                        fields[b"data"][:-1],
                        reported.get(b"event") or None,
                        reported.get(b"id"),
                        int(retry) if retry else None,
                    )
                )
            fields = {}
        elif name == b"data":
            fields[b"data"] = fields.get(b"data", b"") + value + b"\n"
        elif name == b"event" or (name == b"id" and b"\0" not in value) or (name == b"retry" and value.isdigit()):
            fields[name] = value
    return actual


PIECES = st.lists(
    st.sampled_from(
        [
            *(b"data: ", b"data:", b"event: ", b"event:", b"id: ", b"id:", b"retry: ", b"\n\n", b"\n", b"\r", b"\r\n"),
            *(b"a", b"bc", b" ", b"7", b"\0", b":", b"\xff", b"\xef\xbb\xbf", b"data: x\n\n", b"event: e\ndata: y\n\n"),
        ]
    ),
    max_size=16,
).map(b"".join)


@given(PIECES, places)
def test_any_bytes_are_parsed_as_the_standard_says(body: bytes, at: list[int]) -> None:
    assert frames([body]) == frames(cut(body, at)) == read_by_the_standard(body)


@given(st.lists(PIECES.map(lambda piece: piece + b"\n\n"), min_size=1, max_size=4))
def test_chunks_of_complete_events_are_parsed_as_the_standard_says(chunks: list[bytes]) -> None:
    assert frames(chunks) == read_by_the_standard(b"".join(chunks))


@given(PIECES.map(lambda body: body.replace(b"\r", b"")), places)
def test_an_event_is_returned_with_the_piece_that_completes_it(body: bytes, at: list[int]) -> None:
    reader, arrived, returned = SseFrames(), b"", list[Frame]()
    for piece in cut(body, at):
        arrived += piece
        returned += reader.feed(piece)
        assert returned == read_by_the_standard(arrived[: arrived.rfind(b"\n\n") + 1])


@pytest.mark.parametrize(
    ("digits", "retry"), [("0", 0), ("1" * 12, int("1" * 12)), ("1" * 13, None), ("-1", None), ("", None)]
)
def test_a_retry_of_more_than_twelve_digits_is_ignored(digits: str, retry: int | None) -> None:
    assert frames([f"retry: {digits}\ndata: x\n\n".encode()]) == [Frame(b"x", retry=retry)]


def test_an_id_belongs_to_one_event_only() -> None:
    assert frames([b"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n"]) == [
        Frame(b"a", id="1"),
        Frame(b"b"),
        Frame(b"c", id=""),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"id: 5\n", Frame(b"x", id="5")),
        (b"retry: 7\n", Frame(b"x", retry=7)),
        (b"event: e\n", Frame(b"x", "e")),
        (b"data: w\n", Frame(b"w\nx")),
        (b"data: w\r", Frame(b"w\nx")),
        (b"dat", Frame(b"x", None)),
    ],
)
def test_an_event_continues_in_the_next_chunk(line: bytes, expected: Frame) -> None:
    rest = b"a: x\n\n" if line == b"dat" else b"data: x\n\n"
    assert frames([b"data: first\n\n", line, rest]) == [Frame(b"first"), expected]


def test_an_id_with_a_null_byte_is_ignored() -> None:
    assert frames([b"id: 1\nid: 2\0\ndata: a\n\n"]) == [Frame(b"a", id="1")]


def test_event_names_that_are_not_utf8_get_replacement_characters() -> None:
    chunk = b"data: a\n\nevent: \xff\ndata: b\n\n"
    assert [frame.event for frame in frames([b"data: first\n\n", chunk])] == [None, None, "\ufffd"]
    assert frames([b"id: \xff\nevent: \xfe\ndata: b\n\n"]) == [Frame(b"b", "\ufffd", "\ufffd")]


def test_a_byte_order_mark_counts_as_one_at_the_beginning_only() -> None:
    mark = b"\xef\xbb\xbf"
    assert frames([mark + b"data: a\n\n", mark + b"data: b\n\n"]) == [Frame(b"a")]


def test_frames_are_returned_once_and_finish_leaves_nothing() -> None:
    reader = SseFrames()
    assert reader.feed(b"data: a\n\ndata: b") == [Frame(b"a")]
    assert reader.feed(b"") == []
    assert reader.finish() == [Frame(b"b")]
    assert reader.finish() == []
    assert reader.feed(b"data: c\n\n") == [Frame(b"c")]


def test_a_line_feed_after_a_carriage_return_in_the_chunk_before_is_no_blank_line() -> None:
    assert frames([b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n"]) == [Frame(b"a\nb")]
    reader = SseFrames()
    assert [reader.feed(chunk) for chunk in (b"data: a\r", b"\n", b"\n")] == [[], [], [Frame(b"a")]]


def test_an_event_is_written_field_by_field() -> None:
    assert write_event("x") == b"data: x\n\n"
    assert write_event(b"x", "e", "7", 10) == b"event: e\nid: 7\nretry: 10\ndata: x\n\n"
    assert write_event("x", "", "", 0) == b"event: \nid: \nretry: 0\ndata: x\n\n"
    assert write_event("a\r\nb\rc\nd") == b"data: a\ndata: b\ndata: c\ndata: d\n\n"


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0b"])
def test_an_id_with_a_line_break_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="the id of an event"):
        write_event("x", id=value)
