"""Operations on texts: embeddings, reranking, moderation, counting; and JSON in answers, asked for and read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, TypeVar, Unpack

from dhenara.ai.integration import conceal_options, conceals_its_options, use_own_names
from dhenara.ai.types import (
    FileContent,
    ImageContent,
)

from ..exceptions import JsonParseError, ProviderConfigurationError
from ..execution import AnyAsyncCall, AnyCall
from ..results import AskResult
from .ask_options import add_files, check_prompt, read_file
from .option_checks import SYSTEM_NAMES, read_validators

if TYPE_CHECKING:
    from dhenara.ai.types import (
        ModerationResponse,
        OcrResponse,
        RerankResponse,
        TokenCountResponse,
    )

    from ..exceptions import Arguments, Json, Options
    from .client_core import ClientCore
    from .operation_options import CountOptions, PageOptions, RankOptions, TextOptions
    from .typed_answers import TypedResult

    Page = str | bytes | PathLike[str] | FileContent | ImageContent
    Judged = str | ImageContent | Sequence[str | ImageContent]

T = TypeVar("T")


class TextOperationsMixin:
    """Text operations of `AiClient`."""

    _operations: ClientCore

    @conceals_its_options
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
        conceal_options(options)
        call: AnyCall[RerankResponse] = self._operations.prepare_operation("rerank", (query, documents), dict(options))
        with call.context():
            return call.read(call.send())

    @conceals_its_options
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
        conceal_options(options)
        call: AnyCall[ModerationResponse] = self._operations.prepare_operation("moderate", (inputs,), dict(options))
        with call.context():
            return call.read(call.send())

    @conceals_its_options
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
        conceal_options(options)
        content = read_document(document)
        call: AnyCall[OcrResponse] = self._operations.prepare_operation("ocr", (content,), dict(options))
        with call.context():
            return call.read(call.send())

    @conceals_its_options
    def count_tokens(self, prompt: str, **options: Unpack[CountOptions]) -> TokenCountResponse:
        """Counts the tokens of the request that `ask` would send.

        Args:
            prompt: The user message.
            **options: See `CountOptions`.

        Returns:
            The number of tokens: counted by the provider, or estimated, which `estimated` of the response says.
        """
        conceal_options(options)
        chosen = count_options(prompt, options)
        arguments = count_arguments(self._operations, prompt, chosen)
        call: AnyCall[TokenCountResponse] = self._operations.prepare_operation("count_tokens", arguments, chosen)
        with call.context():
            return call.read(call.send())


class AsyncTextOperationsMixin:
    """Text operations of `AsyncAiClient`."""

    _operations: ClientCore

    @conceals_its_options
    async def rerank(self, query: str, documents: Sequence[str], **options: Unpack[RankOptions]) -> RerankResponse:
        """Sorts documents by relevance to the query; see `AiClient.rerank`.

        Args:
            query: The query.
            documents: The documents.
            **options: See `RankOptions`.
        """
        conceal_options(options)
        call: AnyAsyncCall[RerankResponse] = self._operations.prepare_operation_async(
            "rerank", (query, documents), dict(options)
        )
        with call.context():
            return call.read(await call.send())

    @conceals_its_options
    async def moderate(self, inputs: Judged, **options: Unpack[TextOptions]) -> ModerationResponse:
        """Checks texts and images for harmful content; see `AiClient.moderate`.

        Args:
            inputs: A text or an image, or several. Images are judged together with the texts next to them.
            **options: See `TextOptions`.
        """
        conceal_options(options)
        call: AnyAsyncCall[ModerationResponse] = self._operations.prepare_operation_async(
            "moderate", (inputs,), dict(options)
        )
        with call.context():
            return call.read(await call.send())

    @conceals_its_options
    async def ocr(self, document: Page, **options: Unpack[PageOptions]) -> OcrResponse:
        """Reads the pages of a document or image as Markdown; see `AiClient.ocr`.

        Args:
            document: A path, URL, bytes or a content object.
            **options: See `PageOptions`.
        """
        conceal_options(options)
        content = await self._operations.mode.call(read_document, document)
        call: AnyAsyncCall[OcrResponse] = self._operations.prepare_operation_async("ocr", (content,), dict(options))
        with call.context():
            return call.read(await call.send())

    @conceals_its_options
    async def count_tokens(self, prompt: str, **options: Unpack[CountOptions]) -> TokenCountResponse:
        """Counts the tokens of a prompt; see `AiClient.count_tokens`.

        Args:
            prompt: The user message.
            **options: See `CountOptions`.
        """
        conceal_options(options)
        operations, chosen = self._operations, count_options(prompt, options)
        if chosen.get("files"):
            arguments = await operations.mode.call(count_arguments, operations, prompt, chosen)
        else:
            arguments = count_arguments(operations, prompt, chosen)
        call: AnyAsyncCall[TokenCountResponse] = operations.prepare_operation_async("count_tokens", arguments, chosen)
        with call.context():
            return call.read(await call.send())


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


def count_options(prompt: str, options: Mapping[str, object]) -> Options:
    """The options of counting under the kit's own names."""
    check_prompt(prompt, options)
    return use_own_names(options, SYSTEM_NAMES)


def count_arguments(operations: ClientCore, prompt: str, options: Options) -> Arguments:
    """What is counted: what `ask` would send, with system instructions and files, which are read and taken out of the
    options.
    """
    system = options.pop("system", None) or operations.settings.system_prompt
    files, context = options.pop("files", None), options.pop("context", None)
    return add_files(prompt, files) if files else prompt, context, system


FENCED = re.compile(r"```[\w-]*\s*\n(.*?)```", re.DOTALL)
OPENING = re.compile(r"[{\[]\s*")
ONLY_JSON = "Answer with JSON only: no words around it, no code fence."


def parse_json_from_text(text: str) -> Json:
    """Parses JSON in a text: the whole text, a code fence, or the first object or list in it.

    Args:
        text: The answer of a model.

    Raises:
        JsonParseError: If the text has no valid JSON.
    """
    for candidate in (text, *FENCED.findall(text)):
        try:
            return json.loads(candidate)
        except json.JSONDecodeError:
            continue
    decoder = json.JSONDecoder()
    for start in OPENING.finditer(text):
        try:
            return decoder.raw_decode(text, start.start())[0]
        except json.JSONDecodeError as error:
            if error.pos > start.end() or text.startswith(('"', "'"), start.end()):
                break  # this is the answer, with an error in it; what is complete in it is only a part of it
    raise JsonParseError(
        f"the answer has no valid JSON: {shorten(text)}. Ask again, or use a model with native structured output.", text
    )


def shorten(text: str, most: int = 200) -> str:
    return repr(text if len(text) <= most else text[:most] + "…")


def read_object(result: AskResult) -> Json:
    """The engine's structured output if there is one; else the JSON in the text.

    Raises:
        JsonParseError: If there is none. A text that was cut off has to be whole JSON, since the first complete object
            in it may be a part of the answer; so has a refusal, which may quote some.
    """
    parsed = getattr(result.answer, "parsed", None)
    if parsed is not None:
        return parsed
    if result.refusal is not None:
        return whole_object(result.text, "the model refused to answer", "Rephrase the prompt, or use another model")
    if result.finish_reason == "length":
        return whole_object(result.text, "the answer was cut off", "Raise max_tokens, or ask for less")
    return parse_json_from_text(result.text)


def whole_object(text: str, otherwise: str, advice: str) -> Json:
    """The object or list that the whole text is."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = None
    if isinstance(value, dict | list):
        return value
    raise JsonParseError(f"{otherwise}: {shorten(text)}. {advice}.", text)


def json_instructions(schema: Json | None) -> str:
    """Instructions that ask for JSON, for models without a JSON mode."""
    if schema is None:
        return ONLY_JSON
    return f"{ONLY_JSON} It must fit this JSON Schema:\n{json.dumps(schema, ensure_ascii=False)}"


def create_repair_prompt(original_prompt: str, previous_output: str, error_message: str) -> str:
    """The prompt that sends an invalid answer back with the error."""
    return (
        f"{original_prompt}\n\nYour last answer was:\n{previous_output}\n\n"
        f"It cannot be used: {error_message}\n{ONLY_JSON}"
    )


def with_validators(
    read: Callable[[AskResult], TypedResult[T]], validators: object
) -> Callable[[AskResult], TypedResult[T]]:
    """Returns a function that reads an answer as `read` does and calls the validators with its object."""
    checks = read_validators(validators)

    def read_checked(result: AskResult) -> TypedResult[T]:
        typed = read(result)
        for check in checks:
            try:
                check(typed.output)
            except (ValueError, AssertionError) as error:
                raise JsonParseError(f"the answer was not accepted: {error}", result.text, error) from error
        return typed

    return read_checked if checks else read
