"""The cache layer: stored answers are not fetched again, and of equal concurrent calls one is sent."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, replace

from dhenara.ai import CompletedResult, CompletedStream, Exchange, Layer, Send, Stream, Target
from dhenara.ai.errors import CallError, CallTimeoutError, DhenaraError
from dhenara.ai.integration import missing_stream
from dhenara.ai.types import Call, ChatResponse

from ..storage.store_io import StoreIO, call_store_shielded
from .backend import CacheBackend, CacheStats
from .embeddings import VectorCache
from .entry import Answer, CacheLookup, cache_key, read_cached, read_entry, write_cached
from .memory import FailsafeBackend, ReadAnswers
from .policy import DEFAULT_POLICY, CachePolicy, Policy, current_override, effective_policy


@dataclass(slots=True, eq=False)
class InFlightCall:
    """A running call for which equal calls wait.

    Attributes:
        waiting: How many calls wait.
        over: Whether it has ended.
        failed: Whether it failed.
        text: Its stored answer, if it can be cached.
    """

    waiting: int = 0
    over: bool = False
    failed: bool = False
    text: str | None = None


class InFlightCalls:
    """The running calls of this process by key, shared by threads and event loops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, InFlightCall] = {}

    def join(self, key: str) -> tuple[InFlightCall, bool]:
        """Returns the running call for a key, and whether the caller has to send it."""
        with self._lock:
            in_flight = self._calls.get(key)
            if in_flight is not None:
                in_flight.waiting += 1
                return in_flight, False
            in_flight = self._calls[key] = InFlightCall()
            return in_flight, True

    def complete(self, key: str, in_flight: InFlightCall, text: str | None = None, *, failed: bool = False) -> None:
        """Ends a running call.

        Args:
            key: Its key.
            in_flight: The call.
            text: Its stored answer. Without one, a waiting call is sent.
            failed: Whether it failed; then all waiting calls are sent.
        """
        with self._lock:
            if self._calls.get(key) is in_flight:
                del self._calls[key]
        in_flight.text, in_flight.failed = text, failed
        in_flight.over = True

    def detach(self, key: str, in_flight: InFlightCall) -> None:
        """Removes a call that takes too long, so that new calls do not wait for it."""
        with self._lock:
            if self._calls.get(key) is in_flight:
                del self._calls[key]


SHORTEST_PAUSE, LONGEST_PAUSE = 0.001, 0.025
"""Seconds between two checks of whether the running call has ended."""

PAUSE_PER_CALL = 0.0001
"""Seconds that each waiting call adds to the pause, so that a thousand of them do not keep a processor busy."""


class WaitBudget:
    """How long one call may wait for an equal one.

    It polls, in pauses that become longer: no event works across threads, event loops and processes.

    Args:
        io: The IO of the call.
        call: The call.
        lease: Maximum seconds to wait for one running call.
    """

    def __init__(self, io: StoreIO, call: Call, lease: float) -> None:
        self._io = io
        self._total = call.config.timeouts.total
        self._began = io.monotonic()
        self._lease = lease
        self._until = self._began + lease
        self._pause = SHORTEST_PAUSE

    def is_over(self) -> bool:
        """Whether the lease has ended, so that this call is sent."""
        return self._io.monotonic() >= self._until

    def restart(self) -> None:
        """Begins the lease of another running call."""
        self._until = self._io.monotonic() + self._lease

    def remaining_call(self, call: Call) -> Call:
        """The call with a deadline that includes the time it has waited."""
        if self._total is None:
            return call
        at = self._began + self._total
        return replace(call, deadline=at if call.deadline is None else min(at, call.deadline))

    async def pause(self, others: int = 0) -> None:
        """Pauses, each time a little longer, and longer if many other calls wait.

        Raises:
            CallTimeoutError: If the call has waited for all of its time.
        """
        if self._total is not None and self._io.monotonic() - self._began >= self._total:
            raise CallTimeoutError(
                f"an equal call that was already running took more than {self._total:g} s. Allow a longer timeout, or "
                "send each call with lease=0.",
                limit="total",
            )
        await self._io.sleep(self._pause)
        self._pause = min(self._pause * 1.5, max(LONGEST_PAUSE, others * PAUSE_PER_CALL))


class CacheLayer:
    """Caches answers. Put it into `layers`. One layer may serve many clients, and one backend many layers.

    Args:
        backend: Where answers are stored.
        policy: `always` (the default) caches all calls, `deterministic` those with temperature 0 or a seed, `never`
            none.
        namespace: The first part of the keys, a name without a colon.
        ttl: Seconds after which an entry expires; None leaves it to the backend.
        lease: Seconds for which equal concurrent calls wait for the first one; 0 sends each call.
        share_accounts: Whether calls with different API keys or credentials, or with different tags that name a user
            or tenant (`OWNER_TAGS`), share entries. Requests with another address, query, cookie or header never do.
    """

    def __init__(
        self,
        backend: CacheBackend,
        *,
        policy: Policy = DEFAULT_POLICY,
        namespace: str = "default",
        ttl: float | None = None,
        lease: float = 60.0,
        share_accounts: bool = False,
    ) -> None:
        self.backend = backend
        self.policy = CachePolicy(policy, namespace, ttl, lease, share_accounts)
        self.failsafe = FailsafeBackend(backend)
        self.answers = ReadAnswers(read_entry)
        self.in_flight_calls = InFlightCalls()

    def stats(self) -> CacheStats:
        """The statistics of the backend."""
        return self.backend.stats()

    def bind(self, io: StoreIO, target: Target) -> Layer:
        """Returns the layer for one endpoint; called once for each, in sync or async code.

        Args:
            io: Clock, sleep and threads of the client.
            target: The endpoint.
        """
        return BoundCache(self, io, target).answer_from_cache


class BoundCache:
    """The cache layer of one endpoint, in sync or async code."""

    def __init__(self, cache: CacheLayer, io: StoreIO, target: Target) -> None:
        self._cache = cache
        self._failsafe = cache.failsafe
        self._io = io
        self._target = target
        self._vectors = VectorCache(io, target, cache.failsafe, cache.backend)

    async def answer_from_cache(self, call: Call, send: Send) -> Stream:
        """Answers the call from the cache, or stores its answer."""
        cache_policy = effective_policy(self._cache.policy, current_override(call))
        if not cache_policy.applies_to(call):
            return await send(call)
        if call.operation == "embed" and not call.config.strict:
            return await self._vectors.embed(call, send, cache_policy)
        exchange = await self._target.exchange(call)
        if exchange.warnings and call.config.strict:
            return await send(call)  # which refuses it, as it would without a cache
        if call.operation == "embed":
            return await self._vectors.embed(call, send, cache_policy)
        try:
            lookup = await self._lookup(exchange, cache_policy)
        except CallError:
            return await send(call)  # credentials are missing; sending the call raises the error
        if cache_policy.policy == "refresh":
            return self._store_at_end(call, await send(call), lookup, sent_by=send)
        backend = self._cache.backend
        text: str | None = await self._failsafe.call(self._io, call, None, backend.get_text, lookup.key)
        answer = read_cached(call, text, self._cache.answers) if text is not None else None
        if answer is not None:
            return self._replay(call, lookup, answer, is_hit=True)
        backend.counters.record_lookup(hit=False)
        if cache_policy.lease <= 0:
            return self._store_at_end(call, await send(call), lookup, sent_by=send)
        return await self._send_once(call, send, lookup, WaitBudget(self._io, call, cache_policy.lease))

    async def _lookup(self, exchange: Exchange, policy: CachePolicy) -> CacheLookup:
        """What the call looks up."""
        key = await cache_key(policy.namespace, exchange, share_accounts=policy.share_accounts)
        journal = exchange.call.journal
        warnings = (*journal.notes, *journal.warnings, *exchange.warnings)
        return CacheLookup(key, policy, warnings, exchange.constraints)

    async def _answered(self, call: Call, stream: Stream, lookup: CacheLookup) -> CacheLookup | None:
        """The lookup of the request that was sent, which differs if a constraint was learned meanwhile; or None."""
        if not stream.complete or call.journal.sent_constraints in (None, lookup.constraints):
            return lookup
        try:
            return await self._lookup(await self._target.sent_exchange(call), lookup.policy)
        except DhenaraError:
            return None

    def _replay(self, call: Call, lookup: CacheLookup, answer: Answer, *, is_hit: bool = False) -> Stream:
        """A stream of a stored answer, which a lookup found, or an equal call received meanwhile."""
        call.journal.encoded = None  # it refers to the call, so that only the garbage collector would free both
        call.journal.began_at = self._io.monotonic()
        tokens = answer.usage.total_tokens or 0
        self._cache.backend.counters.record_saving(tokens, answer.cost.saved, is_hit=is_hit)
        replayed = lookup.with_warnings(answer)
        if isinstance(replayed, ChatResponse):
            return CompletedStream(replayed, self._target.origin, call.config.structured_output)
        return CompletedResult(replayed, self._target.origin)

    async def _send_once(self, call: Call, send: Send, lookup: CacheLookup, waiting: WaitBudget) -> Stream:
        """Sends one of several equal calls; the others wait for its answer."""
        while True:
            in_flight, first = self._cache.in_flight_calls.join(lookup.key)
            if first:
                return await self._send_first(call, send, lookup, in_flight, waiting)
            while not in_flight.over and not waiting.is_over():
                await waiting.pause(in_flight.waiting)
            if not in_flight.over:
                self._cache.in_flight_calls.detach(lookup.key, in_flight)
                waiting.restart()
                continue
            answer = read_cached(call, in_flight.text, self._cache.answers) if in_flight.text is not None else None
            if answer is not None:
                return self._replay(call, lookup, answer)
            if in_flight.failed:
                return self._store_at_end(call, await send(waiting.remaining_call(call)), lookup, sent_by=send)

    async def _send_first(
        self, call: Call, send: Send, lookup: CacheLookup, in_flight: InFlightCall, waiting: WaitBudget
    ) -> Stream:
        """Sends the call, unless another process sends it or has just stored its answer."""
        key, holder = lookup.key, uuid.uuid4().hex
        claimed = False
        try:
            while (
                not (claimed := await self._try_claim(call, key, holder, lookup.policy.lease)) and not waiting.is_over()
            ):
                await waiting.pause()
            backend = self._cache.backend
            text: str | None = await self._failsafe.call(self._io, call, None, backend.get_text, key)
            answer = read_cached(call, text, self._cache.answers) if text is not None else None
            stream = (
                self._replay(call, lookup, answer) if answer is not None else await send(waiting.remaining_call(call))
            )
            if stream is None:
                raise missing_stream(send, stream)
        except BaseException as error:
            self._cache.in_flight_calls.complete(key, in_flight, failed=isinstance(error, Exception))
            if claimed:
                await self._release(key, holder)
            raise
        if answer is None:
            return self._store_at_end(call, stream, lookup, in_flight, holder)
        self._cache.in_flight_calls.complete(key, in_flight, text)
        await self._release(key, holder)
        return stream

    async def _try_claim(self, call: Call, key: str, holder: str, lease: float) -> bool:
        backend = self._cache.backend
        held: bool = await self._failsafe.call(self._io, call, True, backend.claim, key, holder, lease)
        return held

    async def _release(self, key: str, holder: str) -> None:
        backend = self._cache.backend
        await call_store_shielded(self._io, backend, self._failsafe.call_sync, None, backend.release, key, holder)

    def _store_at_end(
        self,
        call: Call,
        stream: Stream,
        lookup: CacheLookup,
        in_flight: InFlightCall | None = None,
        holder: str | None = None,
        sent_by: Send | None = None,
    ) -> Stream:
        """Stores the answer when the stream ends, and ends the running call and the claim."""
        if stream is None:
            raise missing_stream(sent_by, stream)
        key = lookup.key
        backend, failsafe, in_flight_calls = self._cache.backend, self._failsafe, self._cache.in_flight_calls

        async def ended(stream: Stream) -> None:
            answered = await self._answered(call, stream, lookup)
            text = None if answered is None else write_cached(call, stream, answered)
            if in_flight is not None:
                in_flight_calls.complete(
                    key, in_flight, text, failed=text is None and (stream.complete or stream.error is not None)
                )

            def store() -> None:
                if text is not None and answered is not None:
                    failsafe.call_sync(None, backend.set_text, answered.key, text, lookup.policy.ttl)
                if holder is not None:
                    failsafe.call_sync(None, backend.release, key, holder)

            await call_store_shielded(self._io, backend, store)

        stream.on_end(ended)
        return stream
