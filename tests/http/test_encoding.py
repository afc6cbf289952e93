"""Compressed bodies come out as they went in, however the bytes are cut."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.http.protocol.body import decompressor
from dhenara.ai.wire.sse import BrokenFraming
from support.slices import cut, places, single_bytes


def bare(body: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return engine.compress(body) + engine.flush()


WAYS = {
    "gzip": ("gzip", gzip.compress),
    "gzip in two members": ("gzip", lambda body: gzip.compress(body[:7]) + gzip.compress(body[7:])),
    "gzip with padding": ("x-gzip", lambda body: gzip.compress(body) + b"\0\0"),
    "deflate": ("deflate", zlib.compress),
    "deflate without its wrapper": ("Deflate", bare),
}


@pytest.mark.parametrize("way", WAYS)
@given(body=st.binary(max_size=300), at=places)
def test_a_body_is_decompressed_in_pieces_of_any_size(way: str, body: bytes, at: list[int]) -> None:
    name, pack = WAYS[way]
    engine = decompressor(name)
    assert engine is not None
    opened = [engine.feed(piece) for piece in cut(pack(body), at)]
    assert b"".join([*opened, engine.finish()]) == body


def test_a_body_is_decompressed_byte_by_byte() -> None:
    for name, pack in WAYS.values():
        engine = decompressor(name)
        assert engine is not None
        opened = [engine.feed(piece) for piece in single_bytes(pack(b"hello world " * 20))]
        assert b"".join([*opened, engine.finish()]) == b"hello world " * 20


@pytest.mark.parametrize("name", ["br", "zstd", "gzip, gzip"])
def test_reading_a_body_of_an_unsupported_encoding_names_the_encoding(name: str) -> None:
    engine = decompressor(name)
    assert engine is not None
    with pytest.raises(BrokenFraming, match=name):
        engine.feed(b"x")


@pytest.mark.parametrize("name", [None, "", " ", "identity", " Identity "])
def test_a_body_without_an_encoding_needs_no_decompressor(name: str | None) -> None:
    assert decompressor(name) is None


def test_a_body_of_an_unsupported_encoding_may_be_left_unread() -> None:
    engine = decompressor("x" * 70)
    assert engine is not None
    assert (engine.waiting, engine.finish()) == (False, b"")
    with pytest.raises(BrokenFraming, match=f"'{'x' * 60}'"):
        engine.feed(b"x")


@given(st.sampled_from(sorted(WAYS)), st.integers(1, 50), places)
def test_no_more_is_decompressed_than_was_requested(way: str, most: int, at: list[int]) -> None:
    name, pack = WAYS[way]
    body = b"hello world " * 20
    engine, opened = decompressor(name), list[bytes]()
    assert engine is not None
    for piece in cut(pack(body), at):
        opened.append(engine.feed(piece, most))
        while engine.waiting:
            assert len(opened[-1]) == most
            opened.append(engine.feed(b"", most))
    assert max(map(len, opened)) <= most
    assert b"".join([*opened, engine.finish()]) == body


def test_compressed_bytes_beyond_the_limit_stay_buffered() -> None:
    engine = decompressor("gzip")
    assert engine is not None
    first, second = gzip.compress(b"abc"), gzip.compress(b"def")
    assert (engine.feed(first + second[:5], 2), engine.waiting) == (b"ab", True)
    assert (engine.feed(second[5:], 2), engine.waiting) == (b"cd", True)
    assert (engine.feed(b""), engine.waiting, engine.finish()) == (b"ef", False, b"")


@pytest.mark.parametrize("way", WAYS)
def test_a_compressed_body_without_its_end_is_broken(way: str) -> None:
    name, pack = WAYS[way]
    raw = pack(b"hello world " * 20)
    for size in (1, 2, len(raw) // 2, len(raw) - (3 if "padding" in way else 1)):
        engine = decompressor(name)
        assert engine is not None
        engine.feed(raw[:size])
        if way != "gzip in two members" or size != len(gzip.compress(b"hello w")):
            with pytest.raises(BrokenFraming, match="before its end marker"):
                engine.finish()


def test_an_empty_compressed_body_is_no_broken_one() -> None:
    engine = decompressor("gzip")
    assert engine is not None
    assert (engine.feed(b""), engine.finish()) == (b"", b"")


def test_damaged_compressed_data_is_a_typed_error() -> None:
    engine = decompressor("gzip")
    assert engine is not None
    with pytest.raises(BrokenFraming, match="compressed body is damaged"):
        engine.feed(gzip.compress(b"hello")[:-6] + b"\0" * 6)
