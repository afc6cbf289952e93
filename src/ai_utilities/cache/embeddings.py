"""Caches embeddings: one entry for each text, so that only new texts are sent."""

from __future__ import annotations

import base64
import hashlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic_core import from_json, to_json

from dhenara.ai import CompletedResult, Exchange, LearnedConstraint, Send, Stream, Target
from dhenara.ai.errors import BadAnswerError, CallError
from dhenara.ai.integration import CallJournal, missing_stream, number_of
from dhenara.ai.types import Call, Cost, EmbeddingRequest, EmbeddingResponse, Origin, Usage

from ..storage.store_io import StoreIO, call_store_shielded
from .backend import CacheBackend
from .entry import VERSION, cache_key, zero_cost
from .memory import FailsafeBackend
from .policy import CachePolicy

Constraints = tuple[LearnedConstraint, ...]


@dataclass(frozen=True, slots=True)
class CachedVector:
    """One vector.

    Attributes:
        numbers: Its numbers.
        packed: The same as bytes, if the provider sent them so.
    """

    numbers: list[float] = field(repr=False)
    packed: bytes | None = field(default=None, repr=False)


class VectorCache:
    """The cached vectors of one endpoint.

    The key of a text is made of the request for an empty text, which is the same for all texts of a call and mostly for
    all calls of a client, and of the hash of the text. So the texts themselves are encoded when they are sent only.

    Args:
        io: The IO of the call.
        target: The endpoint.
        failsafe: Calls the backend.
        backend: Where vectors are stored.
    """

    def __init__(self, io: StoreIO, target: Target, failsafe: FailsafeBackend, backend: CacheBackend) -> None:
        self._io = io
        self._target = target
        self._failsafe = failsafe
        self._backend = backend
        self._without_text: Call | None = None

    async def embed(self, call: Call, send: Send, cache_policy: CachePolicy) -> Stream:
        """Returns all vectors in the order of their texts. Only texts that are not in the cache are sent, each once."""
        request = request_of(call)
        try:
            keys, constraints = await self._keys(call, cache_policy)
        except CallError:
            return await send(call)  # credentials are missing, or it cannot be encoded; sending it raises the error
        texts = dict(zip(keys, request.texts, strict=True))
        known = {} if cache_policy.policy == "refresh" else await self._load_known(call, list(texts))
        missing = [key for key in texts if key not in known]
        if not missing:
            call.journal.began_at = self._io.monotonic()
            response = EmbeddingResponse(model=self._target.origin.model, usage=Usage()).with_cost(zero_cost(Cost()))
        else:
            if len(missing) < len(keys):
                smaller = request.model_copy(update={"texts": tuple(texts[key] for key in missing)})
                call = replace(call, request=smaller)
            response = await self._fetch_missing(call, send)
            vectors = read_new_vectors(response, len(missing), self._target.origin)
            known.update(zip(missing, vectors, strict=True))
            sent: Constraints | None = call.journal.sent_constraints
            if sent in (None, constraints):
                stored_as: Sequence[str] = missing
            else:
                stored_as, _ = await self._keys(call, cache_policy, sent)
            stored = {key: write_vector(vector) for key, vector in zip(stored_as, vectors, strict=True)}
            await call_store_shielded(
                self._io,
                self._backend,
                self._failsafe.call_sync,
                None,
                self._backend.set_texts,
                stored,
                cache_policy.ttl,
            )
        combined = build_response([known[key] for key in keys], response)
        return CompletedResult(combined, self._target.origin, cached=not missing)

    async def _keys(
        self, call: Call, policy: CachePolicy, constraints: Constraints | None = None
    ) -> tuple[list[str], Constraints]:
        """A key for each input, and the learned constraints that are applied to the request.

        Args:
            call: The call with the inputs.
            policy: Namespace and accounts.
            constraints: The constraints of a request that was sent; None: those that are known.
        """
        keys = []
        text_key: str | None = None
        for content in request_of(call).texts:
            if isinstance(content, str) and text_key is not None:
                keys.append(f"{text_key}-{hash_text(content)}")
                continue
            exchange = await self._exchange(call, content, constraints)
            constraints = exchange.constraints
            key = await cache_key(policy.namespace, exchange, share_accounts=policy.share_accounts)
            if isinstance(content, str):
                text_key, key = key, f"{key}-{hash_text(content)}"
            keys.append(key)
        return keys, constraints or ()

    async def _exchange(self, call: Call, content: object, constraints: Constraints | None) -> Exchange:
        """The request for this input alone; of texts, that for an empty one."""
        if isinstance(content, str) and constraints is None:
            return await self._target.exchange(self._call_without_text(call))
        # With a journal of its own, so that the encoded request for all inputs is kept.
        alone = with_input(call, "" if isinstance(content, str) else content, CallJournal(sent_constraints=constraints))
        return await self._target.sent_exchange(alone)

    def _call_without_text(self, call: Call) -> Call:
        """The call with one empty text; of an equal call before it has the settings and the request that it became."""
        alone, last = with_input(call, "", CallJournal()), self._without_text
        if last is not None and (last.config, last.request) == (alone.config, alone.request):
            return replace(alone, config=last.config, request=last.request, journal=last.journal)
        self._without_text = alone
        return alone

    async def _load_known(self, call: Call, keys: Sequence[str]) -> dict[str, CachedVector]:
        backend = self._backend
        texts: Mapping[str, str] = await self._failsafe.call(self._io, call, {}, backend.get_texts, keys)
        read = {key: read_vector(text) for key, text in texts.items()}
        known = {key: vector for key, vector in read.items() if vector is not None}
        for key in keys:
            backend.counters.record_lookup(hit=key in known)
        return known

    async def _fetch_missing(self, call: Call, send: Send) -> EmbeddingResponse:
        """The response for inputs that are not in the cache.

        Raises:
            BadAnswerError: If it has no vectors.
        """
        stream = await send(call)
        if stream is None:
            raise missing_stream(send, stream)
        await stream.response()
        response = stream.result()
        if not isinstance(response, EmbeddingResponse):
            raise BadAnswerError("the response to 'embed' has no vectors")
        return response


def with_input(call: Call, content: object, journal: CallJournal) -> Call:
    """The call with this input alone."""
    return replace(call, request=request_of(call).model_copy(update={"texts": (content,)}), journal=journal)


def hash_text(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def request_of(call: Call) -> EmbeddingRequest:
    """The request of a call for embeddings."""
    if not isinstance(call.request, EmbeddingRequest):
        raise TypeError("embed needs an EmbeddingRequest")
    return call.request


def read_new_vectors(response: EmbeddingResponse, count: int, origin: Origin) -> list[CachedVector]:
    """The vectors of a response.

    Args:
        response: The response.
        count: The number of inputs that were sent.
        origin: The endpoint, for the error.

    Raises:
        BadAnswerError: If there are more or fewer vectors than inputs.
    """
    if len(response.vectors) != count:
        message = f"sent {number_of(count, 'text')}, and got {number_of(len(response.vectors), 'vector')} back"
        raise BadAnswerError(message, provider=origin.provider, model=origin.model)
    packed: Sequence[bytes | None] = response.packed or [None] * count
    return [
        CachedVector(numbers, packed_numbers) for numbers, packed_numbers in zip(response.vectors, packed, strict=True)
    ]


def build_response(vectors: Sequence[CachedVector], response: EmbeddingResponse) -> EmbeddingResponse:
    """A response with all vectors, and with the usage and cost of the response for those that were sent."""
    packed = tuple(vector.packed for vector in vectors if vector.packed is not None)
    names = ("id", "model", "provider", "usage", "cost", "warnings", "extras")
    facts = {name: getattr(response, name) for name in names}
    all_packed = packed if len(packed) == len(vectors) else ()
    return EmbeddingResponse.joined([vector.numbers for vector in vectors], all_packed, facts)


def write_vector(vector: CachedVector) -> str:
    """The stored form of a vector: packed as base64, or as numbers."""
    stored = vector.numbers if vector.packed is None else base64.b64encode(vector.packed).decode()
    return to_json({"format": VERSION, "vector": stored}).decode()


def read_vector(text: str) -> CachedVector | None:
    """Reads a stored vector; None if it was written by another version or program, or is damaged."""
    try:
        entry = from_json(text)
        if entry["format"] != VERSION:
            return None
        stored = entry["vector"]
        if isinstance(stored, str):
            packed = base64.b64decode(stored, validate=True)
            return CachedVector(array("f", packed).tolist(), packed)
        return CachedVector([float(number) for number in stored])
    except (ValueError, TypeError, KeyError):
        return None
