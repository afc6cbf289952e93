"""What both clients do with texts beside answering: ranking, judging, counting, and reading pages."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from .execution import run_sync

if TYPE_CHECKING:
    from dhenara.ai.types import (
        FileContent,
        ImageContent,
        ModerationResponse,
        OcrResponse,
        RerankResponse,
        TokenCountResponse,
    )

    from .operations import ClientCore

    Page = str | bytes | PathLike[str] | FileContent | ImageContent
    Judged = str | Sequence[Any]


class TextOptions(TypedDict, total=False):
    """What every one of them takes."""

    provider: Any
    model: str
    cache: bool | str
    tags: dict[str, str]
    options: dict[str, Any]
    headers: dict[str, str]
    timeout: Any
    retries: int
    strict: bool


class RankOptions(TextOptions, total=False):
    """`top_n` says how many of the best are wanted."""

    top_n: int | None


class PageOptions(TextOptions, total=False):
    """`pages` counts from 0."""

    pages: Sequence[int] | None
    include_images: bool | None


class CountOptions(TextOptions, total=False):
    """What else would be asked. `estimate`: True never asks the provider, False takes no guess for an answer."""

    system: str | Sequence[str]
    context: Sequence[Any]
    files: Sequence[Any]
    tools: Sequence[Any]
    structured_output: Any
    estimate: bool | None


class TextOperationsMixin:
    """For programs that wait."""

    _operations: ClientCore

    def rerank(self, query: str, documents: Sequence[str], **options: Unpack[RankOptions]) -> RerankResponse:
        """The documents in the order in which they answer the query, the best first."""
        data: RerankResponse = run_sync(self._operations.operate("rerank", (query, documents), dict(options)))
        return data

    def moderate(self, inputs: Judged, **options: Unpack[TextOptions]) -> ModerationResponse:
        """A judgement for each text; pictures and the texts beside them are judged as one."""
        data: ModerationResponse = run_sync(self._operations.operate("moderate", (inputs,), dict(options)))
        return data

    def ocr(self, document: Page, **options: Unpack[PageOptions]) -> OcrResponse:
        """The pages of a document or picture, as markdown."""
        return run_sync(read_pages(self._operations, document, dict(options)))

    def count_tokens(self, prompt: str, **options: Unpack[CountOptions]) -> TokenCountResponse:
        """How long this question would be: counted by the provider, or estimated, and then said to be."""
        return run_sync(count(self._operations, prompt, dict(options)))


class AsyncTextOperationsMixin:
    """The same, awaited."""

    _operations: ClientCore

    async def rerank(self, query: str, documents: Sequence[str], **options: Unpack[RankOptions]) -> RerankResponse:
        data: RerankResponse = await self._operations.operate("rerank", (query, documents), dict(options))
        return data

    async def moderate(self, inputs: Judged, **options: Unpack[TextOptions]) -> ModerationResponse:
        data: ModerationResponse = await self._operations.operate("moderate", (inputs,), dict(options))
        return data

    async def ocr(self, document: Page, **options: Unpack[PageOptions]) -> OcrResponse:
        return await read_pages(self._operations, document, dict(options))

    async def count_tokens(self, prompt: str, **options: Unpack[CountOptions]) -> TokenCountResponse:
        return await count(self._operations, prompt, dict(options))


async def read_pages(operations: ClientCore, document: Page, options: dict[str, Any]) -> OcrResponse:
    content = await operations.mode.call(read_document, document)
    data: OcrResponse = await operations.operate("ocr", (content,), options)
    return data


def read_document(given: Page) -> Any:
    """The document as content; the file behind a path is read."""
    from dhenara.ai.types import FileContent, ImageContent

    from .attachments import read_file

    if isinstance(given, FileContent | ImageContent):
        return given
    match = read_file(given)
    if match["type"] == "image":
        return ImageContent.model_validate(match)
    if match["type"] == "file":
        return FileContent.model_validate(match)
    from .exceptions import ProviderConfigurationError

    raise ProviderConfigurationError(
        "OCR reads documents and pictures; this is neither: ai_utilities.files.read_text reads texts"
    )


async def count(operations: ClientCore, prompt: str, options: dict[str, Any]) -> TokenCountResponse:
    """Of what `ask` would send: the instructions of the settings and the files are counted too."""
    from .ask_options import add_files, check_prompt

    check_prompt(prompt, options)
    system = options.pop("system", None) or operations.settings.system_prompt
    files, context = options.pop("files", None), options.pop("context", None)
    spoken = await operations.mode.call(add_files, prompt, files) if files else prompt
    given = (spoken, context, system)
    data: TokenCountResponse = await operations.operate("count_tokens", given, options)
    return data
