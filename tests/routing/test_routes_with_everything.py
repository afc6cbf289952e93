"""Routes together with runs of tools, conversations, telemetry, cancellation and the facts about models."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.conversation.conversation import Conversation
from dhenara.ai.errors import NoDeploymentError, RunLimitError
from dhenara.ai.pipeline.routing import board
from dhenara.ai.pipeline.routing.fit import DeploymentFacts, why_unfit
from dhenara.ai.testing import Answer, DialectReply, FakeServer, FakeToolCall, Refusal, Wait, stall_before_head
from dhenara.ai.types import AIModelCallConfig, ChatModelSettings, Deployment, RouteRequest, RunLimits
from support.waiting import wait_until_async
from support.worlds import World, endpoint

HELLO = Answer(text="Hello!")
LIMITED = Refusal(429, "slow down", headers={"retry-after": "3600"})


BRIEF = Refusal(429, "slow down", headers={"retry-after": "0.01"})


async def rest_is_over(client: AIModelClient) -> None:
    """Wait until the first deployment may be tried again."""
    await wait_until_async(lambda: client.explain_route("?").deployments[0].state == "available")


@pytest.fixture
def spare() -> Iterator[FakeServer]:
    with FakeServer() as standing_by:
        yield standing_by


def two(server: FakeServer, spare: FakeServer, strategy: Any = None, **options: Any) -> AIModelClient:
    first = Deployment(endpoint=endpoint(server.url), name="main")
    second = Deployment(endpoint=endpoint(spare.url, "anthropic", "claude-9"), name="spare")
    groups: list[Any] = (
        [first, second] if strategy is None else [{"deployments": [first, second], "strategy": strategy}]
    )
    return AIModelClient.routed({"groups": groups, "name": "smart"}, **options)


def weather(city: str) -> str:
    """Return the weather."""
    return f"sunny in {city}"


def test_a_run_goes_on_at_another_deployment_when_its_first_one_fails(
    world: World, server: FakeServer, spare: FakeServer
) -> None:
    calls: list[str] = []

    def noted(city: str) -> str:
        """Return the weather."""
        calls.append(city)
        return weather(city)

    server.add_replies(Answer(tool_calls=(FakeToolCall("noted", {"city": "Rome"}),)), LIMITED)
    spare.add_replies(Answer(text="It is sunny."))
    client = two(server, spare)
    run = world.ask(client, "run", "Weather in Rome?", tools=[noted])
    assert (run.text, calls) == ("It is sunny.", ["Rome"])
    (request,) = spare.exchanges
    assert "sunny in Rome" in request.body.decode(), "the result of the tool goes along"
    world.close(client)


def test_limits_of_a_run_count_its_calls_at_all_deployments(server: FakeServer, spare: FakeServer) -> None:
    again = Answer(tool_calls=(FakeToolCall("weather", {"city": "Rome"}),))
    server.add_replies(again, LIMITED)
    spare.add_replies(again, again)
    with two(server, spare) as client, pytest.raises(RunLimitError):
        client.run("Weather?", tools=[weather], limits=RunLimits(rounds=2))
    assert (len(server.exchanges), len(spare.exchanges)) == (2, 1)


def test_a_saved_conversation_continues_on_a_route(server: FakeServer, spare: FakeServer, tmp_path: Path) -> None:
    server.add_replies(HELLO, LIMITED)
    spare.add_replies(Answer(text="Still here."), Answer(text="And here."))
    with two(server, spare) as client:
        conversation = client.conversation()
        conversation.ask("Hi")
        conversation.save(tmp_path / "talk.json")
        assert conversation.ask("Are you there?").text == "Still here."
    with two(server, spare) as later:
        loaded = Conversation.load(tmp_path / "talk.json", later)
        server.add_replies(LIMITED)
        assert loaded.ask("And now?").text == "And here."
    assert "Hello!" in spare.exchanges[1].body.decode()


def test_a_cancelled_probe_leaves_the_next_call_to_try(server: FakeServer, spare: FakeServer) -> None:
    """The probe is cancelled while the deployment is silent; the next call is the probe, and its answer counts."""
    server.add_replies(BRIEF, stall_before_head(), HELLO)
    spare.add_replies(HELLO, HELLO)
    client = two(server, spare)

    async def main() -> list[Any]:
        await client.generate_async("?")
        await rest_is_over(client)
        probe = asyncio.create_task(client.generate_async("?"))
        await wait_until_async(lambda: len(server.exchanges) == 2)
        meanwhile = await client.generate_async("?")
        probe.cancel()
        with pytest.raises(asyncio.CancelledError):
            await probe
        after = await client.generate_async("?")
        await client.aclose()
        return [meanwhile, after]

    meanwhile, after = asyncio.run(main())
    assert meanwhile.attempts[-1].deployment == "spare"
    assert (after.attempts[0].deployment, after.attempts[0].outcome) == ("main", "answered")
    assert after.attempts[0].reason == "its rest is over, and this call tries it"


def test_of_many_calls_at_once_one_is_the_probe(server: FakeServer, spare: FakeServer) -> None:
    class Released:
        """Answers when all other calls have theirs."""

        def steps(self, request: Any) -> Iterator[Any]:
            while len(spare.exchanges) < 20:
                yield Wait(0.01)
            yield from DialectReply(HELLO).steps(request)

    server.add_replies(BRIEF, Released())
    spare.add_replies(*[HELLO] * 20)
    client = two(server, spare)

    async def main() -> list[Any]:
        await client.generate_async("?")
        await rest_is_over(client)
        answers = await asyncio.gather(*(client.generate_async("?") for _ in range(20)))
        await client.aclose()
        return answers

    answers = asyncio.run(main())
    deployments = [one.attempts[-1].deployment for one in answers]
    assert deployments.count("main") == 1
    assert len(server.exchanges) == 2


def test_spans_name_the_route_the_deployment_and_the_reason(
    world: World, server: FakeServer, spare: FakeServer
) -> None:
    trace = pytest.importorskip("opentelemetry.sdk.trace")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from ai_utilities.telemetry import TelemetryLayer

    exporter, tracing = InMemorySpanExporter(), trace.TracerProvider()
    tracing.add_span_processor(SimpleSpanProcessor(exporter))
    server.add_replies(LIMITED)
    spare.add_replies(HELLO)
    client = two(server, spare, layers=[TelemetryLayer(tracer_provider=tracing)])
    with tracing.get_tracer("test").start_as_current_span("outer") as outer:
        world.run(client, "?")
    world.close(client)
    failed, answered, _ = exporter.get_finished_spans()
    names = ("dhenara.route.name", "dhenara.route.deployment", "dhenara.route.reason")
    assert [failed.attributes[name] for name in names] == ["smart", "main", "the first deployment of the route"]
    assert [answered.attributes[name] for name in names[:2]] == ["smart", "spare"]
    assert "the only deployment of its group" in answered.attributes[names[2]]
    assert {one.parent.span_id for one in (failed, answered)} == {outer.get_span_context().span_id}
    assert answered.attributes["dhenara.route.purpose"] == "answer"
    assert answered.attributes["gen_ai.request.model"] == "claude-9"


ABLE = DeploymentFacts(
    context_window=1000, max_input_tokens=800, modalities=("text", "image"), tools=True, structured_output=True,
    reasoning=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (RouteRequest(input_tokens=801), "about 801 input tokens, and the model takes 800"),
        (RouteRequest(input_tokens=700, max_output_tokens=301), "about 1001 tokens with the answer"),
        (RouteRequest(media=frozenset({"image", "audio"})), "no input of the kind audio"),
        (RouteRequest(media=frozenset({"pdf"})), "no input of the kind pdf"),
    ],
)
def test_facts_exclude_what_does_not_fit(request_: RouteRequest, reason: str) -> None:
    assert reason in str(why_unfit(ABLE, request_))
    assert why_unfit(DeploymentFacts(), request_) is None, "unknown facts exclude nothing"


@pytest.mark.parametrize("need", ["tools", "structured_output", "reasoning"])
def test_what_a_model_cannot_do_excludes_it(need: str) -> None:
    request = RouteRequest(**{need: True})  # type: ignore[arg-type]  # each is a flag
    assert why_unfit(ABLE, request) is None
    assert why_unfit(DeploymentFacts(**{need: False}), request) is not None  # type: ignore[arg-type]  # as above
    assert why_unfit(DeploymentFacts(**{need: False}), RouteRequest()) is None  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("options", "prompt"),
    [
        ({"max_output_tokens": 600}, "word " * 2000),
        ({"tools": [weather]}, "?"),
        ({"structured_output": {"type": "object"}}, "?"),
        ({"reasoning": True}, "?"),
    ],
    ids=["context", "tools", "schema", "reasoning"],
)
def test_a_call_passes_over_a_deployment_that_cannot_take_it(
    options: dict[str, Any],
    prompt: str,
    world: World,
    server: FakeServer,
    spare: FakeServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = endpoint(server.url, model="tiny")
    settings = ChatModelSettings(max_context_window_tokens=2000, supports_reasoning=False)
    small = small.model_copy(update={"ai_model": small.ai_model.model_copy(update={"settings": settings})})
    known = board.read_deployment_facts

    def facts(given: Any, **how: Any) -> DeploymentFacts:
        actual = known(given, **how)
        return replace(actual, tools=False, structured_output=False) if given is small else actual

    monkeypatch.setattr(board, "read_deployment_facts", facts)
    spare.add_replies(Answer(text="{}"))
    client = AIModelClient.routed([small, endpoint(spare.url, model="gpt-5.4-mini")])
    answer = world.run(client, prompt, **options)
    assert answer.attempts[0].model == "gpt-5.4-mini"
    assert server.exchanges == []
    assert "openai/tiny was passed over" in answer.chat_response.warnings[0].message
    world.close(client)


def test_a_call_that_fits_goes_to_the_small_one(server: FakeServer, spare: FakeServer) -> None:
    small = endpoint(server.url, model="tiny")
    settings = ChatModelSettings(max_context_window_tokens=2000)
    small = small.model_copy(update={"ai_model": small.ai_model.model_copy(update={"settings": settings})})
    server.add_replies(HELLO)
    with AIModelClient.routed([small, endpoint(spare.url, model="gpt-5.4-mini")]) as client:
        assert client.generate("?").attempts[0].model == "tiny"


def test_affinity_ends_while_its_deployment_rests(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(*[HELLO] * 5)
    spare.add_replies(*[HELLO] * 5)
    client = two(server, spare, "round_robin")
    first = world.run(client, "Hi").attempts[0].deployment
    history = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]
    chosen = [world.run(client, "And?", history).attempts[0].deployment for _ in range(2)]
    assert chosen == [first] * 2
    board = client._pipelines.board
    assert board is not None
    index = ["main", "spare"].index(str(first))
    from dataclasses import replace

    board.standings[index].health = replace(
        board.standings[index].health, failures=1, resting_until=1e12, failed_at=0.0
    )
    assert world.run(client, "And?", history).attempts[0].deployment != first
    world.close(client)


def test_without_affinity_conversations_follow_the_strategy(server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(*[HELLO] * 2)
    spare.add_replies(*[HELLO] * 2)
    group = {"deployments": [endpoint(server.url), endpoint(spare.url)], "strategy": "round_robin"}
    with AIModelClient.routed({"groups": [group], "affinity": False}) as client:
        history = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]
        client.generate("Hi")
        for _ in range(3):
            client.generate("And?", history)
    assert (len(server.exchanges), len(spare.exchanges)) == (2, 2)


def test_with_every_deployment_resting_a_call_waits_or_says_why(
    world: World, server: FakeServer, spare: FakeServer
) -> None:
    short = Refusal(429, "slow down", headers={"retry-after": "0.2"})
    server.add_replies(short, HELLO)
    spare.add_replies(LIMITED)
    client = two(server, spare)
    assert world.run(client, "?", config=AIModelCallConfig(timeout=60)).text == "Hello!"
    server.add_replies(LIMITED)
    with pytest.raises(Exception, match="slow down"):
        world.run(client, "?", timeout=100)
    with pytest.raises(NoDeploymentError) as caught:
        world.run(client, "?", timeout=100)
    assert "main: it rests for" in str(caught.value)
    assert "spare: it rests for" in str(caught.value)
    world.close(client)
