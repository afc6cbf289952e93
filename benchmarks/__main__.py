"""`make bench`: measures every contestant in its own environment against one local server, and prints a table.

Every number comes from a fresh process; rounds are interleaved, so that a disturbance hits everybody; medians are
shown. Times are CPU time of the client, which other work on the machine hardly changes; only latencies are wall time.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .environments import CONTESTANTS, CannotInstall, Contestant, prepare, versions
from .table import failures, table, verdicts

HERE = Path(__file__).resolve().parent
SCENARIOS = (
    "import", "first", "stream_1", "stream_1_async", "stream_200", "call_1", "call_1_async", "call_500",
)  # fmt: skip
TIMES = {"import": 5, "first": 5}
"""How often in a round, where once is over in a moment and the next disturbance is as long."""

Found = dict[str, dict[str, dict[str, float] | str]]


@contextmanager
def local_server() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, str(HERE / "server.py")], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate()


def measure(contestant: Contestant, scenario: str, url: str) -> dict[str, float] | str:
    """The numbers, or why there are none."""
    command = [str(contestant.python), str(HERE / "measure.py"), scenario, contestant.module, contestant.target, url]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=HERE, check=False)
    except subprocess.TimeoutExpired:
        return "took more than 300 s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["failed"])[-1][:200]
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def collect(contestants: list[Contestant], scenarios: list[str], rounds: int) -> Found:
    samples: dict[str, dict[str, list[dict[str, float] | str]]] = defaultdict(lambda: defaultdict(list))
    with local_server() as url:
        for number in range(rounds):
            for scenario in (one for one in scenarios for _ in range(TIMES.get(one, 1))):
                for contestant in contestants:
                    progress(f"round {number + 1} of {rounds}: {scenario}: {contestant.name}")
                    samples[contestant.name][scenario].append(measure(contestant, scenario, url))
    progress("")
    return {name: {s: middle(found) for s, found in by.items()} for name, by in samples.items()}


def middle(samples: list[dict[str, float] | str]) -> dict[str, float] | str:
    good = [sample for sample in samples if isinstance(sample, dict)]
    if not good:
        return str(samples[0])
    return {key: statistics.median(sample[key] for sample in good) for key in good[0]}


def progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")


def ready(wanted: list[str]) -> Iterator[Contestant]:
    for contestant in CONTESTANTS:
        if wanted and contestant.module not in wanted and contestant.name not in wanted:
            continue
        progress(f"preparing {contestant.name}")
        try:
            prepare(contestant)
            print(f"{contestant.name:20s} {versions(contestant)}")
            yield contestant
        except CannotInstall as problem:
            print(f"{contestant.name:20s} cannot be installed: {problem}")


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("--quick", action="store_true", help="one round instead of three")
    options.add_argument("--only", default="", help="contestants by name, separated by commas")
    options.add_argument("--scenarios", default="", help=f"of {', '.join(SCENARIOS)}")
    options.add_argument("--json", type=Path, help="write the numbers to this file too")
    chosen = options.parse_args()
    print(f"CPython {platform.python_version()} on {platform.system()}")
    contestants = list(ready([name for name in chosen.only.split(",") if name]))
    scenarios = [name for name in chosen.scenarios.split(",") if name] or list(SCENARIOS)
    results = collect(contestants, scenarios, 1 if chosen.quick else 3)
    print(f"\n{table(results)}\n")
    for line in [*failures(results), *verdicts(results)]:
        print(line)
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
