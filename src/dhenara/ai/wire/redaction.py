"""Redaction: what was sent as a secret is masked in whatever the server echoes, however it is encoded there.

Servers and gateways echo keys and headers in errors, in headers and in redirects, as they are or percent-encoded,
escaped for JSON or HTML, in base64 or hexadecimal, in other letter case, or cut. Each text is searched for all of
these forms; escapes are searched in the decoded text too. A text in which a secret remains after that is masked whole.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote, unquote

from .secrets import MASK

ESCAPES = ("%", "\\", "&", "+")
DEEPEST = 3
"""How often a text may be escaped over and over."""

SHORTEST_CUT = 12
"""Of a secret of at least so many characters, the beginning is masked too: messages are shortened."""

LONG = 24
"""A third of a long secret says which one it is; of a shorter one, three quarters."""

JSON_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)


def shows(text: str, secrets: tuple[str, ...]) -> bool:
    """Whether the text, read in any of the ways that readers know, has a secret in it."""
    lowered = text.lower()
    needles = forms(secrets)
    if any(needle in lowered for needle in needles):
        return True
    if not any(escape in text for escape in ESCAPES):
        return False
    return any(needle in view for view in decoded(lowered) for needle in needles)


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """The text with each form masked where it stands; masked whole where that is not enough."""
    if not secrets:
        return text
    text = known_forms(secrets).sub(MASK, text)
    if shows(text, secrets):
        text = escaped_forms(secrets).sub(MASK, text)
    return MASK if shows(text, secrets) else text


@lru_cache(maxsize=64)
def forms(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Every form of the secrets in lower case."""
    match = {form.lower() for secret in secrets for form in (*encoded(secret), beginning(secret)) if form}
    return tuple(match)


@lru_cache(maxsize=64)
def known_forms(secrets: tuple[str, ...]) -> re.Pattern[str]:
    """The forms as one expression, the longest first; of a secret that was cut, everything up to the cut."""
    whole = sorted({form for secret in secrets for form in encoded(secret)}, key=len, reverse=True)
    cut = [rf"{re.escape(start)}[^\s\"'<>&]*" for start in map(beginning, secrets) if start]
    return re.compile("|".join([*map(re.escape, whole), *cut]), re.IGNORECASE)


def beginning(secret: str) -> str:
    """What of a secret still says which one it is; nothing of short ones, and of texts of several words."""
    size = len(secret)
    if size < SHORTEST_CUT or " " in secret or "://" in secret:
        return ""
    return secret[: max(SHORTEST_CUT, size // 3) if size >= LONG else size * 3 // 4]


def encoded(secret: str) -> set[str]:
    data = secret.encode("utf-8", "surrogatepass")
    match = {secret, quote(secret, safe="", errors="replace"), secret.replace("/", "\\/"), data.hex()}
    for before in range(3):
        # The characters of base64 that depend on this secret alone, wherever it stands among other bytes.
        inner = base64.b64encode(bytes(before) + data)[(before * 8 + 5) // 6 : (before + len(data)) * 8 // 6].decode()
        match |= {inner, inner.replace("+", "-").replace("/", "_"), quote(inner, safe="")}
    return {form for form in match if form}


def decoded(text: str) -> set[str]:
    """The text as it reads once its percent, JSON and HTML escapes are resolved, one after another."""
    views, latest = {text}, {text}
    for _ in range(DEEPEST):
        latest = {one.lower() for view in latest for one in unescaped(view)} - views
        if not latest:
            break
        views |= latest
    return views


def unescaped(text: str) -> Iterator[str]:
    yield unquote(text)
    yield unquote(text.replace("+", " "))
    if "\\" in text:
        yield JSON_ESCAPE.sub(plain, text)
    if "&" in text:
        import html

        yield html.unescape(text)


def plain(escape: re.Match[str]) -> str:
    number = escape[1] or escape[2]
    return chr(int(number, 16)) if number else escape[3]


@lru_cache(maxsize=64)
def escaped_forms(secrets: tuple[str, ...]) -> re.Pattern[str]:
    """The secrets with each character as it is or in any escape."""
    return re.compile("|".join("".join(map(any_escape, secret)) for secret in secrets), re.IGNORECASE)


def any_escape(letter: str) -> str:
    code = ord(letter)
    pipelines = [rf"\\*{re.escape(letter)}", rf"\\+u{code:04x}", rf"&#0*{code};?", rf"&#x0*{code:x};?"]
    if code < 0x80:
        pipelines += [f"%(?:25)*{code:02x}", rf"\\+x{code:02x}"]
    pipelines += [r"\+"] if letter == " " else []
    if not letter.isalnum():
        from html.entities import html5

        pipelines += [re.escape(f"&{name}") for name, meant in html5.items() if meant == letter]
    return f"(?:{'|'.join(pipelines)})"
