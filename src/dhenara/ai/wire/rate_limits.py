"""The rate limits that providers report in the headers of responses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
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
)
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
USUAL_RESET = 60.0


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
    """Return a number; None if there is none."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def reset_seconds(text: str, now: float) -> float:
    """Parse `6m0s`, `1.5s`, `250ms`, `17`, or a time such as `2026-11-21T12:00:00Z`."""
    plain = parse_amount(text)
    if plain is not None:
        return plain
    parts = re.findall(r"([\d.]+)(ms|s|m|h|d)(?![a-z])", text)
    if parts and "".join(amount + unit for amount, unit in parts) == text:
        return sum(float(amount) * UNITS[unit] for amount, unit in parts)
    try:
        return max(0.0, datetime.fromisoformat(text).timestamp() - now)
    except ValueError:
        return USUAL_RESET
