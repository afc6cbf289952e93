"""Caches embeddings per text: known texts are not sent again, in whatever list they occur."""

from __future__ import annotations

import base64
import hashlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from pydantic_core import from_json, to_json

from dhenara.ai import CompletedResult, LearnedConstraint, Send, Stream, Target
from dhenara.ai.errors import BadAnswerError
from dhenara.ai.integration import CallJournal
from dhenara.ai.types import Call, Cost, EmbeddingRequest, EmbeddingResponse, Origin, Usage

from ..storage.store_calls import StoreIO, call_store_shielded
from .backend import CacheBackend, FailsafeBackend
from .entry import VERSION, cache_key
from .policy import CachePolicy

Constraints = tuple[LearnedConstraint, ...]


@dataclass(frozen=True, slots=True)
class CachedVector:
    """One vector, and as it was sent where it came packed."""

    numbers: list[float] = field(repr=False)
    packed: bytes | None = field(default=None, repr=False)


class VectorCache:
    """The vectors of one target that a cache has."""

    def __init__(self, io: StoreIO, target: Target, patient: FailsafeBackend, backend: CacheBackend) -> None:
        self._io = io
        self._target = target
        self._patient = patient
        self._backend = backend

    async def embed(
        self, call: Call, send: Send, cache_policy: CachePolicy, keys: Sequence[str], constraints: Constraints
    ) -> Stream:
        """All vectors in the order of their texts; asked for are those that nobody knows, each once."""
        request = request_of(call)
        texts = dict(zip(keys, request.texts, strict=True))
        known = {} if cache_policy.policy == "refresh" else await self._load_known(call, list(texts))
        missing = [key for key in texts if key not in known]
        if not missing:
            call.journal.mark_started(self._io.monotonic())
            made = EmbeddingResponse(model=self._target.origin.model, usage=Usage()).with_cost(zero_cost())
        else:
            if len(missing) < len(keys):
                question = request.model_copy(update={"texts": tuple(texts[key] for key in missing)})
                call = replace(call, request=question)
            made = await self._fetch_missing(call, send)
            vectors = read_new_vectors(made, len(missing), self._target.origin)
            known.update(zip(missing, vectors, strict=True))
            sent: Constraints | None = call.journal.sent_constraints
            stored_as = missing if sent in (None, constraints) else await self.keys(call, cache_policy, sent or ())
            stored = {key: write_vector(vector) for key, vector in zip(stored_as, vectors, strict=True)}
            await call_store_shielded(
                self._io,
                self._backend,
                self._patient.call_sync,
                None,
                self._backend.set_texts,
                stored,
                cache_policy.ttl,
            )
        whole = build_response([known[key] for key in keys], made)
        return CompletedResult(whole, self._target.origin, cached=not missing)

    async def keys(self, call: Call, policy: CachePolicy, constraints: Constraints) -> list[str]:
        """A key for each input: the same alone and in a list, for it is the hash of a request for that one.

        Args:
            call: The call with the inputs.
            policy: Namespace and accounts.
            constraints: The learned constraints that are applied to the request.
        """
        request = request_of(call)
        of_texts: str | None = None
        keys = []
        for one in request.texts:
            if not isinstance(one, str):
                keys.append(await self._key(call, request, one, policy, constraints))
                continue
            of_texts = of_texts or await self._key(call, request, "", policy, constraints)
            keys.append(f"{of_texts}-{hashlib.sha256(one.encode('utf-8', 'surrogatepass')).hexdigest()}")
        return keys

    async def _key(
        self, call: Call, request: EmbeddingRequest, one: Any, policy: CachePolicy, constraints: Constraints
    ) -> str:
        """The key of a request for this one input."""
        # With a journal of its own, so that the request for all of them stays encoded.
        journal = CallJournal(sent_constraints=constraints)
        alone = replace(call, request=request.model_copy(update={"texts": (one,)}), journal=journal)
        exchange = await self._target.sent_exchange(alone)
        return await cache_key(policy.namespace, exchange, share_accounts=policy.share_accounts)

    async def _load_known(self, call: Call, keys: Sequence[str]) -> dict[str, CachedVector]:
        backend = self._backend
        texts: Mapping[str, str] = await self._patient.call(self._io, call, {}, backend.get_texts, keys)
        read = {key: read_vector(text) for key, text in texts.items()}
        known = {key: vector for key, vector in read.items() if vector is not None}
        for key in keys:
            backend.counters.record_lookup(match=key in known)
        return known

    async def _fetch_missing(self, call: Call, send: Send) -> EmbeddingResponse:
        stream = await send(call)
        await stream.response()
        made = stream.result()
        if not isinstance(made, EmbeddingResponse):
            raise BadAnswerError("the answer to 'embed' has no vectors in it")
        return made


def request_of(call: Call) -> EmbeddingRequest:
    if not isinstance(call.request, EmbeddingRequest):
        raise TypeError("embed needs an EmbeddingRequest")
    return call.request


def read_new_vectors(made: EmbeddingResponse, lookup: int, origin: Origin) -> list[CachedVector]:
    """What came for what was sent."""
    if len(made.vectors) != lookup:
        came = f"{lookup} texts were sent and {len(made.vectors)} vectors came back"
        raise BadAnswerError(came, provider=origin.provider, model=origin.model)
    packed: Sequence[bytes | None] = made.packed or [None] * lookup
    return [CachedVector(numbers, one) for numbers, one in zip(made.vectors, packed, strict=True)]


def build_response(vectors: Sequence[CachedVector], made: EmbeddingResponse) -> EmbeddingResponse:
    """All vectors, with what was used for those that were asked for."""
    packed = tuple(vector.packed for vector in vectors if vector.packed is not None)
    names = ("id", "model", "provider", "usage", "cost", "warnings", "extras")
    facts = {name: getattr(made, name) for name in names}
    whole = packed if len(packed) == len(vectors) else ()
    return EmbeddingResponse.joined([vector.numbers for vector in vectors], whole, facts)


def write_vector(vector: CachedVector) -> str:
    shown = vector.numbers if vector.packed is None else base64.b64encode(vector.packed).decode()
    return to_json({"format": VERSION, "vector": shown}).decode()


def read_vector(text: str) -> CachedVector | None:
    """None for what another version of this library, or somebody else, kept."""
    try:
        stored = from_json(text)
        if stored["format"] != VERSION:
            return None
        shown = stored["vector"]
        if isinstance(shown, str):
            packed = base64.b64decode(shown, validate=True)
            return CachedVector(array("f", packed).tolist(), packed)
        return CachedVector([float(number) for number in shown])
    except (ValueError, TypeError, KeyError):
        return None


def zero_cost() -> Cost:
    return Cost(amount=Decimal(0), source="cache")
