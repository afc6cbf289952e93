"""Multipart forms, as others read them."""

from __future__ import annotations

from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP

from hypothesis import given, strategies as st

from dhenara.ai.http.protocol.message import Field, FilePart, Multipart

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
def test_the_size_of_a_form_is_known_before_it_is_written(parts: list[Field | FilePart]) -> None:
    form = Multipart(tuple(parts))
    assert form.size == len(b"".join(form))
    assert b"".join(form) == b"".join(form)


@given(
    contents=st.lists(st.binary(max_size=80).filter(lambda data: b"\n" not in data and b"\r" not in data), min_size=1)
)
def test_contents_survive_a_round_trip(contents: list[bytes]) -> None:
    assert read_back(Multipart(tuple(FilePart("file", data) for data in contents))) == contents


def test_the_boundary_does_not_occur_in_the_content() -> None:
    first = Multipart((FilePart("file", b"x"),))
    inner = b"--" + first.boundary.encode() + b"--\r\n"
    assert read_back(Multipart((FilePart("file", inner), Field("model", "m")))) == [inner, b"m"]


def test_a_field_name_cannot_inject_a_header() -> None:
    form = Multipart((FilePart("file", b"x", 'a"\r\nX-Evil: 1', "text/plain\r\nX-Evil: 2"),))
    assert b"\r\nX-Evil" not in b"".join(form)


def test_a_large_file_is_read_in_pieces() -> None:
    form = Multipart((Field("purpose", "batch"), FilePart("file", Counting())))
    pieces = list(form)
    assert max(map(len, pieces)) <= 300
    assert sum(map(len, pieces)) == form.size
