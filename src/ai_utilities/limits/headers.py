"""Reads rate-limit headers of providers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from dhenara.ai.dataclass import dataclass

from .limit import Kind

NAMES: tuple[tuple[Kind, str, str, str], ...] = (
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
    """`remaining` of `limit` are left; all are available again in `reset` seconds."""

    kind: Kind
    limit: float
    remaining: float
    reset: float


def read_headers(headers: Mapping[str, str], now: float) -> Iterator[HeaderLimit]:
    """The limits that can be parsed; `now` is in Unix seconds."""
    for kind, limit, remaining, reset in NAMES:
        most, left = parse_number(headers.get(limit)), parse_number(headers.get(remaining))
        if most is not None and left is not None and most > 0:
            yield HeaderLimit(kind, most, max(0.0, left), seconds(headers.get(reset, ""), now))


def parse_number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def seconds(text: str, now: float) -> float:
    """Parses `6m0s`, `1.5s`, `250ms`, `17`, or a time such as `2026-11-21T12:00:00Z`."""
    plain = parse_number(text)
    if plain is not None:
        return plain
    parts = re.findall(r"([\d.]+)(ms|s|m|h|d)(?![a-z])", text)
    if parts and "".join(amount + unit for amount, unit in parts) == text:
        return sum(float(amount) * UNITS[unit] for amount, unit in parts)
    try:
        return max(0.0, datetime.fromisoformat(text).timestamp() - now)
    except ValueError:
        return USUAL_RESET
