"""A share of the calls also goes to a candidate: beside the caller, never in front of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from ai_utilities.usage import MemoryLedger, UsageLayer
from dhenara.ai import AIModelClient
from dhenara.ai.errors import ServerError
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall, Refusal, stall_before_head
from dhenara.ai.types import Deployment, FileContent, ShadowResult
from support.worlds import Async, World, endpoint

HELLO = Answer(text="Hello!")
LONG = 60.0


@pytest.fixture
def spare() -> Iterator[FakeServer]:
    with FakeServer() as candidate:
        yield candidate


class Results:
    """An observer that can be waited for."""

    def __init__(self) -> None:
        self.all: list[ShadowResult] = []
        self.threads: list[str] = []

    def __call__(self, result: ShadowResult) -> None:
        self.threads.append(threading.current_thread().name)
        self.all.append(result)


def shadowed(server: FakeServer, spare: FakeServer, results: Any = None, **shadow: Any) -> AIModelClient:
    options = {name: shadow.pop(name) for name in ("layers", "config") if name in shadow}
    candidate = Deployment(endpoint=endpoint(spare.url, "anthropic", "claude-sonnet-5"), name="candidate")
    traffic = {"deployment": candidate, "share": 1, "observer": results, "wait_on_close": LONG, **shadow}
    main = Deployment(endpoint=endpoint(server.url, model="gpt-5.4-mini"), name="main")
    return AIModelClient.routed({"groups": [main], "name": "smart", "shadow": traffic}, **options)


def all_in_one(
    world: World, client: AIModelClient, *prompts: Any, streaming: bool = False, **options: Any
) -> list[Any]:
    """Send calls and close the client, on one event loop in async code."""

    async def main() -> list[Any]:
        answers = []
        for prompt in prompts:
            response = await client.generate_async(prompt, streaming=streaming, **options)
            if streaming:
                answers += [final async for _, final in response.async_stream_generator if final]
            else:
                answers.append(response)
        await client.aclose()
        return answers

    if isinstance(world, Async):
        answers: list[Any] = world.start(main)
        return answers
    answers = []
    for prompt in prompts:
        response = client.generate(prompt, streaming=streaming, **options)
        answers += [final for _, final in response.stream_generator if final] if streaming else [response]
    client.close()
    return answers


@pytest.mark.parametrize("streaming", [False, True])
def test_the_observer_gets_both_answers_and_the_caller_one(
    streaming: bool, world: World, server: FakeServer, spare: FakeServer
) -> None:
    results = Results()
    server.add_replies(HELLO)
    spare.add_replies(Answer(text="Good day!"))
    client = shadowed(server, spare, results)
    (answer,) = all_in_one(world, client, "?", streaming=streaming)
    assert answer.chat_response.text() == "Hello!"
    assert [one.deployment for one in answer.attempts] == ["main"]
    assert answer.chat_response.warnings == []
    (result,) = results.all
    assert (result.deployment, result.candidate, result.route) == ("main", "candidate", "smart")
    assert (result.main.text(), result.answer.text()) == ("Hello!", "Good day!")  # type: ignore[union-attr]
    assert (result.operation, result.error, len(result.key)) == ("chat", None, 64)
    assert result.main_seconds >= (result.main_first_token_seconds or 0) > 0
    assert result.seconds >= (result.first_token_seconds or 0) > 0
    assert result.main_cost.amount is not None
    assert result.cost is not None
    assert result.cost.amount is not None
    assert "Hello" not in repr(result)


def test_without_it_nothing_is_sent_elsewhere(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(HELLO)
    client = AIModelClient.routed([endpoint(server.url)])
    all_in_one(world, client, "?")
    assert spare.exchanges == []


def test_equal_requests_have_equal_keys(world: World, server: FakeServer, spare: FakeServer) -> None:
    results = Results()
    server.add_replies(HELLO, HELLO, HELLO)
    spare.add_replies(HELLO, HELLO, HELLO)
    all_in_one(world, shadowed(server, spare, results), "?", "?", "!")
    keys = sorted(one.key for one in results.all)
    assert len(set(keys)) == 2


def test_a_candidate_that_fails_concerns_nobody(world: World, server: FakeServer, spare: FakeServer) -> None:
    results = Results()
    server.add_replies(HELLO)
    spare.add_replies(Refusal(503, "down"))
    client = shadowed(server, spare, results)
    (answer,) = all_in_one(world, client, "?")
    assert answer.text == "Hello!"
    (result,) = results.all
    assert isinstance(result.error, ServerError)
    assert (result.answer, result.cost, result.first_token_seconds) == (None, None, None)
    assert len(spare.exchanges) == 1, "a candidate gets one request for each call"
    shadow = client.explain_route("?").shadow
    assert shadow is not None
    assert (shadow.answered, shadow.failed, shadow.in_flight) == (0, 1, 0)


def test_a_candidate_without_a_key_concerns_nobody(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    server.add_replies(HELLO)
    main = endpoint(server.url)
    with (
        caplog.at_level("DEBUG", "dhenara"),
        AIModelClient.routed(
            {
                "groups": [main],
                "shadow": {"model": "anthropic/claude-sonnet-5", "share": 1, "wait_on_close": LONG},
            }
        ) as client,
    ):
        assert client.generate("?").text == "Hello!"
    assert any(line.startswith("shadow anthropic/claude-sonnet-5") for line in caplog.messages)


def test_an_observer_that_fails_is_logged(
    world: World, server: FakeServer, spare: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(result: ShadowResult) -> None:
        raise KeyError("oops")

    server.add_replies(HELLO)
    spare.add_replies(HELLO)
    (answer,) = all_in_one(world, shadowed(server, spare, broken), "?")
    assert answer.text == "Hello!"
    assert "the observer of shadow traffic failed: KeyError: 'oops'" in caplog.messages


def test_a_silent_candidate_does_not_delay_the_answer_and_ends_with_the_client(
    world: World, server: FakeServer, spare: FakeServer
) -> None:
    results = Results()
    server.add_replies(HELLO)
    spare.add_replies(stall_before_head())
    client = shadowed(server, spare, results, wait_on_close=0)

    async def main() -> str:
        answer = await client.generate_async("?")
        while not spare.exchanges:
            await anyio.sleep(0.005)
        await client.aclose()
        return str(answer.text)

    if isinstance(world, Async):
        assert world.start(main) == "Hello!"
    else:
        assert client.generate("?").text == "Hello!"
        while not spare.exchanges:
            time.sleep(0.005)
        client.close()
    assert spare.exchanges[0].wait_left()
    shadow = client.explain_route("?").shadow
    assert shadow is not None
    assert (shadow.cancelled, shadow.in_flight, results.all) == (1, 0, [])


def test_beyond_its_concurrency_calls_are_dropped_and_counted(
    world: World, server: FakeServer, spare: FakeServer
) -> None:
    server.add_replies(*[HELLO] * 5)
    spare.add_replies(*[stall_before_head()] * 5)
    client = shadowed(server, spare, concurrency=2, wait_on_close=0)
    answers = all_in_one(world, client, *"12345")
    assert [one.text for one in answers] == ["Hello!"] * 5
    shadow = client.explain_route("?").shadow
    assert shadow is not None
    assert (shadow.dropped, shadow.in_flight) == (3, 0)
    assert len(spare.exchanges) <= 2
    assert "3 dropped" in str(client.explain_route("?"))


def test_a_share_of_the_calls_is_sent(server: FakeServer, spare: FakeServer) -> None:
    calls = 200
    server.add_replies(*[HELLO] * calls)
    spare.add_replies(*[HELLO] * calls)
    with shadowed(server, spare, share=0.5, concurrency=calls) as client:
        for _ in range(calls):
            client.generate("?")
    # Outside of this range once in a million.
    assert 65 <= len(spare.exchanges) <= 135


def test_tools_are_executed_once(world: World, server: FakeServer, spare: FakeServer) -> None:
    calls: list[str] = []

    def weather(city: str) -> str:
        """Return the weather."""
        calls.append(city)
        return "sunny"

    tool_call = Answer(tool_calls=(FakeToolCall("weather", {"city": "Rome"}),))
    server.add_replies(tool_call, Answer(text="Sunny."))
    spare.add_replies(tool_call, tool_call)
    client = shadowed(server, spare)
    if isinstance(world, Async):

        async def main() -> Any:
            run = await client.run_async("Weather?", tools=[weather])
            await client.aclose()
            return run

        run = world.start(main)
    else:
        run = client.run("Weather?", tools=[weather])
        client.close()
    assert (run.text, calls, len(spare.exchanges)) == ("Sunny.", ["Rome"], 2)


def test_rows_of_the_ledger_are_tagged(world: World, server: FakeServer, spare: FakeServer) -> None:
    ledger = MemoryLedger()
    server.add_replies(HELLO)
    spare.add_replies(HELLO)
    all_in_one(world, shadowed(server, spare, layers=[UsageLayer(ledger)]), "?")
    rows = {row.tags["deployment"]: row for row in ledger.rows()}
    assert "purpose" not in rows["main"].tags
    assert rows["candidate"].tags["purpose"] == "shadow"
    assert rows["candidate"].provider == "anthropic"


def test_what_is_stored_at_a_deployment_is_not_sent_to_the_candidate(
    world: World, server: FakeServer, spare: FakeServer
) -> None:
    server.add_replies(HELLO)
    stored = FileContent(file_id="file-1", mime_type="application/pdf", stored_at="openai")
    all_in_one(world, shadowed(server, spare), [stored])
    assert spare.exchanges == []


def test_a_call_that_failed_is_not_sent_to_the_candidate(world: World, server: FakeServer, spare: FakeServer) -> None:
    server.add_replies(Refusal(400, "no messages"))
    client = shadowed(server, spare)
    with pytest.raises(Exception, match="no messages"):
        all_in_one(world, client, "?")
    world.close(client)
    assert spare.exchanges == []


def test_embeddings_have_results_as_well(server: FakeServer, spare: FakeServer) -> None:
    results = Results()
    server.add_replies(Answer())
    spare.add_replies(Answer())
    shadow = {
        "deployment": endpoint(spare.url, model="embed-2"),
        "share": 1,
        "observer": results,
        "wait_on_close": LONG,
    }
    with AIModelClient.routed({"groups": [endpoint(server.url, model="embed-1")], "shadow": shadow}) as client:
        client.embed(["words"])
    (result,) = results.all
    assert result.operation == "embed"
    assert len(result.main.vectors) == len(result.answer.vectors) == 1  # type: ignore[union-attr]


def test_observers_never_run_on_the_event_loop(server: FakeServer, spare: FakeServer) -> None:
    import asyncio

    results = Results()
    server.add_replies(HELLO)
    spare.add_replies(HELLO)
    client = shadowed(server, spare, results)

    async def main() -> None:
        await client.generate_async("?")
        await client.aclose()

    asyncio.run(main())
    assert results.threads != [threading.main_thread().name]


def test_an_event_loop_that_ends_ends_its_shadow_traffic(server: FakeServer, spare: FakeServer) -> None:
    import asyncio

    server.add_replies(HELLO)
    spare.add_replies(stall_before_head())
    client = shadowed(server, spare)
    asyncio.run(client.generate_async("?"))
    shadow = client.explain_route("?").shadow
    assert shadow is not None
    assert (shadow.cancelled, shadow.in_flight) == (1, 0)
    client.close()


def test_a_task_that_never_began_counts_as_cancelled(server: FakeServer, spare: FakeServer) -> None:
    import asyncio

    server.add_replies(HELLO)
    client = shadowed(server, spare)

    async def main() -> None:
        await client.generate_async("?")
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    asyncio.run(main())
    shadow = client.explain_route("?").shadow
    assert shadow is not None
    assert (shadow.cancelled, shadow.in_flight, spare.exchanges) == (1, 0, [])
    client.close()
