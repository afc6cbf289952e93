"""Media parts: created from anything, with their types read from the bytes, and saved as files."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.errors import ConfigurationError, OutputExistsError
from dhenara.ai.types import AudioContent, FileContent, ImageContent, Prompt, TextContent, VideoContent, content_of
from dhenara.ai.wire.media_types import from_name, is_text, sniff
from dhenara.ai.wire.text import clean_text

PNG = b"\x89PNG\r\n\x1a\n" + b"." * 20
PNG_HEAD = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x02\0\0\0\x03"


def docx() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (PNG, None, "image/png"),
        (b"\xff\xd8\xff\xe0", "x.png", "image/jpeg"),
        (b"GIF89a..", None, "image/gif"),
        (b"RIFF....WEBPVP8 ", None, "image/webp"),
        (b"RIFF....WAVEfmt ", None, "audio/wav"),
        (b"%PDF-1.7", "notes.txt", "application/pdf"),
        (b"ID3\x04", None, "audio/mpeg"),
        (b"\x00\x00\x00 ftypisom", None, "video/mp4"),
        (b"\x00\x00\x00 ftypM4A ", None, "audio/mp4"),
        (b"\x00\x00\x00 ftypheic", None, "image/heic"),
        (b"\x1aE\xdf\xa3", "film.mkv", "video/x-matroska"),
        (docx(), "letter.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"a,b\n1,2\n", "table.csv", "text/csv"),
        (b'{"a": 1}', "a.json", "application/json"),
        ("häßlich".encode(), None, "text/plain"),
        (b"\xff\xfeh\x00i\x00", None, "text/plain"),
        (b"", None, "text/plain"),
        (b"\x00\x01\x02\x03", "x.bin", "application/octet-stream"),
    ],
)
def test_bytes_say_what_they_are(data: bytes, name: str | None, kind: str) -> None:
    assert sniff(data, name) == kind


@given(st.text())
def test_every_text_is_text_and_comes_out_clean(text: str) -> None:
    clean = clean_text(text.encode())
    assert "\r" not in clean
    assert clean == text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    if not any(ord(letter) < 32 and letter not in "\t\n\r" for letter in text):
        assert is_text(sniff(text.encode())) or sniff(text.encode()) != "application/octet-stream"


@given(st.binary())
def test_any_bytes_are_something(data: bytes) -> None:
    assert "/" in sniff(data)
    assert isinstance(clean_text(data), str)


def test_a_path_becomes_what_the_file_is(tmp_path: Path) -> None:
    place = tmp_path / "cat.jpg"
    place.write_bytes(PNG)
    picture = ImageContent.from_path(place)
    assert (picture.data, picture.mime_type, picture.name) == (PNG, "image/png", "cat.jpg")
    assert content_of(place) == picture
    with place.open("rb") as file:
        assert ImageContent.from_file(file) == picture
    with pytest.raises(ConfigurationError, match="not sound"):
        AudioContent.from_path(place)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        FileContent.from_path(tmp_path / "gone.pdf")


@pytest.mark.parametrize(
    ("given_", "actual"),
    [
        ("words", TextContent(text="words")),
        ("see https://example.org/a.png", TextContent(text="see https://example.org/a.png")),
        ("https://example.org/a.png?x=1", ImageContent(url="https://example.org/a.png?x=1", mime_type="image/png")),
        ("https://example.org/a.pdf", FileContent(url="https://example.org/a.pdf", mime_type="application/pdf")),
        ("https://example.org/a.mp4", VideoContent(url="https://example.org/a.mp4", mime_type="video/mp4")),
        (PNG, ImageContent(data=PNG, mime_type="image/png")),
        (bytearray(b"a"), FileContent(data=b"a", mime_type="text/plain")),
        (io.BytesIO(PNG), ImageContent(data=PNG, mime_type="image/png")),
        (io.StringIO("a"), FileContent(data=b"a", mime_type="text/plain")),
        (f"data:image/png;base64,{base64.b64encode(PNG).decode()}", ImageContent(data=PNG, mime_type="image/png")),
        ({"type": "input_text", "text": "words"}, TextContent(text="words")),
        (TextContent(text="words"), TextContent(text="words")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_content_of_anything(given_: Any, actual: Any) -> None:
    assert content_of(given_) == actual


@pytest.mark.parametrize("nothing", [None, 7, object(), "https://example.org/what", "data:image/png;base64,?"])
def test_what_is_no_content_is_an_error_that_says_what_to_do(nothing: Any) -> None:
    with pytest.raises(ConfigurationError):
        content_of(nothing)


def test_paths_and_bytes_stand_in_prompts_as_they_are(tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    notes.write_bytes(b"\xef\xbb\xbf# Notes\r\n")
    prompt = Prompt(parts=["What is this?", notes, PNG])
    assert [part.type for part in prompt.contents] == ["text", "file", "image"]
    file = prompt.contents[1]
    assert isinstance(file, FileContent)
    assert file.to_text() == "notes.md:\n# Notes\n"


def test_names_of_addresses_are_promises_only() -> None:
    assert from_name("x/y.PDF") == "application/pdf"
    assert from_name("x/y") is None
    assert ImageContent.from_url("https://example.org/x").mime_type is None
    assert ImageContent.from_file_id("file-1") == ImageContent(file_id="file-1")


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (ImageContent(data=PNG_HEAD, mime_type="image/jpeg"), "saved.png"),
        (ImageContent(data=b"<svg/>", mime_type="image/svg+xml"), "saved.svg"),
        (FileContent.from_bytes(b"%PDF-1.4", name="report"), "saved.pdf"),
        (FileContent(data=b"# Title", mime_type="text/markdown; charset=utf-8"), "saved.md"),
        (AudioContent(data=b"ID3", mime_type="audio/mp3"), "saved.mp3"),
        (VideoContent(data=b"\0\0\0\x18ftypmp42", mime_type="video/mp4"), "saved.mp4"),
        (FileContent(data=b"\x00\x01", mime_type="application/x-unheard-of"), "saved"),
    ],
)
def test_a_part_is_saved_with_the_suffix_of_its_type(
    part: ImageContent | AudioContent | VideoContent | FileContent, name: str, tmp_path: Path
) -> None:
    assert part.save(tmp_path / "saved") == tmp_path / name
    assert (tmp_path / name).read_bytes() == part.data
    assert part.save(tmp_path / "own.bin").read_bytes() == part.data
    with pytest.raises(OutputExistsError):
        part.save(tmp_path / "own.bin")
    part.save(tmp_path / "own.bin", overwrite=True)


def test_a_part_without_data_says_how_to_download_it(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"only the URL https://a\.example/a\.png\. Call client\.download\(part\)"
    ):
        ImageContent(url="https://a.example/a.png").save(tmp_path / "a")
    with pytest.raises(ConfigurationError, match=r"only the file id file-1\. Call client\.download_file\("):
        FileContent(file_id="file-1").save(tmp_path / "a")
    assert not list(tmp_path.iterdir())


def test_an_image_has_its_size() -> None:
    assert ImageContent(data=PNG_HEAD).size == (2, 3)
    assert ImageContent(url="https://a.example/a.png").size is None
