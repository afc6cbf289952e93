"""Redaction: what was sent as a secret is masked in whatever the server echoes, however it is encoded there.

Servers and gateways echo keys and headers in errors, in headers and in redirects, as they are or encoded, in other
letter case, or cut. Each text is searched for all of these forms, and so are all its readings. A text in which a secret
remains after what can be masked is masked whole.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import string
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from html.entities import html5
from urllib.parse import quote, unquote

from .secrets import MASK

DEEPEST = 3
"""How often a text may be encoded over and over."""

MOST = 48
"""The most readings that are made of one text."""

LONGEST = 20_000
"""Of longer texts, only this much at the beginning is looked at for dumps of bytes."""

# As text: `re` compiles these, and keeps them, when they are used for the first time.
SLASHED = r"(?is)\\(?:u\{([0-9a-f]{1,6})\}|u([0-9a-f]{4})|x([0-9a-f]{2})|([0-7]{3})|(.))"
WIDE_PERCENT = r"(?i)%u([0-9a-f]{4})"
QUOTED_PRINTABLE = r"=([0-9A-Fa-f]{2})"
SPACES = r"[\s\x00\ufffd]+|\\[nrt]"
BASE64 = r"[A-Za-z0-9+/_-]{12,}"
BYTE_MARKS = r"(?i)0x|\\+x|[\s:,;.-]"
HEXADECIMAL = r"(?i)[0-9a-f]{10,}"
SMALL_LETTERS = bytes.maketrans(string.ascii_uppercase.encode(), string.ascii_lowercase.encode())
DROPPED = string.whitespace.encode() + b"\x00\x1c\x1d\x1e\x1f+-_/.,:;=%&#\\xX0"
BYTE_VALUES = r"\d{1,3}(?:\s*[,\s]\s*\d{1,3}){4,}"


def has_escapes(text: str) -> bool:
    """Whether the text may read as another one."""
    return "%" in text or "\\" in text or "&" in text or "+" in text


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
    if has_escapes(text):
        yield unquote(text)
        yield unquote(text.replace("+", " "))
        if "%u" in text:
            yield re.sub(WIDE_PERCENT, lambda escape: chr(int(escape[1], 16)), text)
        if "\\" in text:
            yield re.sub(SLASHED, unslashed, text)
        if "&" in text:
            yield html.unescape(text)
    if not thorough:
        return
    if not text.isascii():
        yield unicodedata.normalize("NFKC", text)
        yield from unmixed(text)
    yield re.sub(QUOTED_PRINTABLE, quoted_letter, text)
    start = text[:LONGEST]
    joined = re.sub(SPACES, "", start)
    yield joined
    yield "\n".join(from_base64(start))
    if joined != start:
        yield "\n".join(from_base64(joined))
    yield "\n".join(from_hexadecimal(start))
    yield "\n".join(from_byte_values(start))


def quoted_letter(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16))


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
    for run in re.findall(BASE64, text):
        standard = run.replace("-", "+").replace("_", "/")
        for start in range(4):
            part = standard[start:]
            try:
                yield letters(base64.b64decode(part[: len(part) // 4 * 4]))
            except (binascii.Error, ValueError):
                continue


def from_hexadecimal(text: str) -> Iterator[str]:
    """Yield every run of hexadecimal digits, decoded from its first and second digit, with any separators."""
    for run in re.findall(HEXADECIMAL, re.sub(BYTE_MARKS, "", text)):
        for part in (run, run[1:]):
            yield letters(bytes.fromhex(part[: len(part) // 2 * 2]))


def from_byte_values(text: str) -> Iterator[str]:
    """Lists of byte values, such as the JSON of a buffer."""
    for run in re.findall(BYTE_VALUES, text):
        yield letters(bytes(int(number) & 0xFF for number in re.findall(r"\d+", run)))


def letters(data: bytes) -> str:
    """The text of some bytes, in both of the encodings that it may have."""
    data = data.replace(b"\x00", b"")
    return f"{data.decode('utf-8', 'ignore')}\n{data.decode('latin-1')}"


SHORTEST_CUT = 12
"""Of a secret of at least so many characters, a part is masked too: messages are shortened."""

LONG = 24
"""A third of a long secret at its beginning, or half of it anywhere, says which one it is; of a shorter one, three
quarters."""


def shows(text: str, secrets: tuple[str, ...], *, thorough: bool = False) -> bool:
    """Whether the text, decoded in any of the known ways, has a secret in it.

    Args:
        text: What a server sent.
        secrets: What must not be shown.
        thorough: Whether to look for parts of secrets, and in base64, hexadecimal and lists of bytes as well.
    """
    if not secrets:
        return False
    if holds(text, secrets, thorough=thorough):
        return True
    if not thorough and not has_escapes(text):
        return False  # it reads as itself only
    return any(
        holds(reading, secrets, thorough=thorough)
        for reading in readings(text, thorough=thorough)
        if reading is not text
    )


def hides(text: str, secrets: tuple[str, ...]) -> bool:
    """Whether a short text, such as an id, shows a secret: as `shows` with `thorough`, but looked at in few steps.

    Of cut secrets only beginnings as they are show, and of what base64 or numbers are made of no other encodings.
    """
    if not secrets:
        return False
    texts: Iterable[str] = (text,)
    if has_escapes(text) or "=" in text:
        texts = {*readings(text), re.sub(QUOTED_PRINTABLE, quoted_letter, text)}
    for one in texts:
        condensed = condense(one)
        for sign in signs(secrets):
            if sign in condensed:
                return shows(text, secrets, thorough=True)
    return False


def condense(text: str) -> str:
    """The text in which all dumps of bytes read alike: without letter case, separators, marks of numbers, and zeros.

    Letters that are not in ASCII become question marks.
    """
    return text.encode("ascii", "replace").translate(SMALL_LETTERS, DROPPED).decode("ascii")


SIGN = 12
"""So many characters of an encoded form are enough to look at a text thoroughly; more would take longer."""


@lru_cache(maxsize=64)
def signs(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """What condensed texts with a secret contain: its beginning, its bytes as numbers or base64, or other alphabets."""
    parts = {"?"}
    for secret in secrets:
        data = secret.encode("utf-8", "surrogatepass")
        parts.add(condense(beginning(secret) or secret))
        parts.update(condense(one)[:SIGN] for one in (data.hex(), "".join(map(str, data)), *base64_forms(data)))
    return tuple(parts)


def one_shows(texts: Sequence[str], secrets: tuple[str, ...]) -> bool:
    """Whether one of several texts, such as the values of headers, has a secret in it. None continues in the next."""
    text = "\n".join(texts)
    if not secrets or holds(text, secrets, thorough=False):
        return bool(secrets)
    # Texts without escapes read as themselves only.
    return has_escapes(text) and shows("\n".join([one for one in texts if has_escapes(one)]), secrets)


def holds(text: str, secrets: tuple[str, ...], *, thorough: bool) -> bool:
    """Return whether the text contains a form of a secret, or a large part of one."""
    lowered = text.lower()
    for form in forms(secrets):
        if form in lowered:
            return True
    return thorough and next(fragments(lowered, secrets), None) is not None


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """Return the text with each form of a secret masked; all of it is masked if that is not enough."""
    if not secrets:
        return text
    text = masked(text, secrets)
    if shows(text, secrets, thorough=True):
        text = escaped_forms(secrets).sub(MASK, text)
    return MASK if shows(text, secrets, thorough=True) else text


@lru_cache(maxsize=64)
def forms(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Every form of the secrets in lower case, without those that contain another one."""
    lowered = {form.lower() for secret in secrets for form in (*encoded(secret), beginning(secret)) if form}
    return tuple(form for form in lowered if not any(one in form for one in lowered - {form}))


@lru_cache(maxsize=64)
def known_forms(secrets: tuple[str, ...]) -> re.Pattern[str]:
    """The forms as one expression, the longest first; of a secret that was cut, everything up to the cut."""
    whole = sorted({form for secret in secrets for form in encoded(secret)}, key=len, reverse=True)
    cut = [rf"{re.escape(start)}[^\s\"'<>&]*" for start in map(beginning, secrets) if start]
    return re.compile("|".join([*map(re.escape, whole), *cut]), re.IGNORECASE)


def beginning(secret: str) -> str:
    """Return the parts that identify a secret; none for short ones and for texts of several words."""
    size = len(secret)
    if not can_be_cut(secret):
        return ""
    return secret[: max(SHORTEST_CUT, size // 3) if size >= LONG else size * 3 // 4]


def can_be_cut(secret: str) -> bool:
    return len(secret) >= SHORTEST_CUT and " " not in secret and "://" not in secret


@lru_cache(maxsize=64)
def anchors(secrets: tuple[str, ...]) -> tuple[tuple[str, str, int, int], ...]:
    """For each secret pieces of it, one of which is in every part that is long enough: secret, piece, place, length."""
    pieces = []
    for secret in filter(can_be_cut, secrets):
        size = len(secret)
        least = max(SHORTEST_CUT, size // 2) if size >= LONG else size * 3 // 4
        step = least // 2
        lowered = secret.lower()
        if len(lowered) == size:
            pieces += [(lowered, lowered[at : at + step], at, least) for at in range(0, size - step + 1, step)]
    return tuple(pieces)


def fragments(lowered: str, secrets: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Where large parts of secrets stand in a text of small letters: beginnings and ends."""
    for secret, piece, place, least in anchors(secrets):
        at = lowered.find(piece)
        while at >= 0:
            start, end, first, last = at, at + len(piece), place, place + len(piece)
            while start and first and lowered[start - 1] == secret[first - 1]:
                start, first = start - 1, first - 1
            while end < len(lowered) and last < len(secret) and lowered[end] == secret[last]:
                end, last = end + 1, last + 1
            if end - start >= least:
                yield start, end
            at = lowered.find(piece, end)


def masked(text: str, secrets: tuple[str, ...]) -> str:
    """Return the text with forms and parts of secrets masked where they occur literally."""
    spans = [match.span() for match in known_forms(secrets).finditer(text)]
    lowered = text.lower()
    # A letter whose small form is two characters would move all places after it.
    spans += fragments(lowered, secrets) if len(lowered) == len(text) else ()
    shown, at = [], 0
    for start, end in sorted(spans):
        if start >= at:
            shown += [text[at:start], MASK]
        at = max(at, end)
    return "".join((*shown, text[at:]))


def encoded(secret: str) -> set[str]:
    data = secret.encode("utf-8", "surrogatepass")
    encodings = {secret, quote(secret, safe="", errors="replace"), secret.replace("/", "\\/"), data.hex()}
    if not secret.isascii():
        # What is left of it where bytes are read as Latin-1, or letters are replaced.
        encodings |= {data.decode("latin-1"), repr(data)[2:-1], *unmixed(secret)}
        encodings.add(secret.encode("ascii", "replace").decode())
        encodings.add(quote(secret.encode("latin-1", "replace"), safe=""))
    for inner in base64_forms(data):
        encodings |= {inner, inner.replace("+", "-").replace("/", "_"), quote(inner, safe="")}
    return {form for form in encodings if form}


def base64_forms(data: bytes) -> Iterator[str]:
    """Yield the characters of base64 that depend on these bytes alone, wherever they stand among others."""
    for before in range(3):
        yield base64.b64encode(bytes(before) + data)[(before * 8 + 5) // 6 : (before + len(data)) * 8 // 6].decode()


@lru_cache(maxsize=64)
def escaped_forms(secrets: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern of the secrets, each character literal or in any escape."""
    return re.compile("|".join("".join(map(any_escape, secret)) for secret in secrets), re.IGNORECASE)


def any_escape(letter: str) -> str:
    code = ord(letter)
    pipelines = [rf"\\*{re.escape(letter)}", rf"\\+u{code:04x}", rf"&#0*{code};?", rf"&#x0*{code:x};?"]
    if code < 0x80:
        pipelines += [f"%(?:25)*{code:02x}", rf"\\+x{code:02x}"]
    pipelines += [r"\+"] if letter == " " else []
    if not letter.isalnum():
        pipelines += [re.escape(f"&{name}") for name, meant in html5.items() if meant == letter]
    return f"(?:{'|'.join(pipelines)})"
