"""The words of a file, page by page, ready to be put into a prompt: text, markdown, HTML, CSV, JSON, DOCX, PDF."""

from __future__ import annotations

import lzma
import mimetypes
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from xml.etree import ElementTree

from ..exceptions import AIUtilitiesError
from .documents import read_docx, read_pdf
from .html_text import read_html

MOST_BYTES = 100 * 1024 * 1024


class TextExtractionError(AIUtilitiesError, ValueError):
    """There are no words in this file, or none that can be read here."""


@dataclass(frozen=True, slots=True)
class FileText:
    """`pages` are those of the file; what has no pages is one."""

    name: str
    mime_type: str
    pages: tuple[str, ...]

    @property
    def text(self) -> str:
        """Everything, without marks."""
        return "\n\n".join(page for page in self.pages if page)

    def to_prompt(self) -> str:
        """The words with the name of the file and marks where pages begin, so that answers can name them."""
        if len(self.pages) == 1:
            return f"[{self.name}]\n{self.pages[0]}"
        marked = (f"[{self.name}, page {number}]\n{page}" for number, page in enumerate(self.pages, 1))
        return "\n\n".join(marked)


def read_text(
    file: str | PathLike[str] | bytes, *, name: str | None = None, most_bytes: int | None = MOST_BYTES
) -> FileText:
    """The words of a file. What it is, its content says first, then its name."""
    called = name or ("file" if isinstance(file, bytes) else Path(file).name)
    data = file if isinstance(file, bytes) else read_disk(Path(file), most_bytes)
    if most_bytes is not None and len(data) > most_bytes:
        raise TextExtractionError(f"{called} has {len(data)} bytes, and {most_bytes} are allowed: pass most_bytes=...")
    kind = kind_of(data, called)
    reader = READERS.get(kind)
    if reader is not None:
        try:
            return FileText(called, kind, reader(data))
        except AIUtilitiesError:
            raise
        except UNREADABLE as error:
            raise TextExtractionError(f"{called} could not be read as {kind}: {error}") from error
    text = decode_text(data)
    if text is None:
        raise TextExtractionError(
            f"{called} is {kind}, whose words cannot be read here; "
            "upload it, or pass it with files=[...] to a model that can"
        )
    return FileText(called, kind, (text,))


def read_disk(path: Path, most_bytes: int | None) -> bytes:
    try:
        with path.expanduser().open("rb") as file:
            # Devices and pipes do not tell their size.
            data = file.read() if most_bytes is None else file.read(most_bytes + 1)
    except (OSError, ValueError, RuntimeError) as error:
        raise TextExtractionError(f"the file {path} cannot be read: {getattr(error, 'strerror', error)}") from error
    if most_bytes is not None and len(data) > most_bytes:
        raise TextExtractionError(f"{path} has more than {most_bytes} bytes: pass most_bytes=...")
    return data


def kind_of(data: bytes, name: str) -> str:
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    if data.startswith(b"PK\x03\x04") and b"word/document.xml" in data:
        return DOCX
    if data[:512].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "text/html"
    return mimetypes.guess_type(name)[0] or (
        "text/plain" if decode_text(data[:4096]) is not None else "application/octet-stream"
    )


def decode_text(data: bytes) -> str | None:
    """Text in the encodings that files have; None for what is none."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        # A character cut at the end is no other encoding.
        return data[: error.start].decode() if error.start > len(data) - 4 else data.decode("cp1252", "replace")


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
UNREADABLE = (
    *(ValueError, LookupError, OSError, EOFError, RuntimeError, NotImplementedError, OverflowError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, ElementTree.ParseError),
)
"""What damaged files make the readers of the standard library raise; encrypted archives are RuntimeErrors."""

READERS: dict[str, Callable[[bytes], tuple[str, ...]]] = {
    "application/pdf": read_pdf,
    DOCX: read_docx,
    "text/html": lambda data: (read_html(decode_text(data) or ""),),
    "application/xhtml+xml": lambda data: (read_html(decode_text(data) or ""),),
}
