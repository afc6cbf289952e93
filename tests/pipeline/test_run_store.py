"""Stores of runs: a run goes on after its process was killed, and a tool that must run once does."""

from __future__ import annotations

import gc
import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from dhenara.ai import AIModelClient, SQLiteRunStore, ToolClaim
from dhenara.ai.errors import (
    BadRequestError,
    ConfigurationError,
    RunInUseError,
    RunLimitError,
    SavedRunError,
    SyncAsyncMismatchError,
)
from dhenara.ai.testing import Answer, DialectReply, FakeServer, FakeToolCall, Refusal
from dhenara.ai.types import Run, RunLimits, Tool, ToolResultContent
from support import killed_runs
from support.runs import go, go_streaming
from support.thorough import examples
from support.waiting import HANGS, try_longer_limits, wait_until
from support.worlds import World, endpoint


def pay(amount: int) -> str:
    """Pay."""
    return f"paid {amount}"


def call(amount: int, call_id: str = "call_0") -> Answer:
    return Answer(tool_calls=(FakeToolCall("pay", {"amount": amount}, call_id),))


ONCE = Tool.from_function(pay, once=True)
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""A folder in memory, because waiting for a disk takes most of the time otherwise."""


class ByHistory:
    """Answers by what was said before, so that a request that is sent twice gets the same answer."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = answers

    def steps(self, request: Any) -> Iterable[Any]:
        turns = sum(message["role"] == "assistant" for message in request.json["messages"])
        return DialectReply(self._answers[turns]).steps(request)


ORDER = Answer(tool_calls=(FakeToolCall("look", {"city": "Rome"}, "a"), FakeToolCall("pay", {"amount": 7}, "b")))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork on Windows")
@pytest.mark.parametrize("mode", ["run", pytest.param("run_streaming", marks=pytest.mark.slow), "run_async"])
def test_a_run_that_is_killed_at_any_point_goes_on_and_pays_once(mode: str) -> None:
    with (
        TemporaryDirectory(dir=MEMORY) as folder,
        FakeServer(ByHistory(ORDER, Answer(text="Paid.")), forever=True) as server,
    ):
        command = [sys.executable, killed_runs.__file__, f"{server.url}/v1", folder, mode]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(reports) > 20
    for report in reports:
        assert report["effects"] == ["7"], "exactly once"
        assert report["results"] == ["sunny in Rome", "paid 7"]
        assert (report["stopped"], report["text"]) == ("answered", "Paid.")
        assert report["roles"] == ["user", "assistant", "tool", "assistant"]
    # Between the claim and the result: after the claim, before and after the effect, and before the result is kept.
    assert sum(report["unclear"] for report in reports) == 4


def test_a_call_that_was_begun_and_left_no_result_is_pending(server: FakeServer, world: World, tmp_path: Path) -> None:
    server.add_replies(call(7), Answer(text="done"))
    store = SQLiteRunStore(tmp_path / "runs.sqlite")
    amounts: list[int] = []

    def stop(amount: int) -> str:
        amounts.append(amount)
        raise KeyboardInterrupt

    client = AIModelClient(endpoint(server.url))
    settings: Any = {"store": store, "run_id": "order"}
    with pytest.raises(BaseException):  # noqa: B017  # in async code, a group of exceptions
        go(world, client, "?", tools=[Tool.from_function(stop, name="pay", once=True, parallel=False)], **settings)
    pending = go(world, client, "?", tools=[ONCE], approve=lambda call: True, **settings)
    assert (pending.stopped, [tool.unclear for tool in pending.pending_tools]) == ("pending", [True])
    assert len(server.exchanges) == 1
    still = go(world, client, resume=pending, tools=[ONCE], approve=lambda call: True, store=store)
    assert still.stopped == "pending", "approve does not decide on calls that may have run"
    run = go(world, client, resume=still.decide({"call_0": True}), tools=[ONCE], store=store)
    world.close(client)
    assert (run.text(), [tool.result and tool.result.output for tool in run.tools]) == ("done", ["paid 7"])


def test_the_same_line_starts_a_run_and_returns_it_later(server: FakeServer, world: World, tmp_path: Path) -> None:
    server.add_replies(call(7), Answer(text="done"))
    client = AIModelClient(endpoint(server.url))
    runs = [
        go(world, client, "?", tools=[ONCE], store=SQLiteRunStore(tmp_path / "runs.sqlite"), run_id="order-17")
        for _ in range(2)
    ]
    world.close(client)
    assert [run.text() for run in runs] == ["done", "done"]
    assert len(server.exchanges) == 2
    first, second = ([message.model_dump() for message in run.messages] for run in runs)
    assert first == second
    assert runs[0].usage == runs[1].usage


def test_another_prompt_under_the_same_id_is_refused(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(Answer(text="done"))
    store = SQLiteRunStore(tmp_path / "runs.sqlite")
    with AIModelClient(endpoint(server.url)) as client:
        client.run("one", store=store, run_id="a")
        with pytest.raises(SavedRunError, match="a run 'a' that began with other messages"):
            client.run("two", store=store, run_id="a")


def test_a_state_that_is_older_than_the_store_does_not_take_its_results(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(call(7, "first"), Answer(text="done"), call(9, "other"))
    store = SQLiteRunStore(tmp_path / "runs.sqlite")
    with AIModelClient(endpoint(server.url)) as client:
        stream = client.run_streaming("?", tools=[ONCE], store=store)
        next(stream)
        before = stream.partial()
        for _ in stream:
            pass
        with pytest.raises(SavedRunError, match="the store has another call for step tool-1-0"):
            client.run(resume=before, tools=[ONCE], store=store)


def test_the_state_in_the_store_is_that_of_each_step(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(call(7), Answer(text="done"))
    states: list[Run[Any]] = []

    class Noted(SQLiteRunStore):
        def save(self, run_id: str, saved: bytes) -> None:
            states.append(Run.from_json(saved))

    with AIModelClient(endpoint(server.url)) as client:
        client.run("?", tools=[ONCE], store=Noted(tmp_path / "runs.sqlite"))
    seen = [(state.record.next, len(state.steps), state.messages[-1].role) for state in states]
    assert seen == [
        ("request", 0, "user"),
        ("tools", 1, "assistant"),
        ("tools", 1, "assistant"),
        ("request", 1, "tool"),
        ("finish", 2, "assistant"),
        ("end", 2, "assistant"),
    ]
    assert [state.stopped for state in states] == ["interrupted"] * 5 + ["answered"]


def test_results_that_are_in_the_store_are_not_computed_again(server: FakeServer, tmp_path: Path) -> None:
    """One of two calls ended before the process did; the store has its result, and the state has none."""
    both = Answer(tool_calls=(FakeToolCall("pay", {"amount": 1}, "a"), FakeToolCall("pay", {"amount": 2}, "b")))
    server.add_replies(both, Answer(text="done"))
    store, paid = SQLiteRunStore(tmp_path / "runs.sqlite"), list[int]()
    fails = True

    def pay_one(amount: int) -> str:
        if amount == 2 and fails:
            raise KeyboardInterrupt
        paid.append(amount)
        return f"paid {amount}"

    tool = Tool.from_function(pay_one, name="pay", parallel=False)
    with AIModelClient(endpoint(server.url)) as client:
        with pytest.raises(KeyboardInterrupt):
            client.run("?", tools=[tool], store=store, run_id="a")
        fails = False
        run = client.run("?", tools=[tool], store=store, run_id="a")
    assert paid == [1, 2]
    assert [tool.result and tool.result.output for tool in run.tools] == ["paid 1", "paid 2"]


def test_a_run_that_is_interrupted_among_its_tools_keeps_the_results_that_there_are(server: FakeServer) -> None:
    both = Answer(tool_calls=(FakeToolCall("pay", {"amount": 1}, "a"), FakeToolCall("pay", {"amount": 2}, "b")))
    server.add_replies(both, Answer(text="done"))
    ended: list[Run[Any]] = []

    def pay_one(amount: int) -> str:
        if amount == 2 and not ended:
            raise KeyboardInterrupt
        return f"paid {amount}"

    tool = Tool.from_function(pay_one, name="pay", parallel=False)
    with AIModelClient(endpoint(server.url)) as client:
        with pytest.raises(KeyboardInterrupt):
            client.run("?", tools=[tool], on_end=ended.append)
        [saved] = ended
        assert [(one.outcome, one.result is None) for one in saved.tools] == [("ran", False), ("unrun", True)]
        assert saved.messages[-1].role == "tool"
        run = client.run(resume=saved.to_json(), tools=[tool])
    assert [message.role for message in run.messages] == ["user", "assistant", "tool", "assistant"]
    assert [one.result and one.result.output for one in run.tools] == ["paid 1", "paid 2"]


def test_a_tool_that_must_run_once_needs_a_store(server: FakeServer, world: World) -> None:
    client = AIModelClient(endpoint(server.url))
    with pytest.raises(ConfigurationError, match="pay: a tool with once=True needs a store"):
        go(world, client, "?", tools=[ONCE])
    with pytest.raises(ConfigurationError, match="store must have save, load"):
        go(world, client, "?", tools=[ONCE], store=object())
    world.close(client)
    assert server.exchanges == []


class AsyncStore:
    """A store with async methods."""

    def __init__(self, path: Path) -> None:
        self._store = SQLiteRunStore(path)

    async def save(self, run_id: str, saved: bytes) -> None:
        self._store.save(run_id, saved)

    async def load(self, run_id: str) -> bytes | None:
        return self._store.load(run_id)

    async def claim(self, run_id: str, step: str, call: str) -> ToolClaim | None:
        return self._store.claim(run_id, step, call)

    async def complete(self, run_id: str, step: str, result: str) -> None:
        self._store.complete(run_id, step, result)


def test_a_store_may_be_async(server: FakeServer, world: World, tmp_path: Path) -> None:
    server.add_replies(call(7), Answer(text="done"))
    client, store = AIModelClient(endpoint(server.url)), AsyncStore(tmp_path / "runs.sqlite")
    settings: Any = {"tools": [ONCE], "store": store, "run_id": "a"}
    if world.name == "blocking":
        with pytest.raises(SyncAsyncMismatchError, match=r"store\.save is an async function"):
            go(world, client, "?", **settings)
        return
    assert go(world, client, "?", **settings).text() == "done"
    assert go(world, client, "?", **settings).tools[0].outcome == "ran"
    world.close(client)


def test_one_of_many_claims_is_the_first(tmp_path: Path) -> None:
    store = SQLiteRunStore(tmp_path / "runs.sqlite")
    start, claims = threading.Barrier(8), list[ToolClaim | None]()

    def claim() -> None:
        start.wait(timeout=HANGS)
        claims.append(store.claim("a", "tool-1-0", "hash"))

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert claims.count(None) == 1
    assert claims.count(ToolClaim("hash")) == 7


def test_a_deleted_run_leaves_others_and_takes_its_agents_along(tmp_path: Path) -> None:
    store = SQLiteRunStore(tmp_path / "runs.sqlite")
    for name in ("a", "a/tool-1-0", "ab"):
        store.save(name, b"{}")
        store.claim(name, "tool-1-0", "hash")
    store.delete("a")
    assert [store.load(name) for name in ("a", "a/tool-1-0", "ab")] == [None, None, b"{}"]
    assert store.claim("a", "tool-1-0", "hash") is None
    assert store.claim("ab", "tool-1-0", "hash") is not None


def test_a_store_that_cannot_be_written_ends_the_run_before_its_tool(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(call(7))
    paid: list[int] = []

    class Broken(SQLiteRunStore):
        def claim(self, run_id: str, step: str, call: str) -> ToolClaim | None:
            self.path = tmp_path / "missing" / "runs.sqlite"
            return super().claim(run_id, step, call)

    def pay_one(amount: int) -> None:
        paid.append(amount)

    tool = Tool.from_function(pay_one, name="pay", once=True)
    with AIModelClient(endpoint(server.url)) as client, pytest.raises(SavedRunError, match=r"the run store .* failed"):
        client.run("?", tools=[tool], store=Broken(tmp_path / "runs.sqlite"))
    assert paid == []


def test_a_result_for_an_unclear_call_may_come_from_outside(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(call(7), Answer(text="done"))
    store = SQLiteRunStore(tmp_path / "runs.sqlite")
    paid: list[int] = []

    def stop(amount: int) -> None:
        paid.append(amount)
        raise KeyboardInterrupt

    tool = Tool.from_function(stop, name="pay", once=True, parallel=False)
    with AIModelClient(endpoint(server.url)) as client:
        with pytest.raises(KeyboardInterrupt):
            client.run("?", tools=[tool], store=store, run_id="a")
        pending = client.run("?", tools=[tool], store=store, run_id="a")
        result = ToolResultContent(call_id="call_0", output="receipt 12")
        run = client.run(resume=pending.decide({"call_0": result}).to_json(), tools=[tool], store=store)
    assert paid == [7]
    assert [one.result and one.result.output for one in run.tools] == ["receipt 12"]


class LeftError(BaseException):
    """The process leaves the run here."""


class LeavingStore(SQLiteRunStore):
    """A store that is left at its n-th write, before or after it."""

    def __init__(self, path: Path, left: int, *, before: bool) -> None:
        super().__init__(path)
        self.left, self.before = left, before

    def _write(self, write: Any, *arguments: Any) -> Any:
        self.left -= 1
        if self.left == 0 and self.before:
            raise LeftError
        value = write(*arguments)
        if self.left == 0:
            raise LeftError
        return value

    def save(self, run_id: str, saved: bytes) -> None:
        self._write(super().save, run_id, saved)

    def claim(self, run_id: str, step: str, call: str) -> ToolClaim | None:
        claim: ToolClaim | None = self._write(super().claim, run_id, step, call)
        return claim

    def complete(self, run_id: str, step: str, result: str) -> None:
        self._write(super().complete, run_id, step, result)


KINDS = st.sampled_from(["look", "pay", "research"])


class ByModel:
    """Answers the lead by a script, and its agent with a tool call and a text."""

    def __init__(self, script: list[list[str]]) -> None:
        made = [self._calls(kinds) for kinds in script]
        self._replies = {
            "fake-1": ByHistory(*made, Answer(text="done")),
            "fake-2": ByHistory(self._calls(["pay"]), Answer(text="looked up")),
        }

    def _calls(self, kinds: list[str]) -> Answer:
        arguments = {"look": {"city": "Rome"}, "pay": {"amount": 7}, "research": {"prompt": "?"}}
        calls = (FakeToolCall(kind, arguments[kind], f"call_{n}") for n, kind in enumerate(kinds))
        return Answer(tool_calls=tuple(calls))

    def steps(self, request: Any) -> Iterable[Any]:
        return self._replies[request.json["model"]].steps(request)


RESULTS = {"look": "sunny in Rome", "pay": "paid 7", "research": "looked up"}


@settings(max_examples=examples(5), deadline=None, suppress_health_check=list(HealthCheck))
@given(script=st.lists(st.lists(KINDS, min_size=1, max_size=3), min_size=1, max_size=2), streaming=st.booleans())
def test_a_run_with_agents_that_is_left_anywhere_ends_as_one_that_is_not(
    script: list[list[str]], streaming: bool
) -> None:
    with FakeServer(ByModel(script), forever=True) as server:
        for before in (True, False):
            left = 1
            while leave_and_resume(server, script, left, before=before, streaming=streaming):
                left += 1


def leave_and_resume(server: FakeServer, script: list[list[str]], left: int, *, before: bool, streaming: bool) -> bool:
    """Leave a run at its n-th write, resume it, and check its end; return whether there was such a write."""
    paid: list[int] = []

    def look(city: str) -> str:
        return f"sunny in {city}"

    def pay_one(amount: int) -> str:
        paid.append(amount)
        return f"paid {amount}"

    once = Tool.from_function(pay_one, name="pay", once=True, parallel=False)
    with TemporaryDirectory(dir=MEMORY) as folder, AIModelClient(endpoint(server.url)) as lead:
        agent = AIModelClient(endpoint(server.url, model="fake-2")).as_tool("research", "Looks up.", tools=[once])
        agent = agent.model_copy(update={"parallel": False})
        options: Any = {"tools": [Tool.from_function(look, parallel=False), once, agent]}
        options |= {"limits": RunLimits(rounds=99, repeats=99)}

        def finish(store: SQLiteRunStore, **more: Any) -> Run[Any]:
            if not streaming:
                return lead.run(**options, store=store, **more)
            return list(lead.run_streaming(**options, store=store, **more))[-1][1]  # type: ignore[return-value]

        path, was_left = Path(folder, "runs.sqlite"), True
        with suppress(LeftError):
            finish(LeavingStore(path, left, before=before), prompt="?", run_id="a")
            was_left = False
        run = finish(SQLiteRunStore(path), prompt="?", run_id="a")
        if run.stopped == "pending":
            [unclear] = run.pending_tools
            decision = ToolResultContent(call_id=unclear.call.id, output="paid 7") if was_paid(run, paid) else True
            run = finish(SQLiteRunStore(path), resume=run.decide({unclear.call.id: decision}))
    kinds = [kind for batch in script for kind in batch]
    assert (run.stopped, run.text()) == ("answered", "done")
    assert [(tool.call.name, tool.outcome) for tool in run.tools] == [(kind, "ran") for kind in kinds]
    assert [tool.result and tool.result.output for tool in run.tools] == [RESULTS[kind] for kind in kinds]
    agents, payments = kinds.count("research"), kinds.count("pay") + kinds.count("research")
    assert len(paid) == payments, "each call paid once"
    assert run.usage.total_tokens == 18 * (len(script) + 1 + 2 * agents)
    assert run.record.calls == len(kinds) + agents
    assert [message.role for message in run.messages] == [*["user"], *["assistant", "tool"] * len(script), "assistant"]
    return was_left


def was_paid(run: Run[Any], paid: list[int]) -> bool:
    """Whether the payment of the unclear call is among those that were made."""
    return len(paid) > sum(len(payments_of(tool)) for tool in run.tools)


def payments_of(tool: Any) -> list[Any]:
    inner = [] if tool.run is None else [one for each in tool.run.tools for one in payments_of(each)]
    return [*inner, *([tool] if tool.call.name == "pay" and tool.outcome == "ran" else [])]


def test_a_store_says_how_its_fault_is_fixed(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    store = SQLiteRunStore(path, timeout=0.01)
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(SavedRunError, match="another program has locked the file"):
            store.save("a", b"{}")
    path.unlink()
    with pytest.raises(SavedRunError, match="was deleted or replaced"):
        store.load("a")
    (tmp_path / "text.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(SavedRunError, match="Restore it, or use another file"):
        SQLiteRunStore(tmp_path / "text.sqlite")
    with pytest.raises(SavedRunError, match="Create its folder"):
        SQLiteRunStore(tmp_path / "none" / "runs.sqlite")
    assert repr(store) == f"SQLiteRunStore({str(path)!r})"


def test_a_store_of_the_user_returns_claims(server: FakeServer, tmp_path: Path) -> None:
    class Wrong(SQLiteRunStore):
        def claim(self, run_id: str, step: str, call: str) -> Any:
            return True

    server.add_replies(Answer(tool_calls=(FakeToolCall("pay", {"amount": 3}, "call_1"),)))
    client = AIModelClient(endpoint(server.url))
    with client, pytest.raises(ConfigurationError, match="claim must return None or a ToolClaim, not bool"):
        client.run("?", tools=[pay], store=Wrong(tmp_path / "runs.sqlite"), run_id="a")


def test_a_run_in_use_is_refused_until_it_ends(server: FakeServer, world: World, tmp_path: Path) -> None:
    server.add_replies(call(7), Answer(text="done"))
    client, store = AIModelClient(endpoint(server.url)), SQLiteRunStore(tmp_path / "runs.sqlite")
    refused: list[str] = []
    settings: Any = {"store": store, "run_id": "order", "limits": RunLimits(concurrency=1)}

    def pay_meanwhile(amount: int) -> str:
        """The second call of the same run, while the first one runs its tool."""
        with pytest.raises(RunInUseError, match="the run 'order' is in use by another process or thread") as raised:
            AIModelClient(endpoint(server.url)).run("?", tools=[pay], store=SQLiteRunStore(store.path), run_id="order")
        refused.append(str(raised.value))
        return pay(amount)

    run = go(world, client, "?", tools=[Tool.from_function(pay_meanwhile, name="pay")], **settings)
    again = go(world, client, "?", tools=[pay], **settings)
    world.close(client)
    assert (run.text(), again.text(), len(refused), len(server.exchanges)) == ("done", "done", 1, 2)


@pytest.mark.parametrize("end", ["error", "close", "drop", "pending"])
def test_a_run_that_ended_in_any_way_may_be_resumed(end: str, server: FakeServer, tmp_path: Path) -> None:
    replies = [Refusal(400, "no")] if end == "error" else [call(7)]
    server.add_replies(*replies, Answer(text="done"), Answer(text="done"))
    settings: Any = {"store": SQLiteRunStore(tmp_path / "runs.sqlite"), "run_id": "order", "retries": 0}
    tool = Tool.from_function(pay, needs_approval=True)
    with AIModelClient(endpoint(server.url)) as client:
        if end == "error":
            with pytest.raises(BadRequestError):
                client.run("?", tools=[tool], **settings)
        elif end == "pending":
            assert client.run("?", tools=[tool], **settings).stopped == "pending"
        else:
            stream = client.run_streaming("?", tools=[tool], **settings)
            next(stream)
            with pytest.raises(RunInUseError):
                client.run("?", tools=[tool], **settings)
            if end == "close":
                stream.close()
            del stream
            gc.collect()
        assert client.run("?", tools=[tool], approve=lambda call: True, **settings).text() == "done"


IN_USE = """
import sys, time
from pathlib import Path
from dhenara.ai import AIModelClient, SQLiteRunStore
from support.worlds import endpoint

def pay(amount: int) -> str:
    Path(sys.argv[3]).touch()
    time.sleep(600)
    return "paid"

client = AIModelClient(endpoint(sys.argv[1]))
client.run("?", tools=[pay], store=SQLiteRunStore(sys.argv[2]), run_id="order")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no locks of files like these on Windows")
def test_a_run_of_another_process_is_refused_until_that_is_killed(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(call(7), Answer(text="done"))
    path, begun = tmp_path / "runs.sqlite", tmp_path / "begun"
    folder = str(Path(__file__).parents[1])
    command = [sys.executable, "-c", IN_USE, server.url, str(path), str(begun)]
    paths = os.pathsep.join([folder, *sys.path])
    other = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": paths})
    try:
        wait_until(begun.exists)
        with AIModelClient(endpoint(server.url)) as client:
            settings: Any = {"tools": [pay], "store": SQLiteRunStore(path), "run_id": "order"}
            with pytest.raises(RunInUseError):
                client.run("?", **settings)
            assert client.run("?", store=SQLiteRunStore(tmp_path / "other.sqlite"), run_id="order").text() == "done"
            other.kill()
            other.wait()
            server.add_replies(Answer(text="done"))
            assert client.run("?", **settings).text() == "done"
    finally:
        other.kill()
        other.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_runs_are_stored_for_their_owner_alone(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(call(7), Answer(text="done"))
    before = os.umask(0o022)
    try:
        with AIModelClient(endpoint(server.url)) as client:
            store = SQLiteRunStore(tmp_path / "runs.sqlite")
            client.run("?", tools=[pay], store=store, run_id="a").save(tmp_path / "run.json")
            client.conversation().save(tmp_path / "conversation.json")
    finally:
        os.umask(before)
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == {
        **dict.fromkeys(("runs.sqlite", "runs.sqlite.lock", "run.json", "conversation.json"), "0o600")
    }


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that is written fast, because the time limit of a tool includes its claim."""
    with TemporaryDirectory(dir=MEMORY) as name:
        yield Path(name)


def slow(release: threading.Event, paid: list[int], seconds: float | None = None) -> Tool:
    def pay_slowly(amount: int) -> str:
        """Pays, and answers late."""
        paid.append(amount)
        release.wait(HANGS)
        return f"paid {amount}"

    return Tool.from_function(pay_slowly, name="pay", once=True, timeout=seconds)


@pytest.mark.parametrize("streaming", [False, True])
def test_a_tool_that_must_run_once_and_timed_out_is_unclear(streaming: bool, world: World, folder: Path) -> None:
    """The model is not told that it failed: it would call it again."""

    def attempt(seconds: float) -> bool | None:
        with FakeServer(call(7), Answer(text="done")) as server:
            path = folder / f"{seconds:g}.sqlite"
            return is_unclear_after_its_time(streaming, server, world, path, seconds)

    assert try_longer_limits(attempt, 0.3)


def is_unclear_after_its_time(
    streaming: bool, server: FakeServer, world: World, path: Path, seconds: float
) -> bool | None:
    """None if the time was over before the tool was called."""
    client, release, paid = AIModelClient(endpoint(server.url)), threading.Event(), list[int]()
    settings: Any = {"store": SQLiteRunStore(path), "run_id": "a"}
    tool = slow(release, paid, seconds)
    try:
        if streaming:
            pending = go_streaming(world, client, "?", tools=[tool], **settings)[1]
        else:
            pending = go(world, client, "?", tools=[tool], **settings)
        if not paid:
            world.close(client)
            return None
        [open_call] = pending.pending_tools
        assert (pending.stopped, open_call.unclear, open_call.result, paid) == ("pending", True, None, [7])
        still = go(world, client, "?", tools=[tool], approve=lambda call: True, **settings)
        assert (still.stopped, paid) == ("pending", [7])
    finally:
        release.set()
    result = ToolResultContent(call_id="call_0", output="receipt 12")
    run = go(world, client, resume=still.decide({"call_0": result}), tools=[tool], store=settings["store"])
    world.close(client)
    assert (run.text(), paid, run.tools[0].outcome) == ("done", [7], "ran")
    return True


def test_a_result_that_came_too_late_is_taken_when_the_run_goes_on(folder: Path) -> None:
    def attempt(seconds: float) -> bool | None:
        release, paid, store = threading.Event(), list[int](), SQLiteRunStore(folder / f"{seconds:g}.sqlite")
        settings: Any = {"tools": [slow(release, paid, seconds)], "store": store, "run_id": "a"}
        with FakeServer(call(7), Answer(text="done")) as server, AIModelClient(endpoint(server.url)) as client:
            late = client.run("?", **settings)
            release.set()
            if not paid:
                return None
            assert late.stopped == "pending"
            wait_until(lambda: (claim := store.claim("a", "tool-1-0", "?")) is not None and claim.result is not None)
            run = client.run("?", **settings)
        assert (run.text(), paid, [one.result and one.result.output for one in run.tools]) == ("done", [7], ["paid 7"])
        return True

    assert try_longer_limits(attempt, 0.3)


ASKS_RESEARCH = Answer(tool_calls=(FakeToolCall("research", {"prompt": "?"}, "call_1"),))


def test_the_time_limit_of_a_run_leaves_an_unclear_call_of_an_agent(folder: Path) -> None:
    def attempt(seconds: float) -> bool | None:
        with FakeServer(ASKS_RESEARCH, call(7), Answer(text="paid"), Answer(text="done")) as server:
            return has_an_unclear_call_of_an_agent(server, folder / f"{seconds:g}.sqlite", seconds)

    assert try_longer_limits(attempt, 0.5)


def has_an_unclear_call_of_an_agent(server: FakeServer, path: Path, seconds: float) -> bool | None:
    """None if the time was over before the tool was called."""
    release, paid = threading.Event(), list[int]()
    agent = AIModelClient(endpoint(server.url)).as_tool("research", "Looks up.", tools=[slow(release, paid)])
    settings: Any = {"tools": [agent], "store": SQLiteRunStore(path), "run_id": "a"}
    with AIModelClient(endpoint(server.url)) as client:
        try:
            try:
                pending = client.run("?", **settings, limits=RunLimits(seconds=seconds))
            except RunLimitError:
                assert not paid
            if not paid:
                return None
            assert [(one.call.id, one.unclear) for one in pending.pending_tools] == [("call_1/call_0", True)]
        finally:
            release.set()
        result = ToolResultContent(call_id="call_0", output="receipt 12")
        decided = pending.decide({"call_1/call_0": result})
        run = client.run(resume=decided, **{**settings, "run_id": None}, limits=RunLimits(seconds=100))
    assert (run.text(), paid, len(server.exchanges)) == ("done", [7], 4)
    return True


def test_a_timed_out_agent_is_counted() -> None:
    def attempt(seconds: float) -> int | None:
        release, paid = threading.Event(), list[int]()
        tool = slow(release, paid).model_copy(update={"once": False})
        with FakeServer(ASKS_RESEARCH, call(7)) as server, AIModelClient(endpoint(server.url)) as client:
            agent = AIModelClient(endpoint(server.url)).as_tool("research", "Looks up.", tools=[tool])
            try:
                run = client.run("?", tools=[agent], limits=RunLimits(seconds=seconds, otherwise="return"))
            finally:
                release.set()
        return run.usage.total_tokens if paid else None

    assert try_longer_limits(attempt, 0.5) == 2 * 18
