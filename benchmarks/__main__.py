"""`make bench`: measures every contestant in its own environment against one local server, and prints a table.

Every contestant measures in a process of its own, and they take turns, so that a disturbance hits everybody; medians
are shown. 200 streams at once, which take a third of the time, are measured with `--full` only. Times are CPU time of
the client; only latencies are wall time.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .environments import CONTESTANTS, ROOT, CannotInstall, Contestant, prepare, versions
from .growth import LINES, collect as collect_growth
from .instructions import collect as count_instructions, rows
from .table import ahead, failures, markdown, table, verdicts
from .turns import Processes, Sample, take_turns

HERE = Path(__file__).resolve().parent
SCENARIOS = (
    "first", "import", "call_1", "stream_1", "stream_1_async", "call_1_async", "stream_responses",
    "stream_responses_async", "stream_anthropic", "stream_anthropic_async", "stream_gemini", "stream_gemini_async",
    "call_responses", "call_anthropic", "call_gemini", "call_500", "stream_paced", "stream_paced_responses",
    "stream_paced_anthropic", "stream_paced_gemini", "stream_200",
)  # fmt: skip
TIMES = {"import": 3, "first": 3}
"""How often in a round, where once is over in a moment and the next disturbance is as long."""

Samples = dict[str, dict[str, list[Sample]]]
Results = dict[str, dict[str, Sample]]
FULL_ROUNDS = 3


@contextmanager
def local_server(*options: str) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.server", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate()


def collect(
    contestants: list[Contestant], scenarios: list[str], rounds: int, save: Callable[[Results, Samples], None]
) -> Results:
    """Measures; `save` is called after each scenario that all contestants have done."""
    samples: Samples = {one.name: defaultdict(list) for one in contestants}
    with local_server() as burst, local_server("--paced") as paced:
        for number in range(rounds):
            with Processes() as processes:
                for scenario in scenarios:
                    url = paced if scenario.startswith("stream_paced") else burst
                    for _ in range(TIMES.get(scenario, 1)):
                        for name, sample in take_turns(processes, contestants, scenario, url, progress):
                            samples[name][scenario].append(sample)
                    save(medians(samples), samples)
                    progress(f"round {number + 1} of {rounds}: {scenario} is done")
    progress("")
    return medians(samples)


def medians(samples: Samples) -> Results:
    return {name: {s: median(of_one) for s, of_one in by.items()} for name, by in samples.items()}


def median(samples: list[Sample]) -> Sample:
    """The median of each number, and as `..._spread` half of the range that the middle half of them has."""
    good = [sample for sample in samples if isinstance(sample, dict)]
    if not good:
        return str(samples[0])
    result: dict[str, float] = {}
    for key in good[0]:
        values = [sample[key] for sample in good]
        if key == "new_connections":
            result[key] = sum(values)
            continue
        result[key] = rounded(statistics.median(values))
        if len(values) > 2:
            lower, _, upper = statistics.quantiles(values, n=4)
            result[f"{key}_spread"] = rounded((upper - lower) / 2)
    return result


def rounded(value: float) -> float:
    return float(f"{value:.4g}")


def progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")


def ready(wanted: list[str]) -> Iterator[tuple[Contestant, str, int]]:
    for contestant in CONTESTANTS:
        if wanted and contestant.module not in wanted and contestant.name not in wanted:
            continue
        progress(f"preparing {contestant.name}")
        try:
            prepare(contestant)
            version, count = versions(contestant)
            print(f"{contestant.name:20s} {version} ({count} distributions)")
            yield contestant, version, count
        except CannotInstall as problem:
            print(f"{contestant.name:20s} cannot be installed: {problem}")


def describe_run(contestants: list[tuple[Contestant, str, int]], rounds: int) -> dict[str, object]:
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "rounds": rounds,
        "python": platform.python_version(),
        "system": platform.system(),
        "cores": os.cpu_count(),
        "machine": machine(),
        "contestants": {
            contestant.name: {"version": version, "distributions": count, "protocols": contestant.protocols}
            for contestant, version, count in contestants
        },
    }


def machine() -> str:
    """The processor and the memory."""
    processor = platform.processor() or platform.machine()
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        names = [line.partition(":")[2].strip() for line in cpus.read_text().splitlines() if "model name" in line]
        processor = names[0] if names else processor
    memory = f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB" if cpus.exists() else ""
    return f"{processor}{memory}"


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("--full", action="store_true", help=f"{FULL_ROUNDS} rounds, with 200 streams at once")
    options.add_argument("--growth", action="store_true", help="what one more of everything costs; see growth.py")
    options.add_argument("--instructions", action="store_true", help="machine instructions; see instructions.py")
    options.add_argument("--lines", default="", help=f"for --growth, of {', '.join(LINES)}")
    options.add_argument("--smallest", type=int, default=0, help="for --growth: no smaller sizes than this")
    options.add_argument("--largest", type=int, help="for --growth: no larger sizes than this")
    options.add_argument("--only", default="", help="contestants by name, separated by commas")
    options.add_argument("--scenarios", default="", help=f"of {', '.join(SCENARIOS)}")
    options.add_argument("--json", type=Path, help="write the run to this file too, after each scenario")
    chosen = options.parse_args()
    print(f"CPython {platform.python_version()} on {platform.system()}, {machine()}")
    if chosen.growth:
        day = datetime.datetime.now(datetime.UTC).date().isoformat()
        about = {"date": day, "python": platform.python_version(), "machine": f"{os.cpu_count()} cores of {machine()}"}
        collect_growth([name for name in chosen.lines.split(",") if name], chosen.smallest, chosen.largest, about)
        return
    prepared = list(ready([name for name in chosen.only.split(",") if name]))
    scenarios = [name for name in chosen.scenarios.split(",") if name]
    if chosen.instructions:
        with local_server() as url:
            counts = count_instructions([(one, version) for one, version, _ in prepared], scenarios, url, progress)
        progress("")
        print(f"\n{markdown(list(rows(counts)))}")
        return
    scenarios = scenarios or list(SCENARIOS)
    if not chosen.full and not chosen.scenarios:
        scenarios.remove("stream_200")
    rounds = FULL_ROUNDS if chosen.full else 1
    run = describe_run(prepared, rounds)

    def save(results: Results, samples: Samples) -> None:
        if chosen.json:
            stored = {**run, "results": results, "samples": samples}
            chosen.json.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")

    results = collect([contestant for contestant, _, _ in prepared], scenarios, rounds, save)
    print(f"\n{table(results)}\n")
    for line in [*failures(results), *ahead(results), *verdicts(results)]:
        print(line)


if __name__ == "__main__":
    main()
