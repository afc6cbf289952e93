"""Streams over complete responses, as returned by caches, replays and the test mode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from ...errors import ConfigurationError
from ...response.builder import ResponseBuilder
from ...response.structured import read_structured
from ...types.chat.delta import (
    CitationDelta,
    ContentDelta,
    Delta,
    FinishDelta,
    LogprobsDelta,
    MediaDelta,
    PartDelta,
    ReasoningDelta,
    RefusalDelta,
    ResponseStart,
    ResultDelta,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
    WarningDelta,
)
from ...types.chat.report import Result
from ...types.chat.response import ChatResponse, ChatResponseChoice
from ...types.chat.structured import StructuredOutput
from ...types.chat.usage import Usage
from ...types.config.call import Call
from ...types.content.parts import (
    ContentItem,
    Origin,
    ReasoningContent,
    RefusalContent,
    StructuredContent,
    TextContent,
    ToolCallContent,
)
from ...wire import json
from .stream import Batch, Stream


class ReplaySource:
    """The deltas of a complete response, one batch each."""

    __slots__ = ("_facts",)

    def __init__(self, facts: Callable[[], Iterable[Delta]]) -> None:
        self._facts: Callable[[], Iterable[Delta]] | None = facts

    async def next_batches(self) -> Sequence[Batch] | None:
        if self._facts is None:
            return None
        batches: list[Sequence[Delta]] = [[delta] for delta in self._facts()]
        self._facts = None
        return batches

    async def close(self) -> None:
        self._facts = None

    def abandon(self) -> None:
        self._facts = None

    def request_id(self) -> None:
        """There is no request."""

    def drain(self) -> Batch:
        return ()


class CompletedStream(Stream):
    """A stream over a complete response; read whole it returns that object, streamed it yields its deltas."""

    def __init__(
        self, response: ChatResponse, origin: Origin | None = None, shape: StructuredOutput | None = None
    ) -> None:
        """Create a stream over a response.

        Args:
            response: The complete response.
            origin: Provider and model that made it.
            shape: Type into which structured output is parsed again, because stored responses have lost it.
        """
        self._response = known = response if shape is None else reread(response, shape)
        self._pulled = False
        super().__init__(ReplaySource(partial(to_deltas, known)), ResponseBuilder(origin, lambda _: known.cost))

    @property
    def complete(self) -> bool:
        return not self._response.interrupted if not self._pulled else super().complete

    def take(self) -> Batch | None:
        self._pulled = self._pulled or not self._over  # nothing is pulled of one that was read or closed before
        return super().take()

    async def pull(self) -> Batch | None:
        self._pulled = self._pulled or not self._over
        return await super().pull()

    async def response(self) -> ChatResponse:
        if self._pulled or self._response.interrupted:
            return await super().response()
        self._over = True  # there is nothing to read
        await self._settle()
        return self._response

    def partial(self) -> ChatResponse:
        return self._response if self.complete else super().partial()

    def result(self, **facts: Any) -> Result | None:
        return None


def reread(response: ChatResponse, shape: StructuredOutput) -> ChatResponse:
    """Return the response with structured parts parsed into the type that this call requests."""

    def read(part: ContentItem) -> ContentItem:
        if not isinstance(part, StructuredContent):
            return part
        return read_structured(part.text, shape, part.origin, part.extras, part.citations)

    choices = [one.model_copy(update={"contents": [read(part) for part in one.contents]}) for one in response.choices]
    return response.model_copy(update={"choices": choices})


class CompletedResult(Stream):
    """Stream over the result of an operation other than chat.

    Args:
        result: The result.
        origin: Provider and model that made it.
        cached: Whether no request was sent. Default True.
    """

    def __init__(self, result: Result, origin: Origin | None = None, *, cached: bool = True) -> None:
        super().__init__(ReplaySource(partial(result_deltas, result)), ResponseBuilder(origin, lambda _: result.cost))
        self._cached = cached

    def partial(self) -> ChatResponse:
        return super().partial().model_copy(update={"cached": self._cached})


def result_deltas(result: Result) -> Iterator[Delta]:
    yield ResponseStart(result.id, result.model)
    if result.usage:
        yield UsageDelta(result.usage)
    yield from map(WarningDelta, result.warnings)
    yield ResultDelta(result)
    yield StreamEnd()


def to_deltas(response: ChatResponse) -> Iterator[Delta]:
    """Return the deltas of a response, in an order that a stream could have."""
    yield ResponseStart(response.id, response.model, dict(response.extras) or None)
    for choice in response.choices:
        yield from choice_deltas(choice)
    if response.usage:
        yield UsageDelta(response.usage)
    for warning in response.warnings:
        yield WarningDelta(warning)
    if not response.interrupted:
        yield StreamEnd()


def choice_deltas(choice: ChatResponseChoice) -> Iterator[Delta]:
    for part, content in enumerate(choice.contents):
        yield from part_deltas(part, choice.index, content)
    if choice.logprobs is not None:
        yield LogprobsDelta(list(choice.logprobs), choice.index)
    if choice.finish_reason is not None:
        yield FinishDelta(
            choice.finish_reason,
            choice.raw_finish_reason,
            choice.stop_sequence,
            choice.finish_message,
            choice.index,
        )


def part_deltas(part: int, choice: int, content: ContentItem) -> Iterator[PartDelta]:
    extras = dict(content.extras) or None
    match content:
        case TextContent():
            yield TextDelta(part, content.text, choice, extras)
            for citation in content.citations:
                yield CitationDelta(part, citation, choice)
        case ReasoningContent():
            yield ReasoningDelta(
                part,
                content.text,
                content.raw_text,
                content.signature,
                content.redacted,
                choice,
                extras,
            )
        case RefusalContent():
            yield RefusalDelta(part, content.text, choice, extras)
        case ToolCallContent():
            text = content.arguments_text
            verbatim = text is not None
            normalized = text if text is not None else json.dumps(content.arguments).decode()
            yield ToolCallDelta(part, content.id, content.name, normalized, verbatim, choice, extras)
        case _:
            yield ContentDelta(part, content, choice)


ANSWER = "This is a test mode output. This test message is from model {model} of {provider}."
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""A PNG image of one pixel."""


async def answer_in_test_mode(call: Call) -> Stream:
    """Return a stream over a sample answer; nothing is sent.

    Raises:
        ConfigurationError: The operation is neither chat nor image generation.
    """
    endpoint = call.endpoint
    origin = Origin(provider=str(endpoint.api.provider), model=endpoint.ai_model.model_name, protocol="test_mode")
    if call.operation not in ("chat", "image"):
        raise unsupported_error(call)
    return Stream(ReplaySource(lambda: sample_deltas(call, origin)), ResponseBuilder(origin))


def unsupported_error(call: Call) -> ConfigurationError:
    """Return the error for an operation that test mode does not answer."""
    return ConfigurationError(
        f"{call.endpoint.api.provider} ({call.endpoint.ai_model.model_name}): test_mode answers chat and image calls, "
        f"not {call.operation!r}. Use dhenara.ai.testing.FakeServer for other operations."
    )


def sample_deltas(call: Call, origin: Origin) -> list[Delta]:
    """Return the sample answer: an image of one pixel, or a text that is streamed word by word."""
    start = ResponseStart(id="test_mode", model=origin.model)
    end: list[Delta] = [FinishDelta("stop"), StreamEnd()]
    if call.operation == "image":
        return [start, MediaDelta(0, "image", base64=PIXEL, mime_type="image/png"), *end]
    words = ANSWER.format(model=origin.model, provider=origin.provider).split(" ")
    texts = [TextDelta(0, word if at == 0 else f" {word}") for at, word in enumerate(words)]
    read = sum(len(message.text.split()) for message in call.messages)
    return [start, *texts, UsageDelta(Usage(input_tokens=read, output_tokens=len(words))), *end]
