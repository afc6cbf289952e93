"""Operations of the client other than chat: embed, rerank, moderate, OCR, token counting and model listing."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any, Unpack

import dhenara.ai.types as types

from ..codecs.operations.operation import estimate_tokens
from ..errors import ConfigurationError, SyncAsyncMismatchError, UnsupportedError
from ..history.parsing import MessageLike, take_instructions
from ..io.sync_io import run
from ..lazy_package import HintedNames
from ..pipeline.operations.model_lists import list_models
from ..pipeline.pipeline import Pipeline
from ..providers.operation_routes import default_operation
from ..types.chat.report import TokenCountResponse
from ..types.config.call import AIModelCallConfig, Call
from ..types.config.model import ModelListing
from ..types.content.parts import FileContent, ImageContent, Media
from ..wire.secrets import conceal_options, conceals_its_options
from .call_factory import OperationsBase, read_call_history

if TYPE_CHECKING:
    from ..types.config.call_options import (
        CallOptions,
        CallSettings,
        CountSettings,
        EmbedSettings,
        OcrSettings,
        RerankSettings,
    )
    from ..types.operations.text_operations import EmbeddingResponse, ModerationResponse, OcrResponse, RerankResponse

Inputs = str | ImageContent | Sequence[str | ImageContent]
EmbeddingInputs = str | Media | Sequence[str | Media]
Instructions = str | Sequence[str] | None


class OperationsMixin(HintedNames, OperationsBase):
    """Methods of `AIModelClient` with the same layers, retries, limits, prices and errors as `generate`."""

    @conceals_its_options
    def embed(self, texts: EmbeddingInputs, **settings: Unpack[EmbedSettings]) -> EmbeddingResponse:
        """Embed texts or media.

        Split into as many requests as the provider's limits need.

        Args:
            texts: Texts or media parts.
            **settings: Fields of `EmbeddingRequest` and of `AIModelCallConfig`.

        Returns:
            One vector per input, in the same order.
        """
        conceal_options(settings)
        return run(self._embed(texts, settings, is_async=False))

    @conceals_its_options
    async def embed_async(self, texts: EmbeddingInputs, **settings: Unpack[EmbedSettings]) -> EmbeddingResponse:
        """Async version of `embed`."""
        conceal_options(settings)
        return await self._embed(texts, settings, is_async=True)

    @conceals_its_options
    def rerank(self, query: str, documents: Sequence[str], **settings: Unpack[RerankSettings]) -> RerankResponse:
        """Rank documents by relevance to a query.

        Args:
            query: The query.
            documents: The documents to rank.
            **settings: Fields of `RerankRequest` and of `AIModelCallConfig`.

        Returns:
            The documents with scores, the most relevant first.
        """
        conceal_options(settings)
        pipeline, call = self._rerank_call(query, documents, settings, is_async=False)
        return run(pipeline.perform(call, types.RerankResponse)).with_documents(tuple(documents))

    @conceals_its_options
    async def rerank_async(
        self, query: str, documents: Sequence[str], **settings: Unpack[RerankSettings]
    ) -> RerankResponse:
        """Async version of `rerank`."""
        conceal_options(settings)
        pipeline, call = self._rerank_call(query, documents, settings, is_async=True)
        return (await pipeline.perform(call, types.RerankResponse)).with_documents(tuple(documents))

    @conceals_its_options
    def moderate(self, inputs: Inputs, **settings: Unpack[CallSettings]) -> ModerationResponse:
        """Check texts or images for harmful content.

        Args:
            inputs: Texts, or images with text; images and the text next to them are judged together.
            **settings: Fields of `AIModelCallConfig`.

        Returns:
            One result per text.
        """
        conceal_options(settings)
        return run(self._moderate(inputs, settings, is_async=False))

    @conceals_its_options
    async def moderate_async(self, inputs: Inputs, **settings: Unpack[CallSettings]) -> ModerationResponse:
        """Async version of `moderate`."""
        conceal_options(settings)
        return await self._moderate(inputs, settings, is_async=True)

    @conceals_its_options
    def ocr(self, document: FileContent | ImageContent, **settings: Unpack[OcrSettings]) -> OcrResponse:
        """Extract the pages of a document or image as Markdown.

        Args:
            document: A PDF or an image.
            **settings: See `OcrSettings`.
        """
        conceal_options(settings)
        return run(self._ocr(document, settings, is_async=False))

    @conceals_its_options
    async def ocr_async(self, document: FileContent | ImageContent, **settings: Unpack[OcrSettings]) -> OcrResponse:
        """Async version of `ocr`."""
        conceal_options(settings)
        return await self._ocr(document, settings, is_async=True)

    @conceals_its_options
    def count_tokens(
        self,
        prompt: MessageLike | None = None,
        context: Sequence[MessageLike] | None = None,
        instructions: Instructions = None,
        messages: Sequence[MessageLike] | None = None,
        **settings: Unpack[CountSettings],
    ) -> TokenCountResponse:
        """Count the input tokens of a `generate` call.

        Args:
            prompt: As for `generate`.
            context: As for `generate`.
            instructions: As for `generate`.
            messages: As for `generate`.
            **settings: Call settings. `estimate=True` always estimates locally, `estimate=False` raises if the
                provider cannot count; by default the provider counts if it can.

        Returns:
            The number of tokens.
        """
        conceal_options(settings)
        pipeline, call = self._count_call((prompt, context, instructions, messages), settings, is_async=False)
        if call.operation == "chat":
            return estimate_token_count(pipeline, call)
        return run(pipeline.perform(call, TokenCountResponse))

    @conceals_its_options
    async def count_tokens_async(
        self,
        prompt: MessageLike | None = None,
        context: Sequence[MessageLike] | None = None,
        instructions: Instructions = None,
        messages: Sequence[MessageLike] | None = None,
        **settings: Unpack[CountSettings],
    ) -> TokenCountResponse:
        """Async version of `count_tokens`."""
        conceal_options(settings)
        pipeline, call = self._count_call((prompt, context, instructions, messages), settings, is_async=True)
        if call.operation == "chat":
            return estimate_token_count(pipeline, call)
        return await pipeline.perform(call, TokenCountResponse)

    def _embed(
        self, texts: EmbeddingInputs, settings: Mapping[str, Any], *, is_async: bool
    ) -> Coroutine[Any, Any, EmbeddingResponse]:
        from ..pipeline.operations.embeddings import embed

        return embed(*self._prepare("embed", types.EmbeddingRequest, {"texts": texts}, settings, is_async))

    def _rerank_call(
        self, query: str, documents: Sequence[str], settings: Mapping[str, Any], *, is_async: bool
    ) -> tuple[Pipeline, Call]:
        if isinstance(documents, str):
            raise ConfigurationError('documents must be a list of texts, not str: rerank(query, ["..."])')
        given = {"query": query, "documents": documents}
        return self._prepare("rerank", types.RerankRequest, given, settings, is_async)

    def _moderate(
        self, inputs: Inputs, settings: Mapping[str, Any], *, is_async: bool
    ) -> Coroutine[Any, Any, ModerationResponse]:
        pipeline, call = self._prepare("moderate", types.ModerationRequest, {"inputs": inputs}, settings, is_async)
        return pipeline.perform(call, types.ModerationResponse)

    def _ocr(
        self, document: FileContent | ImageContent, settings: Mapping[str, Any], *, is_async: bool
    ) -> Coroutine[Any, Any, OcrResponse]:
        if isinstance(document, str | PathLike):
            raise ConfigurationError("ocr takes a document, not a path: ocr(FileContent.from_path(...))")
        pipeline, call = self._prepare("ocr", types.OcrRequest, {"document": document}, settings, is_async)
        return pipeline.perform(call, types.OcrResponse)

    def _count_call(
        self, inputs: tuple[Any, ...], settings: Mapping[str, Any], *, is_async: bool
    ) -> tuple[Pipeline, Call]:
        """Return the call that counts; a chat call where the tokens are estimated."""
        prompt, context, instructions, messages = inputs
        estimate = settings.get("estimate")
        chosen = {name: value for name, value in settings.items() if name != "estimate"}
        system = take_instructions(instructions, chosen)
        history = read_call_history(self.model_endpoint, prompt, context, messages)
        try:
            operation = "chat" if estimate else "count_tokens"
            pipeline, call = self._prepare(operation, None, {}, chosen, is_async, history)
        except UnsupportedError:
            if estimate is False:
                raise
            pipeline, call = self._prepare("chat", None, {}, chosen, is_async, history)
        return pipeline, replace(call, instructions=system)

    @conceals_its_options
    def list_models(
        self, *, config: AIModelCallConfig | None = None, **options: Unpack[CallOptions]
    ) -> list[ModelListing]:
        """List the models that the provider offers for this API key.

        The requests are free and do not pass through `layers`, so ledgers have no rows of them.

        Args:
            config: Replaces the client's config for this call.
            **options: Fields of `AIModelCallConfig`, such as `timeout`, `retries` and `headers`.

        Returns:
            The models.

        Raises:
            SyncAsyncMismatchError: If the client is for async code only.
            ProviderError: If the request failed.
        """
        conceal_options(options)
        if self.is_async is True:
            raise SyncAsyncMismatchError("This client is async-only (is_async=True). Use list_models_async.")
        pipeline = self._pipeline(default_operation(self.model_endpoint), is_async=False)
        call = Call(self.model_endpoint, (), self._effective_config(config, **options))
        return run(list_models(pipeline.io, pipeline.target, call))

    @conceals_its_options
    async def list_models_async(
        self, *, config: AIModelCallConfig | None = None, **options: Unpack[CallOptions]
    ) -> list[ModelListing]:
        """Async version of `list_models`."""
        conceal_options(options)
        if self.is_async is False:
            raise SyncAsyncMismatchError("This client is sync-only (is_async=False). Use list_models.")
        pipeline = self._pipeline(default_operation(self.model_endpoint), is_async=True)
        call = Call(self.model_endpoint, (), self._effective_config(config, **options))
        return await list_models(pipeline.io, pipeline.target, call)


def estimate_token_count(pipeline: Pipeline, call: Call) -> TokenCountResponse:
    """Return an estimate by text length, marked `estimated`; nothing is sent."""
    origin = pipeline.target.origin
    return TokenCountResponse(
        provider=origin.provider, model=origin.model, input_tokens=estimate_tokens(call), estimated=True
    )
