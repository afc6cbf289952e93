"""Rate limits, the error when one is reached, and the limits that providers report in headers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Literal

from dhenara.ai.errors import ConfigurationError, RateLimitError

Kind = Literal["requests", "tokens"]
SECOND, MINUTE, DAY = 1.0, 60.0, 86_400.0
WORDS = {SECOND: "second", MINUTE: "minute", DAY: "day"}


def is_number_from(least: float, value: object) -> bool:
    """Whether it is a number of at least this."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= least


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate limit. API keys never share limits.

    Attributes:
        requests_per_second: Maximum requests in any second; None is no limit, as for the others.
        requests_per_minute: Maximum requests in any minute.
        tokens_per_minute: Maximum tokens in any minute.
        requests_per_day: Maximum requests in any 24 hours.
        tokens_per_day: Maximum tokens in any 24 hours.
        concurrency: Maximum calls that run at the same time.
        provider: The providers to which it applies; may have wildcards.
        model: The models to which it applies; may have wildcards.
        together: Whether all matching models share one limit; otherwise each has its own.

    Raises:
        ConfigurationError: If a number is less than 1.
    """

    requests_per_second: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    requests_per_day: int | None = None
    tokens_per_day: int | None = None
    concurrency: int | None = None
    provider: str = "*"
    model: str = "*"
    together: bool = False

    def __post_init__(self) -> None:
        for name in ("requests_per_second", "requests_per_minute", "tokens_per_minute", "requests_per_day",
                     "tokens_per_day", "concurrency"):  # fmt: skip
            value = getattr(self, name)
            if value is not None and not is_number_from(1, value):
                raise ConfigurationError(f"{name} must be a number of at least 1, or None for no limit, not {value!r}")

    def applies_to(self, provider: str, model: str) -> bool:
        """Whether calls to this provider and model count.

        Args:
            provider: The name of the provider.
            model: The name of the model.
        """
        return fnmatchcase(provider, self.provider) and fnmatchcase(model, self.model)

    def counter_name(self, model: str) -> str:
        """The name under which calls to a model are counted.

        Args:
            model: The name of the model.
        """
        return self.model if self.together else model

    def windows(self) -> Iterator[tuple[Kind, int, float]]:
        """The limited windows: what is counted, the maximum, and the seconds of the window."""
        windows: tuple[tuple[Kind, int | None, float], ...] = (
            ("requests", self.requests_per_second, SECOND),
            ("requests", self.requests_per_minute, MINUTE),
            ("tokens", self.tokens_per_minute, MINUTE),
            ("requests", self.requests_per_day, DAY),
            ("tokens", self.tokens_per_day, DAY),
        )
        for kind, most, seconds in windows:
            if most is not None:
                yield kind, most, seconds


class LimitReachedError(RateLimitError):
    """A limit is used up, and the call may not wait that long. It was not sent."""

    code = "limit_reached"
    retriable = False
    advice = "Wait that long, raise the limit, or let calls wait with LimitLayer(wait=True)."


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
    """A limit as a provider reports it.

    Attributes:
        kind: What is counted.
        limit: The maximum.
        remaining: What is left of it.
        reset: Seconds until all of it is available again.
    """

    kind: Kind
    limit: float
    remaining: float
    reset: float


def read_headers(headers: Mapping[str, str], now: float) -> Iterator[HeaderLimit]:
    """Reads the limits in the headers of a response; those that cannot be parsed are left out.

    Args:
        headers: The headers, with names in lower case.
        now: The time in Unix seconds.
    """
    for kind, limit, remaining, reset in NAMES:
        most, left = parse_number(headers.get(limit)), parse_number(headers.get(remaining))
        if most is not None and left is not None and most > 0:
            yield HeaderLimit(kind, most, max(0.0, left), seconds(headers.get(reset, ""), now))


def parse_number(text: str | None) -> float | None:
    """A number; None if there is none."""
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
