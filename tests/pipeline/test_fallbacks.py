"""Fallbacks: another endpoint answers where one cannot, before the first chunk, and it is reported."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import (
    AuthenticationError,
    BadRequestError,
    CallTimeoutError,
    ConfigurationError,
    RateLimitError,
    ServerError,
)
from dhenara.ai.testing import (
    Answer,
    CutReply,
    DialectReply,
    FakeServer,
    FakeToolCall,
    Raw,
    Refusal,
    Reply,
    reset_before_head,
    stall_before_head,
)
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint, SSEErrorResponse, Timeouts
from support.waiting import try_longer_limits, wait_until
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!", model="claude-9")
DOWN = Refusal(503, "down for maintenance")


@pytest.fixture
def spare() -> Iterator[FakeServer]:
    with FakeServer() as standing_by:
        yield standing_by


def client_of(server: FakeServer, spare: FakeServer, **options: Any) -> AIModelClient:
    return AIModelClient(endpoint(server.url), fallbacks=[endpoint(spare.url, "anthropic", "claude-9")], **options)


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(
    "fault",
    [
        DOWN,
        Refusal(401, "no such key"),
        Refusal(404, "no such model"),
        Refusal(429, "slow down"),
        Refusal(429, "You exceeded your current quota", code="insufficient_quota"),
        reset_before_head(),
        Raw(b"<html>a proxy's page</html>", 200, {"content-type": "text/html"}),
    ],
    ids=["503", "401", "404", "429", "quota", "reset", "html"],
)
def test_the_other_endpoint_answers(
    fault: Reply, streaming: bool, world: World, server: FakeServer, spare: FakeServer
) -> None:
    server.add_replies(fault)
    spare.add_replies(HELLO)
    client = client_of(server, spare)
    reported = {"retries": 0, "strict": True}
    events = world.stream(client, "?", **reported) if streaming else [(None, world.run(client, "?", **reported))]
    final = events[-1][1]
    assert final.chat_response.text() == "Hello!"
    assert (final.chat_response.provider, final.chat_response.model) == ("anthropic", "claude-9")
    assert [(one.provider, one.model, one.outcome) for one in final.attempts] == [
        ("openai", "fake-1", "failed"),
        ("anthropic", "claude-9", "answered"),
    ]
    (warning,) = final.chat_response.warnings
    assert warning.code == "fallback_used"
    assert "openai (fake-1) failed" in warning.message
    assert {chunk.data.provider for chunk, _ in events if chunk} <= {"anthropic"}
    world.close(client)


def test_each_endpoint_is_tried_again_by_itself_first(world: World, server: FakeServer, spare: FakeServer) -> None:
    soon = {"retry-after-ms": "5"}
    server.add_replies(*[Refusal(503, "busy", headers=soon)] * 3)
    spare.add_replies(Refusal(529, "overloaded", headers=soon), HELLO)
    client = client_of(server, spare)
    final = world.run(client, "?", retries=2)
    assert [one.outcome for one in final.attempts] == ["failed"] * 4 + ["answered"]
    assert (len(server.exchanges), len(spare.exchanges)) == (3, 2)
    world.close(client)


def test_waits_are_short_when_there_is_a_fallback(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(Refusal(429, "slow down", headers={"retry-after": "30"}))
    spare.add_replies(HELLO)
    client = client_of(server, spare)
    assert world.run(client, "?", retries=2).chat_response.text() == "Hello!"
    assert len(server.exchanges) == 1
    world.close(client)


def test_there_is_no_fallback_after_the_first_chunk(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(CutReply(DialectReply(Answer(text="one " * 200)), 20))
    client = client_of(server, spare)
    *events, (_, final) = world.stream(client, "?")
    assert final.chat_response.interrupted
    assert final.chat_response.text().startswith("one")
    assert any(isinstance(chunk, SSEErrorResponse) for chunk, _ in events)
    assert spare.exchanges == []
    world.close(client)


def test_a_request_that_is_wrong_is_wrong_everywhere(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(Refusal(400, "messages: at least one message is required"))
    client = client_of(server, spare)
    with pytest.raises(BadRequestError):
        world.run(client, "?")
    assert spare.exchanges == []
    world.close(client)


def test_a_longer_memory_helps_where_a_conversation_is_too_long(
    world: World, server: FakeServer, spare: FakeServer
) -> None:
    server.add_replies(Refusal(400, "too long", code="context_length_exceeded"))
    spare.add_replies(HELLO)
    client = client_of(server, spare)
    assert world.run(client, "?").chat_response.text() == "Hello!"
    world.close(client)


def test_the_last_error_has_notes_about_the_earlier_failures(
    world: World, server: FakeServer, spare: FakeServer
) -> None:
    server.add_replies(DOWN)
    spare.add_replies(Refusal(401, "no such key"))
    client = client_of(server, spare)
    with pytest.raises(AuthenticationError) as caught:
        world.run(client, "?", retries=0)
    assert [one.provider for one in caught.value.attempts] == ["openai", "anthropic"]
    (note,) = caught.value.__notes__
    assert "openai (fake-1): down for maintenance" in note
    world.close(client)


def test_one_deadline_holds_for_all_of_them(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(stall_before_head())
    client = client_of(server, spare)
    with pytest.raises(CallTimeoutError) as caught:
        world.run(client, "?", timeout=0.3)
    assert caught.value.limit == "total"
    assert spare.exchanges == []
    world.close(client)


def test_a_limit_of_one_endpoint_leaves_time_for_the_next(world: World) -> None:
    def attempt(seconds: float) -> str | None:
        """The limit holds for the second endpoint as well, and a busy machine may need longer for its answer."""
        with FakeServer(stall_before_head()) as server, FakeServer(HELLO) as spare:
            client = client_of(server, spare)
            try:
                final = world.run(client, "?", timeout=Timeouts(first_token=seconds, total=100), retries=0)
            except CallTimeoutError:
                return None
            finally:
                world.close(client)
        return str(final.chat_response.text())

    assert try_longer_limits(attempt, 0.2) == "Hello!"


def test_options_are_not_sent_to_another_provider(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(DOWN)
    spare.add_replies(HELLO)
    client = client_of(server, spare)
    final = world.run(client, "?", retries=0, options={"verbosity": "low"})
    assert "verbosity" in server.exchanges[0].json
    assert "verbosity" not in spare.exchanges[0].json
    assert [one.parameter for one in final.chat_response.warnings] == [None, "options"]
    world.close(client)


def test_options_come_back_with_their_provider(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(DOWN, Answer(text="Me again."))
    spare.add_replies(DOWN)
    others = [endpoint(spare.url, "anthropic", "claude-9"), endpoint(server.url, model="fake-2")]
    client = AIModelClient(endpoint(server.url), fallbacks=others)
    final = world.run(client, "?", retries=0, options={"verbosity": "low"})
    assert final.chat_response.text() == "Me again."
    assert [("verbosity" in one.json) for one in (*server.exchanges, *spare.exchanges)] == [True, True, False]
    world.close(client)


def test_a_round_of_tools_may_be_answered_elsewhere(world: World, server: FakeServer, spare: FakeServer) -> None:
    def double(number: int) -> int:
        """Twice the number."""
        return 2 * number

    call = Answer(tool_calls=(FakeToolCall("double", {"number": 21}),), finish="tool_calls")
    server.add_replies(call, DOWN)
    spare.add_replies(Answer(text="It is 42."))
    client = client_of(server, spare)
    run = world.ask(client, "run", "Double 21.", tools=[double], retries=0)
    assert run.text() == "It is 42."
    assert "42" in str(spare.exchanges[0].json["messages"][-1])
    world.close(client)


def test_embeddings_have_no_fallback(world: World, server: FakeServer) -> None:
    server.add_replies(Refusal(503, "down"))
    client = AIModelClient(endpoint(server.url), fallbacks=[endpoint(server.url, model="another")])
    with pytest.raises(ServerError):
        world.ask(client, "embed", ["words"], retries=0)
    assert len(server.exchanges) == 1
    world.close(client)


def test_an_invalid_fallback_raises_before_anything_is_sent(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    keyless = AIModelEndpoint(api=AIModelAPI(provider="anthropic"), ai_model=AIModel(model_name="claude-9"))
    client = AIModelClient(endpoint(server.url), fallbacks=[keyless])
    with client, pytest.raises(ConfigurationError, match="ANTHROPIC_API_KEY"):
        client.generate("?")
    assert server.exchanges == []


def test_closing_a_client_closes_its_fallbacks(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(DOWN)
    spare.add_replies(HELLO)
    client = client_of(server, spare)

    if world.name == "blocking":
        client.generate("?", retries=0)
        client.close()
    else:

        async def ask() -> None:
            async with client:
                await client.generate_async("?", retries=0)

        asyncio.run(ask())
    wait_until(lambda: spare.open_connections == 0)


def test_a_client_for_another_endpoint_keeps_the_fallbacks(server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(DOWN)
    spare.add_replies(HELLO)
    with client_of(server, spare) as first, first.with_endpoint(endpoint(server.url, model="fake-2")) as second:
        final = second.generate("?", retries=0)
    assert [one.model for one in final.attempts] == ["fake-2", "claude-9"]


def test_what_is_limited_here_is_free_there(world: World, server: FakeServer, spare: FakeServer) -> None:
    """Layers are bound to each endpoint, so what one of them refuses is still open at the other."""

    class OnlyClaude:
        def bind(self, io: Any, target: Any) -> Any:
            async def layer(call: Any, send: Any) -> Any:
                if target.origin.provider != "anthropic":
                    raise RateLimitError("used up")
                return await send(call)

            return layer

    spare.add_replies(HELLO)
    client = client_of(server, spare, layers=[OnlyClaude()])
    answer = world.run(client, "?").chat_response
    assert answer.text() == "Hello!"
    assert "openai (fake-1) failed: used up" in answer.warnings[0].message
    assert server.exchanges == []
    world.close(client)
