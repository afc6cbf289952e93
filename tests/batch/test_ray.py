"""Bulk runs on a Ray cluster: what holds in one process holds there too, also when workers die."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from ai_utilities import AiClient, AiSettings, AsyncAiClient
from ai_utilities.batch import BulkReport, OnRay, WorkersLostError, ask_rows, run_bulk, run_bulk_async
from ai_utilities.cache import caching
from ai_utilities.exceptions import ProviderConfigurationError
from ai_utilities.usage import RedisLedger, tagged
from dhenara.ai.testing import Answer, DialectReply, FakeServer, Refusal
from support.ray_victims import client_of_victims, dies_after, dies_before

VICTIM = Path(__file__).resolve().parents[1] / "support" / "bulk_victim.py"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("cluster"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
]


class Counting:
    """Echoes, and remembers what was asked when, and how many at once."""

    def __init__(self, pause: float = 0.0, bad: str = "") -> None:
        self.requested: Counter[str] = Counter()
        self.times: list[float] = []
        self.most = 0
        self.running = 0
        self._pause = pause
        self._bad = bad
        self._lock = threading.Lock()

    def steps(self, requested: Any) -> Any:
        words = requested.json["messages"][-1]["content"]
        with self._lock:
            self.requested[words] += 1
            self.times.append(time.monotonic())
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(self._pause)
        with self._lock:
            self.running -= 1
        return (Refusal(400, "not this") if words == self._bad else DialectReply(Answer(text=words.upper()))).steps(
            requested
        )


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[Counting], str]]:
    running: list[FakeServer] = []

    def start(reply: Counting) -> str:
        server = FakeServer(reply, forever=True)
        running.append(server)
        server.__enter__()
        monkeypatch.chdir(tmp_path)
        return server.url

    yield start
    for server in running:
        server.__exit__(None, None, None)


def settings(address: str, **provided: Any) -> AiSettings:
    return AiSettings(provider="openai", api_key="sk-ray", model="fake", base_url=f"{address}/v1", **provided)


def waiting(source: Any, provided: AiSettings, **options: Any) -> BulkReport:
    with AiClient(provided) as client:
        return run_bulk(source, "out.jsonl", client=client, on="ray", **options)


async def awaited(source: Any, provided: AiSettings, options: dict[str, Any]) -> BulkReport:
    async with AsyncAiClient(provided) as client:
        return await run_bulk_async(source, "out.jsonl", client=client, on="ray", **options)


def on_asyncio(source: Any, provided: AiSettings, **options: Any) -> BulkReport:
    return asyncio.run(awaited(source, provided, options))


def on_trio(source: Any, provided: AiSettings, **options: Any) -> BulkReport:
    return trio.run(awaited, source, provided, options)


def texts() -> list[str | None]:
    return [json.loads(line)["text"] for line in Path("out.jsonl").read_text().splitlines()]


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 250
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def workers() -> list[int]:
    """The processes of Ray's workers that belong to this test run and have been given an actor."""
    actual = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if line.read_bytes().startswith(b"ray::Worker") and os.getpid() in ancestors(int(line.parent.name)):
                actual.append(int(line.parent.name))
        except (OSError, ValueError):
            continue  # it ended while it was looked at
    return actual


def ancestors(process: int) -> Iterator[int]:
    while process > 1:
        process = int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])
        yield process


@pytest.mark.parametrize("run", [waiting, on_asyncio, on_trio])
def test_answers_come_out_in_order_with_errors_in_their_places(run: Any, serve: Any) -> None:
    server = Counting(pause=0.01, bad="Say w7")
    rows = [{"word": f"w{number}"} for number in range(30)]
    report = run(rows, settings(serve(server)), prompt="Say {word}", concurrency=6)
    assert texts() == [None if number == 7 else f"SAY W{number}" for number in range(30)]
    assert (report.answered, report.failed, report.total) == (29, 1, 30)
    assert report.tokens > 0
    assert server.most <= 6
    assert set(server.requested.values()) == {1}


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")
def test_a_worker_that_is_killed_midway_loses_no_row_and_breaks_no_limit(serve: Any, redis_url: str) -> None:
    server = Counting(pause=0.05)
    provided = settings(
        serve(server),
        cache_enabled=True,
        cache_backend="redis",
        usage_store="redis",
        limit_store="redis",
        max_concurrency=4,
        timeout=5,
        redis_url=redis_url,
    )
    words = [f"w{number}" for number in range(60)]
    actual: list[BulkReport] = []
    run = threading.Thread(target=lambda: actual.append(waiting(words, provided, concurrency=6)))
    run.start()
    until(lambda: len(server.times) >= 15)
    os.kill(workers()[0], signal.SIGKILL)
    run.join()
    assert actual[0].answered == 60
    assert texts() == [word.upper() for word in words]
    # Only what was in flight in the worker that died, three questions, may have been asked again.
    assert sum(server.requested.values()) <= 63
    # What the dead worker had in flight was still being answered for a moment.
    assert server.most <= 4
    assert len(list(RedisLedger(redis_url).rows())) >= 60


def test_what_a_dead_worker_had_paid_for_is_not_paid_for_again(serve: Any, redis_url: str, tmp_path: Path) -> None:
    server = Counting()
    deadly = [dies_after("w9", tmp_path / "died")]
    make = client_of_victims(serve(server), redis_url, layers=deadly)
    words = [f"w{number}" for number in range(20)]
    began = time.monotonic()
    with make() as client:
        report = run_bulk(words, "out.jsonl", client=client, on=OnRay(2, make_client=make), concurrency=2)
    assert (tmp_path / "died").exists()
    assert report.answered == 20
    assert texts() == [word.upper() for word in words]
    assert server.requested["w9"] == 1
    # Its claim on the question was not waited for.
    assert time.monotonic() - began < 40


def test_workers_keep_to_one_rate_together(serve: Any, redis_url: str) -> None:
    server = Counting()
    make = client_of_victims(serve(server), redis_url, per_second=20)
    with make() as client:
        words = [f"w{number}" for number in range(100)]
        run_bulk(words, "out.jsonl", client=client, on=OnRay(2, make_client=make), concurrency=10)
    times = sorted(server.times)
    # A window that is shorter than a second: a request takes a moment from its permission to its arrival.
    assert max(sum(1 for at in times if begin <= at < begin + 0.7) for begin in times) <= 20
    assert times[-1] - times[0] < 8


def test_a_row_that_kills_each_worker_is_an_error_of_that_row(serve: Any) -> None:
    server = Counting()
    make = client_of_victims(serve(server), layers=[dies_before("poison")])
    words = ["a", "b", "poison", "c", "d"]
    with make() as client:
        report = run_bulk(words, "out.jsonl", client=client, on=OnRay(2, make_client=make), concurrency=2)
    assert (report.answered, report.failed) == (4, 1)
    assert texts() == ["A", "B", None, "C", "D"]
    assert "3 workers died" in Path("out.jsonl").read_text()


def test_workers_that_all_die_end_the_run_with_the_reason(serve: Any) -> None:
    make = client_of_victims(serve(Counting()), layers=[dies_before("w")])
    with make() as client, pytest.raises(WorkersLostError, match="workers died"):
        run_bulk(["w"] * 9, "out.jsonl", client=client, on=OnRay(2, make_client=make), concurrency=2)


def test_what_is_wrong_with_a_client_in_a_worker_is_raised_as_it_is(serve: Any) -> None:
    def make() -> AiClient:
        raise ProviderConfigurationError("no such thing on this machine")

    with (
        AiClient(settings(serve(Counting()))) as client,
        pytest.raises(ProviderConfigurationError, match="no such thing"),
    ):
        run_bulk(["a"], "out.jsonl", client=client, on=OnRay(make_client=make))


def test_tags_and_cache_wishes_around_a_run_hold_in_its_workers(serve: Any, redis_url: str) -> None:
    server = Counting()
    retained = {"cache_enabled": True, "cache_backend": "redis", "usage_store": "redis", "redis_url": redis_url}
    provided = settings(serve(server), **retained)
    with tagged(user="ada"), caching("never"):
        waiting(["a", "b"], provided)
        waiting(["a", "b"], provided, overwrite=True)
    assert server.requested == {"a": 2, "b": 2}
    assert {row.tags["user"] for row in RedisLedger(redis_url).rows()} == {"ada"}


def test_answered_rows_are_skipped_whatever_backend_answered(serve: Any) -> None:
    server = Counting(bad="b")
    provided = settings(serve(server))
    with AiClient(provided) as client:
        run_bulk(["a", "b", "c"], "out.jsonl", client=client)
    server._bad = ""
    report = waiting(["a", "b", "c"], provided)
    assert (report.reused, report.answered) == (2, 1)
    assert texts() == ["A", "B", "C"]
    assert server.requested == {"a": 1, "b": 2, "c": 1}


def test_a_cancelled_run_ends_soon_and_can_be_resumed(serve: Any) -> None:
    server = Counting(pause=0.1)
    provided = settings(serve(server))
    words = [f"w{number}" for number in range(60)]

    async def impatient() -> None:
        async with AsyncAiClient(provided) as client:
            run = asyncio.create_task(run_bulk_async(words, "out.jsonl", client=client, on="ray", concurrency=4))
            await asyncio.to_thread(until, lambda: len(server.times) > 10)
            run.cancel()
            await run

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(impatient())
    written = len(Path("out.jsonl.journal").read_text().splitlines())
    assert 0 < written < 60
    report = waiting(words, provided, concurrency=8)
    assert (report.reused, report.answered) == (written, 60 - written)
    assert texts() == [word.upper() for word in words]


def test_a_run_whose_driver_was_killed_goes_on_without_paying_twice(serve: Any, redis_url: str, tmp_path: Path) -> None:
    server = Counting(pause=0.05)
    shared = {"AI_CACHE_ENABLED": "1", "AI_CACHE_BACKEND": "redis", "AI_REDIS_URL": redis_url}
    address = serve(server)
    provided = {"OPENAI_API_KEY": "sk-ray", "OPENAI_MODEL": "fake", "OPENAI_BASE_URL": f"{address}/v1", **shared}
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps({"word": f"w{number}"}) + "\n" for number in range(60)))
    victim = subprocess.Popen(
        [sys.executable, str(VICTIM), str(source), "out.jsonl", "ray"], env={**os.environ, **provided}
    )
    until(lambda: len(server.times) >= 15)
    victim.kill()
    victim.wait()
    until(lambda: server.running == 0)
    written = len(Path("out.jsonl.journal").read_bytes().split(b"\n")) - 1
    again = settings(address, cache_enabled=True, cache_backend="redis", redis_url=redis_url)
    report = waiting(str(source), again, prompt="Say {word}", concurrency=2)
    assert (report.reused, report.answered) == (written, 60 - written)
    assert texts() == [f"SAY W{number}" for number in range(60)]
    # At most what was in flight when it died was asked again.
    assert sum(server.requested.values()) <= 62


def test_a_ray_dataset_has_an_answer_in_each_row(serve: Any, redis_url: str) -> None:
    data = pytest.importorskip("ray.data")
    server = Counting(bad="Say w3")
    provided = settings(serve(server), cache_enabled=True, cache_backend="redis", redis_url=redis_url)
    rows = data.from_items([{"word": f"w{number}", "model": "mine"} for number in range(20)])
    with AiClient(provided) as client:
        actual = ask_rows(rows, prompt="Say {word}", client=client, concurrency=4, where=OnRay(2)).take_all()
    answers = {row["word"]: (row["text"], row["model"], row["answer_model"]) for row in actual}
    assert len(actual) == 20
    assert answers["w5"] == ("SAY W5", "mine", "fake")
    assert answers["w3"][0] is None
    assert set(server.requested.values()) == {1}
