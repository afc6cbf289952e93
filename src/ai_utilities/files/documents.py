"""Documents: DOCX without anything beside Python, PDF with pypdf."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

from ..exceptions import ProviderConfigurationError

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
