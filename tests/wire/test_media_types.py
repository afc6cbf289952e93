"""Types and sizes from the first bytes of images."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.testing.sample_operations import png
from dhenara.ai.wire.media_types import image_size, image_type

APP0 = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\x00" + b"\x00" * 9
JPEG = b"\xff\xd8" + APP0 + b"\xff\xc2" + struct.pack(">HBHH", 17, 8, 480, 640) + b"\x03" * 12
GIF = b"GIF89a" + struct.pack("<HH", 640, 480) + b"\x00\x00\x00"
LOSSY = b"RIFF\x00\x00\x00\x00WEBPVP8 \x00\x00\x00\x00\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", 640, 480)
LOSSLESS = b"RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00\x2f" + struct.pack("<I", 639 | 479 << 14)
EXTENDED = b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x7f\x02\x00\xdf\x01\x00"
KINDS = {
    "png": (png(640, 480), "image/png"),
    "jpeg": (JPEG, "image/jpeg"),
    "gif": (GIF, "image/gif"),
    "webp-lossy": (LOSSY, "image/webp"),
    "webp-lossless": (LOSSLESS, "image/webp"),
    "webp-extended": (EXTENDED, "image/webp"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_type_and_size_are_read_from_the_header(kind: str) -> None:
    data, mime = KINDS[kind]
    assert (image_type(data), image_size(data)) == (mime, (640, 480))


@given(data=st.binary(max_size=60), kind=st.sampled_from(sorted(KINDS)), cut=st.integers(0, 60))
def test_damaged_images_have_no_size_and_raise_nothing(data: bytes, kind: str, cut: int) -> None:
    assert image_size(data) is None or image_type(data) is not None
    damaged = KINDS[kind][0][:cut] + data
    assert image_size(damaged) is None or len(damaged) >= 10
