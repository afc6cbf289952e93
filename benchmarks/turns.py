"""Contestants that take turns: each has its process, and does a part of a scenario when it is told to.

So a moment in which the machine is slow falls on one turn of each contestant, not on all turns of one. A process is
kept for the next scenario, because some libraries take seconds to import.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from .environments import Contestant

HERE = Path(__file__).resolve().parent
LONGEST_TURN = 300

Sample = dict[str, float] | str
"""What one turn measured, or why there is nothing."""


def turns_in(scenario: str) -> int:
    """How many turns each contestant has in one round of a scenario."""
    if scenario in ("import", "first"):
        return 1
    if scenario.startswith("stream_paced") or scenario in ("stream_200", "call_500"):
        return 3
    return 10 if scenario.startswith("call") else 8


def needs_fresh_process(scenario: str) -> bool:
    return scenario in ("import", "first")


@dataclass(frozen=True, slots=True)
class Running:
    """The process of a contestant."""

    process: subprocess.Popen[str]
    errors: IO[str]

    def turn(self, scenario: str, url: str, protocol: str) -> Sample:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        late = threading.Timer(LONGEST_TURN, self.process.kill)
        late.start()
        try:
            self.process.stdin.write(f"{scenario} {url} {protocol}\n")
            self.process.stdin.flush()
            for line in self.process.stdout:
                if line.startswith("{"):
                    sample: dict[str, float] = json.loads(line)
                    return sample
        except BrokenPipeError:
            pass
        finally:
            late.cancel()
        if self.process.wait() < 0:
            return f"took more than {LONGEST_TURN} s"
        self.errors.seek(0)
        return (self.errors.read().strip().splitlines() or ["failed"])[-1][:200]


@contextmanager
def started(contestant: Contestant) -> Iterator[Running]:
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
        subprocess.Popen(
            [str(contestant.python), str(HERE / "measure.py"), contestant.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=HERE,
            # LiteLLM would download its price list when it is imported.
            env={**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        ) as process,
    ):
        try:
            yield Running(process, errors)
        finally:
            # What it does at its end is not measured, and may take long.
            process.kill()


class Processes:
    """The processes of the contestants, each started when it has its first turn."""

    def __init__(self) -> None:
        self._running: dict[str, tuple[Running, ExitStack]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        for name in list(self._running):
            self.end(name)

    def of(self, contestant: Contestant) -> Running:
        if contestant.name not in self._running:
            with ExitStack() as opened:
                running = opened.enter_context(started(contestant))
                self._running[contestant.name] = running, opened.pop_all()
        return self._running[contestant.name][0]

    def end(self, name: str) -> None:
        _running, opened = self._running.pop(name)
        opened.close()


def take_turns(
    processes: Processes, contestants: list[Contestant], scenario: str, url: str, report: Callable[[str], None]
) -> Iterator[tuple[str, Sample]]:
    """The name of a contestant and what it measured, for every turn; one that failed has no further turns."""
    failed: set[str] = set()
    for number in range(turns_in(scenario)):
        for contestant in contestants:
            protocol = contestant.protocol_of(scenario)
            if protocol is None or contestant.name in failed:
                continue
            report(f"{scenario}: turn {number + 1}: {contestant.name}")
            sample = processes.of(contestant).turn(scenario, url, protocol)
            if isinstance(sample, str):
                failed.add(contestant.name)
            if isinstance(sample, str) or needs_fresh_process(scenario):
                processes.end(contestant.name)
            yield contestant.name, sample
