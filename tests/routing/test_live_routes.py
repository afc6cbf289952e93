"""Routes over real connections: fake servers, sync and async, streams, tools, embeddings and files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dhenara.ai import AIModelClient, CompletedStream, Send, Stream
from dhenara.ai.errors import ConfigurationError, NoDeploymentError, ServerError
from dhenara.ai.pipeline.tracing import CallEvent, DeploymentChosen
from dhenara.ai.testing import Answer, CutReply, DialectReply, FakeServer, Refusal
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelEndpoint,
    Call,
    ChatResponse,
    ChatResponseChoice,
    Deployment,
    FileContent,
    ImageContent,
    ModelRoute,
    TextContent,
)
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!")
LIMITED = Refusal(429, "slow down", headers={"retry-after": "30"})


@pytest.fixture
def spare() -> Iterator[FakeServer]:
    with FakeServer() as standing_by:
        yield standing_by


def two(server: FakeServer, spare: FakeServer, **fields: Any) -> AIModelClient:
    """A client that prefers `server`."""
    first = Deployment(endpoint=endpoint(server.url), name="main")
    second = Deployment(endpoint=endpoint(spare.url, model="fake-2"), name="spare")
    return AIModelClient.routed({"groups": [first, second], "name": "smart", **fields})


def test_five_calls_touch_a_limited_endpoint_once(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(LIMITED)
    spare.add_replies(*[HELLO] * 5)
    client = AIModelClient(endpoint(server.url), fallbacks=[endpoint(spare.url, "anthropic", "claude-9")])
    answers = [world.run(client, "?") for _ in range(5)]
    assert [one.text for one in answers] == ["Hello!"] * 5
    assert (len(server.exchanges), len(spare.exchanges)) == (1, 5)
    assert "openai/fake-1 rests for" in answers[-1].chat_response.warnings[0].message
    assert "RateLimitError: slow down [HTTP 429]" in answers[-1].chat_response.warnings[0].message
    world.close(client)


def test_sync_and_async_calls_share_what_is_known(server: FakeServer, spare: FakeServer) -> None:
    import asyncio

    server.add_replies(LIMITED)
    spare.add_replies(HELLO, HELLO)
    with two(server, spare) as client:
        client.generate("?")
        asyncio.run(client.generate_async("?"))
    assert (len(server.exchanges), len(spare.exchanges)) == (1, 2)


def test_attempts_name_the_deployment_and_the_reason(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(LIMITED)
    spare.add_replies(HELLO)
    client = two(server, spare)
    answer = world.run(client, "?")
    assert [(one.deployment, one.outcome) for one in answer.attempts] == [("main", "failed"), ("spare", "answered")]
    assert answer.attempts[0].reason == "the first deployment of the route"
    assert answer.attempts[1].reason == "the only deployment of its group that can take the call"
    world.close(client)


def test_a_streamed_response_has_its_attempts_when_it_begins(
    world: World, server: FakeServer, spare: FakeServer
) -> None:
    """The response that holds the stream, and the one at its end."""
    server.add_replies(LIMITED)
    spare.add_replies(HELLO)
    client = two(server, spare)
    response = world.run(client, "?", streaming=True)
    assert [(one.deployment, one.outcome) for one in response.attempts] == [("main", "failed"), ("spare", "answered")]
    assert response.first_token_seconds is not None
    assert response.response_headers["content-type"] == "text/event-stream"
    assert response.duration_seconds is None
    spare.add_replies(HELLO)
    final = world.stream(client, "?")[-1][1]
    assert [one.deployment for one in final.attempts] == ["spare"]
    world.close(client)


def test_the_state_of_each_deployment_is_explained(server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(LIMITED)
    spare.add_replies(HELLO)
    with two(server, spare) as client:
        assert client.explain_route("?").chosen == "main"
        client.generate("?")
        explained = client.explain_route("?")
    assert explained.chosen == "spare"
    assert [(one.name, one.state, one.chosen) for one in explained.deployments] == [
        ("main", "resting", False),
        ("spare", "available", True),
    ]
    assert "-> spare (available)" in str(explained)
    assert "it rests for" in explained.deployments[0].reason
    assert len(server.exchanges) + len(spare.exchanges) == 2


def test_a_client_with_one_endpoint_has_no_route_to_explain(server: FakeServer) -> None:
    with AIModelClient(endpoint(server.url)) as client, pytest.raises(ConfigurationError, match="one endpoint only"):
        client.explain_route("?")


def test_an_answer_of_the_only_deployment_has_no_warning(server: FakeServer) -> None:
    server.add_replies(Refusal(429, "slow down", headers={"retry-after": "0.01"}), Answer(text="Hello!"))
    only = {"model": "openai/gpt-5.4-mini", "api_key": "sk-a", "base_url": f"{server.url}/v1"}
    with AIModelClient.routed([only]) as client:
        response = client.generate("hi")
    assert [one.outcome for one in response.attempts] == ["failed", "answered"]
    assert response.warnings == []


def test_observers_get_each_decision(server: FakeServer, spare: FakeServer) -> None:
    events: list[CallEvent] = []
    server.add_replies(LIMITED)
    spare.add_replies(HELLO)
    with AIModelClient.routed([endpoint(server.url), endpoint(spare.url)], observer=events.append) as client:
        client.generate("?")
    chosen = [event for event in events if isinstance(event, DeploymentChosen)]
    assert [event.deployment for event in chosen] == ["openai/fake-1", "openai/fake-1 (2)"]


def test_decisions_are_logged(server: FakeServer, spare: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    server.add_replies(LIMITED)
    spare.add_replies(HELLO)
    with caplog.at_level("DEBUG", "dhenara"), two(server, spare) as client:
        client.generate("?")
    assert "deployment main: chosen: the first deployment of the route" in caplog.messages
    assert any(line.startswith("deployment spare: chosen") for line in caplog.messages)


def test_a_stream_that_broke_counts_against_its_deployment(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(*[CutReply(DialectReply(Answer(text="one " * 200)), 20)] * 2)
    spare.add_replies(HELLO)
    client = two(server, spare)
    for _ in range(2):
        assert world.stream(client, "?")[-1][1].chat_response.interrupted
    assert world.stream(client, "?")[-1][1].chat_response.text() == "Hello!"
    assert (len(server.exchanges), len(spare.exchanges)) == (2, 1)
    world.close(client)


def test_every_deployment_resting_is_a_clear_error(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(Refusal(401, "no such key"))
    spare.add_replies(Refusal(403, "not in this region"))
    client = two(server, spare)
    for _ in range(2):
        with pytest.raises(Exception) as caught:  # the second one is looked at
            world.run(client, "?")
    assert isinstance(caught.value, NoDeploymentError)
    assert str(caught.value).startswith("route smart: no deployment can take the call now. main: it rests for")
    assert "no such key" in str(caught.value)
    assert "sk-test-secret" not in str(caught.value)
    world.close(client)


def test_runs_of_tools_and_conversations_follow_the_route(server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(LIMITED)
    spare.add_replies(HELLO, Answer(text="Again."))
    with two(server, spare) as client:
        conversation = client.conversation()
        assert conversation.ask("Hi").text == "Hello!"
        assert conversation.ask("And?").text == "Again."
    assert len(server.exchanges) == 1


def test_embeddings_use_deployments_of_the_same_model_only(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(LIMITED)
    with FakeServer() as other:
        first, second = endpoint(server.url, model="embed-1"), endpoint(spare.url, model="embed-1")
        client = AIModelClient.routed([first, endpoint(other.url, model="embed-2"), second])
        spare.add_replies(Answer(text=""), Answer(text=""))
        for _ in range(2):
            assert world.ask(client, "embed", ["words"]).vectors
        world.close(client)
        assert (len(server.exchanges), len(other.exchanges), len(spare.exchanges)) == (1, 0, 2)


def test_a_stored_file_stays_with_the_deployment_that_holds_it(
    world: World, server: FakeServer, spare: FakeServer
) -> None:
    server.add_replies(Refusal(503, "down"))
    client = two(server, spare)
    stored = FileContent(file_id="file-1", mime_type="application/pdf", stored_at="openai")
    with pytest.raises(ServerError, match="down"):
        world.run(client, [stored], retries=0)
    assert spare.exchanges == []
    explained = client.explain_route(messages=[{"role": "user", "content": [stored]}])
    assert explained.deployments[1].reason == "the file 'file-1' is at main"
    world.close(client)


def test_a_missing_file_does_not_count_against_the_deployment(server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(Refusal(404, "no such file"), HELLO)
    stored = FileContent(file_id="file-1", mime_type="application/pdf", stored_at="openai")
    with two(server, spare) as client:
        with pytest.raises(Exception, match="no such file"):
            client.generate([stored])
        assert client.generate("?").attempts[0].deployment == "main"


def test_a_model_that_takes_no_images_is_passed_over(world: World, server: FakeServer, spare: FakeServer) -> None:
    spare.add_replies(HELLO)
    blind = endpoint(server.url, model="gpt-3.5-turbo")
    client = AIModelClient.routed([blind, endpoint(spare.url, model="gpt-5.4-mini")])
    answer = world.run(client, [ImageContent(data=b"\x89PNG\r\n\x1a\n" + b"0" * 20), "What is it?"])
    assert answer.text == "Hello!"
    assert server.exchanges == []
    assert "the model takes no input of the kind image" in answer.chat_response.warnings[0].message
    world.close(client)


def test_a_conversation_stays_where_its_prompt_is_cached(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(*[HELLO] * 10)
    spare.add_replies(*[HELLO] * 10)
    group = [endpoint(server.url), endpoint(spare.url)]
    client = AIModelClient.routed([{"deployments": group, "strategy": "round_robin"}])
    first = world.run(client, "A long question")
    history = [{"role": "user", "content": "A long question"}, {"role": "assistant", "content": "Hello!"}]
    for _ in range(3):
        answer = world.run(client, "And?", history)
        assert answer.attempts[0].deployment == first.attempts[0].deployment
        assert answer.attempts[0].reason == "the beginning of the conversation is cached there"
    world.close(client)


def test_equal_prompts_are_not_one_conversation(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(*[HELLO] * 4)
    spare.add_replies(*[HELLO] * 4)
    group = [endpoint(server.url), endpoint(spare.url)]
    client = AIModelClient.routed([{"deployments": group, "strategy": "round_robin"}])
    examples = [{"role": "user", "content": "2+2"}, {"role": "assistant", "content": "4"}]
    for context in ([], [], examples, examples, [], []):
        world.run(client, "3+3", context)
    assert (len(server.exchanges), len(spare.exchanges)) == (3, 3)
    world.close(client)


def test_a_missing_key_of_any_deployment_raises_before_anything_is_sent(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    keyless = AIModelEndpoint(api=AIModelAPI(provider="anthropic"), ai_model=AIModel(model_name="claude-9"))
    with (
        AIModelClient.routed([endpoint(server.url), keyless]) as client,
        pytest.raises(ConfigurationError, match="ANTHROPIC_API_KEY"),
    ):
        client.generate("?")
    assert server.exchanges == []


def test_keys_are_in_no_text_of_a_route(server: FakeServer) -> None:
    route = ModelRoute.of([endpoint(server.url)])
    with AIModelClient.routed(route) as client:
        for text in (repr(route), route.model_dump_json(), repr(client), str(client.explain_route("?"))):
            assert "sk-test-secret" not in text


def test_an_answer_from_a_cache_says_nothing_about_the_deployment(server: FakeServer) -> None:
    async def cached(call: Call, send: Send) -> Stream:
        choice = ChatResponseChoice(index=0, contents=[TextContent(text="Hello!")])
        return CompletedStream(ChatResponse(choices=[choice]))

    with AIModelClient.routed([endpoint(server.url)], layers=[cached]) as client:
        client.generate("?")
        (only,) = client.explain_route("?").deployments
        assert only.first_token_seconds is None
    assert server.exchanges == []


def test_an_explanation_says_what_the_next_call_does(server: FakeServer, spare: FakeServer) -> None:
    """Also where the choice is random."""
    calls = 40
    server.add_replies(*[HELLO] * calls)
    spare.add_replies(*[HELLO] * calls)
    first, second = (Deployment(endpoint=endpoint(one.url), name=name) for one, name in ((server, "a"), (spare, "b")))
    with AIModelClient.routed([{"deployments": [first, second], "strategy": "weighted"}]) as client:
        for _ in range(calls):
            explained = {client.explain_route("?").chosen for _ in range(5)}
            assert explained == {client.generate("?").attempts[0].deployment}
    assert server.exchanges
    assert spare.exchanges
