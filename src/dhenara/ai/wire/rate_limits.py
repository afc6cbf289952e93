"""The rate limits that providers report in the headers of responses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Literal

LimitKind = Literal["requests", "tokens"]
NAMES: tuple[tuple[LimitKind, str, str, str], ...] = (
    ("requests", "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("tokens", "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    (
        "requests",
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    ),
    (
        "tokens",
        "anthropic-ratelimit-tokens-limit",
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-reset",
    ),
    # Mistral's windows are minutes, and it does not say when they end.
    ("requests", "x-ratelimit-limit-req-minute", "x-ratelimit-remaining-req-minute", ""),
    ("tokens", "x-ratelimit-limit-tokens-minute", "x-ratelimit-remaining-tokens-minute", ""),
)
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
USUAL_RESET = 60.0

UNIX_TIMES = 1e9
"""Numbers from here on are times, not delays: this one was in September 2001, and as a delay it is 31 years."""


@dataclass(frozen=True, slots=True)
class HeaderLimit:
    """A limit as a provider reports it.

    Attributes:
        kind: What is counted.
        limit: The maximum.
        remaining: What is left of it.
        reset: Seconds until all of it is available again.
    """

    kind: LimitKind
    limit: float
    remaining: float
    reset: float


def read_limit_headers(headers: Mapping[str, str], now: float) -> Iterator[HeaderLimit]:
    """Read the limits in the headers of a response; those that cannot be parsed are left out.

    Args:
        headers: The headers, with names in lower case.
        now: The time in Unix seconds.
    """
    for kind, limit, remaining, reset in NAMES:
        if limit not in headers:
            continue
        most, left = parse_amount(headers.get(limit)), parse_amount(headers.get(remaining))
        if most is not None and left is not None and most > 0:
            yield HeaderLimit(kind, most, max(0.0, left), reset_seconds(headers.get(reset, ""), now))


def parse_amount(text: str | None) -> float | None:
    """Return a finite number; None if there is none."""
    try:
        number = None if text is None else float(text)
    except ValueError:
        return None
    return number if number is not None and isfinite(number) else None


def reset_seconds(text: str, now: float) -> float:
    """Return the seconds until a limit is available again; a minute if the text says nothing."""
    seconds = parse_delay(text, now)
    return USUAL_RESET if seconds is None else seconds


def parse_delay(text: str, now: float) -> float | None:
    """Parse a delay, or a time from which it is counted.

    Args:
        text: `6m0s`, `1.5s`, `250ms`, `17`, a time such as `2026-11-21T12:00:00Z`, an HTTP date, or a Unix time in
            seconds or milliseconds.
        now: The time in Unix seconds.

    Returns:
        Seconds, at least 0; None if the text is none of these.
    """
    text = text.strip()
    number = parse_amount(text)
    if number is not None:
        seconds = number / 1000 if number >= UNIX_TIMES * 1000 else number
        return max(0.0, seconds - now if seconds >= UNIX_TIMES else seconds)
    parts = re.findall(r"([\d.]+)(ms|s|m|h|d)(?![a-z])", text)
    if parts and "".join(amount + unit for amount, unit in parts) == text:
        lengths = [number * UNITS[unit] for amount, unit in parts if (number := parse_amount(amount)) is not None]
        return sum(lengths) if len(lengths) == len(parts) else None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            at = read(text)
            return max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now)
        except (ValueError, OverflowError):
            continue
    return None
