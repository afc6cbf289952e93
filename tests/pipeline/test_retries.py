"""Trying again: when it helps, as long as it helps, and never after the first word."""

from __future__ import annotations

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import AuthenticationError, CallTimeoutError, QuotaError, RateLimitError, ServerError
from dhenara.ai.testing import (
    Answer,
    CutReply,
    DialectReply,
    FakeServer,
    HangUp,
    RawStream,
    Refusal,
    reset_before_head,
    stall_before_head,
)
from dhenara.ai.types import SSEErrorResponse, Timeouts
from support.waiting import try_longer_limits
from support.worlds import World, endpoint

SOON = {"retry-after-ms": "5"}
HELLO = Answer(text="Hello!")


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    "fault",
    [
        Refusal(429, "slow down", headers=SOON),
        Refusal(408, "too slow", headers=SOON),
        Refusal(409, "busy", headers=SOON),
        Refusal(500, "oops", headers=SOON),
        Refusal(529, "overloaded", headers=SOON),
        reset_before_head(),
    ],
    ids=["429", "408", "409", "500", "529", "reset"],
)
def test_a_passing_fault_is_tried_again(fault: Refusal, streaming: bool, world: World, server: FakeServer) -> None:
    server.add_replies(fault, HELLO)
    client = AIModelClient(endpoint(server.url))
    final = world.stream(client, "?")[-1][1] if streaming else world.run(client, "?")
    assert final.chat_response.text() == "Hello!"
    assert [attempt.outcome for attempt in final.attempts] == ["failed", "answered"]
    assert [attempt.number for attempt in final.attempts] == [1, 2]
    assert final.attempts[0].error
    assert final.attempts[1].waited > 0
    world.close(client)


def test_an_overload_in_the_first_event_is_retried(world: World, server: FakeServer) -> None:
    event = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
    server.add_replies(RawStream([event]), HELLO)
    client = AIModelClient(endpoint(server.url, "anthropic"))
    assert world.stream(client, "?")[-1][1].chat_response.text() == "Hello!"
    assert len(server.exchanges) == 2
    world.close(client)


def test_a_stream_is_never_retried_after_its_first_chunk(world: World, server: FakeServer) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text="one two three")), 5, HangUp()), HELLO)
    client = AIModelClient(endpoint(server.url))
    *_, (error, _), (_, final) = world.stream(client, "?")
    assert isinstance(error, SSEErrorResponse)
    assert "one two three".startswith(final.chat_response.text())
    assert len(server.exchanges) == 1
    world.close(client)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Refusal(401, "bad key"), AuthenticationError),
        (Refusal(429, "You exceeded your current quota", code="insufficient_quota"), QuotaError),
        (Refusal(503, "down", headers={"x-should-retry": "false"}), ServerError),
        (Refusal(429, "come back tomorrow", headers={"retry-after": "86400"}), RateLimitError),
    ],
    ids=["401", "quota", "told-not-to", "tomorrow"],
)
def test_what_trying_again_cannot_mend_is_tried_once(reply: Refusal, kind: type[Exception], world: World) -> None:
    with FakeServer(reply, forever=True) as server:
        client = AIModelClient(endpoint(server.url))
        with pytest.raises(kind):
            world.run(client, "?", retries=5)
        world.close(client)
        assert len(server.exchanges) == 1


def test_retries_end_and_the_error_has_all_attempts(world: World) -> None:
    with FakeServer(Refusal(500, "oops", headers=SOON), forever=True) as server:
        client = AIModelClient(endpoint(server.url))
        with pytest.raises(ServerError) as failed:
            world.run(client, "?", retries=2)
        world.close(client)
        assert len(server.exchanges) == 3
    assert [attempt.status for attempt in failed.value.attempts] == [500, 500, 500]


def test_a_date_that_has_passed_is_waited_for_as_if_there_were_none(server: FakeServer) -> None:
    server.add_replies(Refusal(429, "later", headers={"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}), HELLO)
    with AIModelClient(endpoint(server.url)) as client:
        assert 0 < client.generate("?").attempts[1].waited < 1


@pytest.mark.parametrize("provided", ["nan", "inf", "1e999", "soon", "", "Wed, 21 Oct 99999 07:28:00 GMT"])
def test_an_invalid_retry_after_is_ignored(provided: str, server: FakeServer) -> None:
    server.add_replies(Refusal(429, "later", headers={"retry-after": provided}), HELLO)
    with AIModelClient(endpoint(server.url)) as client:
        assert 0.25 <= client.generate("?", retries=1).attempts[1].waited <= 0.5


def test_no_retry_begins_that_could_not_end_in_time(world: World) -> None:
    with FakeServer(Refusal(500, "oops", headers={"retry-after": "300"}), forever=True) as server:
        client = AIModelClient(endpoint(server.url))
        with pytest.raises(ServerError):
            world.run(client, "?", retries=5, timeout=100)
        world.close(client)
        assert len(server.exchanges) == 1


def test_the_total_spans_all_attempts(world: World) -> None:
    def attempt(seconds: float) -> int | None:
        with FakeServer(stall_before_head(), forever=True) as server:
            client = AIModelClient(endpoint(server.url))
            with pytest.raises(CallTimeoutError) as failed:
                world.run(client, "?", retries=50, timeout=Timeouts(first_token=0.05, total=seconds))
            world.close(client)
        # An attempt may end before the server has read it.
        assert len(server.exchanges) <= len(failed.value.attempts)
        return len(failed.value.attempts) if len(server.exchanges) > 1 else None

    assert try_longer_limits(attempt, 1.0) < 20
