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
        """Sorts documents by relevance to the query, best first."""
        response: RerankResponse = run_sync(self._operations.operate("rerank", (query, documents), dict(options)))
        return response

    def moderate(self, inputs: Judged, **options: Unpack[TextOptions]) -> ModerationResponse:
        """Moderates each text; images are judged together with the texts next to them."""
        response: ModerationResponse = run_sync(self._operations.operate("moderate", (inputs,), dict(options)))
        return response

    def ocr(self, document: Page, **options: Unpack[PageOptions]) -> OcrResponse:
        """Reads the pages of a document or image as markdown."""
        return run_sync(read_pages(self._operations, document, dict(options)))

    def count_tokens(self, prompt: str, **options: Unpack[CountOptions]) -> TokenCountResponse:
        """Counts the tokens of a prompt: by the provider, or estimated and marked as such."""
        return run_sync(count(self._operations, prompt, dict(options)))


class AsyncTextOperationsMixin:
    """Text operations of `AsyncAiClient`."""

    _operations: ClientCore

    async def rerank(self, query: str, documents: Sequence[str], **options: Unpack[RankOptions]) -> RerankResponse:
        response: RerankResponse = await self._operations.operate("rerank", (query, documents), dict(options))
        return response

    async def moderate(self, inputs: Judged, **options: Unpack[TextOptions]) -> ModerationResponse:
        response: ModerationResponse = await self._operations.operate("moderate", (inputs,), dict(options))
        return response

    async def ocr(self, document: Page, **options: Unpack[PageOptions]) -> OcrResponse:
        return await read_pages(self._operations, document, dict(options))

    async def count_tokens(self, prompt: str, **options: Unpack[CountOptions]) -> TokenCountResponse:
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
