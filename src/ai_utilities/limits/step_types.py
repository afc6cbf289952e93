"""Types of limit stores: the arguments and results of their steps, and the state of an account. All are JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict, cast


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
