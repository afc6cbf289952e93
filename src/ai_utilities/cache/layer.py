"""The cache around calls: streamed or whole, sync or async, they fill and use the same entries."""

from __future__ import annotations

import uuid

from dhenara.ai import Arrived, ArrivedResult, Exchange, Layer, Send, Stream, Target
from dhenara.ai.errors import CallError, DhenaraError
from dhenara.ai.types import Call, ChatResponse

from ..storage.running import World, surely
from .backend import CacheBackend
from .entry import Wanted
from .flight import Flight, Flights
from .key import cache_key
from .patient import Patient
from .policy import Policy, Wish, wished
from .results import Answer, read_kept, write_kept
from .stats import CacheStats
from .waiting import Waiting


class CacheLayer:
    """Put it into `layers`. One may serve many clients, and one backend many layers.

    Args:
        backend: Where answers are stored.
        policy: `deterministic` stores what has temperature 0 or a seed, `always` everything, `never` nothing.
        namespace: The first part of the keys, a name without a colon.
        ttl: Seconds after which an entry is not used any more; None leaves it to the backend.
        lease: How many seconds equal calls wait for the one that was sent; 0 sends each.
        share_accounts: Whether calls with different API keys or credentials share entries. Requests with another
            address, query, cookie or other header never do.
    """

    def __init__(
        self,
        backend: CacheBackend,
        *,
        policy: Policy = "deterministic",
        namespace: str = "default",
        ttl: float | None = None,
        lease: float = 60.0,
        share_accounts: bool = False,
    ) -> None:
        self.backend = backend
        self.usual = Wish(policy, namespace, ttl, lease, share_accounts)
        self.patient = Patient(backend)
        self.flights = Flights()

    def stats(self) -> CacheStats:
        return self.backend.stats()

    def bind(self, io: World, target: Target) -> Layer:
        return Bound(self, io, target)


class Bound:
    """The cache in one world, before one target."""

    def __init__(self, cache: CacheLayer, io: World, target: Target) -> None:
        self._cache = cache
        self._patient = cache.patient
        self._io = io
        self._target = target

    async def __call__(self, call: Call, send: Send) -> Stream:
        wish = wished(self._cache.usual)
        if not wish.covers(call):
            return await send(call)
        waiting = Waiting(self._io, call, wish.lease)
        exchange = await self._target.exchange(call)
        if exchange.warnings and call.config.strict:
            return await send(call)  # which refuses it, as it would without a cache
        try:
            if call.operation == "embed":
                from .vectors import Vectors

                vectors = Vectors(self._io, self._target, self._patient, self._cache.backend)
                keys = await vectors.keys(call, wish)
            else:
                wanted = await self._wanted(exchange, wish)
        except CallError:
            return await send(call)  # whose credentials these are is not known; sending it says why
        if call.operation == "embed":
            return await vectors.embed(call, send, wish, keys)
        if wish.policy == "refresh":
            return self._kept_at_end(call, await send(call), wanted)
        found = await self._found(call, wanted.key)
        answer = read_kept(call, found) if found is not None else None
        self._cache.backend.counts.looked(found=answer is not None)
        if answer is not None:
            return self._again(call, wanted, answer)
        if wish.lease <= 0:
            return self._kept_at_end(call, await send(call), wanted)
        return await self._together(call, send, wanted, waiting)

    async def _wanted(self, exchange: Exchange, wish: Wish) -> Wanted:
        """What this call looks for."""
        key = await cache_key(wish.namespace, exchange, share_accounts=wish.share_accounts)
        journal = exchange.call.journal
        return Wanted(key, wish, (*journal.notes, *journal.warnings, *exchange.warnings))

    async def _answered(self, call: Call, stream: Stream, wanted: Wanted) -> Wanted:
        """What was answered: another request than was looked for, if the provider refused a part of that."""
        if not stream.complete or not any(400 <= (one.status or 0) < 500 for one in call.journal.attempts):
            return wanted
        try:
            return await self._wanted(await self._target.exchange(call), wanted.wish)
        except DhenaraError:
            return wanted

    async def _found(self, call: Call, key: str) -> str | None:
        backend = self._cache.backend
        text: str | None = await self._patient.asked(self._io, call, None, backend.get_text, key)
        return text

    def _again(self, call: Call, wanted: Wanted, answer: Answer) -> Stream:
        call.journal.began(self._io.now())
        saved = answer.cost.saved if answer.cost else None
        self._cache.backend.counts.saved(answer.usage.total_tokens if answer.usage else 0, saved)
        told = wanted.warned(answer)
        if isinstance(told, ChatResponse):
            return Arrived(told, self._target.origin, call.config.structured_output)
        return ArrivedResult(told, self._target.origin)

    async def _together(self, call: Call, send: Send, wanted: Wanted, waiting: Waiting) -> Stream:
        """One of the equal calls is sent; this one, or one that this one waits for."""
        while True:
            flight, first = self._cache.flights.join(wanted.key)
            if first:
                return await self._first(call, send, wanted, flight, waiting)
            while not flight.over and not waiting.over():
                await waiting.moment(flight.waiting)
            if not flight.over:
                self._cache.flights.overdue(wanted.key, flight)
                waiting.again()
                continue
            answer = read_kept(call, flight.text) if flight.text is not None else None
            if answer is not None:
                return self._again(call, wanted, answer)
            if flight.failed:
                return self._kept_at_end(call, await send(waiting.rest(call)), wanted)

    async def _first(self, call: Call, send: Send, wanted: Wanted, flight: Flight, waiting: Waiting) -> Stream:
        """Sends the call, unless another process does so already or has just done it."""
        key, holder = wanted.key, uuid.uuid4().hex
        claimed = False
        try:
            while not (claimed := await self._claimed(call, key, holder, wanted.wish.lease)) and not waiting.over():
                await waiting.moment()
            found = await self._found(call, key)
            answer = read_kept(call, found) if found is not None else None
            stream = self._again(call, wanted, answer) if answer is not None else await send(waiting.rest(call))
        except BaseException as error:
            self._cache.flights.land(key, flight, failed=isinstance(error, Exception))
            if claimed:
                await self._release(key, holder)
            raise
        if answer is None:
            return self._kept_at_end(call, stream, wanted, flight, holder)
        self._cache.flights.land(key, flight, found)
        await self._release(key, holder)
        return stream

    async def _claimed(self, call: Call, key: str, holder: str, lease: float) -> bool:
        backend = self._cache.backend
        held: bool = await self._patient.asked(self._io, call, True, backend.claim, key, holder, lease)
        return held

    async def _release(self, key: str, holder: str) -> None:
        backend = self._cache.backend
        await surely(self._io, backend, self._patient.tried, None, backend.release, key, holder)

    def _kept_at_end(
        self, call: Call, stream: Stream, wanted: Wanted, flight: Flight | None = None, holder: str | None = None
    ) -> Stream:
        key = wanted.key
        backend, patient, flights = self._cache.backend, self._patient, self._cache.flights

        async def ended(stream: Stream) -> None:
            answered = await self._answered(call, stream, wanted)
            text = write_kept(call, stream, answered)
            if flight is not None:
                flights.land(key, flight, text, failed=text is None and (stream.complete or stream.error is not None))

            def keep() -> None:
                if text is not None:
                    patient.tried(None, backend.set_text, answered.key, text, wanted.wish.ttl)
                if holder is not None:
                    patient.tried(None, backend.release, key, holder)

            await surely(self._io, backend, keep)

        stream.on_end(ended)
        return stream
