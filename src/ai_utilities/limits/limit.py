"""Rate limits, and the error when one is reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from dhenara.ai.errors import ConfigurationError, RateLimitError
from dhenara.ai.integration import LimitKind

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

    def windows(self) -> Iterator[tuple[LimitKind, int, float]]:
        """The limited windows: what is counted, the maximum, and the seconds of the window."""
        windows: tuple[tuple[LimitKind, int | None, float], ...] = (
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
