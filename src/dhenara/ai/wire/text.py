"""Text out of bytes: in whatever encoding it came, without marks and with one kind of line end."""

from __future__ import annotations

MARKS = (("utf-8-sig", b"\xef\xbb\xbf"), ("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff"))


def clean_text(data: bytes) -> str:
    """What a person would read. Bytes that are no UTF-8 are read as Windows-1252, which has a letter for each."""
    encoding = next((name for name, mark in MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
