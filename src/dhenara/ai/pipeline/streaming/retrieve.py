"""Retrieves or cancels a stored response by its id."""

from __future__ import annotations

from ...codecs.base import EncodedRequest
from ...codecs.operations.operation import SupportsBackground
from ...errors import CallError, UnsupportedError
from ...providers.target import ResolvedTarget
from ...response.builder import ResponseBuilder
from ...types.chat.response import AIModelCallResponse
from ...types.config.call import Call
from ..layers.retry import Retry
from ..pipeline import Pipeline
from ..pricing import cost_function
from ..provider_get import open_document
from ..timeouts import with_deadline
from .background import PollingSource
from .response_reader import BufferedSource
from .stream import Stream


async def retrieve(pipeline: Pipeline, answer_id: str, call: Call) -> AIModelCallResponse:
    """Poll until the response is complete."""
    codec = background_codec(pipeline.target)
    return await read_answer(pipeline, codec.retrieve_request(answer_id, pipeline.target.quirks), call, codec)


async def cancel(pipeline: Pipeline, answer_id: str, call: Call) -> AIModelCallResponse:
    codec = background_codec(pipeline.target)
    return await read_answer(pipeline, codec.stop(answer_id, pipeline.target.quirks), call, None)


def background_codec(target: ResolvedTarget) -> SupportsBackground:
    if isinstance(target.codec, SupportsBackground):
        return target.codec
    raise UnsupportedError(
        f"{target.provider.name} does not store responses with the protocol {target.codec.name!r}. "
        "Set config={'protocol': 'openai_responses'} on AIModelAPI if the provider supports it."
    )


async def read_answer(
    pipeline: Pipeline, encoded: EncodedRequest, call: Call, waiting: SupportsBackground | None
) -> AIModelCallResponse:
    """Read one response, now or when it is complete."""
    io, target = pipeline.io, pipeline.target

    async def send(call: Call) -> Stream:
        reader = await open_document(io, target, encoded, call)
        decoder = target.codec.decoder(target.quirks)
        source = PollingSource(io, target, waiting, call, reader) if waiting else BufferedSource(reader, decoder)
        builder = ResponseBuilder(target.origin, cost_function(target, call, io.time()))
        stream = Stream(source, builder, redactor=reader.redactor)
        try:
            await stream.prime()
        except CallError:
            await stream.close()
            raise
        return stream

    call.journal.started_at = io.monotonic()
    stream = await Retry(io).retry_failures(with_deadline(call, io), send)
    return pipeline.report(call, await stream.response())
