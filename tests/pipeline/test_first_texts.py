"""Events that arrive together with the first text of a stream: nobody waits for them, and none of them is lost."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dhenara.ai.errors import BadAnswerError, CallTimeoutError, ServerError
from dhenara.ai.http.protocol.message import Head
from dhenara.ai.io.sync_io import run
from dhenara.ai.pipeline.streaming.response_reader import ResponseReader, StreamingSource
from dhenara.ai.pipeline.streaming.stream import Stream
from dhenara.ai.pipeline.timeouts import TimeoutPolicy
from dhenara.ai.providers.secret_values import Redactor
from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.types import Timeouts
from dhenara.ai.types.chat.delta import Delta, ErrorDelta, FinishDelta, ResponseStart, StreamEnd, TextDelta
from dhenara.ai.types.content.media import Origin
from dhenara.ai.wire.sse import SseFrames

ORIGIN = Origin(provider="openai", model="m-1", protocol="openai")


class Decoder:
    """Decodes events that are a text, `end` or `error`; `events` are those that it decoded."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def frame(self, frame: Any) -> list[Delta]:
        event = frame.data.decode()
        self.events.append(event)
        if event == "broken":
            raise ValueError(event)
        known: dict[str, list[Delta]] = {
            "start": [ResponseStart("id")],
            "error": [ErrorDelta(ServerError("overloaded"))],
            "end": [FinishDelta(reason="stop"), StreamEnd()],
        }
        return known.get(event, [TextDelta(0, event)])

    def whole(self, body: Any) -> list[Delta]:
        raise NotImplementedError

    def finish(self) -> list[Delta]:
        return []


def stream_of_one_read(decoder: Decoder, *events: str, **options: Any) -> Stream:
    """A stream whose events arrive together; the connection stays open after them."""
    chunks = [b"".join(b"data: %b\n\n" % event.encode() for event in events)]

    async def read() -> bytes:
        return chunks.pop()

    async def close() -> None: ...

    timeouts = TimeoutPolicy(Timeouts(), None, lambda: 0.0)
    response: Any = SimpleNamespace(head=Head(200), read=read, close=close, abandon=lambda: None)
    reader = ResponseReader(response, timeouts, ORIGIN, Redactor(()))
    return Stream(StreamingSource(reader, decoder, SseFrames()), ResponseBuilder(ORIGIN), **options)


def test_the_first_text_does_not_wait_for_events_that_came_with_it() -> None:
    decoder = Decoder()
    stream = stream_of_one_read(decoder, "start", "a", "b", "end")
    run(stream.prime())
    assert decoder.events == ["start", "a"]
    for _ in range(4):
        assert run(stream.pull())
    assert (stream.partial().text(), stream.complete) == ("ab", True)


def test_what_came_with_the_first_text_is_decoded_after_a_close_if_somebody_looks() -> None:
    decoder = Decoder()
    stream = stream_of_one_read(decoder, "a", "b", "end")
    run(stream.prime())
    run(stream.pull())
    assert stream.partial().text() == "a"
    run(stream.close())
    assert decoder.events == ["a"]
    assert (stream.partial().text(), stream.complete, stream.error) == ("ab", True, None)
    assert decoder.events == ["a", "b", "end"]


@pytest.mark.parametrize(
    ("last", "error"), [("error", ServerError), ("broken", BadAnswerError)], ids=["error", "broken"]
)
@pytest.mark.parametrize("first", ["error", "complete", "partial"])
def test_an_error_that_came_with_the_first_text_is_known_after_a_close(
    last: str, error: type[Exception], first: str
) -> None:
    stream = stream_of_one_read(Decoder(), "a", last)
    run(stream.prime())
    run(stream.pull())
    assert stream.partial().text() == "a"
    run(stream.close())
    getattr(stream, first)() if first == "partial" else getattr(stream, first)
    assert (type(stream.error), stream.complete) == (error, False)
    assert (stream.partial().text(), stream.partial().error) == ("a", str(stream.error))


def test_nothing_after_an_event_that_cannot_be_read_is_decoded() -> None:
    decoder = Decoder()
    stream = stream_of_one_read(decoder, "broken", "b")
    with pytest.raises(BadAnswerError):
        run(stream.prime())
    assert (decoder.events, stream.partial().text()) == (["broken"], "")


def test_events_that_came_with_the_first_text_are_not_pulled_once_the_time_is_over() -> None:
    late = CallTimeoutError("late", limit="total")
    over: list[CallTimeoutError | None] = [None]
    stream = stream_of_one_read(Decoder(), "a", "b", "c", overdue=lambda: over[0])
    run(stream.prime())
    run(stream.pull())
    assert stream.partial().text() == "a"
    over[0] = late
    with pytest.raises(CallTimeoutError) as raised:
        run(stream.pull())
    assert raised.value.partial is not None
    assert raised.value.partial.text() == "abc"
