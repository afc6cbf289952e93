"""The number of pages of a PDF file, where pypdf is installed."""

from __future__ import annotations

from io import BytesIO


def count_pages(data: bytes) -> int | None:
    """Counts the pages of a PDF file.

    Args:
        data: The file.

    Returns:
        The number; None if the file cannot be read, or without pypdf.
    """
    if b"%PDF-" not in data[:1024]:
        return None
    try:
        import pypdf
    except ImportError:
        return None
    try:
        return len(pypdf.PdfReader(BytesIO(data)).pages)
    except Exception:  # noqa: BLE001  # pypdf raises arbitrary exceptions for damaged files
        return None
