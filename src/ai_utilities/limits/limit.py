"""Limits: how much may be sent to which provider and models."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Literal

from dhenara.ai.dataclass import dataclass
from dhenara.ai.errors import ConfigurationError, RateLimitError

Kind = Literal["requests", "tokens"]
SECOND, MINUTE, DAY = 1.0, 60.0, 86_400.0
WORDS = {SECOND: "second", MINUTE: "minute", DAY: "day"}


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate limit; None means not limited. `provider` and `model` may have wildcards.

    Each matching model has its own limit; with `together`, all share one. API keys never share limits.
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
            if value is not None and value < 1:
                raise ConfigurationError(f"{name} is a number of at least 1, or None for no limit; not {value!r}")

    def applies_to(self, provider: str, model: str) -> bool:
        return fnmatchcase(provider, self.provider) and fnmatchcase(model, self.model)

    def counter_name(self, model: str) -> str:
        """The name under which calls to this model are counted."""
        return self.model if self.together else model

    def windows(self) -> Iterator[tuple[Kind, int, float]]:
        """What is limited, the amount, and the seconds of the window."""
        given: tuple[tuple[Kind, int | None, float], ...] = (
            ("requests", self.requests_per_second, SECOND),
            ("requests", self.requests_per_minute, MINUTE),
            ("tokens", self.tokens_per_minute, MINUTE),
            ("requests", self.requests_per_day, DAY),
            ("tokens", self.tokens_per_day, DAY),
        )
        for kind, most, seconds in given:
            if most is not None:
                yield kind, most, seconds


class LimitReachedError(RateLimitError):
    """A limit is used up and the call may not wait that long; it was not sent."""

    code = "limit_reached"
    retriable = False
    advice = "Wait that long, raise the limit, or let calls wait with LimitLayer(wait=True)."
