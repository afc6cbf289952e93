"""The stream of events that a user interface reads, and texts of errors that it may show."""

from __future__ import annotations

import inspect
import json
import logging
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self

from ..errors import ConfigurationError, SyncAsyncMismatchError
from ..types.chat.response import AIModelCallResponse
from ..types.chat.run import Run
from .events import (
    CallClosed,
    CallGrew,
    CallOpened,
    CallResolved,
    EventReader,
    MediaShown,
    PartGrew,
    PartOpened,
    SourceShown,
    StepOpened,
    StreamFailed,
    StreamFinished,
    UIEvent,
)
from .requests import media_url, public_error_text

Message = dict[str, Any]
"""One message to a user interface."""

logger = logging.getLogger("dhenara.ui")

SSE_HEADERS = {"content-type": "text/event-stream", "cache-control": "no-cache", "x-accel-buffering": "no"}


class UIEventWriter:
    """Writes events in the format of one user interface. Subclasses have a method for each kind of event.

    Args:
        error_text: Returns the text of an error for the browser.
        send_reasoning: Whether reasoning is sent.
        send_tool_errors: Whether the messages of exceptions in tools are sent.
    """

    headers: ClassVar[Mapping[str, str]] = SSE_HEADERS
    last_line: ClassVar[str] = ""

    def __init__(
        self, error_text: Callable[[Exception | None], str], send_reasoning: bool, send_tool_errors: bool
    ) -> None:
        self._error_text = error_text
        self._failed = False
        self._send_reasoning = send_reasoning
        self._send_tool_errors = send_tool_errors

    def start(self) -> Iterable[Message]:
        """Yield what comes before all events."""
        return ()

    def fail(self, error: Exception) -> Iterator[Message]:
        """Yield an error and the end, after a function of the user raised; nothing of them is called again."""
        if not self._failed:
            self._failed = True
            yield from self._failure(public_error_text(error))
        yield from self._end("error")

    def _describe(self, error: Exception | None) -> str:
        """Return the text of an error for the browser."""
        try:
            text: object = self._error_text(error)
        except Exception as failed:  # noqa: BLE001  # the browser gets the usual text
            log_failed_function(failed)
            return public_error_text(error)
        return text if isinstance(text, str) else public_error_text(error)

    def write(self, event: UIEvent) -> Iterator[Message]:
        """Yield what an event becomes."""
        match event:
            case PartOpened() | PartGrew():
                yield from self._part(event) if event.kind == "text" or self._send_reasoning else ()
            case CallOpened() | CallGrew() | CallClosed() | CallResolved():
                yield from self._call(event)
            case StepOpened():
                yield from self._step(event)
            case SourceShown():
                fields = {"url": event.url, "title": event.title}
                yield self._source(event.id, {name: value for name, value in fields.items() if value is not None})
            case MediaShown():
                if (url := media_url(event.media)) is not None:
                    yield self._file({"url": url, "mediaType": event.media.mime_type or "application/octet-stream"})
            case StreamFailed():
                yield from self._failure(self._describe(event.error))
                self._failed = True
            case StreamFinished():
                yield from self._finish(event)

    def _part(self, event: PartOpened | PartGrew) -> Iterator[Message]:
        raise NotImplementedError

    def _call(self, event: CallOpened | CallGrew | CallClosed | CallResolved) -> Iterator[Message]:
        raise NotImplementedError

    def _step(self, event: StepOpened) -> Iterator[Message]:
        raise NotImplementedError

    def _source(self, source_id: str, fields: dict[str, str]) -> Message:
        raise NotImplementedError

    def _file(self, fields: dict[str, str]) -> Message:
        raise NotImplementedError

    def _failure(self, text: str) -> Iterator[Message]:
        raise NotImplementedError

    def _finish(self, event: StreamFinished) -> Iterator[Message]:
        raise NotImplementedError

    def _end(self, reason: str | None) -> Iterator[Message]:
        """Yield the last message, if there is one after an error."""
        raise NotImplementedError


class UIEventStream:
    """The events of one answer or run in the format of a user interface, as dicts or as server-sent events.

    Iterate with `for` over what sync code returned, and with `async for` over what async code returned. An exception of
    the source, or of a function that was passed to `to_ui_message_stream` or `to_ag_ui_events`, becomes an error event;
    it is logged to the logger `dhenara.ui`. Closing it closes the source.

    Args:
        source: A stream, run or answer, or a function or awaitable that returns one.
        writer: Writes the events in the format of the user interface.
    """

    def __init__(self, source: Any, writer: UIEventWriter) -> None:
        self._given = source
        self._source: Any = None
        self._writer = writer
        self._reader = EventReader(lambda: getattr(self._source, "error", None))
        self._messages: deque[dict[str, Any]] = deque()
        self._ended = False
        self._add(writer.start())

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the HTTP response."""
        return dict(self._writer.headers)

    @property
    def is_async(self) -> bool:
        """Whether the source is async: iterate with `async for` then."""
        source = self._given if self._source is None else self._source
        stream = stream_of(source)
        return inspect.isawaitable(stream) or is_async_iterable(stream) or inspect.iscoroutinefunction(stream)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if self.is_async:
            raise SyncAsyncMismatchError("this stream comes from async code. Write: async for event in stream")
        return self

    def __next__(self) -> dict[str, Any]:
        while not self._messages and not self._ended:
            try:
                if self._source is None:
                    self._given = self._given() if callable(self._given) else self._given
                    if inspect.isawaitable(self._given):
                        raise SyncAsyncMismatchError("the function is async. Write: async for event in stream")
                    self._source = items_of(self._given)
                item = next(self._source, None)
            except Exception as error:  # noqa: BLE001  # the user interface gets an error event
                self._fail(error)
            else:
                self._read(item)
        if not self._messages:
            raise StopIteration
        return self._messages.popleft()

    def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        return self

    async def __anext__(self) -> dict[str, Any]:
        while not self._messages and not self._ended:
            try:
                if self._source is None:
                    given = self._given() if callable(self._given) else self._given
                    self._given = await given if inspect.isawaitable(given) else given
                    self._source = items_of(self._given)
                item = await next_item(self._source)
            except Exception as error:  # noqa: BLE001  # the user interface gets an error event
                self._fail(error)
            else:
                self._read(item)
        if not self._messages:
            raise StopAsyncIteration
        return self._messages.popleft()

    def sse(self) -> Iterator[str]:
        """Yield the events as server-sent events. The source is closed at the end, also if the reader stops early."""
        try:
            for message in self:
                yield encode(message)
            if self._writer.last_line:
                yield self._writer.last_line
        finally:
            self.close()

    async def sse_async(self) -> AsyncIterator[str]:
        """Async version of `sse`."""
        try:
            async for message in self:
                yield encode(message)
            if self._writer.last_line:
                yield self._writer.last_line
        finally:
            await self.aclose()

    def stop(self) -> Iterator[str]:
        """Yield what is left after the stream was closed before its end: the end of what is open, and of all."""
        self._ended = True
        self._write(self._reader.finish("stopped", self._result()))
        while self._messages:
            yield encode(self._messages.popleft())
        if self._writer.last_line:
            yield self._writer.last_line

    def close(self) -> None:
        """Close the source, which ends its request."""
        self._ended = True
        for source in self._closable():
            if (close := getattr(source, "close", None)) is not None:
                close()

    async def aclose(self) -> None:
        """Close the source, which ends its request and its async tools."""
        self._ended = True
        for source in self._closable():
            if (aclose := getattr(source, "aclose", None)) is not None:
                await aclose()
            elif (close := getattr(source, "close", None)) is not None:
                close()

    def _closable(self) -> tuple[Any, Any]:
        given = self._given
        return self._source, stream_of(given)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _read(self, item: Any) -> None:
        """Read one item of the source; None is its end."""
        if item is None:
            self._ended = True
            self._write(self._reader.finish())
            return
        event, final = item if isinstance(item, tuple) else (item, None)
        self._write(self._reader.read(final if event is None else event))

    def _fail(self, error: Exception) -> None:
        self._ended = True
        logger.error("a stream to a user interface failed: %s: %s", type(error).__name__, error)
        self._write(self._reader.fail(error))
        self._write(self._reader.finish(result=self._result()))

    def _write(self, events: Iterable[UIEvent]) -> None:
        self._add(message for event in events for message in self._writer.write(event))

    def _add(self, messages: Iterable[Message]) -> None:
        """Add messages; if a function of the user raises, an error and the end."""
        try:
            self._messages.extend(messages)
        except Exception as error:  # noqa: BLE001  # the user interface gets an error event
            log_failed_function(error)
            self._ended = True
            self._messages.extend(self._writer.fail(error))

    def _result(self) -> Run[Any] | AIModelCallResponse | None:
        """Return what there is of a run or response that failed or was stopped."""
        source = stream_of(self._given)
        for name in ("run", "response"):
            try:
                result = getattr(source, name, None)
            except ConfigurationError:  # the stream has not begun, or not ended
                return None
            if isinstance(result, Run | AIModelCallResponse):
                return result
        return None


def log_failed_function(error: Exception) -> None:
    """Log an exception of a function that the user passed."""
    logger.error("a function of a stream to a user interface failed", exc_info=error)


def encode(message: Mapping[str, Any]) -> str:
    """Return a message as a server-sent event."""
    return f"data: {json.dumps(message, ensure_ascii=False, separators=(',', ':'))}\n\n"


def items_of(source: Any) -> Any:
    """Return an iterator over what a source has: events of a stream, pieces of text, or one whole answer or run."""
    source = stream_of(source)
    if callable(events := getattr(source, "events", None)):
        source = events()
    if hasattr(source, "__anext__"):
        return source
    if is_async_iterable(source):
        return aiter(source)
    whole = getattr(source, "run", None) or getattr(source, "response", None) if isinstance(source, str) else None
    if whole is not None:
        source = whole
    if isinstance(source, Iterable) and not isinstance(source, str | AIModelCallResponse) and not is_answer(source):
        return iter(source)
    if not isinstance(source, str | AIModelCallResponse) and not is_answer(source):
        raise ConfigurationError(f"{type(source).__name__} is no answer: pass a stream, run, response or text")
    return iter([source])


def stream_of(source: Any) -> Any:
    """Return the stream of a streamed response; anything else unchanged."""
    stream: Any = source.stream_generator if isinstance(source, AIModelCallResponse) else None
    return source if stream is None else stream


def is_answer(source: object) -> bool:
    """Whether this is a whole answer; their fields can be iterated too."""
    return hasattr(source, "usage") and not hasattr(source, "__next__")


def is_async_iterable(source: object) -> bool:
    """Whether `async for` reads it; sync streams have `__aiter__` only to say that it does not."""
    return hasattr(source, "__anext__") or (isinstance(source, AsyncIterable) and not isinstance(source, Iterable))


async def next_item(source: Any) -> Any:
    if hasattr(source, "__anext__"):
        return await anext(source, None)
    return next(source, None)
