"""Newline-delimited JSON."""

from __future__ import annotations

from hypothesis import given, strategies as st

from dhenara.ai.wire.sse import NdjsonFrames
from support.slices import cut, places

LINES = st.lists(st.sampled_from([b'{"a": 1}', b"[]", b"", b"  ", b'"\xc3\xa4"']), max_size=10)


def lines(pieces: list[bytes]) -> list[bytes]:
    reader = NdjsonFrames()
    return [f.data for piece in pieces for f in reader.feed(piece)] + [f.data for f in reader.finish()]


@given(LINES, st.sampled_from([b"\n", b"\r\n"]), places, st.booleans())
def test_each_line_that_is_not_blank_is_a_frame(
    given_lines: list[bytes], end: bytes, at: list[int], terminated: bool
) -> None:
    body = end.join(given_lines) + (end if terminated else b"")
    assert lines(cut(body, at)) == [line.strip() for line in given_lines if line.strip()]
