"""Reads the text of files: plain text, HTML, PDF, Office documents and e-books."""

from __future__ import annotations

import lzma
import mimetypes
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ..exceptions import AIUtilitiesError, ProviderConfigurationError
from .html_text import read_html

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
"""The same once more, for programs that do not understand it."""

MOST_XML = 200 * 1024 * 1024
"""A small archive can unpack to more than memory holds."""

MOST_DEPTH = 1000
PIECE = 64 * 1024
MOST_OPERATIONS = 2_000_000
"""What the pages of a PDF may draw, all together; forms that show each other twice double with each level."""

MOST_CONTENT = 64 * 1024 * 1024
"""Bytes of the content of its pages, unpacked."""


def read_docx(data: bytes) -> tuple[str, ...]:
    """Paragraphs and tables; a page ends where the author or the program that saved it said so."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        payload = archive.getinfo("word/document.xml")
        if payload.file_size > MOST_XML:
            raise ValueError("it unpacks to more than can be read")
        document = Document()
        for event, element in events(archive, payload):
            if event == "start":
                document.start(element)
            else:
                document.end(element)
                element.clear()
    return tuple("\n".join(page).strip() for page in document.pages)


def events(archive: zipfile.ZipFile, data: zipfile.ZipInfo) -> Iterator[tuple[str, Any]]:
    """The beginnings and ends of elements, while the file is unpacked."""
    parser: Any = ElementTree.XMLPullParser(("start", "end"))
    tail = b""
    with archive.open(data) as file:
        size = PIECE
        while piece := file.read(size):
            if b"<!DOCTYPE" in tail + piece or b"<!ENTITY" in tail + piece:
                raise ValueError("it defines entities, which documents never do")
            tail = piece[-16:]
            parser.feed(piece)
            events = list(parser.read_events())
            # What is no event yet is read again with the next piece: in growing pieces, that takes linear time.
            size = PIECE if events else size * 2
            yield from events
    parser.close()
    yield from parser.read_events()


class Document:
    """The text of a document, written while its elements are read."""

    def __init__(self) -> None:
        self.pages: list[list[str]] = [[]]
        self._line: list[str] = []
        self._rows: list[str] = []
        self._cells: list[str] = []
        self._words: list[str] = []
        self._tables = 0
        self._skipped = 0
        self._depth = 0

    def start(self, element: Any) -> None:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise ValueError(f"it is nested deeper than {MOST_DEPTH} elements")
        self._skipped += element.tag == FALLBACK
        self._tables += element.tag == f"{WORD}tbl"

    def end(self, element: Any) -> None:
        self._depth -= 1
        if element.tag == FALLBACK:
            self._skipped -= 1
        elif not self._skipped:
            name = element.tag.removeprefix(WORD)
            if self._tables:
                self._in_table(name, element)
            else:
                self._in_text(name, element)

    def _in_text(self, name: str, element: Any) -> None:
        if name == "p":
            self._end_line()
        elif name == "lastRenderedPageBreak" or (name == "br" and element.get(f"{WORD}type") == "page"):
            self._end_line()
            self.pages.append([])
        else:
            self._line.append(shown(name, element))

    def _end_line(self) -> None:
        self.pages[-1].append("".join(self._line))
        self._line.clear()

    def _in_table(self, name: str, element: Any) -> None:
        """Cells of the outermost table are columns; what stands in tables inside of them are their words."""
        if name == "tbl":
            self._tables -= 1
            if not self._tables:
                self.pages[-1].append("\n".join(self._rows))
                self._rows.clear()
        elif self._tables == 1 and name == "tr":
            self._rows.append(" | ".join(self._cells))
            self._cells.clear()
        elif self._tables == 1 and name == "tc":
            self._cells.append(" ".join("".join(self._words).split()))
            self._words.clear()
        else:
            self._words.append(" " if name in ("p", "tc", "tr") else shown(name, element))


def shown(name: str, element: Any) -> str:
    """The text of one piece."""
    match name:
        case "t":
            return element.text or ""
        case "tab":
            return "\t" if len(element.attrib) == 0 else ""
        case "br" | "cr":
            return "\n"
        case _:
            return ""


def read_pdf(data: bytes) -> tuple[str, ...]:
    """The words of each page; a scanned page has none."""
    try:
        import pypdf
    except ImportError as error:
        raise ProviderConfigurationError(
            "reading PDF needs pypdf: pip install 'dhenara[pdf]', or pass the file itself to a model that reads PDF"
        ) from error
    try:
        reader: Any = pypdf.PdfReader(BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise ValueError("it is locked with a password")
        work = Work()
        return tuple(work.text_of(page) for page in reader.pages)
    except Exception as error:  # damaged files make pypdf raise whatever its code comes upon
        raise ValueError(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from error


class Work:
    """What was done for a document so far, which is bounded."""

    def __init__(self) -> None:
        self._operations = 0
        self._bytes = 0

    def text_of(self, page: Any) -> str:
        content = page.get_contents()
        self._bytes += len(content.get_data()) if content is not None else 0
        if self._bytes > MOST_CONTENT:
            raise ValueError("its pages unpack to more than can be read")
        return (page.extract_text(visitor_operand_before=self._count) or "").strip()

    def _count(self, *operation: Any) -> None:
        self._operations += 1
        if self._operations > MOST_OPERATIONS:
            raise ValueError("its pages draw more than can be read")


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
