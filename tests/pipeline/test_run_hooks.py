"""Functions of the user in a run: validators, instructions, steps of durable engines; and tools that misbehave."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import BaseModel

from dhenara.ai import AIModelClient, SQLiteRunStore
from dhenara.ai.errors import ConfigurationError, InvalidOutputError, SyncAsyncMismatchError, ToolFailedError
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from dhenara.ai.types import (
    ImageContent,
    PromptCache,
    RepairStarted,
    Run,
    RunLimits,
    SearchResultContent,
    TextContent,
    Tool,
    ToolResultContent,
)
from support.runs import go, go_streaming
from support.waiting import wait_until_async
from support.worlds import Blocking, World, endpoint


class City(BaseModel):
    name: str
    degrees: int


def weather(city: str) -> str:
    """The weather now."""
    return f"31 in {city}"


def calls(*cities: str, name: str = "weather") -> Answer:
    return Answer(tool_calls=tuple(FakeToolCall(name, {"city": city}, f"call_{n}") for n, city in enumerate(cities)))


COLD, WARM = Answer(text='{"name": "Rome", "degrees": -300}'), Answer(text='{"name": "Rome", "degrees": 31}')


def above_zero_kelvin(city: City) -> None:
    if city.degrees < -273:
        raise ValueError("degrees must be at least -273")


@pytest.mark.parametrize("streaming", [False, True])
def test_a_validator_sees_the_object_and_may_ask_for_another(streaming: bool, server: FakeServer, world: World) -> None:
    server.add_replies(COLD, WARM)
    client, events = AIModelClient(endpoint(server.url)), list[Any]()
    settings: Any = {"output": City, "validators": above_zero_kelvin, "on_event": events.append}
    run = go_streaming(world, client, "?", **settings)[1] if streaming else go(world, client, "?", **settings)
    world.close(client)
    assert run.output == City(name="Rome", degrees=31)
    problems = [event.problem for event in events if isinstance(event, RepairStarted)]
    assert problems == ["degrees must be at least -273"]
    assert "degrees must be at least -273" in server.exchanges[1].json["messages"][-1]["content"]


def test_validators_are_bounded_by_the_repairs(server: FakeServer, world: World) -> None:
    server.add_replies(COLD, COLD, COLD)
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(InvalidOutputError, match="the answer was not accepted: degrees must be at least") as raised:
        go(world, client, "?", output=City, validators=[above_zero_kelvin], repairs=2)
    world.close(client)
    assert len(server.exchanges) == 3
    assert raised.value.run is not None
    assert raised.value.run.record.repairs == 2
    with pytest.raises(InvalidOutputError), AIModelClient(endpoint(server.url)) as other:
        other.run(resume=raised.value.run.to_json(), output=City, validators=[above_zero_kelvin], repairs=2)
    assert len(server.exchanges) == 3, "repairs are counted on"


def test_a_validator_may_be_async(server: FakeServer, world: World) -> None:
    async def check(city: City) -> None:
        await anyio.sleep(0)
        above_zero_kelvin(city)

    server.add_replies(COLD, WARM)
    client = AIModelClient(endpoint(server.url))
    if world.name == "blocking":
        with pytest.raises(SyncAsyncMismatchError, match="a validator is an async function"):
            go(world, client, "?", output=City, validators=[check])
        return
    assert go(world, client, "?", output=City, validators=[check]).output.degrees == 31
    world.close(client)


def test_a_validator_of_a_run_without_a_type_sees_the_text(server: FakeServer, world: World) -> None:
    def check(text: str) -> None:
        if "Rome" not in text:
            raise ValueError("name the city")

    server.add_replies(calls("Rome"), Answer(text="It is hot."), Answer(text="Rome is hot."))
    client = AIModelClient(endpoint(server.url))
    run = go(world, client, "?", tools=[weather], validators=[check])
    world.close(client)
    assert run.text() == "Rome is hot."
    sent = server.exchanges[2].json["messages"][-1]["content"]
    assert sent == "This answer cannot be accepted:\nname the city\nAnswer again."


def test_another_error_of_a_validator_is_raised(server: FakeServer) -> None:
    def check(text: str) -> None:
        raise KeyError(text)

    server.add_replies(Answer(text="a"))
    with AIModelClient(endpoint(server.url)) as client, pytest.raises(KeyError):
        client.run("?", validators=[check])
    with pytest.raises(ConfigurationError, match="validators must be functions"):
        client.run("?", validators=["check"])  # type: ignore[list-item]


def test_instructions_may_be_functions_of_the_run(server: FakeServer, world: World) -> None:
    def left(run: Run[Any]) -> str | None:
        return f"{len(run.steps)} steps so far." if run.steps else None

    server.add_replies(calls("Rome"), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    go(world, client, "?", tools=[weather], instructions=["Be brief.", left])
    world.close(client)
    systems = [
        [message["content"] for message in exchange.json["messages"] if message["role"] == "system"]
        for exchange in server.exchanges
    ]
    assert ["".join(texts) for texts in systems] == ["Be brief.", systems[1][0] if len(systems[1]) == 1 else ""]
    assert "Be brief." in systems[1][0]
    assert "1 steps so far." in systems[1][0]


def test_the_cache_mark_stands_before_instructions_that_change(server: FakeServer, world: World) -> None:
    def left(run: Run[Any]) -> str:
        return f"{len(run.steps)} steps so far."

    server.add_replies(calls("Rome"), Answer(text="done"))
    client = AIModelClient(endpoint(server.url, "anthropic", "claude-sonnet-4-5"))
    rules = PromptCache(instructions=True)
    go(world, client, "?", tools=[weather], instructions=["Be brief.", "Be kind.", left], prompt_cache=rules)
    world.close(client)
    first, second = (exchange.json["system"] for exchange in server.exchanges)
    assert [("cache_control" in block, block["text"]) for block in first] == [
        (False, "Be brief."),
        (True, "Be kind."),
        (False, "0 steps so far."),
    ]
    assert (second[:2], second[2]["text"]) == (first[:2], "1 steps so far.")


def test_functions_for_instructions_may_be_async_and_return_texts_only(server: FakeServer, world: World) -> None:
    async def text(run: Run[Any]) -> str:
        await anyio.sleep(0)
        return "Be brief."

    server.add_replies(Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    if world.name == "blocking":
        with pytest.raises(SyncAsyncMismatchError, match="a function for instructions is an async function"):
            go(world, client, "?", system=text)
        with pytest.raises(ConfigurationError, match="must return a text, not int"):
            go(world, client, "?", instructions=lambda run: 3)
        return
    go(world, client, "?", system=text)
    world.close(client)
    assert server.exchanges[0].json["messages"][0]["content"] == "Be brief."


class Steps:
    """A durable engine: what a step returned is written down, and returned when the step comes again."""

    def __init__(self) -> None:
        self.written: dict[str, str] = {}
        self.performed: list[str] = []
        self._lock = threading.Lock()

    def perform(self, name: str, key: str, do: Any) -> str:
        if key not in self.written:
            with self._lock:
                self.performed.append(f"{name} {key}")
            self.written[key] = do()
        return self.written[key]

    async def perform_async(self, name: str, key: str, do: Any) -> str:
        if key not in self.written:
            self.performed.append(f"{name} {key}")
            self.written[key] = await do()
        return self.written[key]

    def hook(self, world: World) -> Any:
        return self.perform if world.name == "blocking" else self.perform_async


@pytest.mark.parametrize("streaming", [False, True])
def test_requests_and_tools_are_steps_that_are_not_performed_again(
    streaming: bool, server: FakeServer, world: World
) -> None:
    server.add_replies(calls("Rome", "Oslo"), WARM)
    steps, ran = Steps(), list[str]()

    def noted(city: str) -> str:
        ran.append(city)
        return weather(city)

    settings: Any = {"tools": [Tool.from_function(noted, name="weather")], "output": City, "step": steps.hook(world)}
    ends = []
    for _ in range(2):
        client = AIModelClient(endpoint(server.url))
        settings["limits"] = RunLimits(concurrency=1)
        run = go_streaming(world, client, "?", **settings)[1] if streaming else go(world, client, "?", **settings)
        world.close(client)
        ends.append((run.output, [tool.result and tool.result.output for tool in run.tools], run.usage.total_tokens))
    assert ends[0] == ends[1] == (City(name="Rome", degrees=31), ["31 in Rome", "31 in Oslo"], 36)
    assert ran == ["Rome", "Oslo"]
    assert steps.performed == ["request request-1", "weather tool-1-0", "weather tool-1-1", "request request-2"]
    assert len(server.exchanges) == 2
    assert all(isinstance(json.loads(text), dict) for text in steps.written.values())


def test_steps_of_an_agent_have_the_key_of_its_call_before_their_own(server: FakeServer, world: World) -> None:
    ask = Answer(tool_calls=(FakeToolCall("research", {"prompt": "?"}, "a"),))
    server.add_replies(ask, calls("Rome"), Answer(text="31."), Answer(text="done"))
    steps = Steps()
    agent = AIModelClient(endpoint(server.url)).as_tool("research", "Finds out.", tools=[weather])
    for _ in range(2):
        client = AIModelClient(endpoint(server.url))
        run = go(world, client, "?", tools=[agent], step=steps.hook(world))
        world.close(client)
        assert run.text() == "done"
    keys = ["request-1", "tool-1-0/request-1", "tool-1-0/tool-1-0", "tool-1-0/request-2", "request-2"]
    assert list(steps.written) == keys
    assert len(server.exchanges) == 4


def test_a_failed_tool_is_a_step_with_its_error(server: FakeServer, world: World) -> None:
    def broken(city: str) -> str:
        raise KeyError(city)

    server.add_replies(calls("Rome", name="broken"), Answer(text="sorry"))
    steps = Steps()
    for _ in range(2):
        client = AIModelClient(endpoint(server.url))
        with pytest.raises(ToolFailedError, match=r"'broken' raised .*Rome"):
            go(world, client, "?", tools=[broken], step=steps.hook(world), tool_errors="raise")
        world.close(client)
    assert len(server.exchanges) == 1


def test_a_hook_that_returns_no_text_or_raises_ends_the_run(server: FakeServer, world: World) -> None:
    class EngineStoppedError(Exception):
        pass

    def forgets(name: str, key: str, do: Any) -> None:
        do()

    def stops(name: str, key: str, do: Any) -> str:
        if key.startswith("tool"):
            raise EngineStoppedError
        text: str = do()
        return text

    if world.name != "blocking":
        pytest.skip("the same code")
    server.add_replies(Answer(text="a"), calls("Rome"))
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(ConfigurationError, match=r"step must return what do\(\) returns.*step request-1"):
        go(world, client, "?", step=forgets)
    with pytest.raises(EngineStoppedError):
        go(world, client, "?", tools=[weather], step=stops)
    world.close(client)


def test_a_tool_that_hangs_ends_at_its_time_limit(server: FakeServer, world: World) -> None:
    release = threading.Event()

    def hang(city: str) -> str:
        release.wait(100)
        return city

    async def hang_async(city: str) -> str:
        await anyio.sleep(100)
        return city

    server.add_replies(calls("Rome", name="hang"), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    function = hang if world.name == "blocking" else hang_async
    tool = Tool.from_function(function, name="hang", timeout=0.05)
    run = go(world, client, "?", tools=[tool])
    world.close(client)
    release.set()
    assert [one.outcome for one in run.tools] == ["timed_out"]
    assert run.text() == "done"


HUGE = 50 * 1024 * 1024
NOTE = "[The result is cut: 51,428,800 of 52,428,800 characters are left out. Ask for less at once.]"


@pytest.mark.parametrize("streaming", [False, True])
def test_a_result_of_50_megabytes_is_cut(streaming: bool, server: FakeServer, world: World) -> None:
    """The model and the user see it: in the result, in the tool's run and as a warning of the next response."""

    def huge(city: str) -> str:
        return "x" * HUGE

    server.add_replies(calls("Rome", name="huge"), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    run = go_streaming(world, client, "?", tools=[huge])[1] if streaming else go(world, client, "?", tools=[huge])
    world.close(client)
    sent = server.exchanges[1].json["messages"][-1]["content"]
    assert (len(sent), sent[-len(NOTE) :]) == (1_000_000 + 1 + len(NOTE), NOTE)
    assert [tool.left_out for tool in run.tools] == [HUGE - 1_000_000]
    [warning] = run.warnings
    assert (warning.code, warning.parameter) == ("dropped_content", "limits.result_chars")
    assert "51,428,800 characters of the result of huge were cut off" in warning.message
    saved = run.to_json()
    assert len(saved) < 2_100_000, "the result is in the message and in the step"
    assert Run.from_json(saved).tools[0].left_out == HUGE - 1_000_000


RESULTS: list[tuple[Any, str | None, int]] = [
    ("x" * 10, "xxxxxxxxxx", 0),
    ("x" * 11, "xxxxxxxxxx\n[The result is cut: 1 of 11 characters are left out. Ask for less at once.]", 1),
    ({"a": "x" * 9}, '{"a":"xxxx\n[The result is cut: 7 of 17 characters are left out. Ask for less at once.]', 7),
    ([1, 2], "[1,2]", 0),
    (None, "null", 0),
    (SearchResultContent(texts=["x" * 6, "y" * 6, "z"]), "xxxxxx\nyyyy\n[The result is cut: 3 of 13", 3),
    ([TextContent(text="x" * 9), TextContent(text="yy"), TextContent(text="z")], "xxxxxxxxx\ny\n[The result is", 2),
]


@pytest.mark.parametrize(("value", "text", "left_out"), RESULTS, ids=lambda one: repr(one)[:20])
def test_results_of_every_kind_are_cut(value: Any, text: str, left_out: int, server: FakeServer) -> None:
    def give(city: str) -> Any:
        return value

    server.add_replies(calls("Rome", name="give"), Answer(text="done"))
    with AIModelClient(endpoint(server.url)) as client:
        [tool] = client.run("?", tools=[give], limits=RunLimits(result_chars=10)).tools
    assert tool.result is not None
    assert tool.result.get_text().startswith(text)
    assert (tool.left_out, tool.outcome) == (left_out, "ran")


def test_pictures_stay_and_extras_that_are_too_long_do_not(server: FakeServer) -> None:
    picture = ImageContent(data=b"\x89PNG\r\n\x1a\n" + b"x" * 100)

    def give(city: str) -> ToolResultContent:
        parts = [TextContent(text="x" * 20), picture]
        return ToolResultContent(call_id="", contents=parts, extras={"structured_content": "y" * 20})

    server.add_replies(calls("Rome", name="give"), Answer(text="done"))
    with AIModelClient(endpoint(server.url)) as client:
        [tool] = client.run("?", tools=[give], limits=RunLimits(result_chars=10)).tools
    assert tool.result is not None
    assert [part.type for part in tool.result.contents] == ["text", "image", "text"]
    assert tool.result.extras == {}


def test_an_error_of_50_megabytes_is_cut(server: FakeServer, world: World) -> None:
    def huge(city: str) -> str:
        raise ValueError("x" * HUGE)

    server.add_replies(calls("Rome", name="huge"), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    [tool] = go(world, client, "?", tools=[huge]).tools
    world.close(client)
    assert tool.outcome == "failed"
    assert len(tool.result.get_text()) < 1_000_200


def test_a_result_is_cut_in_a_store_and_in_an_agent_too(server: FakeServer, world: World, tmp_path: Path) -> None:
    def give(city: str) -> str:
        return "x" * 100

    ask = Answer(tool_calls=(FakeToolCall("research", {"prompt": "?"}, "call_1"),))
    server.add_replies(ask, calls("Rome", name="give"), Answer(text="y" * 100), Answer(text="done"))
    client, store = AIModelClient(endpoint(server.url)), SQLiteRunStore(tmp_path / "runs.sqlite")
    agent = AIModelClient(endpoint(server.url)).as_tool(
        "research", "Looks up.", tools=[give], limits=RunLimits(result_chars=20)
    )
    run = go(world, client, "?", tools=[agent], store=store, limits=RunLimits(result_chars=10))
    world.close(client)
    assert run.tools[0].left_out == 90
    assert run.tools[0].run is not None
    assert [tool.left_out for tool in run.tools[0].run.tools] == [80]


def test_a_result_that_the_user_gives_is_not_cut(server: FakeServer) -> None:
    server.add_replies(calls("Rome"), Answer(text="done"))
    limits = RunLimits(result_chars=10)
    with AIModelClient(endpoint(server.url)) as client:
        tools = [Tool.from_schema({"type": "object"}, name="weather")]
        pending = client.run("?", tools=tools, limits=limits)
        result = ToolResultContent(call_id="call_0", output="x" * 100)
        run = client.run(resume=pending.decide({"call_0": result}), tools=tools)
    assert run.tools[0].result is not None
    assert run.tools[0].result.output == "x" * 100


def test_a_tool_that_was_cancelled_may_run_again_when_the_run_is_resumed(server: FakeServer) -> None:
    started, ended = list[str](), list[Run[Any]]()

    async def slow(city: str) -> str:
        started.append(city)
        if len(started) == 2:
            await anyio.sleep(100)
        return city

    server.add_replies(calls("Rome", "Oslo", name="slow"), Answer(text="done"))

    async def main() -> Run[Any]:
        async with AIModelClient(endpoint(server.url)) as client:
            tool = Tool.from_function(slow, parallel=False)
            task = asyncio.ensure_future(client.run_async("?", tools=[tool], on_end=ended.append))
            await wait_until_async(lambda: len(started) == 2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return await client.run_async(resume=ended[0].to_json(), tools=[tool])

    run = asyncio.run(main())
    assert started == ["Rome", "Oslo", "Oslo"]
    assert [tool.result and tool.result.output for tool in run.tools] == ["Rome", "Oslo"]


def test_an_approved_call_is_not_submitted_again_after_an_interruption(server: FakeServer) -> None:
    questions, ended = list[str](), list[Run[Any]]()

    def approve(call: Any) -> bool:
        questions.append(call.id)
        return True

    def stop(city: str) -> str:
        if not ended:
            raise KeyboardInterrupt
        return city

    server.add_replies(calls("Rome", name="stop"), Answer(text="done"))
    tool = Tool.from_function(stop, needs_approval=True, parallel=False)
    with AIModelClient(endpoint(server.url)) as client:
        with pytest.raises(KeyboardInterrupt):
            client.run("?", tools=[tool], approve=approve, on_end=ended.append)
        run = client.run(resume=ended[0].to_json(), tools=[tool], approve=approve)
    assert (questions, run.text()) == (["call_0"], "done")


def test_a_decision_on_an_id_does_not_hold_for_later_calls_with_the_same_id(server: FakeServer, world: World) -> None:
    tool = Tool.from_function(weather, needs_approval=True)
    server.add_replies(calls("Rome"), calls("Oslo"), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    first = go(world, client, "?", tools=[tool])
    second = go(world, client, resume=first.decide({"call_0": True}), tools=[tool])
    assert (second.stopped, [call.arguments for call in second.pending]) == ("pending", [{"city": "Oslo"}])
    run = go(world, client, resume=second.decide({"call_0": False}), tools=[tool])
    world.close(client)
    assert [one.outcome for one in run.tools] == ["ran", "declined"]


def test_calls_of_one_answer_with_the_same_id_are_distinguished_by_their_place(
    server: FakeServer, world: World
) -> None:
    twice = Answer(
        tool_calls=(FakeToolCall("weather", {"city": "Rome"}, "a"), FakeToolCall("weather", {"city": "Oslo"}, "a"))
    )
    server.add_replies(twice, Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    tool = Tool.from_function(weather, needs_approval=True)
    pending = go(world, client, "?", tools=[tool])
    run = go(
        world, client, resume=pending.to_json(), tools=[tool], approve=lambda call: call.arguments != {"city": "Rome"}
    )
    world.close(client)
    assert [one.outcome for one in run.tools] == ["declined", "ran"]


@pytest.mark.parametrize("cities", [["Rome"], ["Rome", "Oslo"]])
def test_a_tool_that_exits_ends_the_run_also_among_others(cities: list[str], server: FakeServer) -> None:
    """Tools that run side by side have threads, from which an exit would not come through by itself."""

    def leave(city: str) -> str:
        raise SystemExit(f"from {city}")

    server.add_replies(calls(*cities, name="leave"))
    with AIModelClient(endpoint(server.url)) as client, pytest.raises(SystemExit, match="from "):
        client.run("?", tools=[leave])


@pytest.mark.parametrize("text", ["{}", "garbage", "[1]", '{"chat_response": null}'])
def test_a_step_that_returns_another_text_is_named(text: str, server: FakeServer, world: World) -> None:
    client = AIModelClient(endpoint(server.url))

    def step(name: str, key: str, do: Any) -> Any:
        return text

    async def step_async(name: str, key: str, do: Any) -> str:
        return text

    hook = step if isinstance(world, Blocking) else step_async
    with pytest.raises(ConfigurationError, match="step request-1 returned another text than its do"):
        go(world, client, "?", step=hook)
    world.close(client)


def test_a_tool_step_that_returns_another_text_is_named(server: FakeServer) -> None:
    server.add_replies(calls("Rome"))

    def step(name: str, key: str, do: Any) -> Any:
        return do() if key == "request-1" else "{}"

    with (
        AIModelClient(endpoint(server.url)) as client,
        pytest.raises(ConfigurationError, match="step tool-1-0 returned another text than its do"),
    ):
        client.run("?", tools=[weather], step=step)


def test_a_validator_without_a_message_is_named(server: FakeServer, world: World) -> None:
    def asserts(text: str) -> None:
        if "Rome" not in text:
            raise AssertionError

    server.add_replies(Answer(text="hot"), Answer(text="Rome"))
    client = AIModelClient(endpoint(server.url))
    go(world, client, "?", validators=[asserts])
    world.close(client)
    assert "it did not pass asserts" in server.exchanges[1].json["messages"][-1]["content"]


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_tool_that_cancels_itself_has_failed(concurrency: int, server: FakeServer) -> None:
    async def waits(city: str) -> str:
        raise asyncio.CancelledError

    def blocks(city: str) -> str:
        raise asyncio.CancelledError

    async def main() -> Run[Any]:
        async with AIModelClient(endpoint(server.url)) as client:
            limits = RunLimits(concurrency=concurrency)
            return await client.run_async("?", tools=[waits, blocks], limits=limits)

    both = (FakeToolCall("waits", {"city": "Rome"}, "a"), FakeToolCall("blocks", {"city": "Rome"}, "b"))
    server.add_replies(Answer(tool_calls=both), Answer(text="done"))
    run = asyncio.run(main())
    assert [tool.outcome for tool in run.tools] == ["failed", "failed"]
    assert run.tools[0].result is not None
    assert "cancelled" in str(run.tools[0].result.output)


@pytest.mark.parametrize("error", [asyncio.CancelledError, concurrent.futures.CancelledError])
@pytest.mark.parametrize("cities", [("Rome",), ("Rome", "Oslo")])
@pytest.mark.parametrize("timeout", [None, 60])
def test_a_sync_tool_that_is_cancelled_inside_has_failed(
    error: type[BaseException], cities: tuple[str, ...], timeout: float | None, server: FakeServer, world: World
) -> None:
    def cancelled(city: str) -> str:
        raise error

    server.add_replies(calls(*cities, name="cancelled"), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    run = go(world, client, "?", tools=[Tool.from_function(cancelled, timeout=timeout)])
    world.close(client)
    assert run.text() == "done"
    assert [one.outcome for one in run.tools] == ["failed"] * len(cities)
    assert all("CancelledError" in str(one.result and one.result.output) for one in run.tools)


def test_a_tool_that_ends_the_program_does(server: FakeServer) -> None:
    def leave(city: str) -> str:
        raise SystemExit(3)

    server.add_replies(calls("Rome", name="leave"))
    with AIModelClient(endpoint(server.url)) as client, pytest.raises(SystemExit):
        client.run("?", tools=[leave])
