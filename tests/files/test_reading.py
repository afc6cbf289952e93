"""The words of files, whatever they are called."""

from __future__ import annotations

import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from ai_utilities.exceptions import ProviderConfigurationError
from ai_utilities.files import TextExtractionError, read_text

NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def docx(body: str, head: str = "") -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("word/document.xml", f"{head}<w:document {NAMESPACE}><w:body>{body}</w:body></w:document>")
    return made.getvalue()


def provided(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def pdf(*pages: str) -> bytes:
    """A document of one line a page, written by hand."""
    objects = ["<</Type/Catalog/Pages 2 0 R>>", ""]
    kids = []
    for page in pages:
        stream = f"BT /F1 24 Tf 72 720 Td ({page}) Tj ET"
        objects.append(f"<</Length {len(stream)}>>stream\n{stream}\nendstream")
        font = "<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
        objects.append(f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents {len(objects)} 0 R/Resources{font}>>")
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<</Type/Pages/Kids[{' '.join(kids)}]/Count {len(kids)}>>"
    made, places = b"%PDF-1.4\n", []
    for number, reported in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n{reported}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    start = len(made)
    made += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
    return made + f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF".encode()


def test_pages_of_a_pdf_are_marked() -> None:
    pytest.importorskip("pypdf")
    read = read_text(pdf("Hello", "World"), name="paper.bin")
    assert read.pages == ("Hello", "World")
    assert read.mime_type == "application/pdf"
    assert read.to_prompt() == "[paper.bin, page 1]\nHello\n\n[paper.bin, page 2]\nWorld"
    assert read.text == "Hello\n\nWorld"
    with pytest.raises(TextExtractionError, match="cannot read"):
        read_text(b"%PDF-1.4 nothing follows", name="broken.pdf")


def test_without_pypdf_the_error_names_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypdf", None)
    with pytest.raises(ProviderConfigurationError, match=r"dhenara\[pdf\]"):
        read_text(pdf("Hello"))


def test_paragraphs_tables_and_pages_of_a_docx_are_read() -> None:
    table = f"<w:tbl><w:tr><w:tc>{provided('a')}</w:tc><w:tc>{provided('b')}</w:tc></w:tr></w:tbl>"
    broken = '<w:p><w:r><w:t>One</w:t><w:br w:type="page"/><w:t>Two</w:t><w:br/><w:t>lines</w:t></w:r></w:p>'
    read = read_text(docx(provided("Title") + table + broken), name="letter.docx")
    assert read.pages == ("Title\na | b\nOne", "Two\nlines")
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]>'
    with pytest.raises(TextExtractionError, match="entities"):
        read_text(docx(provided("&a;"), bomb), name="bomb.docx")


def table(*rows: str) -> str:
    """A table whose rows have one cell each."""
    return f"<w:tbl>{''.join(f'<w:tr><w:tc>{row}</w:tc></w:tr>' for row in rows)}</w:tbl>"


def test_a_table_inside_a_cell_is_text_of_the_cell() -> None:
    inner = table(provided("b"), provided("c"))
    read = read_text(docx(table(provided("d"), provided("a") + inner)), name="tables.docx")
    assert read.text == "d\na b c"


def test_fallback_content_of_a_docx_is_left_out() -> None:
    alternatives = (
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        "<mc:Choice><w:t>shape</w:t></mc:Choice><mc:Fallback><w:t>picture</w:t></mc:Fallback></mc:AlternateContent>"
    )
    read = read_text(docx(f"<w:p>{alternatives}<w:t> and text</w:t></w:p>"), name="shapes.docx")
    assert read.text == "shape and text"


def test_a_long_docx_is_read_and_a_deep_one_is_refused() -> None:
    read = read_text(docx("".join(provided(f"{number}") for number in range(2_000))), name="long.docx")
    assert read.text.split() == [str(number) for number in range(2_000)]
    with pytest.raises(TextExtractionError, match="nested deeper than 1000"):
        read_text(docx("<w:p>" * 1_000 + "</w:p>" * 1_000), name="deep.docx")


@pytest.mark.parametrize("place", [64 * 1024 - 4, 64 * 1024 - 9, 64 * 1024])
def test_a_doctype_is_refused_wherever_the_pieces_end(place: int) -> None:
    before = f"<!--{' ' * (place - 7)}-->"
    with pytest.raises(TextExtractionError, match="entities"):
        read_text(docx(provided("x"), f"{before}<!DOCTYPE x>"), name="bomb.docx")


def test_empty_pages_are_left_out_of_the_text_and_numbered_in_the_prompt() -> None:
    pages = f'{provided("One")}<w:p><w:br w:type="page"/><w:br w:type="page"/></w:p>{provided("Three")}'
    read = read_text(docx(pages), name="a.docx")
    assert read.text == "One\n\nThree"
    assert read.to_prompt() == "[a.docx, page 1]\nOne\n\n[a.docx, page 2]\n\n\n[a.docx, page 3]\nThree"


@pytest.mark.parametrize(("password", "is_read"), [("", True), ("secret", False)])
def test_an_encrypted_pdf_is_read_if_it_needs_no_password(password: str, is_read: bool) -> None:
    pypdf = pytest.importorskip("pypdf")
    writer, encrypted = pypdf.PdfWriter(BytesIO(pdf("Hello"))), BytesIO()
    writer.encrypt(password, "owner", algorithm="RC4-128")
    writer.write(encrypted)
    if is_read:
        assert read_text(encrypted.getvalue()).pages == ("Hello",)
    else:
        with pytest.raises(TextExtractionError, match="protected by a password"):
            read_text(encrypted.getvalue())


def test_a_file_on_disk_may_be_as_long_as_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"12345")
    assert read_text(path, most_bytes=5).text == "12345"
    with pytest.raises(TextExtractionError, match="has more than 4 bytes"):
        read_text(path, most_bytes=4)


def test_html_is_read_as_it_is_seen() -> None:
    page = """<!doctype html><html><head><title>no</title><style>p {}</style></head><body>
    <h1>Title</h1><p>One &amp;
    two</p><script>alert(1)</script><ul><li>first</li><li>second</li></ul>
    <table><tr><td>a</td><td>b</td></tr></table><pre>x = 1
  y</pre></body></html>"""
    read = read_text(page.encode(), name="page")
    assert read.mime_type == "text/html"
    assert [line for line in read.text.split("\n") if line.strip()] == [
        "# Title",
        "One & two",
        "- first",
        "- second",
        "a | b",
        "x = 1",
        "y",
    ]


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.txt", "naïve".encode(), "naïve"),
        ("a.md", b"# Title", "# Title"),
        ("a.csv", b"a,b\n1,2", "a,b\n1,2"),
        ("a.json", b'{"a": 1}', '{"a": 1}'),
        ("a.py", b"\xef\xbb\xbfx = 1", "x = 1"),
        ("a.txt", "naïve".encode("utf-16"), "naïve"),
        ("a.txt", b"na\xefve caf\xe9s", "naïve cafés"),
        ("a", b"no name", "no name"),
    ],
)
def test_text_is_read_in_the_encoding_that_it_has(name: str, data: bytes, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    read = read_text(tmp_path / name)
    assert read.text == text
    assert read.to_prompt() == f"[{name}]\n{text}"


@pytest.mark.parametrize("text", ["café", "café\n", "5 \u20ac", "\xe9"])
def test_the_last_letter_of_a_text_in_a_windows_encoding_is_read(text: str) -> None:
    assert read_text(text.encode("cp1252"), name="a.txt").text == text


@pytest.mark.parametrize("cut", [1, 2])
def test_a_letter_of_utf_8_that_was_cut_off_is_left_out(cut: int) -> None:
    assert read_text("é €".encode()[:-cut], name="a.txt").text == "é "


def test_what_has_no_words_says_so(tmp_path: Path) -> None:
    with pytest.raises(TextExtractionError, match="the text of image/png cannot be read"):
        read_text(b"\x89PNG\r\n\x1a\n\0\0", name="a.png")
    with pytest.raises(TextExtractionError, match="the limit is"):
        read_text(b"long", most_bytes=3)
    with pytest.raises(TextExtractionError, match="cannot read the file"):
        read_text(tmp_path / "nothing.txt")
