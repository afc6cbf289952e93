"""Many prompts: at once, within a bound, in order, with each error in its place."""

from __future__ import annotations

import io
import pickle
import re
import sys
import threading
from collections.abc import Callable
from typing import Any

import pexpect
import pytest

from ai_utilities import AiClient, AskResult, BaseProvider, ProviderConfigurationError, ProviderRateLimitError
from ai_utilities.concurrency import ProgressBar, format_line
from ai_utilities.exceptions import CancelledItemError
from dhenara.ai.testing import Answer, FakeServer, Refusal, stall_before_head
from support.kit import Uniform, run, settings
from support.waiting import HANGS, wait_until
from support.worlds import World


class Counting(BaseProvider):
    """Echoes when `wait` returns, and counts how many it answers at the same time."""

    def __init__(self, fails: str = "", wait: Callable[[], object] = lambda: None) -> None:
        super().__init__(None)
        self.fails = fails
        self.wait = wait
        self.now = self.most = self.requested = 0
        self._lock = threading.Lock()

    def ask(self, prompt: str, **kwargs: Any) -> AskResult:
        with self._lock:
            self.now += 1
            self.requested += 1
            self.most = max(self.most, self.now)
        self.wait()
        with self._lock:
            self.now -= 1
        if prompt == self.fails:
            raise ProviderRateLimitError("slow down", provider="mine")
        return AskResult(text=f"re: {prompt}")


PROMPTS = [f"prompt {number}" for number in range(24)]


def test_order_is_preserved_and_concurrency_reaches_its_limit_but_no_more(world: World) -> None:
    together = threading.Barrier(6)
    provider = Counting(wait=lambda: together.wait(HANGS))

    async def script(client: Uniform) -> None:
        results = await client.ask_many(PROMPTS, concurrency=6)
        assert results == [f"re: {prompt}" for prompt in PROMPTS]

    run(world, script, provider=provider)
    assert provider.most == 6


def test_it_is_as_fast_as_the_bound_allows(server: FakeServer, world: World) -> None:
    server.add_replies(*[Answer(text="abc")] * 8)

    async def script(client: Uniform) -> None:
        assert await client.ask_many(PROMPTS[:8], concurrency=8) == ["abc"] * 8

    run(world, script, settings(server.url))
    assert len(server.exchanges) == 8


def test_an_error_stays_with_its_prompt(world: World) -> None:
    async def script(client: Uniform) -> None:
        results = await client.ask_many(PROMPTS, concurrency=4)
        assert [result.ok for result in results] == [prompt != PROMPTS[3] for prompt in PROMPTS]
        failed = results[3]
        assert isinstance(failed.error, ProviderRateLimitError)
        assert (failed, failed.prompt) == ("", PROMPTS[3])

    run(world, script, provider=Counting(fails=PROMPTS[3]))


def test_fail_fast_asks_nothing_new_and_keeps_what_is_there(world: World) -> None:
    provider = Counting(fails=PROMPTS[2])

    async def script(client: Uniform) -> None:
        results = await client.ask_many(PROMPTS, concurrency=1, fail_fast=True)
        assert [result.ok for result in results[:3]] == [True, True, False]
        assert all(isinstance(result.error, CancelledItemError) for result in results[3:])

    run(world, script, provider=provider)
    assert provider.requested == 3


def test_progress_is_reported_as_it_happens(world: World) -> None:
    reported: list[tuple[int, int]] = []

    async def script(client: Uniform) -> None:
        await client.ask_many(PROMPTS, concurrency=5, on_progress=lambda done, total: reported.append((done, total)))

    run(world, script, provider=Counting())
    assert reported == [(number, 24) for number in range(1, 25)]


def test_a_mistake_in_the_program_is_raised_by_itself(world: World) -> None:
    def mistaken(done: int, total: int) -> None:
        raise KeyError("progress")

    async def script(client: Uniform) -> None:
        await client.ask_many(PROMPTS, concurrency=3, on_progress=mistaken)

    provider = Counting()
    with pytest.raises(KeyError, match="progress"):
        run(world, script, provider=provider)
    assert provider.requested <= 3


@pytest.mark.parametrize("concurrency", [0, -1])
def test_a_bound_below_one_is_refused(world: World, concurrency: int) -> None:
    async def script(client: Uniform) -> None:
        await client.ask_many(PROMPTS, concurrency=concurrency)

    with pytest.raises(ProviderConfigurationError, match="at least 1"):
        run(world, script, provider=Counting())


def test_no_prompts_have_no_answers(world: World) -> None:
    async def script(client: Uniform) -> None:
        assert await client.ask_many([]) == []
        assert await client.ask_batch([]) == []

    run(world, script, provider=Counting())


def test_a_batch_is_answered_in_order_with_errors_in_their_places(server: FakeServer, world: World) -> None:
    server.add_replies(Answer(text="a"), Refusal(400, "bad"), Answer(text="c"))

    async def script(client: Uniform) -> None:
        first, second, third = await client.ask_batch(iter(["1", "2", "3"]))
        assert (first, third) == ("a", "c")
        assert second.error.status == 400

    run(world, script, settings(server.url, concurrency=1))


def test_a_bar_is_drawn_on_terminals_only() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for out, drawn in ((Terminal(), True), (io.StringIO(), False)):
        with ProgressBar(out=out) as bar:
            for done in range(1, 4):
                bar(done, 3)
        assert bool(out.getvalue()) is drawn
        assert not drawn or out.getvalue().endswith("\n")
    assert format_line(12, 48, 3.0) == "[#######---------------------] 12/48  25%  0:03, 0:09 left"


SCRIPT = """
import sys
from ai_utilities import AiClient, AiSettings
with AiClient(AiSettings(_env_file=None, api_key="k", base_url=sys.argv[1], model="m")) as client:
    print(len(client.ask_many(["?"] * 30, concurrency=2)), "answers")
"""


def test_a_real_terminal_shows_how_far_it_is() -> None:
    with FakeServer(Answer(text="ok"), forever=True) as server:
        shell = pexpect.spawn(sys.executable, ["-c", SCRIPT, f"{server.url}/v1"], encoding="utf-8", timeout=250)
        shell.expect(pexpect.EOF)
    assert re.search(r"\r\[#+\] 30/30 100%  \d:\d\d, 0:00 left.*\n30 answers", shell.before or "", re.DOTALL)


def test_pipes_stay_clean(server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.add_replies(Answer(text="a"), Answer(text="b"))
    with AiClient(settings(server.url)) as client:
        client.ask_many(["1", "2"])
    assert capsys.readouterr() == ("", "")


class Forgetful(list[Any]):
    def append(self, given: Any) -> None:
        pass


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_thousand_prompts_need_no_more_memory_than_their_answers(world: World) -> None:
    import tracemalloc

    with FakeServer(Answer(text="ok"), forever=True) as server:
        server.exchanges = Forgetful()

        async def script(client: Uniform) -> None:
            await client.ask_many(["hello"] * 200, concurrency=16)
            tracemalloc.start()
            try:
                results = await client.ask_many(["hello"] * 10_000, concurrency=16)
                retained, most = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert results == ["ok"] * 10_000
            assert most < 1.2 * retained
            assert retained < 11_000 * len(results)

        run(world, script, settings(server.url))


def test_results_of_many_prompts_do_not_change_one_another(server: FakeServer, world: World) -> None:
    server.add_replies(*[Answer(text="a")] * 3)

    async def script(client: Uniform) -> None:
        alone = await client.ask("?")
        one, other = await client.ask_many(["?", "?"])
        assert one.response.model_fields_set == alone.response.model_fields_set
        assert one.answer == other.answer == alone.answer
        changed = one.answer.model_copy(update={"cached": True})
        assert "cached" in changed.model_fields_set
        assert "cached" not in other.answer.model_fields_set
        assert one.answer.cost is not None
        assert pickle.loads(pickle.dumps(other)).answer == alone.answer  # noqa: S301

    run(world, script, settings(server.url, usage_tracking=False))


def test_cancelling_ends_what_runs_and_asks_nothing_new(world: World) -> None:
    if world.name == "blocking":
        pytest.skip("a blocking program is not cancelled")
    import anyio

    with FakeServer(stall_before_head(), stall_before_head()) as slow:

        async def cancel_when_both_arrived(tasks: anyio.abc.TaskGroup) -> None:
            while len(slow.exchanges) < 2:
                await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()

        async def script(client: Uniform) -> None:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(cancel_when_both_arrived, tasks)
                await client.ask_many(PROMPTS, concurrency=2)
            assert tasks.cancel_scope.cancel_called

        run(world, script, settings(slow.url))
        assert len(slow.exchanges) == 2
        assert all(exchange.wait_left() for exchange in slow.exchanges)


def test_ctrl_c_starts_nothing_new(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = threading.Event()
    provider = Counting(wait=lambda: stopped.wait(HANGS))
    join, before = threading.Thread.join, set(threading.enumerate())

    def interrupted(self: threading.Thread, timeout: float | None = None) -> None:
        monkeypatch.setattr(threading.Thread, "join", join)
        wait_until(lambda: provider.requested == 3)
        raise KeyboardInterrupt

    with AiClient(provider=provider) as client:
        monkeypatch.setattr(threading.Thread, "join", interrupted)
        with pytest.raises(KeyboardInterrupt):
            client.ask_many(PROMPTS, concurrency=3)
    stopped.set()
    wait_until(lambda: set(threading.enumerate()) <= before)
    assert provider.requested == 3


def test_what_the_caller_knows_its_threads_know() -> None:
    from contextvars import ContextVar

    user: ContextVar[str] = ContextVar("user", default="nobody")

    class Asking(Counting):
        def ask(self, prompt: str, **kwargs: Any) -> AskResult:
            return AskResult(text=user.get())

    user.set("ada")
    with AiClient(provider=Asking()) as client:
        assert client.ask_many(["a", "b", "c"], concurrency=3) == ["ada"] * 3
