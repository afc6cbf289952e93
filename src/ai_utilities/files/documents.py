"""Documents: DOCX without anything beside Python, PDF with pypdf."""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

from ..exceptions import ProviderConfigurationError

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MOST_XML = 200 * 1024 * 1024
"""A small archive can unpack to more than memory holds."""


def read_docx(data: bytes) -> tuple[str, ...]:
    """Paragraphs and tables; a page ends where the author or the program that saved it said so."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        told = archive.getinfo("word/document.xml")
        if told.file_size > MOST_XML:
            raise ValueError("it unpacks to more than can be read")
        body = archive.read(told)
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise ValueError("it defines entities, which documents never do")
    pages: list[list[str]] = [[]]
    for element in ElementTree.fromstring(body).iterfind(f"{WORD}body/*"):
        if element.tag == f"{WORD}tbl":
            rows = (cells(row) for row in element.iter(f"{WORD}tr"))
            pages[-1].append("\n".join(" | ".join(row) for row in rows))
        else:
            first, *rest = paragraph(element)
            pages[-1].append(first)
            pages += [[part] for part in rest]
    return tuple("\n".join(page).strip() for page in pages)


def cells(row: ElementTree.Element) -> list[str]:
    return [" ".join("".join(paragraph(cell)).split()) for cell in row.iter(f"{WORD}tc")]


def paragraph(element: ElementTree.Element) -> list[str]:
    """The text, cut where pages end."""
    parts = [""]
    for piece in element.iter():
        match piece.tag.removeprefix(WORD):
            case "t":
                parts[-1] += piece.text or ""
            case "tab":
                parts[-1] += "\t" if len(piece.attrib) == 0 else ""
            case "lastRenderedPageBreak":
                parts.append("")
            case "br":
                if piece.get(f"{WORD}type") == "page":
                    parts.append("")
                else:
                    parts[-1] += "\n"
    return parts


def read_pdf(data: bytes) -> tuple[str, ...]:
    """The words of each page; a scanned page has none."""
    try:
        import pypdf
        from pypdf.errors import PyPdfError
    except ImportError as error:
        raise ProviderConfigurationError(
            "reading PDF needs pypdf: pip install 'dhenara[pdf]', or pass the file itself to a model that reads PDF"
        ) from error
    try:
        reader: Any = pypdf.PdfReader(BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise ValueError("it is locked with a password")
        return tuple((page.extract_text() or "").strip() for page in reader.pages)
    except (PyPdfError, RecursionError) as error:
        raise ValueError(str(error) or type(error).__name__) from error
