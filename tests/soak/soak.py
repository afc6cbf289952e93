"""The soak itself: streams of one event loop, then calls of many threads, over one client each."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.errors import DhenaraError
from dhenara.ai.types import Timeouts
from support.worlds import endpoint

TESTS = Path(__file__).resolve().parents[1]
RATE = 0.05
WHOLE_STREAM = "word " * 12
LIMITS = Timeouts(connect=60, first_token=120, idle=120)


@dataclass
class Sample:
    """What the process holds at one moment."""

    seconds: float
    done: int
    tasks: int
    threads: int
    descriptors: int
    megabytes: float


@dataclass
class Report:
    """What happened, and what was held while it did."""

    what: str
    outcomes: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)
    before: Sample | None = None
    after: Sample | None = None

    @property
    def done(self) -> int:
        return sum(self.outcomes.values())

    def __str__(self) -> str:
        lines = [f"{self.what}: {self.done} done, {dict(self.outcomes)}"]
        return "\n".join([*lines, *(f"  {sample}" for sample in (self.before, *self.samples, self.after) if sample)])


def sample(report: Report, began: float) -> Sample:
    gc.collect()
    try:
        tasks = len(asyncio.all_tasks())
    except RuntimeError:
        tasks = 0
    held = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else -1
    return Sample(
        round(time.monotonic() - began, 1), report.done, tasks, threading.active_count(), held, resident_megabytes()
    )


def resident_megabytes() -> float:
    """Memory now; where the system does not say, the most there ever was."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return round(pages * resource.getpagesize() / 1e6, 1)


@contextmanager
def faulty_server(rate: float = RATE) -> Iterator[str]:
    command = [sys.executable, "-m", "soak.faulty_server", str(rate)]
    with subprocess.Popen(command, cwd=TESTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.stdin.close()
            server.wait(30)


async def soak_streams(url: str, at_once: int, *, seconds: float | None, each: int | None, samples: int = 10) -> Report:
    """So many streams at once.

    Args:
        url: The server.
        at_once: Streams side by side.
        seconds: How long new ones begin; None for no limit.
        each: How many each task reads; None for no limit.
        samples: How often the process is looked at.
    """
    report, began = Report(f"{at_once} streams at once"), time.monotonic()
    report.before = sample(report, began)
    client = AIModelClient(endpoint(url))

    async def reader() -> None:
        number = 0
        while (each is None or number < each) and (seconds is None or time.monotonic() - began < seconds):
            report.outcomes[await one_stream(client)] += 1
            number += 1

    running = [asyncio.create_task(reader()) for _ in range(at_once)]
    done = asyncio.gather(*running)
    pause = (seconds or 1.0) / samples
    while not done.done():
        await asyncio.wait([done], timeout=pause)
        if not done.done():
            report.samples.append(sample(report, began))
    await done
    del running, done
    await client.aclose()
    report.after = sample(report, began)
    return report


async def one_stream(client: AIModelClient) -> str:
    """Reads one stream to its end, and says what came of it."""
    text, broken = "", False
    try:
        response = await client.generate_async("?", streaming=True, retries=0, timeout=LIMITS)
        async for chunk, final in response.async_stream_generator:
            if chunk is None:
                text, broken = final.chat_response.text(), final.chat_response.interrupted
    except DhenaraError as error:
        return type(error).__name__
    if broken:
        return "interrupted"
    assert text == WHOLE_STREAM, f"a broken stream was called complete: {text!r}"
    return "complete"


def soak_calls(url: str, threads: int, calls: int, samples: int = 10) -> Report:
    """So many calls of so many threads, over one client."""
    report, began = Report(f"{calls} calls in {threads} threads"), time.monotonic()
    report.before = sample(report, began)
    with AIModelClient(endpoint(url)) as client, ThreadPoolExecutor(threads) as pool:

        def one(_: int) -> str:
            return one_call(client)

        for _ in range(samples):
            report.outcomes.update(pool.map(one, range(calls // samples)))
            report.samples.append(sample(report, began))
    report.after = sample(report, began)
    return report


def one_call(client: AIModelClient) -> str:
    try:
        answered: Any = client.generate("?", retries=0, timeout=LIMITS)
    except DhenaraError as error:
        return type(error).__name__
    assert answered.chat_response.text() == "Hello!"
    return "complete"


def check(report: Report, at_once: int, growth: float) -> None:
    """What is held stays flat: from the first third of the run to its end, and nothing is left afterwards.

    Args:
        report: The run.
        at_once: Streams or threads side by side, which bounds connections, tasks and threads.
        growth: Megabytes by which memory may grow after the first third.
    """
    assert report.before is not None
    assert report.after is not None
    settled = report.samples[len(report.samples) // 3 :]
    spare = 24
    for one in settled:
        assert one.descriptors <= report.before.descriptors + at_once + spare, f"descriptors grow: {report}"
        assert one.tasks <= at_once + spare, f"tasks grow: {report}"
        assert one.threads <= report.before.threads + at_once + spare, f"threads grow: {report}"
    if settled:
        assert settled[-1].megabytes - settled[0].megabytes <= growth, f"memory grows: {report}"
    assert report.after.descriptors <= report.before.descriptors + 4, f"descriptors are left: {report}"
    assert report.after.tasks <= report.before.tasks, f"tasks are left: {report}"
    assert report.after.threads <= report.before.threads + 8, f"threads are left: {report}"
    assert report.outcomes["complete"] > 0.9 * report.done, f"more failed than the faults explain: {report}"
    assert report.done > report.outcomes["complete"], f"no fault was met: {report}"
