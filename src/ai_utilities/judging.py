"""What both clients do with texts beside answering: ranking, judging, counting, and reading pages."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from .colour import finished

if TYPE_CHECKING:
    from dhenara.ai.types import (
        FileContent,
        ImageContent,
        ModerationResponse,
        OcrResponse,
        RerankResponse,
        TokenCountResponse,
    )

    from .operations import Operations

    Page = str | bytes | PathLike[str] | FileContent | ImageContent
    Judged = str | Sequence[Any]


class JudgeOptions(TypedDict, total=False):
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


class RankOptions(JudgeOptions, total=False):
    """`top_n` says how many of the best are wanted."""

    top_n: int | None


class PageOptions(JudgeOptions, total=False):
    """`pages` counts from 0."""

    pages: Sequence[int] | None
    include_images: bool | None


class CountOptions(JudgeOptions, total=False):
    """What else would be asked. `estimate`: True never asks the provider, False takes no guess for an answer."""

    system: str | Sequence[str]
    context: Sequence[Any]
    files: Sequence[Any]
    tools: Sequence[Any]
    structured_output: Any
    estimate: bool | None


class Judging:
    """For programs that wait."""

    _operations: Operations

    def rerank(self, query: str, documents: Sequence[str], **options: Unpack[RankOptions]) -> RerankResponse:
        """The documents in the order in which they answer the query, the best first."""
        told: RerankResponse = finished(self._operations.operate("rerank", (query, documents), dict(options)))
        return told

    def moderate(self, inputs: Judged, **options: Unpack[JudgeOptions]) -> ModerationResponse:
        """A judgement for each text; pictures and the texts beside them are judged as one."""
        told: ModerationResponse = finished(self._operations.operate("moderate", (inputs,), dict(options)))
        return told

    def ocr(self, document: Page, **options: Unpack[PageOptions]) -> OcrResponse:
        """The pages of a document or picture, as markdown."""
        return finished(read_pages(self._operations, document, dict(options)))

    def count_tokens(self, prompt: str, **options: Unpack[CountOptions]) -> TokenCountResponse:
        """How long this question would be: counted by the provider, or estimated, and then said to be."""
        return finished(count(self._operations, prompt, dict(options)))


class AsyncJudging:
    """The same, awaited."""

    _operations: Operations

    async def rerank(self, query: str, documents: Sequence[str], **options: Unpack[RankOptions]) -> RerankResponse:
        told: RerankResponse = await self._operations.operate("rerank", (query, documents), dict(options))
        return told

    async def moderate(self, inputs: Judged, **options: Unpack[JudgeOptions]) -> ModerationResponse:
        told: ModerationResponse = await self._operations.operate("moderate", (inputs,), dict(options))
        return told

    async def ocr(self, document: Page, **options: Unpack[PageOptions]) -> OcrResponse:
        return await read_pages(self._operations, document, dict(options))

    async def count_tokens(self, prompt: str, **options: Unpack[CountOptions]) -> TokenCountResponse:
        return await count(self._operations, prompt, dict(options))


async def read_pages(operations: Operations, document: Page, said: dict[str, Any]) -> OcrResponse:
    content = await operations.colour.call(read_document, document)
    told: OcrResponse = await operations.operate("ocr", (content,), said)
    return told


def read_document(given: Page) -> Any:
    """The document as content; the file behind a path is read."""
    from dhenara.ai.types import FileContent, ImageContent

    from .attachments import read_file

    if isinstance(given, FileContent | ImageContent):
        return given
    found = read_file(given)
    if found["type"] == "image":
        return ImageContent.model_validate(found)
    if found["type"] == "file":
        return FileContent.model_validate(found)
    from .exceptions import ProviderConfigurationError

    raise ProviderConfigurationError(
        "OCR reads documents and pictures; this is neither: ai_utilities.files.read_text reads texts"
    )


async def count(operations: Operations, prompt: str, said: dict[str, Any]) -> TokenCountResponse:
    """Of what `ask` would send: the instructions of the settings and the files are counted too."""
    from .asked import checked, with_files

    checked(prompt, said)
    system = said.pop("system", None) or operations.settings.system_prompt
    files, context = said.pop("files", None), said.pop("context", None)
    spoken = await operations.colour.call(with_files, prompt, files) if files else prompt
    given = (spoken, context, system)
    told: TokenCountResponse = await operations.operate("count_tokens", given, said)
    return told
