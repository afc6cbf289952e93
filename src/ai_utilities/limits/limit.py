"""Rate limits, the error when one is reached, the steps of their stores, and what a call asks them for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NotRequired, TypedDict, cast

from dhenara.ai.errors import ConfigurationError, RateLimitError
from dhenara.ai.integration import LimitKind

from ..storage.store_io import random_id

SECOND, MINUTE, DAY = 1.0, 60.0, 86_400.0
WORDS = {SECOND: "second", MINUTE: "minute", DAY: "day"}

FREE_CACHE_READS = frozenset({"anthropic", "amazon_bedrock", "groq"})
"""Providers whose token limits do not count what is read from their prompt cache; those of OpenAI and others do."""


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
    advice = "Wait that long, raise the limit, or raise `timeout` or limit_wait_s (wait of LimitLayer)."


class Want(TypedDict):
    """An amount of one window: `amount` of at most `limit` in `window` seconds, counted under `bucket`."""

    bucket: str
    kind: str
    limit: float
    window: float
    amount: float


class LiveWant(TypedDict):
    """An amount of a limit that only the provider can measure."""

    bucket: str
    kind: str
    amount: float


class Lane(TypedDict):
    """A limit of calls that run at the same time."""

    lane: str
    limit: int


class SeenLimit(TypedDict):
    """A limit as the provider reported it: `remaining` of `limit`; all of it is available again in `reset` seconds."""

    bucket: str
    limit: float
    remaining: float
    reset: float


class TakeAsk(TypedDict):
    """The arguments of `take`.

    `ticket` is the id of the call, `lease` the seconds after which it no longer counts as running, `looks` the longest
    poll interval. `now` replaces the clock of a server, for tests.
    """

    ticket: str
    wants: list[Want]
    live: list[LiveWant]
    lanes: list[Lane]
    lease: float
    looks: NotRequired[float]
    now: NotRequired[float]


class SettleAsk(TypedDict):
    """The arguments of `settle`: when the call was granted, and the corrections of its amounts."""

    ticket: str
    at: float
    wants: list[Want]
    live: list[LiveWant]


class LeaveAsk(TypedDict):
    """The arguments of `leave`."""

    ticket: str


class PauseAsk(TypedDict):
    """The arguments of `pause`."""

    seconds: float


class ObserveAsk(TypedDict):
    """The arguments of `observe`."""

    seen: list[SeenLimit]


Ask = Mapping[str, object]
"""The arguments of any step, as stores pass them on: a JSON object."""


class Verdict(TypedDict):
    """The result of `take`: granted at `at` if `wait` is 0; else wait for `why`, and ask again in `look` seconds."""

    wait: float
    why: str
    look: float
    at: float


NO_VERDICT = cast("Verdict", {})
"""The result of the other steps."""


class LiveLevel(TypedDict):
    """What is left of a limit of the provider at a time, and how fast it is refilled."""

    level: float
    limit: float
    rate: float
    at: float


class QueuedCall(TypedDict):
    """A waiting call, which counts as gone after `until`."""

    ticket: str
    until: float
    amounts: dict[str, float]


class AccountClock(TypedDict):
    """The clock of an account; `boot` and `wall` belong to the SQLite store."""

    seen: float
    ahead: float
    boot: NotRequired[str]
    wall: NotRequired[float]


class Account(TypedDict):
    """The state of one API key.

    `windows` has amounts by bucket and slot, `live` the levels of the provider's own limits, `running` the running
    calls by lane, `paused` the time before which nothing is sent, `queue` the waiting calls in order.
    """

    windows: dict[str, dict[str, float]]
    live: dict[str, LiveLevel]
    running: dict[str, dict[str, float]]
    paused: float
    queue: list[QueuedCall]
    clock: NotRequired[AccountClock]
    version: NotRequired[int]


LEASE = 900.0
"""Seconds after which a call that did not end no longer counts as running, as its process has probably died."""

TO_SPARE = 5.0
"""Seconds for which a call counts as running after its deadline."""


class RequestForm:
    """What the calls to one model ask their limits for; only the tokens, the id and the time differ.

    Args:
        limits: The limits that apply.
        model: The model.
    """

    def __init__(self, limits: Sequence[Limit], model: str) -> None:
        self._wants: list[Want] = [
            {
                "bucket": f"{limit.counter_name(model)}|{kind}|{window:g}|{most}",
                "kind": kind,
                "limit": most,
                "window": window,
                "amount": 1,
            }
            for limit in limits
            for kind, most, window in limit.windows()
        ]
        self._requests: LiveWant = {"bucket": live_name(model, "requests"), "kind": "requests", "amount": 1}
        self._tokens: LiveWant = {"bucket": live_name(model, "tokens"), "kind": "tokens", "amount": 0}
        self._lanes: list[Lane] = [
            {"lane": f"{limit.counter_name(model)}|concurrency||{limit.concurrency}", "limit": limit.concurrency}
            for limit in limits
            if limit.concurrency is not None
        ]

    def fill(self, tokens: int, *, headers: bool, left: float | None = None) -> TakeAsk:
        """The arguments with which a call asks for its limits.

        Args:
            tokens: The estimated tokens of the call.
            headers: Whether limits that the provider reports apply, too.
            left: The seconds that the call has left; None without a deadline.
        """
        return {
            "ticket": random_id(),
            "lease": LEASE if left is None else min(LEASE, max(0.0, left) + TO_SPARE),
            "wants": [
                want if want["kind"] == "requests" else {**want, "amount": min(tokens, want["limit"])}
                for want in self._wants
            ],
            "live": [self._requests, {**self._tokens, "amount": tokens}] if headers else [],
            "lanes": self._lanes,
        }


def live_name(model: str, kind: str) -> str:
    """The bucket of a limit that the provider reports."""
    return f"{model}|{kind}||live"
