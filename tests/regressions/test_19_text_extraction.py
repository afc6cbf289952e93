"""Text is read out of files in time proportional to their size, and whatever is wrong with one is a typed error."""

from __future__ import annotations

import random
import sys
import zipfile
from collections.abc import Callable
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from ai_utilities.exceptions import AIUtilitiesError
from ai_utilities.files import TextExtractionError, read_text
from files.test_reading import docx, pdf, provided
from support.thorough import examples

SIZES = (500, 1000, 2000, 4000)
HTML: dict[str, str] = {
    "open tags": "<a ",
    "open comments": "<!--",
    "comments": "<!-- x --",
    "declarations": "<!x",
    "instructions": "<?x",
    "lone brackets": "<",
    "end tags": "</a",
    "quotes": '<a b="',
    "attributes": "<a b='x' c=",
    "scripts": "<script>",
    "script ends": "<script></scrip",
    "titles": "<title><",
    "nested tables": "<table><tr><td>",
    "closed nested tables": "<table><tr><td>x</td></tr></table>",
    "lists": "<ul><li>x",
    "references": "&#",
    "long references": "&amp",
    "sections": "<![CDATA[",
    "pictures": "<svg><svg/>",
    "blank lines": "\n \n",
    "spaces in tags": "<p     ",
}


def calls_of(work: Callable[[], object]) -> int:
    """How many calls, of Python and of C, the work makes."""
    count = 0

    def profile(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def is_linear(counts: list[int]) -> bool:
    return all(later < 2.5 * earlier + 50 for earlier, later in pairwise(counts))


@pytest.mark.parametrize("name", HTML)
def test_html_is_read_in_one_pass(name: str) -> None:
    page = [f"<html><body>{HTML[name] * size}".encode() for size in SIZES]
    counts = [calls_of(lambda one=one: read_text(one, name="a.html")) for one in page]
    assert is_linear(counts), counts


@pytest.mark.parametrize("name", HTML)
@pytest.mark.timeout(60)
def test_a_megabyte_of_html_is_read(name: str) -> None:
    """Quadratic searches in C code are not counted as calls; on a megabyte they would take hours."""
    read_text(f"<html><body>{HTML[name] * (1_000_000 // len(HTML[name]))}".encode(), name="a.html")


def nested_table(depth: int) -> str:
    return "<w:tbl><w:tr><w:tc>" * depth + provided("x") + "</w:tc></w:tr></w:tbl>" * depth


def test_tables_in_tables_are_read_once() -> None:
    counts = []
    for depth in (40, 80, 160, 320):
        document = docx(nested_table(depth) + provided("after"))
        assert read_text(document, name="a.docx").text == "x\nafter"
        counts.append(calls_of(lambda one=document: read_text(one, name="a.docx")))
    assert is_linear(counts), counts


def test_depth_and_size_of_documents_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TextExtractionError, match="nested deeper"):
        read_text(docx(nested_table(1000)), name="a.docx")
    from ai_utilities.files import reading

    monkeypatch.setattr(reading, "MOST_XML", 1000)
    with pytest.raises(TextExtractionError, match="unpacked content is too large"):
        read_text(docx(provided("x" * 2000)), name="a.docx")


def test_pages_that_draw_without_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pypdf")
    from ai_utilities.files import reading

    page = pdf(*["word"] * 20)
    monkeypatch.setattr(reading, "MOST_OPERATIONS", 50)
    with pytest.raises(TextExtractionError, match="draw too many"):
        read_text(page)
    monkeypatch.setattr(reading, "MOST_OPERATIONS", 10**6)
    monkeypatch.setattr(reading, "MOST_CONTENT", 100)
    with pytest.raises(TextExtractionError, match="unpacked content of its pages is too large"):
        read_text(page)


def archive(name: str, data: bytes, **settings: Any) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", **settings) as file:
        file.writestr(name, data)
    return made.getvalue()


def encrypted(document: bytes) -> bytes:
    """The same with the flag of encryption set, in both places."""
    changed = bytearray(document)
    changed[6] |= 1
    changed[document.index(b"PK\x01\x02") + 8] |= 1
    return bytes(changed)


@pytest.mark.parametrize(
    "data",
    [
        encrypted(docx(provided("x"))),
        archive("word/document.xml", b'<?xml version="1.0" encoding="no-such"?><a/>'),
        archive("word/document.xml", b"<a>" * 10),
        archive("other.xml", b"word/document.xml"),
        docx(provided("x"))[:60],
    ],
    ids=["encrypted", "unknown encoding", "unfinished XML", "no document", "cut"],
)
def test_damaged_archives_are_typed_errors(data: bytes) -> None:
    with pytest.raises(TextExtractionError):
        read_text(data, name="a.docx")


@pytest.mark.parametrize("path", ["a\0b", "/no/such/file", "/"])
def test_paths_that_cannot_be_read_are_typed_errors(path: str) -> None:
    with pytest.raises(TextExtractionError):
        read_text(path)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no endless file here")
def test_a_file_that_never_ends_is_read_up_to_the_limit() -> None:
    with pytest.raises(TextExtractionError, match="most_bytes"):
        read_text("/dev/zero", most_bytes=10_000)


SEEDS = {
    "a.docx": docx(nested_table(3) + provided("One") + '<w:p><w:r><w:br w:type="page"/><w:t>Two</w:t></w:r></w:p>'),
    "b.docx": archive("word/document.xml", b"<w/>", compression=zipfile.ZIP_DEFLATED),
    "a.pdf": pdf("Hello", "World"),
    "a.html": b"<html><head><title>x</title><body><p a='b'>Hi &amp; &#65;<!-- c --><table><tr><td>1<td>2</table>",
    "a.csv": "a,b\n1,é\n".encode(),
    "a.json": b'{"a": [1, 2]}',
}


@pytest.mark.parametrize("name", SEEDS)
def test_mutated_files_raise_typed_errors_only(name: str) -> None:
    chance = random.Random(19)
    for _ in range(300):
        data = bytearray(SEEDS[name])
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data))
            match chance.randrange(4):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    del data[at : at + chance.randint(1, 20)]
                case 2:
                    data[at:at] = data[chance.randrange(len(data)) :][:30]
                case _:
                    data[at:at] = bytes(chance.choice((0, 255, 60, 38, 57)) for _ in range(chance.randint(1, 50)))
            data = data or bytearray(b"x")
        try:
            read_text(bytes(data), name=name)
        except AIUtilitiesError:
            continue


@given(st.text(st.sampled_from("<>/!-?='\"& apscriptle;#x1\n"), max_size=60))
@settings(max_examples=examples(300))
def test_any_html_is_read(text: str) -> None:
    read_text(f"<html>{text}".encode(), name="a.html")


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<html><head><title>t</title><p>One", "One"),
        ("<html><p>a<!-- <p>no --> b", "a b"),
        ("<html><p title='a > b'>x", "x"),
        ("<html><script>if (a < b) </script>x", "x"),
        ("<html><svg/>x<svg>no<svg>no</svg>no</svg>y", "xy"),
        ("<html>1 < 2 &lt; 3", "1 < 2 < 3"),
        (f"<html>&#{'9' * 10_000};x", "\ufffdx"),
        ("<html><p>a<!-- never closed <p>b", "a"),
    ],
)
def test_html_is_read_as_browsers_read_it(page: str, words: str) -> None:
    assert read_text(page.encode(), name="a.html").text == words


@pytest.mark.parametrize("part", ['<w:p a="{}"/>', "<!--{}-->", "<?a {}?>"])
@pytest.mark.timeout(60)
def test_one_huge_piece_of_a_document_is_read_in_growing_steps(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser that is given small pieces reads an unfinished one again from its beginning each time."""
    from ai_utilities.files import reading

    fed = []
    parser = reading.ElementTree.XMLPullParser

    class Counted(parser):  # type: ignore[misc, valid-type]
        def feed(self, data: bytes) -> None:
            fed.append(len(data))
            super().feed(data)

    monkeypatch.setattr(reading.ElementTree, "XMLPullParser", Counted)
    read_text(docx(part.format("x" * 20_000_000) + provided("after")), name="a.docx")
    assert len(fed) < 20


def test_a_home_folder_of_nobody_is_a_typed_error() -> None:
    with pytest.raises(TextExtractionError, match="cannot read the file"):
        read_text("~nobody-of-this-name/notes.txt")
