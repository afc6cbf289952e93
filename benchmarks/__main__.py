"""`make bench`: measures every contestant in its own environment against one local server, and prints a table.

Every number comes from a fresh process; rounds are interleaved, so that a disturbance hits everybody; medians are
shown. Times are CPU time of the client, which other work on the machine hardly changes; only latencies are wall time.
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
from .table import failures, table, verdicts

HERE = Path(__file__).resolve().parent
SCENARIOS = (
    "first", "import", "call_1", "stream_1", "stream_1_async", "call_1_async", "stream_responses",
    "stream_responses_async", "stream_anthropic", "stream_anthropic_async", "stream_gemini", "stream_gemini_async",
    "call_500", "stream_200",
)  # fmt: skip
TIMES = {"import": 3, "first": 3}
"""How often in a round, where once is over in a moment and the next disturbance is as long."""

Sample = dict[str, float] | str
Results = dict[str, dict[str, Sample]]


@contextmanager
def local_server() -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.server"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate()


def protocol_of(scenario: str, contestant: Contestant) -> str | None:
    """The protocol that a contestant speaks in a scenario; None if it does not speak it."""
    kind, _, rest = scenario.partition("_")
    if kind != "stream":
        return contestant.protocols[0]
    name = rest.removesuffix("_async")
    protocol = "chat" if name in ("1", "200") else name
    return protocol if protocol in contestant.protocols else None


def measure(contestant: Contestant, scenario: str, protocol: str, url: str) -> Sample:
    """The numbers, or why there are none."""
    command = [str(contestant.python), str(HERE / "measure.py"), scenario, contestant.module, url, protocol]
    # LiteLLM would download its price list when it is imported.
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=300, cwd=HERE, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        return "took more than 300 s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["failed"])[-1][:200]
    sample: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return sample


def collect(
    contestants: list[Contestant], scenarios: list[str], rounds: int, save: Callable[[Results], None]
) -> Results:
    """Measures; `save` is called after each scenario that all contestants have done."""
    samples: dict[str, dict[str, list[Sample]]] = {one.name: defaultdict(list) for one in contestants}
    with local_server() as url:
        for number in range(rounds):
            for scenario in scenarios:
                for _ in range(TIMES.get(scenario, 1)):
                    for contestant in contestants:
                        if protocol := protocol_of(scenario, contestant):
                            progress(f"round {number + 1} of {rounds}: {scenario}: {contestant.name}")
                            samples[contestant.name][scenario].append(measure(contestant, scenario, protocol, url))
                save(medians(samples))
    progress("")
    return medians(samples)


def medians(samples: dict[str, dict[str, list[Sample]]]) -> Results:
    return {name: {s: median(of_one) for s, of_one in by.items()} for name, by in samples.items()}


def median(samples: list[Sample]) -> Sample:
    good = [sample for sample in samples if isinstance(sample, dict)]
    if not good:
        return str(samples[0])
    return {key: float(f"{statistics.median(sample[key] for sample in good):.4g}") for key in good[0]}


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
        "contestants": {
            contestant.name: {"version": version, "distributions": count, "protocols": contestant.protocols}
            for contestant, version, count in contestants
        },
    }


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("--quick", action="store_true", help="one round instead of three")
    options.add_argument("--only", default="", help="contestants by name, separated by commas")
    options.add_argument("--scenarios", default="", help=f"of {', '.join(SCENARIOS)}")
    options.add_argument("--json", type=Path, help="write the run to this file too, after each scenario")
    chosen = options.parse_args()
    print(f"CPython {platform.python_version()} on {platform.system()}")
    prepared = list(ready([name for name in chosen.only.split(",") if name]))
    scenarios = [name for name in chosen.scenarios.split(",") if name] or list(SCENARIOS)
    rounds = 1 if chosen.quick else 3
    run = describe_run(prepared, rounds)

    def save(results: Results) -> None:
        if chosen.json:
            chosen.json.write_text(json.dumps({**run, "results": results}, indent=1) + "\n", encoding="utf-8")

    results = collect([contestant for contestant, _, _ in prepared], scenarios, rounds, save)
    print(f"\n{table(results)}\n")
    for line in [*failures(results), *verdicts(results)]:
        print(line)


if __name__ == "__main__":
    main()
