"""MCP servers that die, hang, or send too much: bounded, with a typed error, and connected again for the next call."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError, MCPServerError, MCPTimeoutError
from dhenara.ai.mcp import MCPServer
from dhenara.ai.testing import Answer, FakeServer, FakeToolCall
from support import waiting
from support.waiting import try_longer_limits
from support.worlds import Blocking, World, endpoint

SCRIPT = Path(__file__).with_name("faulty_server.py")
Call = Callable[[], Any]


class Log:
    """What the server wrote about itself."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []

    def count(self, text: str) -> int:
        return sum(line.split()[0] == text for line in self.lines())

    def processes(self) -> list[int]:
        return [int(line.split()[1]) for line in self.lines() if line.startswith("start")]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log.txt")


def serving(kind: str, log: Log, **settings: Any) -> MCPServer:
    return MCPServer([sys.executable, str(SCRIPT), kind, str(log.path)], **settings)


def outcomes_of_calls(world: World, server: MCPServer, times: int) -> list[str]:
    """The text or the error of so many calls of the first tool, one after the other."""
    if isinstance(world, Blocking):
        with server:
            tool = server.tools()[0]
            return [outcome_of(tool.bind({})) for _ in range(times)]

    async def scenario() -> list[str]:
        async with server:
            tool = (await server.tools_async())[0]
            return [await outcome_of_async(tool.bind({})) for _ in range(times)]

    actual: list[str] = world.start(scenario)
    return actual


def outcome_of(call: Call) -> str:
    try:
        return str(call().get_text())
    except MCPServerError as error:
        return str(error)


async def outcome_of_async(call: Call) -> str:
    try:
        return str((await call()).get_text())
    except MCPServerError as error:
        return str(error)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("huge", "more than 10000000 bytes"),
        ("endless", "more than 10000000 bytes"),
        ("invalid", "not a message of JSON-RPC"),
    ],
)
def test_an_answer_that_cannot_be_read_fails_its_call_and_the_connection_stays(
    world: World, log: Log, kind: str, problem: str
) -> None:
    first, second = outcomes_of_calls(world, serving(kind, log), 2)
    assert problem in first
    assert second == "done"
    assert log.count("start") == 1


def test_a_server_that_dies_in_a_call_is_started_for_the_next_one(world: World, log: Log) -> None:
    first, second, third = outcomes_of_calls(world, serving("dying", log), 3)
    assert "ended during the request" in first
    assert "exit code 7" in first
    assert "was not sent again" in first
    assert [second, third] == ["done", "done"]
    assert (log.count("start"), log.count("call")) == (2, 3)


def test_a_server_that_ended_between_calls_is_started_again(log: Log) -> None:
    ended = []
    with serving("retiring", log) as server:
        (tool,) = server.tools()
        for _ in range(3):
            ended.append(outcome_of(tool.bind({})))
            anyio.run(wait_until, lambda: not is_running(log.processes()[-1]))
    assert ended == ["done"] * 3
    assert log.count("start") == 3


async def wait_until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(250):
        while not condition():
            await anyio.sleep(0.005)


def test_a_server_that_always_dies_is_not_started_without_end(world: World, log: Log) -> None:
    outcomes = outcomes_of_calls(world, serving("always_dying", log, reconnects=2), 6)
    assert all("ended during the request" in one for one in outcomes[:3])
    assert all("3 times in a row" in one and "opened again after" in one for one in outcomes[3:])
    assert log.count("call") == log.count("start") == 3


def test_without_reconnects_a_server_that_ended_stays_ended(log: Log) -> None:
    first, second = outcomes_of_calls(Blocking(), serving("dying", log, reconnects=0), 2)
    assert "ended during the request" in first
    assert "set reconnects" in second
    assert log.count("start") == 1


def test_a_server_that_ends_at_once_is_named_with_its_exit_code(world: World, log: Log) -> None:
    with pytest.raises(MCPServerError, match=r"cannot be reached: .*exit code 3; see its error output"):
        outcomes_of_calls(world, serving("not_starting", log), 1)


def test_a_call_that_takes_too_long_fails_and_the_server_is_notified(world: World, log: Log) -> None:
    def attempt(seconds: float) -> str | None:
        log.path.unlink(missing_ok=True)
        first, second = outcomes_of_calls(world, serving("hanging", log, timeout=seconds), 2)
        assert f"did not answer the call of 'work' within {seconds:g} seconds" in first
        return second if second == "done" else None

    assert try_longer_limits(attempt, 0.5) == "done"
    assert log.count("cancelled") == 1
    assert log.count("start") == 1


def test_a_late_call_has_the_limit_that_it_exceeded(log: Log) -> None:
    with serving("hanging", log, timeout=0.3) as server, pytest.raises(MCPTimeoutError) as caught:
        server.tools()[0].bind({})()
    assert caught.value.limit == "call"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_server_is_notified_of_a_cancelled_call(log: Log, backend: str) -> None:
    async def scenario() -> str:
        async with serving("hanging", log) as server:
            (tool,) = await server.tools_async()
            async with anyio.create_task_group() as group:
                group.start_soon(tool.bind({}))
                await wait_until(lambda: log.count("call") == 1)
                group.cancel_scope.cancel()
            await wait_until(lambda: log.count("cancelled") == 1)
            return await outcome_of_async(tool.bind({}))

    assert anyio.run(scenario, backend=backend) == "done"


def test_pending_calls_fail_at_once_when_the_server_dies(log: Log) -> None:
    async def scenario() -> list[str]:
        async with serving("hanging", log) as server:
            (tool,) = await server.tools_async()
            outcomes: list[str] = []

            async def call() -> None:
                outcomes.append(await outcome_of_async(tool.bind({})))

            async with anyio.create_task_group() as group:
                group.start_soon(call)
                await wait_until(lambda: log.count("call") == 1)
                os.kill(log.processes()[0], 9)
            return [*outcomes, await outcome_of_async(tool.bind({}))]

    lost, after = anyio.run(scenario)
    assert "ended during the request" in lost
    assert "exit code -9" in lost
    assert after == "done"


def test_output_that_is_not_json_is_ignored(world: World, log: Log) -> None:
    assert outcomes_of_calls(world, serving("noisy", log, max_message_bytes=50_000), 1) == ["done"]


def test_notifications_do_no_harm_and_a_changed_list_is_reported(log: Log) -> None:
    with serving("changing", log) as server:
        (tool,) = server.tools()
        assert not server.tools_changed
        assert outcome_of(tool.bind({})) == "done"
        assert server.tools_changed
        server.tools()
        assert not server.tools_changed


def test_thousands_of_tools_are_listed_if_they_are_allowed(log: Log) -> None:
    with serving("many", log) as server, pytest.raises(MCPServerError, match=r"more than 1000 tools.*max_tools"):
        server.tools()
    with serving("many", log, max_tools=5000) as server:
        assert len(server.tools()) == 5000


def test_a_call_that_runs_out_of_time_in_a_run_is_cancelled_at_the_server(
    server: FakeServer, world: World, log: Log
) -> None:
    server.add_replies(Answer(tool_calls=(FakeToolCall("work", {}),)), Answer(text="Too slow."))
    client = AIModelClient(endpoint(server.url))
    slow = serving("hanging", log, timeout=0.5)
    if isinstance(world, Blocking):
        with slow:
            run = client.run("?", tools=slow.tools())
            anyio.run(wait_until, lambda: log.count("cancelled") == 1)
    else:

        async def scenario() -> Any:
            async with slow:
                run = await client.run_async("?", tools=await slow.tools_async())
                await wait_until(lambda: log.count("cancelled") == 1)
                return run

        run = world.start(scenario)
    world.close(client)
    assert run.text() == "Too slow."
    assert run.tools[0].outcome in ("timed_out", "failed")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt, which a suite that runs in the background ignores."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
def test_the_server_is_notified_of_a_call_that_is_interrupted_at_the_terminal(log: Log, interruptible: None) -> None:
    def interrupt() -> None:
        anyio.run(wait_until, lambda: log.count("call") == 1)
        os.kill(os.getpid(), signal.SIGINT)

    with serving("hanging", log) as server:
        (tool,) = server.tools()
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            tool.bind({})()
        thread.join()
        anyio.run(wait_until, lambda: log.count("cancelled") == 1)
        assert outcome_of(tool.bind({})) == "done"


def test_a_call_on_another_thread_ends_when_the_server_is_closed(log: Log) -> None:
    outcomes: list[str] = []
    with serving("hanging", log) as server:
        (tool,) = server.tools()
        thread = threading.Thread(target=lambda: outcomes.append(outcome_of(tool.bind({}))))
        thread.start()
        anyio.run(wait_until, lambda: log.count("call") == 1)
    thread.join(250)
    assert "ended during the request" in outcomes[0]
    assert log.count("start") == 1


def test_a_list_on_another_thread_ends_when_the_server_is_closed_and_starts_none(log: Log) -> None:
    outcomes: list[str] = []

    def list_tools(server: MCPServer) -> None:
        try:
            server.tools()
        except MCPServerError as error:
            outcomes.append(str(error))

    with serving("silent", log) as server:
        thread = threading.Thread(target=list_tools, args=(server,))
        thread.start()
        anyio.run(wait_until, lambda: log.count("list") == 1)
    thread.join(250)
    assert "was closed" in outcomes[0]
    assert log.count("start") == 1


def test_nothing_is_left_of_a_server_that_was_closed(world: World, log: Log) -> None:
    threads = set(threading.enumerate())
    outcomes_of_calls(world, serving("dying", log), 2)
    assert [one for one in log.processes() if is_running(one)] == []
    waiting.wait_until(lambda: len(set(threading.enumerate()) - threads) <= 1)  # a worker thread of asyncio or trio


def test_a_server_runs_where_the_error_output_is_no_file(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (None, object()):
        monkeypatch.setattr(sys, "stderr", stream)
        assert outcomes_of_calls(Blocking(), serving("fine", log), 1) == ["done"]


def test_methods_of_the_other_kind_of_code_are_refused(log: Log) -> None:
    with serving("fine", log) as server, pytest.raises(ConfigurationError, match="not open for async code"):
        anyio.run(server.tools_async)
