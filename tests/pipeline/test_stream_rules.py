"""Streams over a source that returns what a test says: how they end, what is kept, and which errors are raised."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from dhenara.ai.errors import BrokenStreamError, CallError, CallTimeoutError, ConnectionFailedError, ServerError
from dhenara.ai.http.protocol.message import ClientClosed, Head
from dhenara.ai.io.sync_io import run
from dhenara.ai.pipeline.streaming.response_reader import ResponseReader
from dhenara.ai.pipeline.streaming.stream import Stream, abandon_open_streams
from dhenara.ai.pipeline.timeouts import END_OF_BODY, TimeoutPolicy, with_deadline
from dhenara.ai.providers.secret_values import Redactor
from dhenara.ai.response.builder import ResponseBuilder
from dhenara.ai.types import AIModelCallConfig, Call, Timeouts
from dhenara.ai.types.chat.delta import (
    Delta,
    ErrorDelta,
    FinishDelta,
    ReasoningDelta,
    ResponseStart,
    StreamEnd,
    TextDelta,
    has_content,
)
from dhenara.ai.types.content.media import Origin
from dhenara.ai.wire.limits import Limits
from support.counted_calls import count_instructions
from support.worlds import endpoint

ORIGIN = Origin(provider="openai", model="m-1", protocol="openai")
SECRET = "key-of-this-test-0123456789"
END: tuple[Delta, ...] = (FinishDelta(reason="stop"), StreamEnd())


def text(words: str) -> Delta:
    return TextDelta(0, words)


class Source:
    """Returns these batches, one a read, or raises; what is left is `rest`."""

    def __init__(self, *steps: Any, rest: Sequence[Delta] = ()) -> None:
        self.steps = list(steps)
        self.rest = rest
        self.ended: list[str] = []

    async def next_batches(self) -> Sequence[Sequence[Delta]] | None:
        if not self.steps:
            return None
        step = self.steps.pop(0)
        if isinstance(step, BaseException):
            raise step
        return [step]

    def drain(self) -> Sequence[Delta]:
        rest, self.rest = self.rest, ()
        return rest

    async def close(self) -> None:
        self.ended.append("closed")

    def abandon(self) -> None:
        self.ended.append("abandoned")

    def request_id(self) -> str:
        return "req_1"


class OneRead(Source):
    """Returns all batches with the first read."""

    async def next_batches(self) -> Sequence[Sequence[Delta]] | None:
        batches, self.steps = self.steps, []
        return batches or None


def stream_of(source: Source, **options: Any) -> Stream:
    return Stream(source, ResponseBuilder(ORIGIN), **options)


def pull_all(stream: Stream) -> list[Any]:
    batches = []
    while (batch := run(stream.pull())) is not None:
        batches.append(batch)
    return batches


def test_a_whole_answer_ends_without_an_error() -> None:
    source = Source([text("a")], [text("b"), *END])
    stream = stream_of(source)
    run(stream.prime())
    pull_all(stream)
    assert (stream.partial().text(), stream.complete, stream.error, source.ended) == ("ab", True, None, ["closed"])


@pytest.mark.parametrize("late", [BrokenStreamError("cut"), CallTimeoutError("paused", limit="idle")])
def test_an_answer_that_its_protocol_ended_is_whole_whatever_the_connection_does_then(late: Exception) -> None:
    source = Source([text("a"), *END], late)
    stream = stream_of(source)
    run(stream.prime())
    pull_all(stream)
    assert (stream.partial().text(), stream.complete, stream.error, source.ended) == ("a", True, None, ["closed"])


@pytest.mark.parametrize("how", ["break", "error", "cancel", "close", "cut"])
def test_what_arrived_is_part_of_the_response_however_a_stream_ends(how: str) -> None:
    last: dict[str, Any] = {
        "break": BrokenStreamError("cut"),
        "error": [text("b"), ErrorDelta(ServerError("overloaded"))],
        "cancel": KeyboardInterrupt(),
    }
    source = Source([text("a")], *([last[how]] if how in last else []), rest=[text("c")])
    late = CallTimeoutError("late", limit="total")
    stream = stream_of(source, overdue=lambda: late if how == "cut" else None)
    ended: list[str] = []

    async def hook(stream: Stream) -> None:
        ended.append(stream.partial().text())

    stream.on_end(hook)
    run(stream.prime())
    if how == "close":
        run(stream.close())
    elif how == "cancel":
        run(stream.pull())
        with pytest.raises(KeyboardInterrupt):
            run(stream.pull())
    else:
        with pytest.raises((BrokenStreamError, ServerError, CallTimeoutError)) as raised:
            pull_all(stream)
        assert raised.value.partial is not None
        assert raised.value.partial.text() == stream.partial().text()
    whole = "abc" if how == "error" else "ac"
    assert (stream.partial().text(), stream.partial().interrupted) == (whole, True)
    assert (ended, source.ended) == ([whole], ["closed"])


@pytest.mark.parametrize("kind", [Source, OneRead])
def test_the_first_error_counts_however_the_events_arrived(kind: type[Source]) -> None:
    first, second = ServerError("overloaded"), BrokenStreamError("cut")
    stream = stream_of(kind([text("a")], [ErrorDelta(first)], [ErrorDelta(second)], rest=[text("b")]))
    with pytest.raises(ServerError) as raised:
        pull_all(stream)
    assert stream.error is raised.value is first
    assert (stream.partial().text(), stream.partial().error) == ("ab", str(first))


def test_nothing_is_taken_once_the_time_of_the_call_is_over() -> None:
    times = [None, CallTimeoutError("late", limit="total")]
    stream = stream_of(Source(), before=[text("a")], overdue=lambda: times[0])
    times.reverse()
    assert stream.take() is None
    times.reverse()
    assert stream.take() == [text("a")] or stream.partial().text() == "a"
    assert stream.take() is None


@pytest.mark.parametrize(
    ("idle", "deadline", "seconds"),
    [(60.0, None, END_OF_BODY), (None, None, END_OF_BODY), (0.1, None, 0.1), (60.0, 0.2, 0.2)],
)
def test_after_the_end_marker_the_wait_is_short(idle: float | None, deadline: float | None, seconds: float) -> None:
    policy = TimeoutPolicy(Timeouts(idle=idle), deadline, lambda: 0.0)
    policy.mark_complete()
    assert policy.read() == seconds


def test_events_before_the_first_content_are_looked_at_once() -> None:
    def instructions(silent: int) -> int:
        stream = stream_of(Source(*[[ResponseStart(id="a")] for _ in range(silent)], [text("a")]))
        return count_instructions(lambda: run(stream.prime()))

    assert instructions(400) < 3 * instructions(200)


@pytest.mark.parametrize("how", ["error", "late", "unfinished"])
def test_errors_within_an_answer_name_provider_and_model(how: str) -> None:
    source = Source([text("a")], *([[ErrorDelta(ServerError("overloaded"))]] if how == "error" else []))
    late = CallTimeoutError("late", limit="total")
    stream = stream_of(source, overdue=lambda: late if how == "late" else None)
    run(stream.prime())
    with pytest.raises(CallError) as raised:
        pull_all(stream)
    assert (raised.value.provider, raised.value.model, raised.value.request_id) == ("openai", "m-1", "req_1")
    assert str(stream.partial().error).startswith("openai (m-1): ")


OPENED: list[Delta] = [TextDelta(0, ""), ReasoningDelta(0)]
"""What some protocols begin a part with, before its first piece."""


@pytest.mark.parametrize("opened", [ResponseStart(id="x"), *OPENED])
def test_a_break_before_the_first_content_may_be_retried(opened: Delta) -> None:
    stream = stream_of(Source([opened], BrokenStreamError("cut")))
    with pytest.raises(BrokenStreamError) as raised:
        run(stream.prime())
    assert raised.value.retriable


@pytest.mark.parametrize("opened", OPENED)
def test_a_part_that_was_only_opened_is_no_content_and_is_not_lost(opened: Delta) -> None:
    source = Source([opened], [text("a"), *END], [text("later")])
    stream = stream_of(source)
    run(stream.prime())
    assert len(source.steps) == 1
    assert run(stream.pull()) == [opened]


@pytest.mark.parametrize(
    "first", [TextDelta(0, "", extras={"item": 1}), ReasoningDelta(0, signature="s"), ReasoningDelta(0, redacted=True)]
)
def test_a_part_with_other_fields_than_its_text_is_content(first: Delta) -> None:
    assert has_content([[first]])


def test_secrets_are_masked_in_errors_and_in_what_is_left() -> None:
    source = Source([text("a")], BrokenStreamError(f"bad {SECRET}"), rest=[ResponseStart(id=f"id {SECRET}")])
    stream = stream_of(source, redactor=Redactor([SECRET]))
    with pytest.raises(BrokenStreamError) as raised:
        pull_all(stream)
    assert SECRET not in str(raised.value)
    assert SECRET not in stream.partial().model_dump_json()


def test_all_hooks_run_and_the_first_failure_is_raised() -> None:
    calls: list[str] = []

    def failing(name: str) -> Any:
        async def hook(stream: Stream) -> None:
            calls.append(name)
            raise ValueError(name)

        return hook

    stream = stream_of(Source([text("a"), *END]))
    stream.on_end(failing("first"))
    stream.on_end(failing("second"))
    with pytest.raises(ValueError, match="first"):
        run(stream.close())
    assert calls == ["first", "second"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_at_exit_a_process_abandons_its_own_streams_alone() -> None:
    async def hook(stream: Stream) -> None: ...

    source = Source([text("a")])
    stream = stream_of(source)
    stream.on_end(hook)
    child = os.fork()
    if child == 0:
        abandon_open_streams()
        os._exit(len(source.ended))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    abandon_open_streams()
    assert source.ended == ["abandoned"]
    stream.abandon()
    assert source.ended == ["abandoned"]


class Pieces:
    """A response of these pieces."""

    head = Head(200, {})

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = [*pieces, b""]
        self.is_closed = False

    async def read(self) -> bytes:
        piece = self.pieces.pop(0)
        if isinstance(piece, Exception):
            raise piece
        return piece

    async def close(self) -> None:
        self.is_closed = True

    def abandon(self) -> None: ...


def reader_of(response: Pieces, **limits: int) -> ResponseReader:
    timeouts = TimeoutPolicy(Timeouts(), None, lambda: 0.0)
    return ResponseReader(response, timeouts, ORIGIN, Redactor([]), Limits(**limits))


@pytest.mark.parametrize(("most", "expected"), [(None, b"abcdef"), (4, b"abcd"), (3, b"abc"), (9, b"abcdef")])
def test_as_much_of_a_body_is_read_as_is_wanted(most: int | None, expected: bytes) -> None:
    response = Pieces(b"abc", b"def")
    assert run(reader_of(response).drain(most=most)) == expected
    assert response.is_closed


def test_a_response_that_says_that_it_was_read_is_not_read_again() -> None:
    class Read(Pieces):
        is_read = False

        async def read(self) -> bytes:
            assert not self.is_read
            piece = await super().read()
            self.is_read = self.pieces == [b""]
            return piece

    assert run(reader_of(Read(b"abc", b"def")).drain()) == b"abcdef"


def test_the_time_is_looked_at_before_each_further_read() -> None:
    clock = [0.0]

    class Slow(Pieces):
        async def read(self) -> bytes:
            clock[0] += 6.0
            return await super().read()

    policy = TimeoutPolicy(Timeouts(first_token=5.0), 10.0, lambda: clock[0])
    response = Slow(b"a", b"b", b"c")
    with pytest.raises(CallTimeoutError):
        run(ResponseReader(response, policy, ORIGIN, Redactor([]), Limits()).drain())
    assert (response.pieces, response.is_closed) == ([b"c", b""], True)


def test_a_body_may_have_as_many_bytes_as_the_limit() -> None:
    assert run(reader_of(Pieces(b"abc", b"def"), body_bytes=6).drain()) == b"abcdef"
    response = Pieces(b"abc", b"def")
    with pytest.raises(Exception, match="body_bytes"):
        run(reader_of(response, body_bytes=5).drain())
    assert response.is_closed


def test_a_client_that_was_closed_is_no_reason_to_retry() -> None:
    with pytest.raises(ConnectionFailedError) as raised:
        run(reader_of(Pieces(b"a", ClientClosed("the client was closed"))).drain())
    assert not raised.value.retriable


@pytest.mark.parametrize(("now", "limit"), [(9.9, "first_token"), (9.99, "total"), (10.0, "total")])
def test_a_timer_that_fires_a_little_early_has_met_the_total_limit(now: float, limit: str) -> None:
    clock = [0.0]
    policy = TimeoutPolicy(Timeouts(first_token=5.0, total=10.0), 10.0, lambda: clock[0])
    clock[0] = now
    error = policy.error(connecting=False)
    assert (error.limit, error.retriable) == (limit, limit != "total")


def test_waits_end_with_the_deadline_of_the_call() -> None:
    clock = [8.0]
    policy = TimeoutPolicy(Timeouts(connect=5.0, first_token=6.0, idle=1.0), 10.0, lambda: clock[0])
    assert (policy.connect(), policy.read()) == (2.0, 2.0)
    policy.mark_started()
    assert policy.read() == 1.0
    clock[0] = 11.0
    assert (policy.connect(), policy.read(), policy.over()) == (0.0, 0.0, True)


@pytest.mark.parametrize(("deadline", "expected"), [(None, 13.0), (20.0, 13.0), (12.0, 12.0)])
def test_an_earlier_deadline_of_a_call_stays(deadline: float | None, expected: float) -> None:
    config = AIModelCallConfig(timeout=Timeouts(total=3.0))
    call = Call(endpoint=endpoint("http://localhost"), messages=(), config=config, deadline=deadline)
    clock: Any = SimpleNamespace(monotonic=lambda: 10.0)
    assert with_deadline(call, clock).deadline == expected


def test_the_response_so_far_has_what_was_pulled_of_one_read() -> None:
    stream = stream_of(OneRead([text("a")], [text("b")], [text("c"), *END]))
    stream.collect_texts()
    run(stream.prime())
    seen = []
    while (stream.take() or run(stream.pull())) is not None:
        seen.append((stream.partial().text(), stream.take_texts(), stream.complete))
    assert seen == [("a", ["a"], False), ("ab", ["b"], False), ("abc", ["c"], True)]
    assert stream.error is None
