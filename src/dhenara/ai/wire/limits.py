"""Limits: the largest sizes that are read of a response, and the rate limits that providers report in headers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Literal, Protocol

from .sse import BrokenFraming, Frame, Frames


class ReadLimits(Protocol):
    """Limits of one response. `types.ResponseLimits` is the class that users set."""

    @property
    def body_bytes(self) -> int | None: ...

    @property
    def error_body_bytes(self) -> int: ...

    @property
    def event_bytes(self) -> int: ...

    @property
    def head_bytes(self) -> int: ...

    @property
    def interim_responses(self) -> int: ...

    @property
    def chunk_extension_bytes(self) -> int: ...

    @property
    def trailer_bytes(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """The default limits. Bodies and events are measured after decompression."""

    body_bytes: int | None = 268_435_456
    """2,048 embeddings of 3,072 full-precision numbers are about 130 MB of JSON."""

    error_body_bytes: int = 262_144
    event_bytes: int = 67_108_864
    """Generated images arrive as one event of base64."""

    head_bytes: int = 262_144
    interim_responses: int = 64
    chunk_extension_bytes: int = 65_536
    trailer_bytes: int = 65_536


DEFAULT_LIMITS = Limits()


def without_body_limit(limits: ReadLimits) -> Limits:
    """Return the limits without one for the body, for bodies that are not kept in memory, such as downloads."""
    return Limits(
        body_bytes=None,
        error_body_bytes=limits.error_body_bytes,
        event_bytes=limits.event_bytes,
        head_bytes=limits.head_bytes,
        interim_responses=limits.interim_responses,
        chunk_extension_bytes=limits.chunk_extension_bytes,
        trailer_bytes=limits.trailer_bytes,
    )


class LimitExceeded(BrokenFraming):
    """The server sent more than `limit`, a field of `ReadLimits`, allows."""

    def __init__(self, what: str, limit: str, most: int, unit: str = "bytes") -> None:
        super().__init__(f"{what} is longer than {most} {unit}")
        self.limit = limit
        self.most = most


class BoundedFrames:
    """Frames of a stream, none of them larger than `most`.

    Counts what has been fed since the last frame was complete, which is all that can be waiting for its end; comments
    of a stream count too.
    """

    __slots__ = ("_frames", "_most", "_waiting")

    def __init__(self, frames: Frames, most: int) -> None:
        self._frames = frames
        self._most = most
        self._waiting = 0

    def feed(self, chunk: bytes) -> list[Frame]:
        frames = self._frames.feed(chunk)
        self._waiting = 0 if frames else self._waiting + len(chunk)
        if self._waiting > self._most:
            raise LimitExceeded("an event of the stream", "event_bytes", self._most)
        return frames

    def finish(self) -> list[Frame]:
        return self._frames.finish()


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
