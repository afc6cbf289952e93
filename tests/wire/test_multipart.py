"""Multipart forms, as others read them."""

from __future__ import annotations

from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP

from hypothesis import given, strategies as st

from dhenara.ai.http.protocol.request_bodies import Field, FilePart, Multipart

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
PARTS = st.builds(Field, NAMES, st.text(max_size=40)) | st.builds(FilePart, NAMES, st.binary(max_size=60), NAMES)


class Counting:
    """A file that is made as it is read."""

    size = 3_000

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"abc" * 100] * 10)


def read_back(form: Multipart) -> list[bytes]:
    """The contents, as the standard library finds them."""
    head = f"Content-Type: {form.content_type}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + b"".join(form))
    return [part.get_payload(decode=True) for part in message.iter_parts()]


@given(parts=st.lists(PARTS, min_size=1, max_size=4))
def test_a_form_says_its_size_beforehand_and_the_same_each_time(parts: list[Field | FilePart]) -> None:
    form = Multipart(tuple(parts))
    assert form.size == len(b"".join(form))
    assert b"".join(form) == b"".join(form)


@given(
    contents=st.lists(st.binary(max_size=80).filter(lambda data: b"\n" not in data and b"\r" not in data), min_size=1)
)
def test_contents_come_back_as_they_were(contents: list[bytes]) -> None:
    assert read_back(Multipart(tuple(FilePart("file", data) for data in contents))) == contents


def test_no_content_can_end_the_form() -> None:
    first = Multipart((FilePart("file", b"x"),))
    inner = b"--" + first.boundary.encode() + b"--\r\n"
    assert read_back(Multipart((FilePart("file", inner), Field("model", "m")))) == [inner, b"m"]


def test_a_name_cannot_become_a_header() -> None:
    form = Multipart((FilePart("file", b"x", 'a"\r\nX-Evil: 1', "text/plain\r\nX-Evil: 2"),))
    assert b"\r\nX-Evil" not in b"".join(form)


def test_a_large_file_is_read_piece_by_piece() -> None:
    form = Multipart((Field("purpose", "batch"), FilePart("file", Counting())))
    pieces = list(form)
    assert max(map(len, pieces)) <= 300
    assert sum(map(len, pieces)) == form.size
