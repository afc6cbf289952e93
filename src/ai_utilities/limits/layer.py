"""The rate-limit layer: reserves an estimate before each attempt, and corrects it when the usage is known."""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Sequence
from typing import Any

from dhenara.ai import Layer, Send, Stream, Target
from dhenara.ai.errors import CallError, QuotaError, RateLimitError
from dhenara.ai.types import Call, Usage

from ..storage.errors import StoreError, StoreEvictsError, StoreVersionError
from ..storage.store_calls import StoreIO, call_store, call_store_shielded, within
from ..usage.costs import MANAGEMENT_OPERATIONS, estimate_request
from .limit import WORDS, Limit, LimitReachedError, read_headers
from .stores import LimitStore, MemoryLimits
from .window_state import NEVER_LONGER, Ask

LEASE = 900.0
"""Seconds after which a call that never ended no longer counts as running: its process has died."""
TO_SPARE = 5.0
"""Seconds more than a call may take, for whoever ends it late."""


def build_request(
    limits: Sequence[Limit], model: str, tokens: int, *, headers: bool, left: float | None = None
) -> dict[str, Any]:
    """What one call to this model needs to be granted; `live` is what only the provider knows the limits of.

    `left`: how many seconds the call may take, where it has a deadline. One that never ends blocks its place no longer.
    """
    return {
        "ticket": uuid.uuid4().hex,
        "lease": LEASE if left is None else min(LEASE, max(0.0, left) + TO_SPARE),
        "wants": [
            {
                "bucket": f"{limit.counter_name(model)}|{kind}|{window:g}|{most}",
                "kind": kind,
                "limit": most,
                "window": window,
                "amount": 1 if kind == "requests" else min(tokens, most),
            }
            for limit in limits
            for kind, most, window in limit.windows()
        ],
        "live": [
            {"bucket": live_name(model, kind), "kind": kind, "amount": amount}
            for kind, amount in (("requests", 1), ("tokens", tokens))
            if headers
        ],
        "lanes": [
            {"lane": f"{limit.counter_name(model)}|concurrency||{limit.concurrency}", "limit": limit.concurrency}
            for limit in limits
            if limit.concurrency is not None
        ],
    }


def live_name(model: str, kind: str) -> str:
    return f"{model}|{kind}||live"


def describe_limit(why: str) -> str:
    """Which limit it was, from the name of its bucket."""
    if why == "paused":
        return "the provider asked for a pause"
    whose, kind, window, most = why.rsplit("|", 3)
    if most == "live":
        return f"the provider says that the {kind} of {whose} are used up for now"
    if kind == "concurrency":
        return f"{most} calls to {whose} are running, which is the limit"
    return f"the limit of {most} {kind} per {WORDS.get(float(window), f'{window} s')} for {whose} is used up"


def account_name(target: Target) -> str:
    """Provider and a hash of address and key: keys do not share limits, and are never kept."""
    text = json.dumps([target.base_url, target.account])
    digest = hashlib.blake2b(text.encode(), digest_size=12, person=b"dhenara-limits").hexdigest()
    return f"{target.origin.provider}:{digest}"


log = logging.getLogger("ai_utilities.limits")
USUAL_ANSWER = 500
"""Estimated tokens of an answer without a limit."""

TIMEOUT, SHORT_TIMEOUT = 10.0, 0.2
"""Seconds to wait for a store, at most half of the time that the call has left; and for one that failed before."""

AFTERWARDS = 2.0
"""Seconds for a store when a call ends or is about to end."""

SHORT_PAUSE = 1.0
"""Seconds to pause if the provider does not say how long."""
SHORTEST_POLL = 0.001
"""Timers of uvloop count whole milliseconds: a shorter wait is none, and the queue would be asked over and over."""


class LimitLayer:
    """Enforces rate limits. Put it into `attempt_layers`. All users of the same store and API key share the limits.

    `wait`: True waits as long as needed, a number at most that many seconds, False not at all; a call that may not wait
    raises `LimitReachedError` with the time needed. With `headers`, the limits that providers report are respected too,
    also without own limits.
    """

    def __init__(
        self, *limits: Limit, store: LimitStore | None = None, wait: bool | float = True, headers: bool = True
    ) -> None:
        self.limits = limits
        self.store = store or MemoryLimits()
        self.longest = float("inf") if wait is True else float(wait)
        self.headers = headers
        self._alone = MemoryLimits()
        self.down = False

    def bind(self, io: StoreIO, target: Target) -> Layer:
        return BoundLimits(self, io, target).wait_for_limits

    def step(self, account: str, step: str, ask: Ask) -> dict[str, Any]:
        """A failing store does not fail calls: meanwhile this process applies the limits alone."""
        try:
            match = self.store.step(account, step, ask)
        except (StoreEvictsError, StoreVersionError):
            raise  # a permanent error: the store is configured wrongly
        except StoreError as error:
            if not self.down:
                log.warning("the limit store fails; this process keeps to its limits alone: %s", error)
            self.down = True
            return self._alone.step(account, step, ask)
        if self.down:
            log.warning("the limit store works again")
        self.down = False
        return match


class BoundLimits:
    """The limits of one execution mode, before one target."""

    def __init__(self, layer: LimitLayer, io: StoreIO, target: Target) -> None:
        self._layer = layer
        self._io = io
        self._target = target
        self._account = account_name(target)
        origin = target.origin
        self._model = origin.model
        self._limits = [limit for limit in layer.limits if limit.applies_to(origin.provider, origin.model)]

    async def wait_for_limits(self, call: Call, send: Send) -> Stream:
        """Sends the call when the limits admit it."""
        left = None if call.deadline is None else call.deadline - self._io.monotonic()
        ask = build_request(self._limits, self._model, await self._tokens(call), headers=self._layer.headers, left=left)
        ask["looks"] = self._layer.store.poll_interval
        ask["at"] = await self._acquire(call, ask)
        try:
            stream = await send(call)
        except BaseException as error:
            await self._record_refusal(call, ask, error)
            raise
        await self._observe(call, only_empty=True)

        async def ended(stream: Stream) -> None:
            await self._observe(call)
            await self._settle(ask, stream.partial().usage)

        stream.on_end(ended)
        return stream

    async def _acquire(self, call: Call, ask: dict[str, Any]) -> float:
        """The time at which the call was granted; waits in the queue."""
        try:
            verdict = await self._step("take", ask, call)
            if verdict["wait"]:
                verdict = await self._wait_for_grant(call, ask)
        except BaseException:
            await self._apply_shielded("leave", ask)
            # The place may have been granted while the caller was cancelled.
            await self._apply_shielded("settle", {"ticket": ask["ticket"], "at": 0, "wants": [], "live": []})
            raise
        return float(verdict["at"])

    async def _wait_for_grant(self, call: Call, ask: dict[str, Any]) -> dict[str, Any]:
        """Asks again when its time has come, or when a place becomes free, until granted."""
        event, until = self._io.wakeup_event(), self._io.monotonic() + self._layer.longest
        until = until if call.deadline is None else min(until, call.deadline)
        with self._layer.store.line.waiting(self._account, ask, event):
            while (verdict := await self._step("take", ask, call))["wait"]:
                now = self._io.monotonic()
                if now + verdict["wait"] > until:
                    raise self._limit_error(verdict)
                await event.wait(min(self._next_poll(verdict, ask), until - now))
        self._layer.store.line.notify(self._account)
        return verdict

    def _next_poll(self, verdict: dict[str, Any], ask: dict[str, Any]) -> float:
        """Seconds until it asks again. A place in this process needs no looking for: it is told."""
        data = not self._layer.store.blocking and any(lane["lane"] == verdict["why"] for lane in ask["lanes"])
        return NEVER_LONGER if data else max(float(verdict["look"]), SHORTEST_POLL)

    def _limit_error(self, verdict: dict[str, Any]) -> LimitReachedError:
        origin = self._target.origin
        return LimitReachedError(
            f"{describe_limit(verdict['why'])}; the call could be sent in {verdict['wait']:.3g} s, "
            "which is longer than it may wait",
            provider=origin.provider,
            model=origin.model,
            retry_after=verdict["wait"],
        )

    async def _record_refusal(self, call: Call, ask: dict[str, Any], error: BaseException) -> None:
        """A rejected request used no tokens. A rate-limit error pauses all users of the same key."""
        if isinstance(error, RateLimitError) and not isinstance(error, QuotaError):
            seconds = SHORT_PAUSE if error.retry_after is None else error.retry_after
            await self._apply_shielded("pause", {"seconds": seconds})
        await self._observe(call)
        known = isinstance(error, CallError) and error.status is not None
        await self._settle(ask, Usage() if known else None)

    async def _observe(self, call: Call, *, only_empty: bool = False) -> None:
        head = call.journal.head
        if not self._layer.headers or head is None:
            return
        seen = [
            {
                "bucket": live_name(self._model, one.kind),
                "limit": one.limit,
                "remaining": one.remaining,
                "reset": one.reset,
            }
            for one in read_headers(head.headers, self._io.time())
            if not only_empty or one.remaining < 1
        ]
        if seen:
            await self._apply_shielded("observe", {"seen": seen})

    async def _settle(self, ask: dict[str, Any], usage: Usage | None) -> None:
        """Without reported usage, the estimate stays counted."""
        used = None if usage is None else usage.total_tokens - usage.cache_read_tokens
        corrected = {
            kind: [
                {**want, "amount": used - want["amount"]}
                for want in ask[kind]
                if used is not None and want["kind"] == "tokens"
            ]
            for kind in ("wants", "live")
        }
        await self._apply_shielded("settle", {"ticket": ask["ticket"], "at": ask["at"], **corrected})

    async def _step(self, step: str, ask: Ask, call: Call) -> dict[str, Any]:
        left = TIMEOUT if call.deadline is None else min(TIMEOUT, max(0.0, call.deadline - self._io.monotonic()) / 2)
        work = within(SHORT_TIMEOUT if self._layer.down else left, self._layer.step)
        match: dict[str, Any] = await call_store(self._io, self._layer.store, work, self._account, step, ask)
        return match

    async def _apply_shielded(self, step: str, ask: Ask) -> None:
        work = within(SHORT_TIMEOUT if self._layer.down else AFTERWARDS, self._layer.step)
        await call_store_shielded(self._io, self._layer.store, work, self._account, step, ask)
        self._layer.store.line.notify(self._account)

    async def _tokens(self, call: Call) -> int:
        if call.operation in MANAGEMENT_OPERATIONS:
            return 0
        longest = call.config.max_output_tokens or USUAL_ANSWER
        return estimate_request(await self._target.exchange(call)).usual + longest * (call.config.n or 1)
