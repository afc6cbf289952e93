"""Compares routers in the same simulated outages, each in an environment of its own, as a table.

python -m benchmarks.routers [--calls 2000] [--seeds 1,2,3,4] [--only "a key revoked"] [--save]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..environments import ROOT, Contestant, prepare
from .world import SCENARIOS

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
ROUTERS = (
    Contestant("dhenara", "ours", (str(ROOT),)),
    Contestant("dhenara, hedge_after=2", "ours_hedged", (str(ROOT),), shares="ours"),
    Contestant("litellm", "litellm_router", ("litellm",)),
)
COMPILED = ("litellm",)
"""Routers that read the clock in compiled code, where the simulation has to set it as well."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.routers", description="Compare routers.")
    parser.add_argument("--calls", type=int, default=2000, help="calls in the simulated hour")
    parser.add_argument("--seeds", default="1,2,3,4", help="seeds of the simulations")
    parser.add_argument("--only", choices=[*SCENARIOS], help="one scenario")
    parser.add_argument("--save", action="store_true", help="write the numbers of each run into results.json")
    options = parser.parse_args()
    for one in ROUTERS:
        prepare(one)
    runs: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        clock = compile_clock(Path(folder))
        for scenario in [options.only] if options.only else SCENARIOS:
            for one in ROUTERS:
                for seed in map(int, options.seeds.split(",")):
                    numbers = run(one, scenario, seed, options.calls, clock if one.name in COMPILED else None)
                    facts = {"scenario": scenario, "router": one.name, "version": version_of(one), "seed": seed}
                    runs.append({**facts, "calls": options.calls, **numbers})
    if options.save:
        RESULTS.write_text(json.dumps(runs, indent=1) + "\n", encoding="utf-8")
    print(table(runs))


def compile_clock(folder: Path) -> Path:
    """Compile the clock for compiled code; a C compiler is needed."""
    library = folder / "simulated_clock.so"
    source = HERE / "simulated_clock.c"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    return library


def run(contestant: Contestant, scenario: str, seed: int, calls: int, clock: Path | None) -> dict[str, float]:
    """Run one router in one scenario, in a fresh process."""
    command = [str(contestant.python), str(HERE / f"{contestant.module}.py"), scenario, str(seed), str(calls)]
    environment = os.environ if clock is None else {**os.environ, "LD_PRELOAD": str(clock)}
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=900, check=True, env=environment)
    numbers: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return numbers


def version_of(contestant: Contestant) -> str:
    """Return the version of a router in its environment."""
    if contestant.is_ours:
        return version("dhenara")
    code = f"from importlib.metadata import version; print(version({contestant.needs[0]!r}))"
    done = subprocess.run([str(contestant.python), "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def table(runs: Iterable[dict[str, Any]]) -> str:
    """Return the means over the seeds; of the slowest call, the slowest of all."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in runs:
        groups.setdefault((one["scenario"], f"{one['router']} {one['version']}"), []).append(one)
    lines = [
        "| scenario | router | answered | p50 s | p99 s | slowest s | requests per call | refused requests |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (scenario, router), some in groups.items():
        mean = {name: sum(one[name] for one in some) / len(some) for name in ("success", "p50", "p99", "requests")}
        refused, slowest = sum(one["refused"] for one in some) / len(some), max(one["slowest"] for one in some)
        lines.append(
            f"| {scenario} | {router} | {mean['success']:.2f} % | {mean['p50']:.2f} | {mean['p99']:.2f} "
            f"| {slowest:.2f} | {mean['requests']:.3f} | {refused:.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
