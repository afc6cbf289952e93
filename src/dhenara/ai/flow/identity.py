"""Identity: proofs that must be fetched, kept while they are good, and shown to the target's host alone."""

from __future__ import annotations

from copy import copy
from typing import Any, cast
from urllib.parse import urlsplit

from ..dataclass import dataclass
from ..errors import CallError, ConnectionFailedError, DhenaraError
from ..providers.proof import Proof, Source
from ..providers.target import Target
from ..wire.frame import BrokenFraming
from ..wire.http import HttpRequest
from ..wire.io import IO, Broken, Patience, Response, Silence, Unreachable

EARLY = 225.0
"""Seconds before its end at which a proof is replaced; meanwhile the others still use it.

Google's machines hand out the same token until four minutes before its end.
"""

LATE = 10.0
"""Seconds before its end at which a proof is no longer used: clocks differ, and requests travel."""

GLANCE = 0.02
UNREACHED = (Unreachable, Broken, BrokenFraming)


def identified(io: IO, target: Target) -> IO:
    """The world as it is; where the target's proof has to be fetched, with the proof on the requests to its host."""
    return cast("IO", Identified(io, target, target.source)) if target.source else io


def refusals(proof: Proof) -> tuple[int, ...]:
    """The statuses by which a proof may be told that it has ended. Keys of an account are refused as forbidden."""
    return (401, 403) if proof.credentials else (401,)


@dataclass(slots=True)
class Flight:
    """One fetch under way. Those who wait for it look at it now and then: a lock would bind them to one loop."""

    over: bool = False
    proof: Proof | None = None
    error: DhenaraError | None = None


class Identified:
    """Opens like the world around it. Everything else is asked of that world itself."""

    def __init__(self, io: IO, target: Target, source: Source) -> None:
        self._io = io
        self._target = target
        self._source = source
        parts = urlsplit(target.base_url)
        self._home = f"{parts.scheme}://{parts.netloc}/"
        self._kept: Proof | None = None
        self.shown: Proof | None = None
        """The last that went out, which no error must repeat."""
        self._flights: dict[str, Flight] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._io, name)

    async def open(self, request: HttpRequest, patience: Patience) -> Response:
        """A proof that is refused before its time is replaced once."""
        if "authorization" in request.headers or not request.url.startswith(self._home):
            return await self._io.open(request, patience)
        kept, proof = self._kept, await self._proof(patience)
        response = await self._open(request, proof, patience)
        if proof is not kept or response.head.status not in refusals(proof):
            return response
        if self._kept is proof:
            self._kept = None
        again = await self._proof(patience)
        if again.same_as(proof):
            return response
        await response.close()
        return await self._open(request, again, patience)

    async def proof(self, patience: Patience) -> Proof:
        """What the next request to the target would show."""
        return await self._proof(patience)

    async def _open(self, request: HttpRequest, proof: Proof, patience: Patience) -> Response:
        self.shown = proof
        return await self._io.open(self._target.proven(request, proof, self._io.wall()), patience)

    async def _proof(self, patience: Patience) -> Proof:
        """One that is good; fetched by whoever comes first, for all who come meanwhile."""
        while True:
            now, kept = self._io.wall(), self._kept
            if kept is not None and kept.good_for(EARLY, now):
                return kept
            mine = Flight()
            flight = self._flights.setdefault("", mine)
            usable = kept if kept is not None and kept.good_for(LATE, now) else None
            if flight is mine:
                return await self._fetch(mine, usable, patience)
            if usable is not None:
                return usable
            await self._wait(flight, patience)
            if flight.error is not None:
                raise copy(flight.error) from flight.error
            if flight.proof is not None:
                return flight.proof

    async def _fetch(self, flight: Flight, usable: Proof | None, patience: Patience) -> Proof:
        try:
            proof = flight.proof = await self._asked(patience)
        except DhenaraError as error:
            if usable is not None:
                # There are minutes left in which the next call tries again.
                flight.proof = usable
                return usable
            flight.error = error
            raise
        finally:
            flight.over = True
            self._flights.pop("", None)
        self._kept = proof if proof.good_until is not None else None
        return proof

    async def _asked(self, patience: Patience) -> Proof:
        origin = self._target.origin
        try:
            return await self._source(self._io, patience)
        except UNREACHED as error:
            raise ConnectionFailedError(
                f"could not reach whoever gives the token: {error}", provider=origin.provider, model=origin.model
            ) from error
        except CallError as error:
            error.provider, error.model = origin.provider, origin.model
            raise

    async def _wait(self, flight: Flight, patience: Patience) -> None:
        while not flight.over:
            left = patience.read()
            if left is not None and left <= 0:
                raise Silence("the token did not come in time")
            await self._io.sleep(GLANCE if left is None else min(GLANCE, left))
