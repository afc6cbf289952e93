"""Answers made in the background: waited for, taken up where the line broke, retrieved and stopped by their id."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallTimeoutError, UnsupportedError
from dhenara.ai.pipeline.streaming import background as lasting
from dhenara.ai.testing import Answer, CutReply, FakeServer, HangUp, Raw, RawStream, Refusal
from dhenara.ai.testing.protocols.openai import ResponsesDialect
from support.waiting import try_longer_limits
from support.worlds import World, endpoint

PROVIDED = Answer(text="A long answer, made while nobody waited.", id="resp_1")
BACKGROUND: dict[str, Any] = {"options": {"background": True}}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lasting, "FIRST_PAUSE", 0.01)


def state(status: str) -> Raw:
    whole = ResponsesDialect().body(PROVIDED, {})
    return Raw(json.dumps({**whole, "status": status, **({} if status == "completed" else {"output": []})}).encode())


def client_of(server: FakeServer) -> AIModelClient:
    return AIModelClient(endpoint(server.url, protocol="openai_responses"))


def test_a_background_response_is_polled_until_it_is_complete(world: World, server: FakeServer) -> None:
    server.add_replies(state("queued"), state("in_progress"), Refusal(503, "busy"), state("completed"))
    client = client_of(server)
    answer = world.run(client, "?", **BACKGROUND)
    world.close(client)
    assert answer.chat_response is not None
    assert answer.chat_response.text() == PROVIDED.text
    assert len(answer.attempts) == 1
    requested = [(exchange.method, exchange.path) for exchange in server.exchanges]
    assert requested == [("POST", "/v1/responses"), *[("GET", "/v1/responses/resp_1")] * 3]
    assert server.exchanges[0].json["store"] is True


def test_a_stream_is_taken_up_where_its_line_broke(world: World, server: FakeServer) -> None:
    events = ResponsesDialect().stream(PROVIDED, {})
    server.add_replies(CutReply(RawStream(events), 5, HangUp()), Refusal(500, "oops"), RawStream(events[4:]))
    client = client_of(server)
    *_, (_, final) = world.stream(client, "?", **BACKGROUND)
    world.close(client)
    assert final.chat_response.text() == PROVIDED.text
    assert not final.chat_response.interrupted
    # The head was the first thing that was sent, so four events came through: numbers 0 to 3.
    assert server.exchanges[-1].path == "/v1/responses/resp_1?stream=true&starting_after=3"


def test_a_stream_that_ends_too_early_is_taken_up_too(server: FakeServer) -> None:
    events = ResponsesDialect().stream(PROVIDED, {})
    server.add_replies(RawStream([*events[:3], events[3][:20]]), RawStream(events[3:]))
    with client_of(server) as client:
        *_, (_, final) = client.generate("?", streaming=True, **BACKGROUND).stream_generator
    assert final.chat_response.text() == PROVIDED.text


def test_a_stream_that_is_not_a_background_response_is_never_resumed(server: FakeServer) -> None:
    events = ResponsesDialect().stream(PROVIDED, {})
    server.add_replies(CutReply(RawStream(events), 5, HangUp()), RawStream(events[4:]))
    with client_of(server) as client:
        *_, (_, final) = client.generate("?", streaming=True).stream_generator
    assert final.chat_response.interrupted
    assert len(server.exchanges) == 1


def test_a_timeout_while_polling_says_how_to_retrieve_the_response() -> None:
    def attempt(seconds: float) -> str | None:
        with (
            FakeServer(state("in_progress"), forever=True) as server,
            client_of(server) as client,
            pytest.raises(CallTimeoutError) as failed,
        ):
            client.generate("?", timeout=seconds, **BACKGROUND)
        methods = [exchange.method for exchange in server.exchanges]
        assert methods.count("POST") <= 1
        return str(failed.value) if "GET" in methods else None

    assert "retrieve('resp_1')" in try_longer_limits(attempt, 0.3)


def test_an_answer_is_retrieved_by_its_id(world: World, server: FakeServer) -> None:
    server.add_replies(state("in_progress"), state("completed"))
    client = client_of(server)
    answer = world.ask(client, "retrieve", "resp_1").chat_response
    world.close(client)
    assert answer is not None
    assert answer.text() == PROVIDED.text
    assert answer.cost is not None


def test_an_answer_is_stopped_by_its_id(world: World, server: FakeServer) -> None:
    server.add_replies(state("cancelled"))
    client = client_of(server)
    answer = world.ask(client, "cancel", "resp_1").chat_response
    world.close(client)
    assert answer is not None
    assert answer.choices[0].raw_finish_reason == "cancelled"
    assert (server.exchanges[0].method, server.exchanges[0].path) == ("POST", "/v1/responses/resp_1/cancel")


def test_a_protocol_without_stored_responses_raises_unsupported() -> None:
    client = AIModelClient(endpoint("http://127.0.0.1:1", "anthropic"))
    with pytest.raises(UnsupportedError, match="anthropic"):
        client.retrieve("resp_1")


def test_an_earlier_answer_or_a_conversation_is_named_in_the_options(server: FakeServer) -> None:
    server.add_replies(PROVIDED, PROVIDED)
    with client_of(server) as client:
        client.generate("?", options={"previous_response_id": "resp_0"})
        client.generate("?", options={"conversation": "conv_1"})
    before, talk = (exchange.json for exchange in server.exchanges)
    assert (before["previous_response_id"], before["store"]) == ("resp_0", False)
    assert (talk["conversation"], talk["store"]) == ("conv_1", True)
