"""Embeds any number of texts in concurrent batches within the provider's limits."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from ...codecs.operations.media import check_images
from ...codecs.operations.quirks import EmbeddingQuirks
from ...errors import BadAnswerError, DhenaraError
from ...types.chat.cost import add_costs, unique
from ...types.chat.usage import add_usages
from ...types.config.call import Call, CallJournal
from ...types.content.media import Media
from ...types.display import number_of
from ...types.operations.text_operations import EmbeddingRequest, EmbeddingResponse
from ..pipeline import Pipeline

PICTURE = 4_000
T = TypeVar("T")


async def embed(pipeline: Pipeline, call: Call) -> EmbeddingResponse:
    """Return all vectors in the order of the texts; each batch is a call of its own through all layers."""
    request, quirks = call.request, pipeline.target.quirks
    if not isinstance(request, EmbeddingRequest) or not isinstance(quirks, EmbeddingQuirks):
        raise TypeError("embed needs an EmbeddingRequest, and a model that makes embeddings")
    check_images(call, request, quirks)
    batches = list(split_request(request, quirks))
    if len(batches) == 1:
        call = replace(call, request=batches[0])
        send, prepared = pipeline.route(call)
        try:
            answer = await pipeline.read_result(call, await send(prepared), EmbeddingResponse)
        except DhenaraError as error:
            error.attempts = tuple(call.journal.attempts)
            raise
        return check_size(call, answer, len(batches[0].texts))
    started, total = pipeline.io.monotonic(), call.config.timeouts.total
    if total is not None:
        call = replace(call, deadline=started + total)
    calls = [replace(call, journal=CallJournal()) for _ in batches]
    jobs = [partial(embed_batch, pipeline, made, batch) for made, batch in zip(calls, batches, strict=True)]
    answers = await with_all_attempts(calls, pipeline.io.run_steps(jobs, request.concurrency))
    return join_responses(answers, pipeline.io.monotonic() - started)


async def with_all_attempts(calls: Sequence[Call], work: Awaitable[T]) -> T:
    """What the work returns; an error has the requests of all these calls, not only of the one that failed."""
    try:
        return await work
    except DhenaraError as error:
        error.attempts = tuple(attempt for call in calls for attempt in call.journal.attempts)
        raise


def embed_batch(pipeline: Pipeline, call: Call, batch: EmbeddingRequest) -> Coroutine[Any, Any, EmbeddingResponse]:
    return batch_of(pipeline, replace(call, request=batch), len(batch.texts))


async def batch_of(pipeline: Pipeline, call: Call, size: int) -> EmbeddingResponse:
    return check_size(call, await pipeline.perform(call, EmbeddingResponse), size)


def check_size(call: Call, answer: EmbeddingResponse, size: int) -> EmbeddingResponse:
    """Return the answer; raise if it has not one vector for each text."""
    if len(answer.vectors) != size:
        message = f"sent {number_of(size, 'text')}, but got {number_of(len(answer.vectors), 'vector')} back"
        raise BadAnswerError(message, provider=answer.provider, model=call.endpoint.ai_model.model_name)
    return answer


def split_request(request: EmbeddingRequest, quirks: EmbeddingQuirks) -> Iterator[EmbeddingRequest]:
    """Split into batches within both limits; a text that exceeds the size limit is sent alone."""
    most = min(request.batch_size or quirks.most_texts, quirks.most_texts)
    batch: list[Any] = []
    size = 0
    for text in request.texts:
        length = length_of(text)
        if batch and (len(batch) == most or size + length > quirks.most_bytes):
            yield request.model_copy(update={"texts": tuple(batch)})
            batch, size = [], 0
        batch.append(text)
        size += length
    yield request.model_copy(update={"texts": tuple(batch)})


def length_of(text: str | Media) -> int:
    """Return the size in bytes; an image counts like a page of text, because providers count tokens."""
    if not isinstance(text, str):
        return PICTURE
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def join_responses(answers: list[EmbeddingResponse], seconds: float) -> EmbeddingResponse:
    """Merge the responses; usage and cost are added up."""
    first, packed = answers[0], tuple(one for answer in answers for one in answer.packed)
    vectors = [vector for answer in answers for vector in answer.vectors]
    facts: dict[str, Any] = {
        "id": first.id,
        "model": first.model,
        "provider": first.provider,
        "usage": add_usages([answer.usage for answer in answers]),
        "cost": add_costs([answer.cost for answer in answers]),
        "warnings": unique(warning for answer in answers for warning in answer.warnings),
        "extras": first.extras,
        "attempts": [attempt for answer in answers for attempt in answer.attempts],
        "request_id": first.request_id,
        "response_headers": first.response_headers,
        "duration_seconds": seconds,
    }
    return EmbeddingResponse.joined(vectors, packed if len(packed) == len(vectors) else (), facts)
