"""Tool call ids: providers accept different formats and reject others."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Literal

IdRule = Literal["any", "short", "long", "nine", "word64"]
"""Allowed formats: `short` and `long` are any characters, up to 40 or 64; `nine` is nine letters and digits."""

NINE = re.compile(r"[A-Za-z0-9]{9}")
WORD64 = re.compile(r"[A-Za-z0-9_-]{1,64}")


def legal_id(given: str, rule: IdRule) -> str:
    """Return the id if it is valid, else one derived from it; the result is deterministic."""
    return RULES[rule](given)


def any_id(given: str) -> str:
    return given


def shorten_id(given: str) -> str:
    return given if len(given) <= 40 else f"call_{digest(given)[:24]}"


def pad_id(given: str) -> str:
    return given if len(given) <= 64 else f"call_{digest(given)[:24]}"


def nine_character_id(given: str) -> str:
    return given if NINE.fullmatch(given) else digest(given)[:9]


def word_id(given: str) -> str:
    return given if WORD64.fullmatch(given) else f"call_{digest(given)[:24]}"


def digest(given: str) -> str:
    return hashlib.sha256(given.encode()).hexdigest()


RULES: dict[IdRule, Callable[[str], str]] = {
    "any": any_id,
    "short": shorten_id,
    "long": pad_id,
    "nine": nine_character_id,
    "word64": word_id,
}
