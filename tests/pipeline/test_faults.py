"""What happens when things break: at every moment, in every world."""

from __future__ import annotations

import gzip
import pickle
import socket
from collections.abc import Callable, Iterator

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import (
    AuthenticationError,
    BadAnswerError,
    BadRequestError,
    BrokenStreamError,
    CallError,
    CallTimeoutError,
    ConnectionFailedError,
    ContextLengthError,
    NotFoundError,
    PermissionDeniedError,
    QuotaError,
    RateLimitError,
    ServerError,
)
from dhenara.ai.testing import (
    Answer,
    CutReply,
    DialectReply,
    FakeServer,
    GzippedReply,
    HangUp,
    MangledReply,
    Raw,
    RawStream,
    Refusal,
    Reset,
    Stall,
    Wait,
    hang_up_before_head,
    reset_before_head,
    stall_before_head,
)
from dhenara.ai.testing.answer import ReceivedRequest, Step
from dhenara.ai.types import SSEErrorResponse, Timeouts
from support.waiting import try_longer_limits
from support.worlds import World, endpoint

STREAM_HEADERS = {"content-type": "text/event-stream", "x-request-id": "req_7"}
LONG = Answer(text="one two three four five six seven eight nine ten")
PROVIDERS = pytest.mark.parametrize("provider", ["openai", "anthropic"])
SECRET = "sk-test-secret"


def failure(world: World, client: AIModelClient, **config: object) -> CallError:
    """The error of a call; a stream raises the same one before its first word."""
    with pytest.raises(CallError) as plain:
        world.run(client, "?", retries=0, **config)
    return plain.value


@PROVIDERS
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Refusal(401, "bad key"), AuthenticationError),
        (Refusal(403, "not you"), PermissionDeniedError),
        (Refusal(404, "no such model"), NotFoundError),
        (Refusal(400, "what is this"), BadRequestError),
        (Refusal(400, "prompt is too long: 300000 tokens > 200000 maximum"), ContextLengthError),
        (Refusal(429, "slow down"), RateLimitError),
        (Refusal(429, "You exceeded your current quota", code="insufficient_quota"), QuotaError),
        (Refusal(500, "oops"), ServerError),
        (Refusal(529, "Overloaded"), ServerError),
        (Raw(b"<html><title>502 Bad Gateway</title></html>", 502, {"content-type": "text/html"}), ServerError),
        (Raw(b"", 503, {}), ServerError),
        (Raw(b"moved", 302, {"location": "https://elsewhere.example"}), BadRequestError),
    ],
    ids=lambda value: getattr(value, "__name__", None) or str(getattr(value, "message", ""))[:16] or "raw",
)
def test_a_refusal_is_the_same_error_everywhere(
    provider: str, reply: Refusal, kind: type[CallError], world: World
) -> None:
    with FakeServer(reply, forever=True) as server:
        client = AIModelClient(endpoint(server.url, provider))
        plain = failure(world, client)
        streamed = failure(world, client, streaming=True)
        world.close(client)
    assert type(plain) is type(streamed) is kind
    assert str(plain) == str(streamed)
    assert plain.provider == provider
    assert provider in str(plain)
    assert SECRET not in str(plain) + repr(plain) + repr(plain.__dict__)
    assert len(plain.attempts) == 1
    again = pickle.loads(pickle.dumps(plain))  # noqa: S301  # errors cross process borders this way
    assert (type(again), str(again), again.status) == (kind, str(plain), plain.status)


@PROVIDERS
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (reset_before_head(), ConnectionFailedError),
        (hang_up_before_head(), ConnectionFailedError),
        (Raw(b'{"id": "x", "choices"'), ConnectionFailedError),
        (Raw(b""), BadAnswerError),
        (Raw(b"<html><title>Login</title></html>", headers={"content-type": "text/html"}), BadAnswerError),
        (Raw(b'"hello"'), BadAnswerError),
        (Raw(b"\xff\xfe"), BadAnswerError),
        (Raw(b"{}", headers={"content-type": "application/json", "content-length": "20"}), ConnectionFailedError),
        (Raw(b"HTTP?", headers={"content-encoding": "gzip"}), ConnectionFailedError),
    ],
    ids=["reset", "hang-up", "truncated", "empty", "html", "string", "not-utf8", "short", "not-gzip"],
)
def test_an_invalid_response_is_never_returned_as_success(
    provider: str, reply: Raw, kind: type[CallError], world: World
) -> None:
    if reply == Raw(b"{}", headers={"content-type": "application/json", "content-length": "20"}):
        reply = CutReply(reply, 1, HangUp())
    with FakeServer(reply, forever=True) as server:
        client = AIModelClient(endpoint(server.url, provider))
        refused = failure(world, client)
        world.close(client)
    assert type(refused) is kind
    assert str(refused).lower().count("check") <= 1


def test_a_refused_connection_is_a_connection_error(world: World) -> None:
    with socket.socket() as bound:  # it does not listen, and nobody else can get its port
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        error = failure(world, AIModelClient(endpoint(f"http://127.0.0.1:{port}")))
    assert type(error) is ConnectionFailedError
    assert f"127.0.0.1:{port}" in str(error)


@PROVIDERS
@pytest.mark.parametrize("end", [Reset(), HangUp()], ids=["reset", "hang-up"])
@pytest.mark.parametrize("after", [5, 8])
def test_a_stream_that_breaks_keeps_what_had_arrived(
    provider: str, end: Reset | HangUp, after: int, world: World, server: FakeServer
) -> None:
    server.add_replies(CutReply(DialectReply(LONG, pause=0.01), after, end))
    client = AIModelClient(endpoint(server.url, provider))
    *chunks, (error, none), (last, final) = world.stream(client, "?")
    assert isinstance(error, SSEErrorResponse)
    assert error.text_delta == error.data.choice_deltas[0].content_deltas[0].text_delta == ""
    assert none is last is None
    assert "connection broke" in error.data.message
    answer = final.chat_response
    assert answer.interrupted
    provided = "".join(chunk.data.choice_deltas[0].content_deltas[0].text_delta for chunk, _ in chunks)
    assert provided
    assert answer.text() == provided
    assert LONG.text.startswith(provided)
    assert answer.finish_reason is None
    world.close(client)


@PROVIDERS
def test_a_stream_without_its_end_marker_is_interrupted(provider: str, world: World, server: FakeServer) -> None:
    """All bytes arrive in order, the body ends properly, only the protocol's own end is missing."""
    from dhenara.ai.testing.protocols import dialect_for

    path = "/chat/completions" if provider == "openai" else "/messages"
    events = dialect_for(path).stream(LONG, {"model": "m"})
    server.add_replies(RawStream(events[:-1], headers=STREAM_HEADERS))
    client = AIModelClient(endpoint(server.url, provider))
    *_, (error, _), (_, final) = world.stream(client, "?")
    assert isinstance(error, SSEErrorResponse)
    assert "before the provider said" in error.data.message
    assert error.data.details["request_id"] == "req_7"
    assert final.chat_response.interrupted
    assert final.chat_response.text() == LONG.text
    world.close(client)


class NeverEnding(DialectReply):
    """Sends a complete answer, but not the end of the body."""

    def steps(self, request: ReceivedRequest) -> Iterator[Step]:
        *steps, _end = super().steps(request)
        yield from steps
        yield Stall()


@pytest.mark.parametrize("timeout", [1000, Timeouts(idle=1000)], ids=["total", "idle"])
@PROVIDERS
def test_a_complete_stream_does_not_wait_for_an_end_of_the_body_that_never_comes(
    provider: str, timeout: Timeouts | float, world: World, server: FakeServer
) -> None:
    server.add_replies(NeverEnding(LONG), DialectReply(LONG))
    client = AIModelClient(endpoint(server.url, provider))
    *_, (_, final) = world.stream(client, "?", timeout=timeout)
    assert not final.chat_response.interrupted
    assert final.chat_response.text() == LONG.text
    assert server.exchanges[0].wait_left()
    assert world.run(client, "?").text == LONG.text
    world.close(client)


@pytest.mark.parametrize(
    ("provider", "event"),
    [
        ("openai", b'data: {"error": {"message": "Overloaded", "type": "server_error", "code": 503}}\n\n'),
        (
            "anthropic",
            b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
        ),
    ],
)
def test_an_error_inside_a_stream_is_reported_and_the_received_part_stays(
    provider: str, event: bytes, world: World, server: FakeServer
) -> None:
    from dhenara.ai.testing.protocols import dialect_for

    events = dialect_for("/messages" if provider == "anthropic" else "/chat/completions").stream(LONG, {"model": "m"})
    server.add_replies(RawStream([*events[:6], event], headers=STREAM_HEADERS))
    client = AIModelClient(endpoint(server.url, provider))
    *_, (error, _), (_, final) = world.stream(client, "?")
    assert isinstance(error, SSEErrorResponse)
    assert "Overloaded" in error.data.message
    assert (error.data.details["type"], error.data.details["request_id"]) == ("ServerError", "req_7")
    assert final.chat_response.interrupted
    assert LONG.text.startswith(final.chat_response.text())
    assert final.chat_response.text()
    world.close(client)


@PROVIDERS
def test_an_unreadable_event_ends_the_stream_without_losing_the_rest(
    provider: str, world: World, server: FakeServer
) -> None:
    server.add_replies(
        MangledReply(CutReply(DialectReply(LONG), 30, HangUp()), lambda data: data.replace(b"four", b'fo"r'))
    )
    client = AIModelClient(endpoint(server.url, provider))
    *_, (error, _), (_, final) = world.stream(client, "?")
    assert isinstance(error, SSEErrorResponse)
    assert error.data.details["type"] == "BadAnswerError"
    assert final.chat_response.text() == "one two three "[: len(final.chat_response.text())]
    assert final.chat_response.text()
    world.close(client)


@PROVIDERS
def test_a_stream_that_fails_before_its_first_chunk_raises(provider: str, world: World, server: FakeServer) -> None:
    server.add_replies(CutReply(DialectReply(LONG), 1, HangUp()))
    client = AIModelClient(endpoint(server.url, provider))
    with pytest.raises(BrokenStreamError):
        world.stream(client, "?", retries=0)
    world.close(client)


def test_compressed_answers_are_opened(world: World, server: FakeServer) -> None:
    body = b'{"id":"x","model":"m","choices":[{"index":0,"message":{"content":"packed"},"finish_reason":"stop"}]}'
    events = b'data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"packed"}}]}\n\ndata: [DONE]\n\n'
    packed = gzip.compress(events)
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    server.add_replies(GzippedReply(Raw(body)), RawStream([packed[:20], packed[20:]], headers=headers))
    client = AIModelClient(endpoint(server.url))
    assert world.run(client, "?").chat_response.text() == "packed"
    assert world.stream(client, "?")[-1][1].chat_response.text() == "packed"
    world.close(client)


@pytest.mark.parametrize(
    ("timeouts", "limit"),
    [
        (Timeouts(first_token=0.15), "first_token"),
        (Timeouts(first_token=50, idle=50, total=0.15), "total"),
        (0.15, "total"),
    ],
)
def test_the_first_token_timeout_ends_the_wait(timeouts: Timeouts | float, limit: str, world: World) -> None:
    with FakeServer(stall_before_head(), forever=True) as server:
        client = AIModelClient(endpoint(server.url))
        error = failure(world, client, timeout=timeouts)
        world.close(client)
    assert isinstance(error, CallTimeoutError)
    assert isinstance(error, TimeoutError)
    assert error.limit == limit
    assert "0.15 s" in str(error)


@pytest.mark.parametrize("seconds", [float("inf"), 1e300, 1e12])
def test_a_limit_may_be_without_end(seconds: float, world: World, server: FakeServer) -> None:
    server.add_replies(LONG, LONG)
    client = AIModelClient(endpoint(server.url))
    limits = Timeouts(connect=seconds, first_token=seconds, idle=seconds, total=seconds)
    assert world.run(client, "?", timeout=limits).chat_response.text() == LONG.text
    assert world.stream(client, "?", timeout=limits)[-1][1].chat_response.text() == LONG.text
    world.close(client)


class Pings:
    """Pings and no answer, until the client leaves."""

    def __init__(self, ping: bytes) -> None:
        self._ping = ping

    def steps(self, request: ReceivedRequest) -> Iterator[Step]:
        head, ping, _ = RawStream([self._ping]).steps(request)
        yield head
        while True:
            yield ping
            yield Wait(0.02)


@pytest.mark.parametrize(
    ("provider", "ping"), [("openai", b": working\n\n"), ("anthropic", b'event: ping\ndata: {"type": "ping"}\n\n')]
)
def test_pings_do_not_count_as_the_first_token(provider: str, ping: bytes, world: World, server: FakeServer) -> None:
    server.add_replies(Pings(ping))
    client = AIModelClient(endpoint(server.url, provider))
    with pytest.raises(CallTimeoutError) as failed:
        world.stream(client, "?", retries=0, timeout=Timeouts(first_token=0.3, idle=2))
    assert failed.value.limit == "first_token"
    assert server.exchanges[0].wait_left()
    world.close(client)


@pytest.mark.parametrize(
    ("limited", "limit"),
    [
        (lambda seconds: Timeouts(idle=seconds), "paused"),
        (lambda seconds: Timeouts(idle=100, total=seconds), "whole call"),
    ],
)
def test_a_stalled_stream_ends_at_the_idle_timeout_with_its_text(
    limited: Callable[[float], Timeouts], limit: str, world: World
) -> None:
    def attempt(seconds: float) -> str | None:
        with FakeServer(CutReply(DialectReply(LONG), 6, Stall())) as server:
            client = AIModelClient(endpoint(server.url))
            try:
                *_, (error, _), (_, final) = world.stream(client, "?", timeout=limited(seconds))
            except CallTimeoutError:
                return None  # before the stream had begun
            finally:
                world.close(client)
            assert isinstance(error, SSEErrorResponse)
            assert final.chat_response.interrupted
            assert LONG.text.startswith(final.chat_response.text())
            assert server.exchanges[0].wait_left()
            return str(error.data.message) if final.chat_response.text() else None

    assert limit in try_longer_limits(attempt, 0.2)


@PROVIDERS
@pytest.mark.parametrize("end", [Reset(), HangUp()], ids=["reset", "hang-up"])
def test_a_break_in_the_middle_of_an_event_keeps_the_events_before_it(
    provider: str, end: Reset | HangUp, world: World, server: FakeServer
) -> None:
    from dhenara.ai.testing.protocols import dialect_for

    events = dialect_for("/messages" if provider == "anthropic" else "/chat/completions").stream(LONG, {"model": "m"})
    server.add_replies(CutReply(RawStream([*events[:6], events[6][: len(events[6]) // 2]], pause=0.01), 8, end))
    client = AIModelClient(endpoint(server.url, provider))
    *chunks, (error, _), (_, final) = world.stream(client, "?")
    assert isinstance(error, SSEErrorResponse)
    provided = "".join(chunk.data.choice_deltas[0].content_deltas[0].text_delta for chunk, _ in chunks)
    assert final.chat_response.interrupted
    assert final.chat_response.text() == provided
    assert LONG.text.startswith(provided)
    world.close(client)


@PROVIDERS
def test_bytes_that_are_not_utf8_end_the_stream_without_losing_the_rest(
    provider: str, world: World, server: FakeServer
) -> None:
    server.add_replies(
        MangledReply(CutReply(DialectReply(LONG), 30, HangUp()), lambda data: data.replace(b"four", b"fo\xff\xfe"))
    )
    client = AIModelClient(endpoint(server.url, provider))
    *_, (error, _), (_, final) = world.stream(client, "?")
    assert isinstance(error, SSEErrorResponse)
    assert error.data.details["type"] == "BadAnswerError"
    assert LONG.text.startswith(final.chat_response.text())
    world.close(client)


@PROVIDERS
def test_a_reset_after_the_headers_is_tried_again(provider: str, world: World, server: FakeServer) -> None:
    server.add_replies(CutReply(DialectReply(LONG), 1, Reset()), LONG)
    client = AIModelClient(endpoint(server.url, provider))
    final = world.stream(client, "?")[-1][1]
    assert final.chat_response.text() == LONG.text
    assert [attempt.outcome for attempt in final.attempts] == ["failed", "answered"]
    world.close(client)
