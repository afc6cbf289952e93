"""The rate-limit layer: reserves an estimate before each attempt, and corrects it when the usage is known."""

from __future__ import annotations

import hashlib
import json
import logging
import sys
from functools import partial
from typing import cast

from dhenara.ai import Layer, Send, Stream, Target
from dhenara.ai.errors import CallError, ConfigurationError, QuotaError, RateLimitError
from dhenara.ai.integration import missing_stream, read_limit_headers, require_type
from dhenara.ai.types import Call, Usage

from ..storage.store_io import (
    SharedWrite,
    StoreError,
    StoreEvictsError,
    StoreIO,
    StoreVersionError,
    call_seconds_left,
    call_store,
    call_store_shielded,
    shared_write,
    within,
)
from ..usage.estimates import MANAGEMENT_OPERATIONS, estimate_request
from .limit import (
    FREE_CACHE_READS,
    WORDS,
    Ask,
    Limit,
    LimitReachedError,
    RequestForm,
    SeenLimit,
    SettleAsk,
    TakeAsk,
    Verdict,
    live_name,
)
from .stores import LimitStore, MemoryLimits, SQLiteLimits
from .window_state import NEVER_LONGER

log = logging.getLogger("ai_utilities.limits")


def describe_limit(why: str) -> str:
    """Describes a limit by the name of its bucket."""
    if why == "paused":
        return "the provider asked for a pause"
    model, kind, window, most = why.rsplit("|", 3)
    if most == "live":
        return f"the provider says that the {kind} of {model} are used up for now"
    if kind == "concurrency":
        return f"{most} calls to {model} are running, which is the limit"
    return f"the limit of {most} {kind} per {WORDS.get(float(window), f'{window} s')} for {model} is used up"


def account_name(target: Target) -> str:
    """The account of a target: the provider, and a hash of address and key, since keys do not share limits."""
    text = json.dumps([target.base_url, target.account])
    digest = hashlib.blake2b(text.encode(), digest_size=12, person=b"dhenara-limits").hexdigest()
    return f"{target.origin.provider}:{digest}"


USUAL_ANSWER = 500
"""Estimated tokens of an answer without a limit."""

TIMEOUT, SHORT_TIMEOUT = 10.0, 0.2
"""Seconds to wait for a store, at most half of the time that the call has left; and for one that failed before."""

AFTERWARDS = 2.0
"""Seconds for a store when a call ends or is about to end."""

SHORT_PAUSE = 1.0
"""Seconds to pause if the provider does not say how long."""

SHORTEST_POLL = 0.001
"""Seconds. Timers of uvloop count whole milliseconds: with a shorter wait, a call would poll without a pause."""


class LimitLayer:
    """Enforces rate limits. Put it into `attempt_layers`. All users of the same store and API key share the limits.

    Args:
        *limits: The limits; without any, only those that providers report apply.
        store: Where they are counted; None counts in memory.
        wait: True waits as long as needed, a number at most that many seconds, False not at all. A call that may not
            wait raises `LimitReachedError` with the time needed.
        headers: Whether limits that providers report apply, too.

    Raises:
        ConfigurationError: If `wait` or a limit is wrong.
    """

    def __init__(
        self, *limits: Limit, store: LimitStore | None = None, wait: bool | float = True, headers: bool = True
    ) -> None:
        require_type("LimitLayer", "wait", wait, (bool, int, float), "True, False or seconds")
        if not 0 <= wait <= sys.float_info.max:
            raise ConfigurationError(f"LimitLayer(wait=...) takes True, False or seconds of at least 0, not {wait}.")
        for limit in limits:
            require_type("LimitLayer", "limits", limit, Limit, "limits")
        self.limits = limits
        self.store = store or MemoryLimits()
        self.longest = float("inf") if wait is True else float(wait)
        self.headers = headers
        self._alone = MemoryLimits()
        self.down = False

    def bind(self, io: StoreIO, target: Target) -> Layer:
        """Returns the layer for one endpoint; called once for each, in sync or async code.

        Args:
            io: Clock, sleep and threads of the client.
            target: The endpoint.
        """
        return BoundLimits(self, io, target).wait_for_limits

    def step(self, account: str, step: str, ask: Ask) -> Verdict:
        """Does a step. While the store fails, this process applies the limits alone.

        Args:
            account: The name of an API key, without secrets.
            step: The name of the step.
            ask: Its arguments.

        Returns:
            The verdict of `take`; for other steps, nothing that matters.

        Raises:
            StoreEvictsError: If the server may evict the limits.
            StoreVersionError: If a newer version of this library has written the limits.
        """
        try:
            verdict = self.store.step(account, step, ask)
        except (StoreEvictsError, StoreVersionError):
            raise  # a permanent error: the store is configured wrongly
        except StoreError as error:
            if not self.down:
                log.warning("the limit store fails; this process applies the limits alone: %s", error)
            self.down = True
            return self._alone.step(account, step, ask)
        if self.down:
            log.warning("the limit store works again")
        self.down = False
        return verdict


class BoundLimits:
    """The limit layer of one endpoint, in sync or async code."""

    def __init__(self, layer: LimitLayer, io: StoreIO, target: Target) -> None:
        self._layer = layer
        self._io = io
        self._target = target
        self._account = account_name(target)
        origin = target.origin
        self._model = origin.model
        limits = [limit for limit in layer.limits if limit.applies_to(origin.provider, origin.model)]
        self._form = RequestForm(limits, origin.model)

    async def wait_for_limits(self, call: Call, send: Send) -> Stream:
        """Sends the call when the limits admit it."""
        left = call_seconds_left(self._io, call)
        ask = self._form.fill(await self._tokens(call), headers=self._layer.headers, left=left)
        ask["looks"] = self._layer.store.poll_interval
        at = await self._acquire(call, ask, self._shared_write(call))
        try:
            stream = await send(call)
            if stream is None:
                raise missing_stream(send, stream)
        except BaseException as error:
            await self._record_refusal(call, ask, at, error)
            raise
        has_limits = await self._observe(call, only_empty=True)

        async def ended(stream: Stream) -> None:
            if has_limits:
                await self._observe(call)
            await self._settle(ask, at, stream.partial().usage)

        stream.on_end(ended)
        return stream

    def _shared_write(self, call: Call) -> SharedWrite | None:
        """The reservation of a budget that waits to be written into the same file."""
        store = self._layer.store
        return shared_write(call, store.path) if isinstance(store, SQLiteLimits) and not self._layer.down else None

    async def _acquire(self, call: Call, ask: TakeAsk, write: SharedWrite | None) -> float:
        """Waits until the call is granted, and returns the time of the store at that moment.

        Raises:
            LimitReachedError: If the call may not wait that long.
        """
        written = write is None
        try:
            if write is None:
                verdict = await self._step("take", ask, call)
            else:
                take = partial(cast("SQLiteLimits", self._layer.store).step_in, self._account, "take", ask)
                verdict = await write.write_with(take)
            written = True
            if verdict["wait"]:
                verdict = await self._wait_for_grant(call, ask)
        except BaseException as error:
            if not written and isinstance(error, Exception):
                raise  # the transaction was undone
            await self._apply_shielded("leave", ask)
            # The place may have been granted while the caller was cancelled.
            await self._apply_shielded("settle", {"ticket": ask["ticket"], "at": 0, "wants": [], "live": []})
            raise
        return float(verdict["at"])

    async def _wait_for_grant(self, call: Call, ask: TakeAsk) -> Verdict:
        """Asks again at its time, or when capacity becomes free, until the call is granted."""
        # A second request beside a slow one, and shadow traffic, are worth no waiting.
        longest = self._layer.longest if call.purpose == "answer" else 0.0
        event, until = self._io.wakeup_event(), self._io.monotonic() + longest
        until = until if call.deadline is None else min(until, call.deadline)
        with self._layer.store.waiters.waiting(self._account, ask, event):
            while (verdict := await self._step("take", ask, call))["wait"]:
                now = self._io.monotonic()
                if now + verdict["wait"] > until:
                    raise self._limit_error(verdict)
                await event.wait(min(self._next_poll(verdict, ask), until - now))
        self._layer.store.waiters.notify(self._account)
        return verdict

    def _next_poll(self, verdict: Verdict, ask: TakeAsk) -> float:
        """Seconds until the next attempt. Places in a store of this process are notified."""
        notified = not self._layer.store.blocking and any(lane["lane"] == verdict["why"] for lane in ask["lanes"])
        return NEVER_LONGER if notified else max(float(verdict["look"]), SHORTEST_POLL)

    def _limit_error(self, verdict: Verdict) -> LimitReachedError:
        origin = self._target.origin
        return LimitReachedError(
            f"{describe_limit(verdict['why'])}; the call could be sent in {verdict['wait']:.3g} s, "
            "which is longer than it may wait",
            provider=origin.provider,
            model=origin.model,
            retry_after=verdict["wait"],
        )

    async def _record_refusal(self, call: Call, ask: TakeAsk, at: float, error: BaseException) -> None:
        """A rejected request used no tokens. A rate-limit error pauses all users of the same key."""
        if isinstance(error, RateLimitError) and not isinstance(error, QuotaError):
            seconds = SHORT_PAUSE if error.retry_after is None else error.retry_after
            await self._apply_shielded("pause", {"seconds": seconds})
        await self._observe(call)
        if call.journal.sent_constraints is None:
            await self._settle(ask, at, Usage.unknown(), sent=False)
            return
        known = isinstance(error, CallError) and error.status is not None
        await self._settle(ask, at, Usage() if known else Usage.unknown())

    async def _observe(self, call: Call, *, only_empty: bool = False) -> bool:
        """Passes on what the provider reported: all of it, or only limits that are used up.

        Returns:
            Whether it reported any limits.
        """
        head = call.journal.head
        if not self._layer.headers or head is None:
            return False
        every = list(read_limit_headers(head.headers, self._io.time()))
        seen: list[SeenLimit] = [
            {
                "bucket": live_name(self._model, reported.kind),
                "limit": reported.limit,
                "remaining": reported.remaining,
                "reset": reported.reset,
            }
            for reported in every
            if not only_empty or reported.remaining < 1
        ]
        if seen:
            await self._apply_shielded("observe", {"seen": seen})
        return bool(every)

    async def _settle(self, ask: TakeAsk, at: float, usage: Usage, *, sent: bool = True) -> None:
        """Ends the call. Without a known usage, the estimate stays counted; of a call that was not sent, nothing."""
        settled: SettleAsk = {"ticket": ask["ticket"], "at": at, "wants": [], "live": []}
        if not sent:
            settled["wants"] = [{**want, "amount": -want["amount"]} for want in ask["wants"]]
            settled["live"] = [{**live_want, "amount": -live_want["amount"]} for live_want in ask["live"]]
        elif usage:
            is_free = self._target.origin.provider in FREE_CACHE_READS
            used = usage.total_tokens - (usage.cache_read_tokens if is_free else 0)
            for want in ask["wants"]:
                if want["kind"] == "tokens":
                    settled["wants"].append({**want, "amount": used - want["amount"]})
            for live_want in ask["live"]:
                if live_want["kind"] == "tokens":
                    settled["live"].append({**live_want, "amount": used - live_want["amount"]})
        # A place among concurrent calls is freed at once, since other processes may wait for it.
        if ask["lanes"] or self._layer.down or not self._layer.store.settle_later(self._account, settled):
            await self._apply_shielded("settle", settled)
        else:
            self._layer.store.waiters.notify(self._account)

    async def _step(self, step: str, ask: Ask, call: Call) -> Verdict:
        left = call_seconds_left(self._io, call)
        limit = SHORT_TIMEOUT if self._layer.down else TIMEOUT if left is None else min(TIMEOUT, left / 2)
        work = within(limit, self._layer.step)
        return await call_store(self._io, self._layer.store, work, self._account, step, ask)

    async def _apply_shielded(self, step: str, ask: Ask) -> None:
        work = within(SHORT_TIMEOUT if self._layer.down else AFTERWARDS, self._layer.step)
        await call_store_shielded(self._io, self._layer.store, work, self._account, step, ask)
        self._layer.store.waiters.notify(self._account)

    async def _tokens(self, call: Call) -> int:
        if call.operation in MANAGEMENT_OPERATIONS:
            return 0
        longest = call.config.max_output_tokens or USUAL_ANSWER
        exchange = await self._target.exchange(call)
        return exchange.once(estimate_request).usual + longest * (call.config.n or 1)
