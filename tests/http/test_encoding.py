"""Compressed bodies come out as they went in, however the bytes are cut."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.http.protocol.encoding import decompressor
from dhenara.ai.wire.frame import BrokenFraming
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
