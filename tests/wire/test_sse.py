"""Server-sent events, by the standard."""

from __future__ import annotations

import httpx2
import pytest
from hypothesis import given, strategies as st

from dhenara.ai.wire.frame import Frame
from dhenara.ai.wire.sse import SseFrames, write_event
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
def test_any_slicing_gives_the_same_events(mark: bytes, body: bytes, at: list[int]) -> None:
    whole = frames([body])
    body = mark + body
    assert frames(cut(body, at)) == whole
    assert frames(single_bytes(body)) == whole


@given(streams())
def test_the_events_are_those_of_an_independent_reader(body: bytes) -> None:
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
def test_what_is_written_is_read_back(data: str, event: str | None, retry: int | None) -> None:
    assert frames([write_event(data, event=event, retry=retry)]) == [Frame(data.encode(), event or None, None, retry)]


def test_a_last_event_without_its_blank_line_is_not_lost() -> None:
    assert frames([b"data: one\n\ndata: two"]) == [Frame(b"one"), Frame(b"two")]


def test_invalid_utf8_passes_through_untouched() -> None:
    assert frames([b"data: \xff\xfe\n\n"]) == [Frame(b"\xff\xfe")]


def test_an_event_of_many_megabytes_arrives_whole() -> None:
    payload = b"x" * 30_000_000
    body = b"data: " + payload + b"\n\n"
    assert frames([body[at : at + 65_536] for at in range(0, len(body), 65_536)]) == [Frame(payload)]


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\0b"])
def test_a_name_that_would_break_the_framing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="line ends"):
        write_event("x", event=name)


def test_what_was_told_of_an_event_before_its_data_stays_with_it() -> None:
    found = frames([b"data: a\n\n", b"id: 5\nretry: 7\n", b"data: b\n\n"])
    assert found == [Frame(b"a"), Frame(b"b", id="5", retry=7)]


def test_an_event_of_one_name_and_one_line_is_the_same_in_one_piece_and_in_many() -> None:
    first = b"data: first\n\n"
    rest = b"event: delta\ndata: x\n\nevent: \ndata: y\n\nevent: a\nevent: b\ndata: z\n\n\nid: 1\ndata: w\n\n"
    assert frames([first, rest]) == frames(single_bytes(first + rest))
    assert [frame.event for frame in frames([first, rest])] == [None, "delta", None, "b", None]
