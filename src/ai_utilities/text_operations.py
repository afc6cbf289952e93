"""Text operations of both clients other than chat: reranking, moderation, token counting and OCR."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Unpack

from dhenara.ai.integration import use_own_names
from dhenara.ai.types import (
    FileContent,
    ImageContent,
)

from .ask_options import add_files, check_prompt, read_file
from .exceptions import ProviderConfigurationError
from .execution import run_sync
from .option_checks import SYSTEM_NAMES

if TYPE_CHECKING:
    from dhenara.ai.types import (
        ModerationResponse,
        OcrResponse,
        RerankResponse,
        TokenCountResponse,
    )

    from .operation_options import CountOptions, PageOptions, RankOptions, TextOptions
    from .operations import ClientCore
    from .value_types import Options

    Page = str | bytes | PathLike[str] | FileContent | ImageContent
    Judged = str | ImageContent | Sequence[str | ImageContent]


class TextOperationsMixin:
    """Text operations of `AiClient`."""

    _operations: ClientCore

    def rerank(self, query: str, documents: Sequence[str], **options: Unpack[RankOptions]) -> RerankResponse:
        """Sorts documents by relevance to a query.

        Args:
            query: The query.
            documents: The documents.
            **options: See `RankOptions`.

        Returns:
            The documents with scores, the most relevant first.

        Raises:
            ProviderCapabilityError: If the provider does not rerank.
        """
        response: RerankResponse = run_sync(self._operations.operate("rerank", (query, documents), dict(options)))
        return response

    def moderate(self, inputs: Judged, **options: Unpack[TextOptions]) -> ModerationResponse:
        """Checks texts and images for harmful content.

        Args:
            inputs: A text or an image, or several. Images are judged together with the texts next to them.
            **options: See `TextOptions`.

        Returns:
            One result for each text.

        Raises:
            ProviderCapabilityError: If the provider does not moderate.
        """
        response: ModerationResponse = run_sync(self._operations.operate("moderate", (inputs,), dict(options)))
        return response

    def ocr(self, document: Page, **options: Unpack[PageOptions]) -> OcrResponse:
        """Reads the pages of a document or image as Markdown.

        Args:
            document: A path, URL, bytes or a content object.
            **options: See `PageOptions`.

        Returns:
            The pages with their text, and with their images if these were requested.

        Raises:
            ProviderCapabilityError: If the provider has no OCR.
            ProviderConfigurationError: If it is neither a document nor an image.
        """
        return run_sync(read_pages(self._operations, document, dict(options)))

    def count_tokens(self, prompt: str, **options: Unpack[CountOptions]) -> TokenCountResponse:
        """Counts the tokens of the request that `ask` would send.

        Args:
            prompt: The user message.
            **options: See `CountOptions`.

        Returns:
            The number of tokens: counted by the provider, or estimated, which `estimated` of the response says.
        """
        return run_sync(count(self._operations, prompt, dict(options)))


class AsyncTextOperationsMixin:
    """Text operations of `AsyncAiClient`."""

    _operations: ClientCore

    async def rerank(self, query: str, documents: Sequence[str], **options: Unpack[RankOptions]) -> RerankResponse:
        """Sorts documents by relevance to the query; see `AiClient.rerank`."""
        response: RerankResponse = await self._operations.operate("rerank", (query, documents), dict(options))
        return response

    async def moderate(self, inputs: Judged, **options: Unpack[TextOptions]) -> ModerationResponse:
        """Checks texts and images for harmful content; see `AiClient.moderate`."""
        response: ModerationResponse = await self._operations.operate("moderate", (inputs,), dict(options))
        return response

    async def ocr(self, document: Page, **options: Unpack[PageOptions]) -> OcrResponse:
        """Reads the pages of a document or image as Markdown; see `AiClient.ocr`."""
        return await read_pages(self._operations, document, dict(options))

    async def count_tokens(self, prompt: str, **options: Unpack[CountOptions]) -> TokenCountResponse:
        """Counts the tokens of a prompt; see `AiClient.count_tokens`."""
        return await count(self._operations, prompt, dict(options))


async def read_pages(operations: ClientCore, document: Page, options: Options) -> OcrResponse:
    content = await operations.mode.call(read_document, document)
    response: OcrResponse = await operations.operate("ocr", (content,), options)
    return response


def read_document(document: Page) -> FileContent | ImageContent:
    """The document as a content object; a path is read from disk."""
    if isinstance(document, FileContent | ImageContent):
        return document
    content = read_file(document)
    kind = content["type"] if isinstance(content, dict) else None
    if kind == "image":
        return ImageContent.model_validate(content)
    if kind == "file":
        return FileContent.model_validate(content)
    raise ProviderConfigurationError("ocr needs a document or image. For text files use ai_utilities.files.read_text.")


async def count(operations: ClientCore, prompt: str, options: Options) -> TokenCountResponse:
    """Counts what `ask` would send, including system instructions and files."""
    check_prompt(prompt, options)
    options = use_own_names(options, SYSTEM_NAMES)
    system = options.pop("system", None) or operations.settings.system_prompt
    files, context = options.pop("files", None), options.pop("context", None)
    message = await operations.mode.call(add_files, prompt, files) if files else prompt
    arguments = (message, context, system)
    response: TokenCountResponse = await operations.operate("count_tokens", arguments, options)
    return response
