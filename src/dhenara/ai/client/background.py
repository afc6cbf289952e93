"""Retrieve or cancel responses that the provider generates in the background."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Unpack

from ..codecs.base import EncodedRequest
from ..codecs.operations.operation import SupportsBackground
from ..errors import CallError, NotFoundError, SyncAsyncMismatchError, UnsupportedError
from ..io.sync_io import run
from ..pipeline.connect import open_document
from ..pipeline.pipeline import Pipeline
from ..pipeline.retry import Retry
from ..pipeline.streaming.background import PollingSource
from ..pipeline.streaming.response_reader import BufferedSource
from ..pipeline.streaming.stream import Stream
from ..pipeline.timeouts import with_deadline
from ..pipeline.transport_call import TargetPricing
from ..providers.target import ResolvedTarget
from ..response.builder import ResponseBuilder
from ..types.chat.response import AIModelCallResponse
from ..types.config.api import AIModelEndpoint
from ..types.config.call import AIModelCallConfig, Call

if TYPE_CHECKING:
    from ..types.config.call_options import CallOptions, CallSettings


def retrieve(pipeline: Pipeline, answer_id: str, call: Call) -> Coroutine[Any, Any, AIModelCallResponse]:
    """Poll until the response is complete; to be awaited."""
    codec = background_codec(pipeline.target)
    return read_answer(pipeline, codec.retrieve_request(answer_id, pipeline.target.quirks), call, codec)


def cancel(pipeline: Pipeline, answer_id: str, call: Call) -> Coroutine[Any, Any, AIModelCallResponse]:
    """Cancel the response; to be awaited."""
    codec = background_codec(pipeline.target)
    return read_answer(pipeline, codec.stop(answer_id, pipeline.target.quirks), call, None)


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
        try:
            reader = await open_document(io, target, encoded, call)
        except NotFoundError as error:
            error.advice = "Check the id of the response, and that it was stored with this key."
            raise
        decoder = target.codec.decoder(target.quirks)
        source = PollingSource(io, target, waiting, call, reader) if waiting else BufferedSource(reader, decoder)
        builder = ResponseBuilder(target.origin, TargetPricing(target).cost_function(call, io.time()))
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


class BackgroundMixin:
    """Background methods of `AIModelClient`."""

    if TYPE_CHECKING:
        model_endpoint: AIModelEndpoint
        is_async: bool | None

        def _sync_pipeline(self) -> Pipeline: ...

        def _async_pipeline(self) -> Pipeline: ...

        def _effective_config(
            self, config: AIModelCallConfig | None, **options: Unpack[CallOptions]
        ) -> AIModelCallConfig: ...

    def retrieve(self, response_id: str, **options: Unpack[CallSettings]) -> AIModelCallResponse:
        """Wait until a background response is complete and return it.

        Args:
            response_id: Id of the response, from the call that started it.
            **options: `config`, or single fields of it, such as `timeout`.

        Returns:
            The complete response.
        """
        return run(retrieve(self._sync_background(), response_id, self._lookup_call(**options)))

    async def retrieve_async(self, response_id: str, **options: Unpack[CallSettings]) -> AIModelCallResponse:
        """Async version of `retrieve`."""
        return await retrieve(self._async_background(), response_id, self._lookup_call(**options))

    def cancel(self, response_id: str, **options: Unpack[CallSettings]) -> AIModelCallResponse:
        """Cancel a background response.

        Args:
            response_id: Id of the response at the provider.
            **options: See `CallSettings`.

        Returns:
            The response as far as it was generated.
        """
        return run(cancel(self._sync_background(), response_id, self._lookup_call(**options)))

    async def cancel_async(self, response_id: str, **options: Unpack[CallSettings]) -> AIModelCallResponse:
        """Async version of `cancel`."""
        return await cancel(self._async_background(), response_id, self._lookup_call(**options))

    def _lookup_call(self, config: AIModelCallConfig | None = None, **options: Unpack[CallOptions]) -> Call:
        return Call(self.model_endpoint, (), self._effective_config(config, **options))

    def _sync_background(self) -> Pipeline:
        if self.is_async is True:
            raise SyncAsyncMismatchError(
                "This client is async-only (is_async=True). Use retrieve_async and cancel_async."
            )
        return self._sync_pipeline()

    def _async_background(self) -> Pipeline:
        if self.is_async is False:
            raise SyncAsyncMismatchError("This client is sync-only (is_async=False). Use retrieve and cancel.")
        return self._async_pipeline()
