"""`python -m benchmarks --instructions`: how many machine instructions a call and a chunk take, counted by callgrind.

Instructions do not depend on what else the machine does, so that anybody can count them again; differences of more
than two in a hundred are differences of the programs. Only those in user space are counted: what the operating system
does for a process is not seen. Each number is the difference of two fresh processes, one that only warms up and one
that does the work some more times. `benchmarks/instructions.json` has the stored counts; a contestant that is counted
again replaces its own.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .environments import Contestant
from .measure import TOKENS

HERE = Path(__file__).resolve().parent
STORED = HERE / "instructions.json"
TIMES = {"call": 60, "stream": 4}
SCENARIOS = {
    "call_1": "call",
    "call_responses": "call, Responses",
    "call_anthropic": "call, Anthropic",
    "call_gemini": "call, Gemini",
    "call_1_async": "async call",
    "stream_1": "chunk, Chat",
    "stream_responses": "chunk, Responses",
    "stream_anthropic": "chunk, Anthropic",
    "stream_gemini": "chunk, Gemini",
}
COLLECTED = re.compile(rb"Collected : (\d+)")


@dataclass(frozen=True, slots=True)
class Counts:
    """Stored counts: of each contestant its version, the day, and instructions of one call or chunk by scenario."""

    python: str
    valgrind: str
    versions: Mapping[str, str] = field(default_factory=dict)
    dates: Mapping[str, str] = field(default_factory=dict)
    results: Mapping[str, Mapping[str, int | str]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path = STORED) -> Counts:
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def save(self, path: Path = STORED) -> None:
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    def with_contestant(self, name: str, version: str, results: Mapping[str, int | str]) -> Counts:
        day = datetime.datetime.now(datetime.UTC).date().isoformat()
        return Counts(
            self.python,
            self.valgrind,
            {**self.versions, name: version},
            {**self.dates, name: day},
            {**self.results, name: results},
        )


def collect(
    contestants: Sequence[tuple[Contestant, str]], scenarios: Sequence[str], url: str, report: Callable[[str], None]
) -> Counts:
    """Counts, with as many processes at once as there are cores, and stores the counts after each contestant."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise SystemExit("valgrind is not installed; it counts the instructions (on Debian: apt install valgrind)")
    version = subprocess.run([valgrind, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    counts = Counts(platform.python_version(), version)
    if STORED.exists() and (old := Counts.load()).python == counts.python and old.valgrind == version:
        counts = old
    wanted = [scenario for scenario in SCENARIOS if not scenarios or scenario in scenarios]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for contestant, of_version in contestants:
            report(f"counting instructions of {contestant.name}")
            works = [(s, protocol) for s in wanted if (protocol := contestant.protocol_of(s))]
            waiting = {s: pool.submit(count, contestant, s, protocol, url) for s, protocol in works}
            results = {scenario: future.result() for scenario, future in waiting.items()}
            counts = counts.with_contestant(contestant.name, of_version, results)
            counts.save()
    return counts


def count(contestant: Contestant, scenario: str, protocol: str, url: str) -> int | str:
    """The instructions of one call or chunk, or why there are none."""
    times = TIMES[scenario.partition("_")[0]]
    try:
        before, after = (run(contestant, scenario, protocol, url, n) for n in (0, times))
    except ValueError as problem:
        return str(problem)
    return (after - before) // (times if scenario.startswith("call") else times * TOKENS)


def run(contestant: Contestant, scenario: str, protocol: str, url: str, times: int) -> int:
    """All instructions of a process that does the work `times` times after warming up."""
    work = [str(HERE / "repeat.py"), scenario, contestant.module, url, protocol, str(times)]
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(contestant.python), *work]
    # Hashes of texts, and with them the order of sets, are the same in each process.
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONHASHSEED": "0"}
    try:
        done = subprocess.run(command, capture_output=True, timeout=1800, cwd=HERE, check=False, env=environment)
    except subprocess.TimeoutExpired:
        raise ValueError("took more than 1800 s") from None
    found = COLLECTED.search(done.stderr)
    if done.returncode or found is None:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["failed"]
        raise ValueError(next((line for line in reversed(lines) if not line.startswith("==")), lines[-1])[:200])
    return int(found[1])


def rows(counts: Counts, chosen: Sequence[str] = tuple(SCENARIOS)) -> Iterator[list[str]]:
    """A head and one row for each contestant, in thousands of instructions."""
    yield ["thousands of instructions", *(SCENARIOS[scenario] for scenario in chosen)]
    for name, results in counts.results.items():
        cells = [thousands(results.get(scenario)) for scenario in chosen]
        if any(text != "-" for text in cells):
            yield [name, *cells]


def thousands(value: int | str | None) -> str:
    if not isinstance(value, int):
        return "-"
    return f"{value / 1000:.1f}" if value < 100_000 else f"{value / 1000:,.0f}"
