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
from typing import TYPE_CHECKING, cast
from xml.etree import ElementTree

from ..exceptions import AIUtilitiesError, ProviderConfigurationError
from .html_text import read_html

if TYPE_CHECKING:
    from pypdf import PageObject

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
"""Fallback content, which repeats the text for programs that do not support the element."""

MOST_XML = 200 * 1024 * 1024
"""Maximum unpacked size, because a small archive can unpack to more than memory holds."""

MOST_DEPTH = 1000
PIECE = 64 * 1024
MOST_OPERATIONS = 2_000_000
"""Maximum number of forms drawn by all pages of a PDF; nested forms can grow exponentially."""

MOST_CONTENT = 64 * 1024 * 1024
"""Maximum unpacked bytes of the page contents of a PDF."""


def read_docx(data: bytes) -> tuple[str, ...]:
    """Read paragraphs and tables of a Word document; pages end at saved page breaks."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        member = archive.getinfo("word/document.xml")
        if member.file_size > MOST_XML:
            raise ValueError("its unpacked content is too large")
        document = Document()
        for event, element in iter_events(archive, member):
            if event == "start":
                document.start(element)
            else:
                document.end(element)
                element.clear()
    return tuple("\n".join(page).strip() for page in document.pages)


def iter_events(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[tuple[str, ElementTree.Element]]:
    """Yield the starts and ends of elements while the file is unpacked."""
    parser: ElementTree.XMLPullParser[ElementTree.Element] = ElementTree.XMLPullParser(("start", "end"))
    tail = b""
    with archive.open(member) as file:
        size = PIECE
        while piece := file.read(size):
            if b"<!DOCTYPE" in tail + piece or b"<!ENTITY" in tail + piece:
                raise ValueError("it defines XML entities, which are not allowed")
            tail = piece[-16:]
            parser.feed(piece)
            events = element_events(parser)
            # Incomplete events are read again with the next piece; growing pieces keep the total time linear.
            size = PIECE if events else size * 2
            yield from events
    parser.close()
    yield from element_events(parser)


def element_events(parser: ElementTree.XMLPullParser[ElementTree.Element]) -> list[tuple[str, ElementTree.Element]]:
    """Return the starts and ends that the parser has read since the last call."""
    return cast("list[tuple[str, ElementTree.Element]]", list(parser.read_events()))


class Document:
    """Builds the text of a document while its elements are read."""

    def __init__(self) -> None:
        self.pages: list[list[str]] = [[]]
        self._line: list[str] = []
        self._rows: list[str] = []
        self._cells: list[str] = []
        self._words: list[str] = []
        self._tables = 0
        self._skipped = 0
        self._depth = 0

    def start(self, element: ElementTree.Element) -> None:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise ValueError(f"it is nested deeper than {MOST_DEPTH} elements")
        self._skipped += element.tag == FALLBACK
        self._tables += element.tag == f"{WORD}tbl"

    def end(self, element: ElementTree.Element) -> None:
        self._depth -= 1
        if element.tag == FALLBACK:
            self._skipped -= 1
        elif not self._skipped:
            name = element.tag.removeprefix(WORD)
            if self._tables:
                self._in_table(name, element)
            else:
                self._in_text(name, element)

    def _in_text(self, name: str, element: ElementTree.Element) -> None:
        if name == "p":
            self._end_line()
        elif name == "lastRenderedPageBreak" or (name == "br" and element.get(f"{WORD}type") == "page"):
            self._end_line()
            self.pages.append([])
        else:
            self._line.append(element_text(name, element))

    def _end_line(self) -> None:
        self.pages[-1].append("".join(self._line))
        self._line.clear()

    def _in_table(self, name: str, element: ElementTree.Element) -> None:
        """Cells of the outermost table become columns; nested tables become text of their cell."""
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
            self._words.append(" " if name in ("p", "tc", "tr") else element_text(name, element))


def element_text(name: str, element: ElementTree.Element) -> str:
    """Return the text of one element."""
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
    """Return the text of each page of a PDF; scanned pages have none."""
    try:
        import pypdf
    except ImportError as error:
        raise ProviderConfigurationError(
            "reading PDF needs pypdf: pip install 'dhenara[pdf]', or pass the file itself to a model that reads PDF"
        ) from error
    try:
        reader = pypdf.PdfReader(BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise ValueError("it is protected by a password")
        work = Work()
        return tuple(work.text_of(page) for page in reader.pages)
    except Exception as error:  # pypdf raises arbitrary exceptions for damaged files
        raise ValueError(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from error


class Work:
    """Counts the work for a document and raises above the bounds."""

    def __init__(self) -> None:
        self._operations = 0
        self._bytes = 0

    def text_of(self, page: PageObject) -> str:
        content = page.get_contents()
        self._bytes += len(content.get_data()) if content is not None else 0
        if self._bytes > MOST_CONTENT:
            raise ValueError("the unpacked content of its pages is too large")
        return (page.extract_text(visitor_operand_before=self._count) or "").strip()

    def _count(self, *operation: object) -> None:
        self._operations += 1
        if self._operations > MOST_OPERATIONS:
            raise ValueError("its pages draw too many forms")


MOST_BYTES = 100 * 1024 * 1024


class TextExtractionError(AIUtilitiesError, ValueError):
    """The file has no text, or none that can be read."""


@dataclass(frozen=True, slots=True)
class FileText:
    """The text of a file by pages; a format without pages has one.

    Attributes:
        name: Name of the file.
        mime_type: Its format as a MIME type.
        pages: The text of each page.
    """

    name: str
    mime_type: str
    pages: tuple[str, ...]

    @property
    def text(self) -> str:
        """The text of all pages."""
        return "\n\n".join(page for page in self.pages if page)

    def to_prompt(self) -> str:
        """The text with the file name and page numbers, so that answers can refer to them."""
        if len(self.pages) == 1:
            return f"[{self.name}]\n{self.pages[0]}"
        marked = (f"[{self.name}, page {number}]\n{page}" for number, page in enumerate(self.pages, 1))
        return "\n\n".join(marked)


def read_text(
    file: str | PathLike[str] | bytes, *, name: str | None = None, most_bytes: int | None = MOST_BYTES
) -> FileText:
    """Read the text of a file. The format is recognized by its content, then by its name.

    Args:
        file: A path, or the bytes.
        name: The name that results and errors show. Default None: that of the path.
        most_bytes: Maximum size of the file in bytes; None for no limit (default 100 MiB).

    Returns:
        The text, by pages where the format has pages.

    Raises:
        TextExtractionError: If the file cannot be read, is too large, or has no text in a known format.
        ProviderConfigurationError: If a package that reads the format is not installed.
    """
    file_name = name or ("file" if isinstance(file, bytes) else Path(file).name)
    data = file if isinstance(file, bytes) else read_disk(Path(file), most_bytes)
    if most_bytes is not None and len(data) > most_bytes:
        raise TextExtractionError(
            f"{file_name} has {len(data)} bytes; the limit is {most_bytes}. Pass a larger most_bytes=..."
        )
    kind = kind_of(data, file_name)
    reader = READERS.get(kind)
    if reader is not None:
        try:
            return FileText(file_name, kind, reader(data))
        except AIUtilitiesError:
            raise
        except UNREADABLE as error:
            raise TextExtractionError(f"cannot read {file_name} as {kind}: {error}") from error
    text = decode_text(data)
    if text is None:
        raise TextExtractionError(
            f"{file_name}: the text of {kind} cannot be read. "
            "Upload the file, or pass it in files=[...] to a model that reads it."
        )
    return FileText(file_name, kind, (text,))


def read_disk(path: Path, most_bytes: int | None) -> bytes:
    try:
        with path.expanduser().open("rb") as file:
            # Devices and pipes have no size.
            data = file.read() if most_bytes is None else file.read(most_bytes + 1)
    except (OSError, ValueError, RuntimeError) as error:
        raise TextExtractionError(f"cannot read the file {path}: {getattr(error, 'strerror', error)}") from error
    if most_bytes is not None and len(data) > most_bytes:
        raise TextExtractionError(f"{path} has more than {most_bytes} bytes. Pass a larger most_bytes=...")
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
    """Decode text in common encodings; None if it is not text."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        # After other letters of UTF-8, this is a character that was cut off, and not another encoding.
        is_cut = error.reason == "unexpected end of data" and not data[: error.start].isascii()
        return data[: error.start].decode() if is_cut else data.decode("cp1252", "replace")


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
UNREADABLE = (
    *(ValueError, LookupError, OSError, EOFError, RuntimeError, NotImplementedError, OverflowError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, ElementTree.ParseError),
)
"""Exceptions of the standard library for damaged files; encrypted archives raise RuntimeError."""

READERS: dict[str, Callable[[bytes], tuple[str, ...]]] = {
    "application/pdf": read_pdf,
    DOCX: read_docx,
    "text/html": lambda data: (read_html(decode_text(data) or ""),),
    "application/xhtml+xml": lambda data: (read_html(decode_text(data) or ""),),
}
