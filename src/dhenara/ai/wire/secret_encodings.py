"""Decoded forms of a text, with its escapes and encodings resolved, whichever they are.

Servers, gateways and loggers repeat what they were sent in percent, JSON, HTML and quoted-printable escapes, in base64,
in hexadecimal dumps and lists of byte values, with spaces or line feeds between, and in UTF-16.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

DEEPEST = 3
"""How often a text may be encoded over and over."""

MOST = 48
"""The most readings that are made of one text."""

LONGEST = 20_000
"""Of longer texts, only this much at the beginning is looked at for dumps of bytes."""

ESCAPES = re.compile(r"[%\\&+]")
SLASHED = re.compile(
    r"\\(?:u\{([0-9a-f]{1,6})\}|u([0-9a-f]{4})|x([0-9a-f]{2})|([0-7]{3})|(.))", re.DOTALL | re.IGNORECASE
)
WIDE_PERCENT = re.compile(r"%u([0-9a-f]{4})", re.IGNORECASE)
QUOTED_PRINTABLE = re.compile(r"=([0-9A-Fa-f]{2})")
SPACES = re.compile(r"[\s\x00\ufffd]+|\\[nrt]")
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}")
BYTE_MARKS = re.compile(r"0x|\\+x|[\s:,;.-]", re.IGNORECASE)
HEXADECIMAL = re.compile(r"[0-9a-f]{10,}", re.IGNORECASE)
BYTE_VALUES = re.compile(r"\d{1,3}(?:\s*[,\s]\s*\d{1,3}){4,}")


def readings(text: str, *, thorough: bool = False) -> set[str]:
    """The text, and everything that it reads as.

    Args:
        text: What a server sent.
        thorough: Whether to look for base64, hexadecimal and lists of bytes as well, which takes longer.
    """
    forms = {text}
    latest = forms
    for _ in range(DEEPEST):
        latest = {other for one in latest for other in resolved(one, thorough=thorough) if other} - forms
        if not latest or len(forms) > MOST:
            break
        forms = forms | latest
    return forms


def resolved(text: str, *, thorough: bool) -> Iterator[str]:
    """Yield the text with one kind of escape resolved, for each kind."""
    if ESCAPES.search(text):
        yield unquote(text)
        yield unquote(text.replace("+", " "))
        if "%u" in text:
            yield WIDE_PERCENT.sub(lambda escape: chr(int(escape[1], 16)), text)
        if "\\" in text:
            yield SLASHED.sub(unslashed, text)
        if "&" in text:
            yield html.unescape(text)
    if not thorough:
        return
    if not text.isascii():
        yield unicodedata.normalize("NFKC", text)
        yield from unmixed(text)
    yield QUOTED_PRINTABLE.sub(lambda escape: chr(int(escape[1], 16)), text)
    start = text[:LONGEST]
    joined = SPACES.sub("", start)
    yield joined
    yield "\n".join(from_base64(start))
    if joined != start:
        yield "\n".join(from_base64(joined))
    yield "\n".join(from_hexadecimal(start))
    yield "\n".join(from_byte_values(start))


def unslashed(escape: re.Match[str]) -> str:
    number = escape[1] or escape[2] or escape[3]
    if number:
        code = int(number, 16)
        return chr(code) if code < 0x110000 else escape[0]
    return chr(int(escape[4], 8)) if escape[4] else escape[5]


def unmixed(text: str) -> Iterator[str]:
    """UTF-8 that was read as Latin-1, as it was meant."""
    try:
        yield text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return


def from_base64(text: str) -> Iterator[str]:
    """Yield every run of base64, decoded from each of its first four characters, because a word may precede it."""
    for run in BASE64.findall(text):
        standard = run.replace("-", "+").replace("_", "/")
        for start in range(4):
            part = standard[start:]
            try:
                yield letters(base64.b64decode(part[: len(part) // 4 * 4]))
            except (binascii.Error, ValueError):
                continue


def from_hexadecimal(text: str) -> Iterator[str]:
    """Yield every run of hexadecimal digits, decoded from its first and second digit, with any separators."""
    for run in HEXADECIMAL.findall(BYTE_MARKS.sub("", text)):
        for part in (run, run[1:]):
            yield letters(bytes.fromhex(part[: len(part) // 2 * 2]))


def from_byte_values(text: str) -> Iterator[str]:
    """Lists of byte values, such as the JSON of a buffer."""
    for run in BYTE_VALUES.findall(text):
        yield letters(bytes(int(number) & 0xFF for number in re.findall(r"\d+", run)))


def letters(data: bytes) -> str:
    """The text of some bytes, in both of the encodings that it may have."""
    data = data.replace(b"\x00", b"")
    return f"{data.decode('utf-8', 'ignore')}\n{data.decode('latin-1')}"
